import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type Child, runCommand } from '../support/sidecar/child.ts';

/** How a provider reads parameters: call by call over gRPC or Connect, in its own process, or by OFREP. */
export const MODES = ['rpc', 'in-process', 'ofrep'] as const;
export type Mode = (typeof MODES)[number];

export type FlagType = 'boolean' | 'string' | 'integer' | 'float' | 'object';

/** A program of a language that asks its SDK what it is told to ask: one command and one answer a line, in JSON. */
export interface Language {
  readonly name: string;
  /** From its directory. */
  readonly command: readonly string[];
  /** What is there once it is set up. */
  readonly built: string;
  readonly modes: readonly Mode[];
  /** It tells whole numbers from others. */
  readonly hasIntegers: boolean;
  /** In its own process, it cuts a fraction that is asked for as an integer. */
  readonly cutsInProcess?: boolean;
  /** What it calls a value of another type, where that is not TYPE_MISMATCH. */
  readonly otherType?: Partial<Record<Mode, string>>;
  /** Its objects hold no lists. */
  readonly hasNoLists?: boolean;
  /** Its SDK has no events. */
  readonly hasNoEvents?: boolean;
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'javascript',
    command: [process.execPath, 'probe.mjs'],
    built: 'node_modules',
    modes: MODES,
    hasIntegers: false,
  },
  {
    name: 'python',
    command: ['.venv/bin/python', 'probe.py'],
    built: '.venv/bin/python',
    modes: MODES,
    hasIntegers: true,
  },
  {
    name: 'go',
    command: ['bin/probe'],
    built: 'bin/probe',
    modes: MODES,
    hasIntegers: true,
    cutsInProcess: true,
  },
  {
    name: 'java',
    // Short-lived: optimising it would take longer than what it saves.
    command: ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-jar', 'target/probe.jar'],
    built: 'target/probe.jar',
    modes: MODES,
    hasIntegers: true,
    cutsInProcess: true,
  },
  {
    name: 'rust',
    command: ['target/debug/probe'],
    built: 'target/debug/probe',
    modes: MODES,
    hasIntegers: true,
    otherType: { rpc: 'INVALID_CONTEXT', ofrep: 'PARSE_ERROR' },
    hasNoLists: true,
    hasNoEvents: true,
  },
];

/** What an SDK says of an evaluation. */
export interface Details {
  readonly value: unknown;
  readonly variant: string | null;
  readonly reason: string | null;
  /** As OpenFeature names it. */
  readonly error: string | null;
  readonly ms: number;
}

interface Answer {
  readonly id: number;
  readonly ok?: unknown;
  readonly failed?: string;
}

/** How long a program may take over anything; a JVM on a busy machine takes seconds to begin with. */
const PATIENCE_MS = 60_000;

/** A running program, until the test ends. */
export class Probe {
  readonly #child: Child;
  #commands = 0;

  constructor(language: Language) {
    const directory = fileURLToPath(new URL(`./${language.name}/`, import.meta.url));
    if (!existsSync(directory + language.built)) {
      throw new Error(
        `${language.name} is not set up: run test/openfeature/${language.name}/setup.sh`,
      );
    }
    const [command = '', ...args] = language.command.map((word) =>
      existsSync(directory + word) ? directory + word : word,
    );
    this.#child = runCommand(command, args);
    this.#child.process.stdin?.on('error', () => {});
    onTestFinished(async () => void (await this.#child.end('SIGKILL')));
  }

  /** Sets the provider, and waits until it is ready. */
  async open(mode: Mode, address: string): Promise<void> {
    const [host, port] = address.split(':');
    await this.#tell('open', { mode, host, port: Number(port) });
  }

  evaluate(
    type: FlagType,
    flag: string,
    fallback: unknown,
    context: object = {},
  ): Promise<Details> {
    return this.#tell('evaluate', { type, flag, default: fallback, context });
  }

  /** Names of the parameters that it was told have changed, so far. */
  changed(): Promise<readonly string[]> {
    return this.#tell('changed');
  }

  /** Versions of the language and of what is tried. */
  versions(): Promise<string> {
    return this.#tell('versions');
  }

  async #tell<T>(command: string, fields: object = {}): Promise<T> {
    this.#commands += 1;
    const id = this.#commands;
    this.#child.process.stdin?.write(`${JSON.stringify({ id, do: command, ...fields })}\n`);
    const { promise: tooLong, reject } = Promise.withResolvers<never>();
    const story = () => [...this.#child.lines.slice(-5), ...this.#child.errorLines].join('\n');
    const timer = setTimeout(
      () => reject(new Error(`no answer to ${command}:\n${story()}`)),
      PATIENCE_MS,
    );
    const answered = this.#child.find((line) => {
      const answer: Answer | undefined = line.startsWith('{') ? JSON.parse(line) : undefined;
      return answer?.id === id ? answer : undefined;
    });
    const answer = await Promise.race([answered, tooLong]);
    clearTimeout(timer);
    if (answer.failed !== undefined) throw new Error(`${command}: ${answer.failed}`);
    // Each command's answer has a form of its own.
    return answer.ok as T;
  }
}
