import { onTestFinished } from 'vitest';
import type { DeltaState, Verdict } from '../../../src/gen/learning/v1/delta_pb.ts';
import { runScript } from '../sidecar/child.ts';

/** Asks for every task; follows the deltas; follows them, and names no sequence; does none of it. */
export type OrchestratorKind = 'asking' | 'following' | 'silent' | 'apart';

/** A trial to be gone through. */
export interface TrialJob {
  /** Of a sidecar that has recorded nothing yet. */
  readonly address: string;
  /** How the orchestrator learns of values, and whether its tasks say which they had. */
  readonly kind: OrchestratorKind;
  /** Of the noise. */
  readonly seed: number;
  /** What the value on trial does to the latency. */
  readonly factor: number;
  /** Of its tasks so many succeed with the old value, and with the new one; absent: all do. */
  readonly success?: readonly [number, number];
  /** Failures take this many times as long; absent: as long as successes. */
  readonly slowFailures?: number;
  /** Tasks that run at a time; absent: 4. */
  readonly inFlight?: number;
  /** It is gone on with to the end of its probation. */
  readonly isProven: boolean;
}

export interface TrialResult {
  readonly verdict: Verdict;
  readonly state: DeltaState;
  readonly tasksUsed: number;
  /** Tasks that were started while the trial was on. */
  readonly started: number;
  /** The value that the orchestrator works with in the end. */
  readonly level: number | undefined;
  /** What the sidecar says of the delta. */
  readonly summary: string;
}

/** Starts an orchestrator, ended with the test; answers what gives it a job, one at a time. */
export function startOrchestrator(): (job: TrialJob) => Promise<TrialResult> {
  const script = new URL('orchestrator.ts', import.meta.url);
  const child = runScript(script, [], {}, { isWrittenTo: true });
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  let done = 0;
  return (job) => {
    child.process.stdin?.write(`${JSON.stringify(job)}\n`);
    const number = done;
    done += 1;
    return child.find((line): TrialResult | undefined =>
      child.lines[number] === line ? JSON.parse(line) : undefined,
    );
  };
}
