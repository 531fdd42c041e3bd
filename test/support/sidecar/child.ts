import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a process ended. */
export interface Exit {
  /** `null`: ended by a signal. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process of Node's that prints lines. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** What it printed so far. */
  readonly lines: readonly string[];
  readonly errorLines: readonly string[];
  readonly exited: Promise<Exit>;
  /** Resolves with the first line, past or future, that a look finds something in. */
  find<T>(look: (line: string) => T | undefined): Promise<T>;
  /** Calls with every line from now on. */
  onLine(listener: (line: string) => void): void;
  /** Sends a signal; answers how the process ended. */
  end(signal: NodeJS.Signals): Promise<Exit>;
}

/** How a script is run. */
export interface RunOptions {
  /** Its standard input stays open. */
  readonly isWrittenTo?: boolean;
  /** A command that becomes the one it is given, such as `nsenter`. */
  readonly through?: readonly string[];
}

const ROOT = new URL('../../../', import.meta.url);

/**
 * Runs a script: a URL, or a path from the root of this repository. The process is the caller's
 * to end.
 */
export function runScript(
  script: string | URL,
  args: readonly string[],
  env = {},
  { isWrittenTo = false, through = [] }: RunOptions = {},
): Child {
  const path = fileURLToPath(new URL(script, ROOT));
  const [command = '', ...rest] = [...through, process.execPath, path, ...args];
  const child = runCommand(command, rest, env);
  if (!isWrittenTo) child.process.stdin?.end();
  return child;
}

/** Runs any command; what it reads is the caller's to write. */
export function runCommand(command: string, args: readonly string[], env = {}): Child {
  const child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
  const lines: string[] = [];
  const errorLines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line);
    for (const listener of listeners) listener(line);
  });
  createInterface(child.stderr).on('line', (line) => errorLines.push(line));
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    process: child,
    pid: child.pid ?? 0,
    lines,
    errorLines,
    exited,
    find: (look) => findLine(look, lines, listeners, exited, errorLines),
    onLine: (listener) => void listeners.add(listener),
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

function findLine<T>(
  look: (line: string) => T | undefined,
  lines: readonly string[],
  listeners: Set<(line: string) => void>,
  exited: Promise<Exit>,
  errorLines: readonly string[],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const listener = (line: string) => {
      const found = look(line);
      if (found === undefined) return false;
      listeners.delete(listener);
      resolve(found);
      return true;
    };
    if (lines.some(listener)) return;
    listeners.add(listener);
    void exited.then(({ code, signal }) => {
      const text = [...lines.slice(-20), ...errorLines].join('\n');
      reject(new Error(`the process ended (${code ?? signal}) before it said so:\n${text}`));
    });
  });
}
