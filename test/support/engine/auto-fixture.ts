import type { Task } from '../../../src/domain/task.ts';
import { acknowledge } from '../../../src/engine/acknowledge.ts';
import type { Follower } from '../../../src/engine/decision/environment.ts';
import { baseline } from '../../../src/engine/resolve.ts';
import { createTrialFixture, type TrialFixture, trialYaml } from '../trials/trial-fixture.ts';
import { taskOf } from './engine-fixture.ts';

/** One rule of mode auto. */
export const AUTO = trialYaml({ assignment: 'auto', rules: [{ more: 'mode: auto' }] });

/** As `AUTO`, with more in `curation`. */
export const autoWith = (curation: string) =>
  trialYaml({ assignment: 'auto', curation, rules: [{ more: 'mode: auto' }] });

export const FOLLOWER: Follower = { clientId: 'c', types: [], snapshotSequence: 0 };

/** A change that was put in force at once, and is compared in blocks. */
export async function applied(yaml = AUTO): Promise<{ fixture: TrialFixture; deltaId: string }> {
  const fixture = await createTrialFixture(yaml);
  fixture.engine.followedBy(() => [FOLLOWER]);
  const [delta] = await fixture.cycle();
  return { fixture, deltaId: delta?.deltaId ?? '' };
}

/** Runs a task with the values in force, of an orchestrator that asks for none. */
export async function follow(
  { engine, clock, state }: TrialFixture,
  end: (level: unknown) => Partial<Task> = () => ({}),
  ms = 1000,
): Promise<void> {
  const { parameters, deltaSequence } = baseline(engine.ledger.state);
  await clock.advance(ms);
  const taskId = `follows-${state.head.counters.tasksRecorded + 1}`;
  const task = { taskId, deltaSequence, finishTimeMs: clock.now(), latencyMs: 100 };
  await engine.recordTasks([taskOf({ ...task, ...end(parameters.level) })]);
}

export async function followUntil(
  fixture: TrialFixture,
  isOver: () => boolean,
  end?: (level: unknown) => Partial<Task>,
  ms?: number,
): Promise<void> {
  for (let i = 0; i < 4000; i += 1) {
    if (isOver()) return;
    await follow(fixture, end, ms);
  }
  throw new Error('it does not end');
}

export function refuse({ engine }: TrialFixture, deltaId: string): Promise<void> {
  const refusal = { reason: 'UNSUPPORTED', message: '' };
  return engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal }));
}

export function accept({ engine }: TrialFixture, deltaId: string): Promise<void> {
  return engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal: undefined }));
}
