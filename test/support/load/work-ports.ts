import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Delta, DeltaState, Verdict } from '../../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';
import type { Clients, LearningClient } from '../clients/clients.ts';
import type { StreamedLevels } from '../clients/streamed-levels.ts';
import { levelsOf, type VirtualWork, type WorkPort } from './virtual-work.ts';

/** Tasks that a cycle wants to have seen. */
export const WARM_UP_TASKS = 30;

/** Far more than any trial takes, with its probation. */
const MAX_STEPS = 30_000;

/** Asks for the parameters of every task. */
export function askingPort(client: LearningClient): WorkPort {
  return {
    async start(taskId) {
      const { parameters, deltaSequence } = await client.resolveParameters({ taskId });
      return { levels: levelsOf(parameters), deltaSequence };
    },
    async finish(task) {
      await client.recordTask({ task });
    },
  };
}

/** Asks nothing, but follows the deltas. */
export function followingPort(client: LearningClient, streamed: StreamedLevels): WorkPort {
  return {
    start: () => Promise.resolve(streamed.current),
    async finish(task) {
      const { deltaSequence } = await client.recordTask({ task });
      // A task takes a second in virtual time, a delta none: it is there before the next one.
      await streamed.until(deltaSequence);
    },
  };
}

/** As `followingPort`, but its tasks only tell when they finished, not what they were run with. */
export function silentPort(client: LearningClient, streamed: StreamedLevels): WorkPort {
  const port = followingPort(client, streamed);
  const startMs = new Map<string, number>();
  return {
    start(taskId) {
      startMs.set(taskId, Date.now());
      return port.start(taskId);
    },
    finish({ taskId = '', latencyMs = 0, status = TaskStatus.UNSPECIFIED }) {
      // Rounded down: it must not seem to have begun later than it did.
      const finishTime = timestampFromMs(Math.floor((startMs.get(taskId) ?? 0) + latencyMs));
      return port.finish({ taskId, latencyMs, status, finishTime });
    },
  };
}

/** Neither asks nor follows: its values are what somebody gave it, and its tasks name no sequence. */
export function apartPort(client: LearningClient): WorkPort {
  return {
    start: () => Promise.resolve({ levels: {}, deltaSequence: 0n }),
    async finish(task) {
      await client.recordTask({ task });
    },
  };
}

/** Records what a cycle wants to have seen, and runs it; answers the id of the delta that it decides on. */
export async function beginTrial(
  work: VirtualWork,
  clients: Clients,
  states?: readonly DeltaState[],
): Promise<string> {
  for (let i = 0; i < WARM_UP_TASKS; i += 1) await work.step();
  return startTrial(clients, states);
}

/**
 * Runs a cycle, unless one that nobody heard of has begun a trial; answers the delta's id.
 *
 * @param states that its delta may be in then; others, if it is put in force at once
 */
export async function startTrial(
  { client, admin }: Clients,
  states: readonly DeltaState[] = [DeltaState.TRIAL],
): Promise<string> {
  const onTrial = async () => {
    const { deltas } = await client.listDeltas({ states: [...states] });
    return deltas.find(({ trialDeltaId }) => trialDeltaId === '')?.deltaId;
  };
  const known = await onTrial();
  if (known !== undefined) return known;
  await admin.runCycle({});
  const begun = await onTrial();
  if (begun === undefined) throw new Error('the cycle began no trial');
  return begun;
}

/** Works until the delta has its verdict, for the time being; answers it. */
export function workUntilJudged(
  work: VirtualWork,
  client: LearningClient,
  deltaId: string,
): Promise<Delta> {
  const isJudged = ({ effect }: Delta) => (effect?.verdict ?? 0) !== Verdict.UNSPECIFIED;
  return workUntil(isJudged, work, client, deltaId);
}

/** As `workUntilJudged`, to the end of its probation. */
export function workUntilProven(
  work: VirtualWork,
  client: LearningClient,
  deltaId: string,
): Promise<Delta> {
  const isOver = ({ state }: Delta) => !UNPROVEN.has(state);
  return workUntil(isOver, work, client, deltaId);
}

const UNPROVEN: ReadonlySet<DeltaState> = new Set([DeltaState.TRIAL, DeltaState.PROVISIONAL]);

async function workUntil(
  isOver: (delta: Delta) => boolean,
  work: VirtualWork,
  client: LearningClient,
  deltaId: string,
): Promise<Delta> {
  for (let steps = 0; steps < MAX_STEPS; steps += 1) {
    const delta = await deltaOf(client, deltaId);
    if (isOver(delta)) return delta;
    await work.step();
  }
  throw new Error('the trial does not end');
}

/** A delta as it is now. */
export async function deltaOf(client: LearningClient, deltaId: string): Promise<Delta> {
  const { delta } = await client.getDeltaStatus({ deltaId });
  if (delta === undefined) throw new Error(`no answer about ${deltaId}`);
  return delta;
}
