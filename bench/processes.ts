import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { nodeCommand } from './cores.ts';

/** A process that is measured from outside, as Linux counts. */
export interface Process {
  /** From spawning it to the line that says that it serves. */
  readonly startMs: number;
  /** The addresses in that line, in order of the flags. */
  readonly addresses: readonly string[];
  /** CPU time of all its threads so far, in microseconds. */
  cpuMicros(): number;
  /** Resident memory in MB (10^6 bytes). */
  residentMb(): number;
  /** Sends SIGTERM; resolves when the process has ended. */
  stop(): Promise<void>;
}

interface StartOptions {
  readonly onAllCores?: boolean;
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

const START_TIMEOUT_MS = 30_000;

/** Starts Node with these arguments; resolves when it prints a line with `serving on`. */
export async function startProcess(
  args: readonly string[],
  { onAllCores = false, env = {} }: StartOptions = {},
): Promise<Process> {
  const startedMs = performance.now();
  const [file, all] = nodeCommand(args, { onAllCores });
  const child = spawn(file, all, {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } },
  });
  try {
    const line = await servingLine(child);
    const startMs = performance.now() - startedMs;
    const pid = Number(child.pid);
    return {
      startMs,
      addresses: addressesIn(line),
      cpuMicros: () => cpuMicros(pid),
      residentMb: () => residentKib(pid) / 976.5625,
      async stop() {
        child.kill('SIGTERM');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Milliseconds from spawning Node with these arguments, on all cores, to its end. */
export async function runToEnd(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const [file, all] = nodeCommand(args, { onAllCores: true });
  const child = spawn(file, all, { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - startedMs;
}

/** The first line with `serving on`. Later output is read and dropped. */
function servingLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('no start in time')), START_TIMEOUT_MS);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}`)));
    const read = (chunk: Buffer) => {
      text += chunk;
      const line = text.split('\n').find((one) => one.includes('serving on'));
      if (line === undefined) return;
      clearTimeout(timer);
      child.stdout?.off('data', read).resume();
      resolve(line);
    };
    child.stdout?.on('data', read);
  });
}

function addressesIn(line: string): string[] {
  return line.startsWith('{') ? (JSON.parse(line) as { listen: string[] }).listen : [];
}

/** From the scheduler, which counts nanoseconds; /proc/…/stat has steps of 10 ms. */
function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    nanoseconds += Number(text.split(' ')[0]);
  }
  return nanoseconds / 1000;
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
