import { describe, expect, test } from 'vitest';
import { formatOf } from '../../../src/trial/plan.ts';
import type { Receipt } from '../../../src/trial/receipt.ts';
import type { TrialStep } from '../../../src/trial/step.ts';
import {
  ALL,
  BLOCKS,
  FAILED,
  HARMED,
  LASTING,
  LATE,
  PAIRED,
  PAUSED,
} from '../../support/trials/forged-trials.ts';
import {
  changed,
  faultsIn,
  firstFault,
  nth,
  numberOf,
  putBehind,
  type Step,
  stepsOf,
  withFields,
  withPlan,
} from '../../support/trials/trial-forgery.ts';
import { playTrial, reseal, turned } from '../../support/trials/trial-play.ts';

const SWITCHBACK = { assignment: 'switchback' } as const;

describe('what a trial does not allow is named, however well it is sealed', () => {
  test('its beginning', () => {
    const plan = (fields: object) => firstFault(reseal(HARMED, withPlan(fields)));
    const few = plan({ sufficient: 2 });
    expect(few).toBe('1: evidence of 2 to 1 is not what a trial needs');
    expect(plan({ seed: 'x1' })).toBe('1: it commits to another seed than the plan names');
    expect(plan({ format: 7 })).toBe('1: the form of its plan is none that is known');
    const carried = stepsOf(FAILED, 'end')[0]?.carried ?? [];
    const [outcome, ...guards] = carried;
    const later = playTrial({ seed: 15, plan: { carried } });
    expect(faultsIn(later.receipts)).toEqual([]);
    for (const forged of [
      ...[null, {}, [], [outcome], [...guards, outcome], [{ ...outcome, mixed: {} }, ...guards]],
      [{ ...outcome, peaks: { help: 'x', notWorse: 1 } }, ...guards],
    ]) {
      const receipts = reseal(later, withPlan({ carried: forged }));
      expect(firstFault(receipts)).toBe('1: what it goes on from is no evidence');
    }
    expect(changed(HARMED, 'start', () => undefined)).toBe('1: it does not begin the trial');
    const [start] = HARMED.receipts;
    expect(firstFault(putBehind(HARMED, 1, start?.step ?? {}))).toMatch(/begins the trial once/);
  });

  test('arms', () => {
    expect(firstFault(reseal(HARMED, turned))).toMatch(/2: the coin says \w+ in pair 1, not/);
    expect(firstFault(reseal(LASTING, turned))).toMatch(/2: the coin says \w+ in pair 1, not/);
    expect(firstFault(reseal(BLOCKS, turned))).toMatch(/2: the next block was the \w+ one of pair/);
    const other = (step: Step<'assign'>) => ({ ...step, set: step.set + 1 });
    expect(changed(HARMED, 'assign', other)).toBe('2: its task belongs in pair 1');
    expect(withFields(HARMED, 'assign', { taskId: 'task-1' }, 2)).toMatch(/had an arm already/);
    expect(withFields(HARMED, 'assign', { taskId: '' })).toBe('2: it names no task');
    const unlike = (step: Step<'assign'>) => ({ ...step, predicted: step.predicted + 1e-6 });
    expect(changed(HARMED, 'assign', unlike, 5)).toMatch(
      /its prediction is .* the tasks before is/,
    );
    const isSecond = nth('assign', 9, (step) => ({ ...step, kind: '["huge"]' }));
    expect(firstFault(reseal(HARMED, isSecond))).toMatch(/its prediction is/);
    expect(withFields(PAIRED, 'assign', { kind: '["huge"]' }, 2)).toMatch(/^\d+: /);
    expect(
      firstFault(reseal(HARMED, withPlan({ ...SWITCHBACK, format: formatOf('switchback') }))),
    ).toMatch(/the next block had to begin, before it/);
    expect(
      firstFault(reseal(BLOCKS, withPlan({ assignment: 'task', format: formatOf('task') }))),
    ).toMatch(/not to blocks/);
  });

  test('the place of the old value in a group, and which task begins it', () => {
    const confirmed = numberOf(LASTING, 'confirm');
    const groups = LASTING.receipts.filter(({ number }) => number > confirmed);
    const olds = groups.filter(({ step }) => step.step === 'assign' && step.arm === 'old');
    const of = (set: number, arm: string, from: number) => (step: TrialStep, number: number) =>
      (step.step === 'assign' || step.step === 'outcome') && step.set === set && number >= from
        ? ({ ...step, arm } as TrialStep)
        : step;
    for (const { step, number } of olds.slice(0, 8)) {
      const { set } = step as Step<'assign'>;
      const moved = reseal(LASTING, of(set, 'new', number));
      expect(firstFault(moved)).toMatch(`${number}: the coin says old in group ${set}, not new`);
    }
    // Of the part that goes on, no coin is known yet; there is one of the old value all the same.
    const renewed = numberOf(LASTING, 'renew', stepsOf(LASTING, 'renew').length);
    const last = olds.filter(({ number }) => number > renewed);
    const { step } = last[0] as Receipt;
    const { set } = step as Step<'assign'>;
    const none = firstFault(reseal(LASTING, of(set, 'new', renewed)));
    expect(none).toMatch(new RegExp(`^\\d+: new cannot be its arm, by the others of set ${set}`));
    const two = firstFault(reseal(LASTING, of(set, 'old', renewed)));
    expect(two).toMatch(/^\d+: old cannot be its arm/);
    // Another task would not have begun the group.
    const began = groups.find(({ step: one }) => one.step === 'assign');
    const another = reseal(LASTING, (one, own) =>
      own === began?.number ? ({ ...one, taskId: 'another' } as TrialStep) : one,
    );
    expect(firstFault(another)).toBe(`${began?.number}: no task could be given an arm then`);
  });

  test('outcomes and e-values', () => {
    const slower = (step: Step<'outcome'>) => {
      const { latencyMs = 0 } = step.outcome;
      return { ...step, outcome: { ...step.outcome, latencyMs: latencyMs * 9 } };
    };
    const other = (step: Step<'outcome'>) => ({ ...step, set: step.set + 1 });
    for (const played of [HARMED, BLOCKS]) {
      expect(changed(played, 'outcome', slower, 9)).toMatch(/its e-values are .* those of the/);
      const failed = { status: 'failure', latencyMs: 9, measurements: {} };
      expect(withFields(played, 'outcome', { outcome: failed }, 8)).toMatch(/its e-values are/);
      const lost = { status: 'lost', measurements: {} };
      expect(withFields(played, 'outcome', { outcome: lost })).toMatch(/no task ends as "lost"/);
      const strange = { taskId: 'nobody' };
      if (played === HARMED) {
        expect(withFields(played, 'outcome', strange)).toMatch(
          /no outcome of its task was awaited/,
        );
      }
      const fault = played === HARMED ? /of the \w+ arm of set/ : /of its task was awaited/;
      expect(changed(played, 'outcome', other)).toMatch(fault);
      const mood = { outcome: { status: 'success', measurements: { mood: 1 } } };
      expect(withFields(played, 'outcome', mood)).toMatch(/tells what the trial does not look at/);
      expect(withFields(played, 'outcome', { sinceMs: 3 })).toMatch(/does not look at/);
      expect(changed(played, 'outcome', () => undefined, 4)).toMatch(/^\d+: /);
    }
    const bent = (step: TrialStep) =>
      step.step === 'outcome' && step.e
        ? { ...step, e: step.e.map(([a, b, c]) => [a + 1e-6, b, c] as const) }
        : step;
    for (const played of ALL) {
      if (stepsOf(played, 'outcome').some(({ e }) => e !== undefined)) {
        expect(firstFault(reseal(played, bent))).toMatch(/its e-values are/);
      }
    }
  });

  test('what is missing, and what comes late', () => {
    const fewer = { taskIds: [], count: 0 };
    expect(withFields(PAIRED, 'missing', fewer)).toMatch(/other outcomes than these were late/);
    const early = { step: 'missing', taskIds: ['task-1'], count: 1 };
    expect(firstFault(putBehind(HARMED, 2, early))).toBe('3: no outcome was late');
    expect(changed(PAIRED, 'missing', () => undefined)).toMatch(/^\d+: /);
    expect(withFields(LATE, 'late', { step: 'outcome' })).toMatch(/had not been given up, or had/);
    expect(withFields(LATE, 'outcome', { step: 'late' })).toMatch(/had not been given up, or had/);
    expect(withFields(LATE, 'late', { sinceMs: 3 })).toMatch(/does not look at/);
  });

  test('pauses and blocks', () => {
    const pause = { step: 'pause', reason: 'outage' };
    expect(firstFault(putBehind(HARMED, 2, pause))).toBe('3: the outcomes show no outage');
    const resume = { step: 'resume', reason: 'operator' };
    expect(firstFault(putBehind(HARMED, 2, resume))).toBe('3: the trial was not paused so');
    expect(changed(PAUSED, 'resume', () => undefined)).toMatch(/^\d+: /);
    const again = { step: 'pause', reason: 'operator' };
    expect(firstFault(putBehind(PAUSED, numberOf(PAUSED, 'pause'), again))).toMatch(
      /paused already/,
    );
    const told = { step: 'acknowledged' };
    expect(firstFault(putBehind(HARMED, 3, told))).toBe('4: no block was running');
    expect(firstFault(putBehind(BLOCKS, 3, told))).toBe('4: its block had been acknowledged');
    const block = { step: 'block', set: 2, arm: 'old', sequence: 99, recorded: 999_999 };
    expect(firstFault(putBehind(BLOCKS, 3, block))).toBe('4: no block was to begin');
    expect(firstFault(putBehind(BLOCKS, 3, { ...block, recorded: 1 }))).toMatch(
      /^4: 1 tasks had been recorded, and \d+ before it$/,
    );
    expect(withFields(BLOCKS, 'block', { sequence: 8 }, 2)).toMatch(/has the sequence 8, and one/);
    expect(changed(BLOCKS, 'block', () => undefined, 2)).toMatch(/next block had to begin, before/);
  });

  test('the order of what is sealed', () => {
    const [at] = LASTING.receipts.flatMap(({ step, number }) =>
      step.step === 'assign' && number > 20 ? [number] : [],
    );
    const { step } = LASTING.receipts[(at ?? 0) - 1] as Receipt;
    const back = reseal(LASTING, (one, number) =>
      number === at ? { ...step, timeMs: step.timeMs - 10_000 } : one,
    );
    expect(firstFault(back)).toBe(`${at}: its time is before that of the one before it`);
    // Two outcomes that let pairs be counted, the one for the other.
    const [a, b] = stepsOf(LASTING, 'outcome').slice(4, 6);
    const swapped = reseal(LASTING, (one) => (one === a ? b : one === b ? a : one) as TrialStep);
    expect(firstFault(swapped)).toMatch(/^\d+: /);
  });
});
