import { expect } from 'vitest';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import type { Trial } from '../../../src/trial/trial.ts';
import { taskOf } from '../engine/engine-fixture.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  type TrialText,
  trialYaml,
} from './trial-fixture.ts';

/** How far the proving of `level`, from 0 to 1, has come. */
export const PROVEN = ['trial', 'provisional', 'confirmed'] as const;
export type Proven = (typeof PROVEN)[number];

export interface InStage {
  readonly fixture: TrialFixture;
  readonly deltaId: string;
  readonly yaml: string;
}

/** With the new value tasks take half as long; nothing is open. */
export async function inStage(
  state: Proven,
  text: TrialText = {},
  store?: SyncLedgerStore,
): Promise<InStage> {
  const yaml = trialYaml(text);
  const fixture = await createTrialFixture(yaml, store);
  const deltaId = await fixture.begin();
  if (state === 'trial') for (let i = 0; i < 12; i += 1) await fixture.run(faster);
  else await fixture.runUntil(deltaId, state, faster);
  expect(fixture.delta(deltaId).state).toBe(state);
  return { fixture, deltaId, yaml };
}

/** What is proven of a delta. */
export function provenOf({ state }: TrialFixture, deltaId: string): Trial {
  const trial = state.trials.find(({ plan }) => plan.deltaId === deltaId);
  if (trial === undefined) throw new Error(`nothing is being proven of ${deltaId}`);
  return trial;
}

/** Asks for a task's values, which goes on running. */
export function ask({ engine }: TrialFixture, taskId: string) {
  return engine.resolve({ taskId, labels: {} });
}

/** Reports a task that had asked. */
export async function report(
  { engine, clock }: TrialFixture,
  taskId: string,
  latencyMs = 100,
): Promise<void> {
  await engine.recordTasks([taskOf({ taskId, latencyMs, finishTimeMs: clock.now() })]);
}

/** Leaves a task open and runs others that harm, until that is seen in order of arrival. */
export async function suspend(fixture: TrialFixture, deltaId: string, open = 1): Promise<void> {
  for (let i = 0; i < open; i += 1) await ask(fixture, `open-${i}`);
  for (let i = 0; provenOf(fixture, deltaId).suspendedMs === undefined; i += 1) {
    expect(i).toBeLessThan(300);
    await fixture.run((level) => ({ latencyMs: level === 1 ? 400 : 100 }));
  }
}
