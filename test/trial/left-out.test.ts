import { expect, test } from 'vitest';
import { auditTrial } from '../../src/trial/audit/audit.ts';
import { foldReceipt } from '../../src/trial/fold.ts';
import type { Trial } from '../../src/trial/trial.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';
import { type PlaySetup, playTrial } from '../support/trials/trial-play.ts';

/** The trial after each of its receipts. */
function courseOf(setup: PlaySetup): Trial[] {
  const course: Trial[] = [];
  for (const receipt of playTrial(setup).receipts) {
    const trial = foldReceipt(course.at(-1), receipt);
    if (trial !== undefined) course.push(trial);
  }
  return course;
}

test('what a pause leaves out is neither expected nor missing', () => {
  const plan = { outcomeTimeoutMs: 2000 };
  for (let seed = 1; seed <= 20; seed += 1) {
    const setup = { seed, lost: 0.5, cancelled: 0.2, pauseAt: 20, leaveAt: 80, plan };
    for (const { expected, missing, cancelled, counted, sets, waiting } of courseOf(setup)) {
      const isNothingOut = sets.length === 0 && waiting.length === 0;
      for (const arm of ['old', 'new'] as const) {
        expect(missing[arm] + cancelled[arm]).toBeLessThanOrEqual(expected[arm]);
        if (!isNothingOut) continue;
        const tasks = counted.flatMap((set) => set.tasks).filter((task) => task.arm === arm);
        expect(expected[arm]).toBeGreaterThanOrEqual(tasks.length);
      }
    }
  }
});

test('no part of a holdback begins while it is paused', () => {
  const plan = { holdback: 0.05 };
  const { receipts } = playTrial({
    ...{ seed: 2, effect: -0.7, others: 300, plan },
    ...{ pauseAt: 200, leaveAt: 260 },
  });
  const kinds = receipts.map(({ step }) => step.step);
  expect(kinds.lastIndexOf('confirm')).toBeGreaterThan(0);
  expect(kinds.indexOf('pause')).toBeGreaterThan(kinds.indexOf('confirm'));
  expect(kinds.slice(kinds.indexOf('pause'), kinds.indexOf('resume'))).not.toContain('renew');
  expect(kinds[kinds.indexOf('resume') + 1]).toBe('renew');
  const found = receipts.map((content, position) => ({ position, content }));
  expect(auditTrial('delta-1', found).faults).toEqual([]);
});

test('a pause takes off the count of a stage only what the stage counts', () => {
  const bench = new TrialBench();
  bench.open(20);
  bench.promote();
  bench.open(5);
  expect(bench.trial.assigned).toBe(25);
  bench.pause();
  expect(bench.trial.assigned).toBe(0);
});
