import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runScript } from '../sidecar/child.ts';
import { tempDir } from '../sidecar/temp-dir.ts';

/** Calls of RecordTask to be made by a process of its own. */
export interface FloodJob {
  readonly address: string;
  readonly connections: number;
  /** So many calls at a time, each followed by the next; 0: at a rate, whatever comes back. */
  readonly inFlight: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** What a call waits for its answer. */
  readonly deadlineMs: number;
  /** Of the ids of its tasks, before a number from 0. */
  readonly prefix: string;
  /** Gets the numbers of the tasks that were answered. */
  readonly acknowledgedFile: string;
}

export interface FloodResult {
  readonly sent: number;
  readonly seconds: number;
  /** Calls by how they ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Refusals that do not say when to come back. */
  readonly withoutRetry: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Flood extends FloodResult {
  readonly prefix: string;
  /** Numbers of tasks. */
  readonly acknowledged: readonly number[];
}

/** Runs one to its end. */
export async function flood(job: Omit<FloodJob, 'acknowledgedFile'>): Promise<Flood> {
  const acknowledgedFile = join(tempDir(), 'acknowledged');
  const child = runScript(new URL('flood.ts', import.meta.url), [
    JSON.stringify({ ...job, acknowledgedFile }),
  ]);
  // The server is to have a core, as it has in a pod: on a small machine floods take it away.
  setPriority(child.pid, constants.priority.PRIORITY_LOW);
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  const result = await child.find((line): FloodResult | undefined =>
    line.startsWith('{') ? JSON.parse(line) : undefined,
  );
  await child.exited;
  const text = readFileSync(acknowledgedFile, 'utf8');
  const acknowledged = text === '' ? [] : text.split('\n').map(Number);
  return { ...result, prefix: job.prefix, acknowledged };
}
