import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of the sidecar's command. */
export interface DemoProcess {
  /** Resolves when it has ended with 0, rejects where it ends otherwise. */
  succeeded(): Promise<void>;
  /** The first line, past or future, that is so. Rejects where it ends before. */
  find(isWanted: (line: string) => boolean): Promise<string>;
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** One that does not end when asked to is killed after so long. */
const TIMEOUT_MS = 5000;

const running = new Set<ChildProcess>();

/** Starts the command with these arguments; what it says can be shown. */
export function startProcess(
  name: string,
  args: readonly string[],
  { show = false } = {},
): DemoProcess {
  // A group of its own: Ctrl-C is for us to pass on, in order.
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  child.once('close', () => running.delete(child));
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const say = (line: string) => {
    if (show) console.log(line);
  };
  createInterface(child.stderr).on('line', show ? say : (line) => console.error(line));
  createInterface(child.stdout).on('line', (line) => {
    say(line);
    lines.push(line);
    for (const listener of listeners) listener();
  });
  const closed = once(child, 'close').then(([code, signal]) => `${name} ended (${code ?? signal})`);
  const find = (isWanted: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const line = lines.find(isWanted);
        if (line === undefined) return;
        listeners.delete(look);
        resolve(line);
      };
      listeners.add(look);
      look();
      closed.then((text) => reject(new Error(text)), reject);
    });
  return {
    find,
    async succeeded() {
      const text = await closed;
      if (child.exitCode !== 0) throw new Error(text);
    },
  };
}

/** Ends what still runs, the newest first, and waits for that. */
export async function stopAll(): Promise<void> {
  for (const child of [...running].reverse()) {
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    await closed;
    clearTimeout(deadline);
  }
}
