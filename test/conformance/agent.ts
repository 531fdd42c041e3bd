import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { type Child, type Exit, runCommand } from '../support/sidecar/child.ts';
import { directoryOf, type Language } from './languages.ts';

/** How long an agent may take over anything; a process of a JVM needs seconds to begin with. */
const PATIENCE_MS = 30_000;

/** How long something may take that a test waits for. */
export const WAIT = { timeout: PATIENCE_MS, interval: 20 };

/** What an agent prints when its client calls `on_change`. */
export interface ValuesEvent {
  readonly event: 'values';
  readonly source: 'snapshot' | 'delta';
  readonly outcome: string | null;
  readonly epoch: string;
  readonly sequence: number;
  readonly delta_id: string | null;
  readonly changed: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A failed call as the agent's language sees it. */
export interface AgentFailure {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly domain?: string;
  readonly violations?: readonly { readonly field: string; readonly description: string }[];
  readonly retry_delay_ms?: number | null;
  readonly pushback_ms?: string | null;
  readonly counts?: Counts;
}

export interface Counts {
  readonly recordedCount?: string | number;
  readonly duplicateCount?: string | number;
}

/** What an agent answers to `resolve`. */
export interface Resolution {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly delta_sequence: number;
  readonly arm: string;
  readonly fallback: boolean;
}

/** A command that the agent answered with an error. */
export class AgentError extends Error {
  readonly failure: AgentFailure;

  constructor(what: string, failure: AgentFailure) {
    super(`${what}: ${JSON.stringify(failure)}`);
    this.failure = failure;
  }
}

export interface AgentOptions {
  readonly target: string;
  readonly clientId?: string;
  readonly defaults?: object;
  readonly flags?: readonly string[];
}

interface Answer {
  readonly id: number;
  readonly ok?: unknown;
  readonly error?: AgentFailure;
}

/** A client in a process of its own, of whatever language, until the test ends. */
export class Agent {
  readonly #child: Child;
  readonly #values: ValuesEvent[] = [];
  #commands = 0;

  constructor(language: Language, options: AgentOptions) {
    const { target, clientId = 'agent', defaults, flags = [] } = options;
    const directory = directoryOf(language);
    const [command = '', ...args] = language.command.map((word) => {
      const path = join(directory, word);
      return existsSync(path) ? path : word;
    });
    this.#child = runCommand(command, [
      ...args,
      ...['--target', target, '--client-id', clientId],
      ...(defaults === undefined ? [] : ['--defaults', JSON.stringify(defaults)]),
      ...flags,
    ]);
    // Its end shows elsewhere.
    this.#child.process.stdin?.on('error', () => {});
    this.#child.onLine((line) => {
      const read: ValuesEvent | Answer = JSON.parse(line);
      if ('event' in read) this.#values.push(read);
    });
    onTestFinished(async () => void (await this.#child.end('SIGKILL')));
  }

  /** The changes that its client was told of so far. */
  get values(): readonly ValuesEvent[] {
    return this.#values;
  }

  /** What it logged so far. */
  get log(): string {
    return this.#child.errorLines.join('\n');
  }

  get hasExited(): boolean {
    return this.#child.process.exitCode !== null || this.#child.process.signalCode !== null;
  }

  /** Gives a command; answers what it answers, or rejects with an `AgentError`. */
  async tell<T = unknown>(command: string, fields: object = {}): Promise<T> {
    this.#commands += 1;
    const id = this.#commands;
    this.#child.process.stdin?.write(`${JSON.stringify({ id, do: command, ...fields })}\n`);
    const { ok, error } = await this.#await(`the answer to ${command}`, (line) => {
      const answer: Answer = JSON.parse(line);
      return answer.id === id ? answer : undefined;
    });
    if (error !== undefined) throw new AgentError(command, error);
    // Each command's answer has a form of its own.
    return ok as T;
  }

  /** Makes a unary call. */
  call<T = unknown>(service: string, method: string, request: object = {}): Promise<T> {
    return this.tell('call', { service, method, request, deadline_ms: 10_000 });
  }

  /** A call of the service of orchestrators. */
  ask<T = unknown>(method: string, request: object = {}): Promise<T> {
    return this.call('LearningService', method, request);
  }

  /** Resolves with the first change, past or future, that is looked for. */
  change(isWanted: (change: ValuesEvent) => boolean): Promise<ValuesEvent> {
    return this.#await(`change ${isWanted}`, (line) => {
      const read: ValuesEvent | Answer = JSON.parse(line);
      return 'event' in read && isWanted(read) ? read : undefined;
    });
  }

  /** Resolves when what has this sequence is in force. */
  inForce(sequence: number): Promise<ValuesEvent> {
    return this.change((event) => event.sequence >= sequence);
  }

  /** Resolves once it has logged a line with this code. */
  logged(code: string): Promise<void> {
    return vi.waitFor(() => expect(this.logLines(code)).not.toEqual([]), WAIT);
  }

  /** The lines with this code, as any language may spell it, that it has logged so far. */
  logLines(code: string): string[] {
    const pattern = new RegExp(code.replaceAll('_', '[_ ]?'), 'i');
    return this.#child.errorLines.filter((line) => pattern.test(line));
  }

  /** Says that there are no more commands; answers how it ended. */
  end(): Promise<Exit> {
    this.#child.process.stdin?.end();
    return within(PATIENCE_MS, 'its end', this.#child.exited, () => this.#story());
  }

  #await<T>(what: string, look: (line: string) => T | undefined): Promise<T> {
    return within(PATIENCE_MS, what, this.#child.find(look), () => this.#story());
  }

  #story(): string {
    const { lines, errorLines } = this.#child;
    return [...lines.slice(-10), ...errorLines.slice(-20)].join('\n').slice(0, 8000);
  }
}

/** Rejects where something takes too long, with what is known. */
async function within<T>(
  ms: number,
  what: string,
  promise: Promise<T>,
  story: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in ${ms} ms; it said:\n${story()}`)), ms);
  });
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
