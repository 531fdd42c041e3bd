import { own } from '../domain/value.ts';
import { type Arm, otherArm, tossCoin } from './arm.ts';
import type { BlockStarted, TaskAssigned } from './step.ts';
import type { Trial } from './trial.ts';
import { ending } from './verdict.ts';

/** A task that is about to run. */
export interface Dispatch {
  readonly taskId: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The arm that a task of the trial was given; `undefined`: none. */
export function armOf(trial: Trial, taskId: string): Arm | undefined {
  return trial.assignments.find((one) => one.taskId === taskId)?.arm;
}

/**
 * Gives a task its arm; `undefined`: it runs on the baseline, outside the trial. A pair is formed
 * of tasks with the same labels where possible. One that was left single for too long is paired
 * with whatever comes: by age, never by outcome.
 */
export function assignTask(
  trial: Trial,
  { taskId, labels }: Dispatch,
  timeMs: number,
): TaskAssigned | undefined {
  if (trial.pauses.length > 0 || ending(trial) !== undefined) return undefined;
  const made = trial.assignments.length;
  const { pairBy, pairWaitTasks, seed } = trial.plan;
  const kind = kindOf(labels, pairBy);
  const single = trial.openPairs.filter(({ tasks }) => tasks.length === 1);
  const partner =
    single.find(({ openedAt }) => made - openedAt > pairWaitTasks) ??
    single.find((pair) => pair.kind === kind);
  const [waiting] = partner?.tasks ?? [];
  if (partner !== undefined && waiting !== undefined) {
    const arm = otherArm(waiting.arm);
    return { step: 'assign', timeMs, taskId, pair: partner.number, arm, kind };
  }
  const pair = trial.pairsBegun + 1;
  return { step: 'assign', timeMs, taskId, pair, arm: tossCoin(seed, pair), kind };
}

/** What the next block is; it starts with a switch of its own, whichever value is in force. */
export function nextBlock(trial: Trial): Pick<BlockStarted, 'pair' | 'arm'> {
  const { firstBlock, pairsBegun, plan } = trial;
  if (firstBlock !== undefined) return { pair: pairsBegun, arm: otherArm(firstBlock.arm) };
  const pair = pairsBegun + 1;
  return { pair, arm: tossCoin(plan.seed, pair) };
}

/** The values of some labels as one text. */
function kindOf(labels: Readonly<Record<string, string>>, names: readonly string[]): string {
  return names.length === 0 ? '' : JSON.stringify(names.map((name) => own(labels, name) ?? null));
}
