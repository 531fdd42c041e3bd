import fc from 'fast-check';
import { expect, test } from 'vitest';
import { taskOf } from '../support/engine-fixture.ts';
import { STEP_KINDS, TrialWorld, type WorldStep } from '../support/trial-world.ts';

const step = fc.record({
  kind: fc.constantFrom(...STEP_KINDS),
  seed: fc.integer({ min: 0, max: 999 }),
});

/** What arrives together; between, everything is committed and answered. */
const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 20,
  maxLength: 120,
});

/** Takes all steps; answers how often a trial was on. */
async function play(world: TrialWorld, taken: readonly (readonly WorldStep[])[]): Promise<number> {
  let trials = 0;
  await world.open();
  await world.engine.recordTasks([taskOf(), taskOf(), taskOf()]);
  await world.engine.runCycle();
  for (const together of taken) {
    await world.take(together);
    if (together.some(({ kind }) => kind === 'reopen')) await world.reopen();
    if (world.state.trial !== undefined) trials += 1;
  }
  return trials;
}

test.each(['task', 'switchback'])(
  'assigned by %s: one value at a time, followed by every client, nothing foreign taken back, ' +
    'the same after a restart, and an end to every trial',
  async (assignment) => {
    let trials = 0;
    await fc.assert(
      fc.asyncProperty(groups, fc.boolean(), async (taken, isFed) => {
        const world = new TrialWorld(assignment);
        trials += await play(world, taken);
        if (isFed) await world.feed();
        else await world.outlive();
        world.engine.stop();
      }),
      { numRuns: 150 },
    );
    // The sequences are not idle ones.
    expect(trials).toBeGreaterThan(1000);
  },
  120_000,
);
