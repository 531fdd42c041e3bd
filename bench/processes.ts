import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** A process that is measured from outside, as Linux counts. */
export interface Process {
  /** What it took from being spawned to the line that says that it serves. */
  readonly startMs: number;
  /** The addresses that line names, in order of the flags. */
  readonly addresses: readonly string[];
  /** CPU time so far, of all its threads, in microseconds. */
  cpuMicros(): number;
  /** Resident memory in MB (10^6 bytes). */
  residentMb(): number;
  /** Asks it to end, as a supervisor does; answers when it has. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/** Starts Node with these arguments; answers when it prints a line with `serving on`. */
export async function startProcess(args: readonly string[]): Promise<Process> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
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

/** Milliseconds from spawning Node with these arguments to its end. */
export async function runToEnd(args: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - startedMs;
}

/** The first line that says so. What is printed later is read, and thrown away. */
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

/** As the scheduler counts: to the nanosecond, where /proc/…/stat has steps of 10 ms. */
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
