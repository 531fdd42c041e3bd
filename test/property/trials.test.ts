import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSettling } from '../../src/trial/trial.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { STEP_KINDS, TrialWorld, type WorldStep } from '../support/trials/trial-world.ts';

const step = fc.record({
  kind: fc.constantFrom(...STEP_KINDS),
  seed: fc.integer({ min: 0, max: 999 }),
});

/** What arrives together; between, everything is committed and answered. */
const groups = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 20,
  maxLength: 120,
});

const STATES = ['trial', 'probation', 'holdback', 'suspended', 'settling', 'together'] as const;

/** How often trials were seen in each state. */
class Seen implements Record<(typeof STATES)[number], number> {
  trial = 0;
  probation = 0;
  holdback = 0;
  suspended = 0;
  settling = 0;
  together = 0;

  note({ state: { trials } }: TrialWorld): void {
    for (const trial of trials) {
      this[trial.stage] += 1;
      if (trial.suspendedMs !== undefined) this.suspended += 1;
      if (isSettling(trial)) this.settling += 1;
    }
    if (trials.length > 1) this.together += 1;
  }
}

/** Takes all steps. */
async function play(
  world: TrialWorld,
  taken: readonly (readonly WorldStep[])[],
  seen: Seen,
): Promise<void> {
  await world.open();
  await world.engine.recordTasks([taskOf(), taskOf(), taskOf()]);
  await world.engine.runCycle();
  for (const together of taken) {
    await world.take(together);
    if (together.some(({ kind }) => kind === 'reopen')) await world.reopen();
    seen.note(world);
  }
}

/** Of two proposals, the older one changes after the newer one came: a restart kept them in another order. */
const FOUND: readonly (readonly WorldStep[])[] = [
  [{ kind: 'refuse', seed: 981 }],
  [{ kind: 'cycle', seed: 0 }],
  [{ kind: 'work', seed: 589 }],
  [{ kind: 'work', seed: 496 }],
  [{ kind: 'pause', seed: 0 }],
  [{ kind: 'wait', seed: 3 }],
  [{ kind: 'cycle', seed: 0 }],
  [{ kind: 'revert', seed: 569 }],
  [{ kind: 'resume', seed: 0 }],
  [
    { kind: 'work', seed: 414 },
    { kind: 'cycle', seed: 0 },
  ],
  [{ kind: 'reopen', seed: 0 }],
];

/** The sequences are not idle ones. */
const LEAST = {
  task: { trial: 200, probation: 40, holdback: 40, suspended: 0, settling: 0, together: 30 },
  switchback: { trial: 150, probation: 20, holdback: 0, suspended: 0, settling: 0, together: 3 },
} as const;

test.each(['task', 'switchback'] as const)(
  'assigned by %s: one value at a time, followed by every client, nothing foreign taken back, ' +
    'the same after a restart, and an end to every trial',
  async (assignment) => {
    const seen = new Seen();
    await fc.assert(
      fc.asyncProperty(groups, fc.boolean(), async (taken, isFed) => {
        const world = new TrialWorld(assignment);
        await play(world, taken, seen);
        if (isFed) await world.feed();
        else await world.outlive();
        world.engine.stop();
        world.expectAudited();
      }),
      { numRuns: 80, examples: [[FOUND, false]] },
    );
    for (const name of STATES) {
      expect(seen[name], name).toBeGreaterThanOrEqual(LEAST[assignment][name]);
    }
  },
  240_000,
);
