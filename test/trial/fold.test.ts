import { describe, expect, test } from 'vitest';
import { initialEvidence } from '../../src/trial/evidence-before.ts';
import { foldReceipt, foldRunning } from '../../src/trial/fold.ts';
import { startHoldback } from '../../src/trial/holdback.ts';
import { firstHash, type Receipt, sealStep } from '../../src/trial/receipt.ts';
import type { TrialStep } from '../../src/trial/step.ts';
import type { Trial } from '../../src/trial/trial.ts';
import { planOf, TrialBench } from '../support/trials/trial-bench.ts';

const EFFECT = { verdict: 'helped', metrics: [], tasksUsed: 0 } as const;
const STAGE = { timeMs: 5, seed: 's', commitment: 'c', effect: EFFECT, summary: '' } as const;
const START = {
  step: 'start',
  timeMs: 3,
  wallMs: 7,
  plan: planOf(),
  commitment: 'c',
  summary: '',
} as const;
const END: TrialStep = {
  ...STAGE,
  step: 'end',
  outcome: 'revert',
  askUntilMs: undefined,
  carried: undefined,
  counts: true,
  longestMs: 0,
};

function sealed(trial: Trial | undefined, step: TrialStep): Receipt {
  return sealStep(trial?.hash ?? firstHash('d'), (trial?.steps ?? 0) + 1, step);
}

describe('receipts', () => {
  test('begin a trial and end it, and count its steps', () => {
    const first = sealed(undefined, START);
    const trial = foldReceipt(undefined, first);
    expect(trial).toMatchObject({ startTimeMs: 3, startWallMs: 7, steps: 1, hash: first.hash });
    const pause = sealed(trial, { step: 'pause', timeMs: 4, reason: 'operator' });
    expect(foldReceipt(trial, pause)).toMatchObject({
      steps: 2,
      hash: pause.hash,
      pauses: ['operator'],
    });
    expect(foldReceipt(trial, sealed(trial, END))).toBeUndefined();
  });

  test('of steps whose trial is not known are nothing', () => {
    const pause = sealed(undefined, { step: 'pause', timeMs: 4, reason: 'operator' });
    expect(foldReceipt(undefined, pause)).toBeUndefined();
  });

  test('of a part of holdback need nothing from before', () => {
    const state = startHoldback(planOf(), initialEvidence(planOf()), {
      usualMs: 9,
      fromTask: 70,
      retrialTask: 0,
    });
    const renew = {
      ...STAGE,
      step: 'renew',
      former: '',
      stages: 4,
      plan: planOf(),
      state,
      open: [],
      tossed: 7,
    } as const;
    const trial = foldReceipt(undefined, sealed(undefined, renew));
    const bench = new TrialBench();
    bench.promote();
    bench.confirm();
    const goesOn = foldReceipt(bench.trial, sealed(bench.trial, renew));
    for (const one of [trial, goesOn]) {
      expect(one).toMatchObject({
        stage: 'holdback',
        stages: 5,
        holdback: state,
        commitment: 'c',
        tossed: 7,
      });
    }
  });

  test('of an earlier form are kept as they are, until their trial is ended', () => {
    const plan = { ...planOf(), format: 1 };
    const trial = foldReceipt(undefined, sealed(undefined, { ...START, plan }));
    const pause = sealed(trial, { step: 'pause', timeMs: 4, reason: 'operator' });
    expect(foldReceipt(trial, pause)).toMatchObject({ steps: 2, pauses: [], evidence: [] });
    expect(foldReceipt(trial, sealed(trial, END))).toBeUndefined();
  });
});

test('a trial that is over cannot be gone on with', () => {
  expect(() => foldRunning(new TrialBench().trial, END)).toThrow(
    'the trial is over after step end',
  );
});

test('beginning a holdback leaves out what is open, and starts to count anew', () => {
  const bench = new TrialBench();
  bench.promote();
  bench.open(7);
  bench.nowMs = 9;
  bench.finish('task-1');
  bench.confirm();
  const none = { old: 0, new: 0 };
  expect(bench.trial).toMatchObject({
    stage: 'holdback',
    sets: [],
    expected: none,
    longestMs: 0,
    dispatched: 0,
  });
  expect(bench.finish('task-2')).toBe(false);
});
