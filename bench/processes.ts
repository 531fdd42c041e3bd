import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A process that is measured from outside, as Linux counts. */
export interface Process {
  /** What it took from being spawned to the line that says that it serves. */
  readonly startMs: number;
  /** The addresses that line names, in order of the flags. */
  readonly addresses: readonly string[];
  /** CPU time so far, of all its threads, in microseconds; a step is 10 ms. */
  cpuMicros(): number;
  /** Resident memory in MB (10^6 bytes). */
  residentMb(): number;
  /** Asks it to end, as a supervisor does; answers when it has. */
  stop(): Promise<void>;
}

const MICROS_PER_TICK = 10_000;
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
      cpuMicros: () => cpuTicks(pid) * MICROS_PER_TICK,
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

function cpuTicks(pid: number): number {
  // After the name, which may hold anything but ends with the last bracket: state is field 3.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
