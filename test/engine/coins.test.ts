import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { revert } from '../../src/engine/revert.ts';
import { ListDeltasRequestSchema } from '../../src/gen/learning/v1/learning_service_pb.ts';
import type { SyncLedgerStore } from '../../src/ledger/store.ts';
import { getStatus, listDeltas } from '../../src/rpc/services/queries.ts';
import { commitmentTo, secretSeed } from '../../src/trial/arm.ts';
import type { TrialStep } from '../../src/trial/step.ts';
import { createEngineFixture, tasksOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { faster, TrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';
import { ask } from '../support/trials/trial-stages.ts';

/** Without a seed, the coins come from the ledger's secret. */
const YAML = trialYaml({
  trial: 'holdback: 0.2',
  rules: [{ more: 'guards: [success]' }],
}).replace('seed: s, ', '');

/** Every name of a ledger is another one. */
let names = 0;
const newEpoch = () => `name-${++names}`;

async function openFixture(yaml = YAML): Promise<TrialFixture> {
  const fixture = new TrialFixture(await createEngineFixture(yaml, { newEpoch }));
  const finishTimeMs = fixture.clock.now();
  await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs }));
  return fixture;
}

function stepsOf(store: SyncLedgerStore): TrialStep[] {
  return [...(store.load()?.events ?? [])].flatMap(({ event }) =>
    event.kind === 'trial_advanced' ? event.receipts.map(({ step }) => step) : [],
  );
}

/** What stands in the ledger but its head, and what anybody can ask for. */
function toldBy({ store, state, engine }: TrialFixture): string {
  const request = create(ListDeltasRequestSchema, { pageSize: 1000, includeTrialSwitches: true });
  const sources = { engine, subscribers: () => [], configError: () => '' };
  return JSON.stringify(
    [[...(store.load()?.events ?? [])], listDeltas(state, request), getStatus(sources)],
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value),
  );
}

describe('without trial.seed', () => {
  test('nothing that is told or stored beside the secret tells the coins of what goes on', async () => {
    const fixture = await openFixture();
    const deltaId = await fixture.begin();
    const { secret } = fixture.state.head;
    const seedOf = (stage: number) => secretSeed(secret, deltaId, stage);
    const hidden = (...stages: number[]) => {
      const told = toldBy(fixture);
      expect(told).not.toContain(secret);
      for (const stage of stages) expect(told).not.toContain(seedOf(stage));
    };
    for (let i = 0; i < 10; i += 1) await fixture.run(faster);
    hidden(1, 2, 3);
    await fixture.runUntil(deltaId, 'provisional', faster);
    for (let i = 0; i < 10; i += 1) await fixture.run(faster);
    expect(toldBy(fixture)).toContain(seedOf(1));
    hidden(2, 3);
    await fixture.runUntil(deltaId, 'confirmed', faster);
    for (let i = 0; i < 10; i += 1) await fixture.run(faster);
    expect(toldBy(fixture)).toContain(seedOf(2));
    hidden(3, 4);
    await fixture.engine.decide(revert(deltaId, ''));
    expect(toldBy(fixture)).toContain(seedOf(3));
    hidden(4);
    expectAudited(fixture.store);
  });

  test('what a stage was committed to is what its end discloses', async () => {
    const fixture = await openFixture();
    const deltaId = await fixture.begin();
    await fixture.runUntil(deltaId, 'confirmed', faster);
    await fixture.engine.decide(revert(deltaId, ''));
    const steps = stepsOf(fixture.store);
    const commitments = steps.flatMap((step) => ('commitment' in step ? step.commitment : []));
    const seeds = steps.flatMap((step) => ('seed' in step ? step.seed : []));
    expect(seeds).toHaveLength(3);
    expect(new Set(seeds).size).toBe(3);
    expect(commitments).toEqual(seeds.map(commitmentTo));
  });

  test('two ledgers with the same history toss other coins', async () => {
    const armsOf = async (yaml: string) => {
      const fixture = await openFixture(yaml);
      await fixture.begin();
      const arms: string[] = [];
      for (let i = 0; i < 60; i += 1) {
        const { assignments } = await ask(fixture, `t${i}`);
        arms.push(assignments[0]?.arm ?? '');
      }
      return arms;
    };
    expect(await armsOf(YAML)).not.toEqual(await armsOf(YAML));
    const repeatable = YAML.replace('trial: {', 'trial: { seed: s,');
    expect(await armsOf(repeatable)).toEqual(await armsOf(repeatable));
  });
});
