import { expect, test } from 'vitest';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { createTrialFixture, faster, trialYaml } from '../support/trials/trial-fixture.ts';

/** A task begins 0.9 s after the one before was reported, and takes 0.1 s. */
const yamlOf = (seconds: number) =>
  trialYaml({ assignment: 'switchback', trial: `settle_seconds: ${seconds}, block_tasks: 3` });

test.each([
  [0, 3],
  [2.5, 5],
])(
  'with settle_seconds %d, a block takes %d tasks, of which three count',
  async (seconds, tasks) => {
    const fixture = await createTrialFixture(yamlOf(seconds));
    await fixture.begin();
    for (let block = 1; block <= 4; block += 1) {
      const sequence = fixture.block?.sequence;
      for (let i = 1; i < tasks; i += 1) await fixture.run();
      expect(fixture.block?.sequence).toBe(sequence);
      await fixture.run();
      expect(fixture.block?.sequence).toBeGreaterThan(sequence ?? 0);
    }
    const ended = fixture.trial?.blocks.filter(({ endMs }) => endMs !== undefined) ?? [];
    expect(ended.map(({ outcomes }) => outcomes.length)).toEqual(ended.map(() => 3));
  },
);

test('what the value needs to settle is not taken for its effect', async () => {
  const fixture = await createTrialFixture(yamlOf(2.5));
  const deltaId = await fixture.begin();
  let since = 0;
  let sequence = 0;
  // The first task after each switch to the new value is ten times slower.
  await fixture.runUntil(deltaId, 'confirmed', (level) => {
    since = fixture.state.head.sequence === sequence ? since + 1 : 1;
    sequence = fixture.state.head.sequence;
    return since === 1 && level === 1 ? { latencyMs: 800 } : faster(level);
  });
  expectAudited(fixture.store);
});

test('tasks that do not count are not missing when a block times out', async () => {
  const fixture = await createTrialFixture(yamlOf(1.5));
  await fixture.begin();
  await fixture.run();
  await fixture.run();
  const { set } = fixture.block ?? {};
  await fixture.clock.advance(60_000);
  const [first] = fixture.trial?.blocks ?? [];
  expect(first).toMatchObject({ set, missing: 0 });
  expect(first?.outcomes).toHaveLength(1);
  await fixture.engine.decide(setTrialsPaused(true));
  expectAudited(fixture.store);
});
