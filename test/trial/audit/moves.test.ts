import { describe, expect, test } from 'vitest';
import { repeatableSeed } from '../../../src/trial/arm.ts';
import {
  FAILED,
  HARMED,
  LASTING,
  RETRIED,
  STOPPED,
  SUSPENDED,
  TAKEN_BACK,
} from '../../support/trials/forged-trials.ts';
import {
  changed,
  firstFault,
  numberOf,
  putBehind,
  type Step,
  stepsOf,
  withFields,
} from '../../support/trials/trial-forgery.ts';
import { playTrial } from '../../support/trials/trial-play.ts';

describe('moves that are not what the evidence says are named', () => {
  test('the value is put in force, and confirmed, too early or not at all', () => {
    const promotion = stepsOf(LASTING, 'promote')[0] as Step<'promote'>;
    const confirmation = stepsOf(LASTING, 'confirm')[0] as Step<'confirm'>;
    const { timeMs: _, ...early } = promotion;
    const nothing = /: the value is put in force, and the evidence says nothing yet/;
    for (const number of [1, 2, 20, 40, numberOf(LASTING, 'promote') - 2]) {
      expect(firstFault(putBehind(LASTING, number, early))).toMatch(nothing);
    }
    const { timeMs: __, ...soon } = confirmation;
    const promoted = numberOf(LASTING, 'promote');
    for (const number of [promoted, promoted + 7, numberOf(LASTING, 'confirm') - 2]) {
      expect(firstFault(putBehind(LASTING, number, soon))).toMatch(
        /: the change is confirmed, and the evidence says nothing yet/,
      );
    }
    expect(changed(LASTING, 'promote', () => undefined)).toMatch(
      /the value had to be put in force, on probation, before it/,
    );
    expect(changed(LASTING, 'confirm', () => undefined)).toMatch(
      /the change had to be confirmed, before it/,
    );
    expect(changed(LASTING, 'renew', () => undefined)).toMatch(/^\d+: /);
    expect(firstFault(LASTING.receipts.slice(0, promoted - 1))).toBe(
      `${promoted}: missing: the value had to be put in force, on probation`,
    );
    const kept = stepsOf(RETRIED, 'end')[0] as Step<'end'>;
    expect(withFields(RETRIED, 'end', { step: 'promote' })).toMatch(/ends when it has helped/);
    expect(withFields(RETRIED, 'end', { ...kept, outcome: 'revert' })).toMatch(/does not lead to/);
    expect(withFields(RETRIED, 'end', { counts: true })).toMatch(/it says helped, and/);
  });

  test('a suspended trial goes on wrongly, or one is suspended for nothing', () => {
    const suspend = { step: 'suspend', summary: '' };
    expect(firstFault(putBehind(HARMED, 5, suspend))).toMatch(/nothing to suspend the trial for/);
    expect(changed(SUSPENDED, 'suspend', () => undefined)).toMatch(
      /had to be suspended, before it/,
    );
    const at = numberOf(SUSPENDED, 'suspend');
    const on = { step: 'continue', summary: '' };
    expect(firstFault(putBehind(SUSPENDED, at, on))).toMatch(/trial could not go on yet/);
    expect(changed(SUSPENDED, 'continue', () => undefined)).toMatch(/had to go on, before it/);
    const assigned = SUSPENDED.receipts.findLast(({ step }) => step.step === 'assign')?.step;
    const more = { ...assigned, taskId: 'more', timeMs: SUSPENDED.receipts[at]?.step.timeMs };
    expect(firstFault(putBehind(SUSPENDED, at, more))).toMatch(/no task could be given an arm/);
  });

  test('seeds that are not what was committed to', () => {
    for (const kind of ['promote', 'confirm', 'renew'] as const) {
      const number = numberOf(LASTING, kind);
      const fault = `${number}: the seed that it discloses is not the one that was committed to`;
      expect(withFields(LASTING, kind, { seed: repeatableSeed('x', 1) })).toBe(fault);
    }
    expect(withFields(HARMED, 'end', { seed: 'x' })).toMatch(/not the one that was committed to/);
    const other = { commitment: 'x' };
    expect(withFields(LASTING, 'promote', other)).toMatch(/not the one that was committed to/);
    const confirmed = numberOf(TAKEN_BACK, 'confirm');
    expect(withFields(TAKEN_BACK, 'confirm', other)).toBe(
      `${confirmed}: it commits to another seed than the plan names`,
    );
  });

  test("a holdback's state", () => {
    const [confirm] = stepsOf(LASTING, 'confirm');
    const state = (kind: 'confirm' | 'renew', fields: object) =>
      changed<'confirm' | 'renew'>(LASTING, kind, (step) => ({
        ...step,
        state: { ...step.state, ...fields },
      }));
    const { gains = [], groups = 0, fromTask = 0 } = stepsOf(LASTING, 'renew')[0]?.state ?? {};
    expect(groups).toBeGreaterThan(5);
    for (const kind of ['confirm', 'renew'] as const) {
      const unlike = /: its state is not what the groups come to/;
      const detectors = confirm?.state.detectors.map((sums) => sums.map(() => 1e-9));
      expect(state(kind, { detectors })).toMatch(unlike);
      expect(state(kind, { groups: groups + 1 })).toMatch(unlike);
      expect(state(kind, { usualMs: -1 })).toMatch(/-1 ms is no latency/);
      expect(state(kind, { retrialTask: -1 })).toMatch(/before may not be tried from task -1 on/);
    }
    const { fromTask: confirmedAt = 0 } = confirm?.state ?? {};
    expect(state('confirm', { retrialTask: confirmedAt + 1 })).toMatch(/may not be tried from/);
    expect(state('renew', { retrialTask: fromTask })).toMatch(/not what the groups come to/);
    expect(state('renew', { usualMs: 401 })).toMatch(/not what the groups come to/);
    const more = gains.map((gain) => ({ ...gain, sum: gain.sum * 1.01 }));
    expect(state('renew', { gains: more })).toMatch(
      /estimates are not|not what the groups come to/,
    );
    expect(state('renew', { fromTask: fromTask - 500 })).toMatch(/the part before it was not over/);
    const [renewal] = stepsOf(LASTING, 'renew');
    const plan = { ...renewal?.plan, holdback: 0.01 };
    expect(withFields(LASTING, 'renew', { plan })).toMatch(/it goes on with another plan/);
    const impatient = { ...renewal?.plan, outcomeTimeoutMs: 0 };
    expect(withFields(LASTING, 'renew', { plan: impatient })).toMatch(/it waits for no outcomes/);
    expect(withFields(LASTING, 'renew', { stages: 9 })).toMatch(/3 stages had ended, not 9/);
    expect(withFields(LASTING, 'renew', { former: 'x' })).toMatch(/another receipt as the one/);
    const effect = { ...renewal?.effect, tasksUsed: 7 };
    expect(withFields(LASTING, 'renew', { effect })).toMatch(/estimates are not those/);
    expect(firstFault(putBehind(HARMED, 5, { ...renewal }))).toMatch(/no task is held back/);
  });

  test('the end', () => {
    const end = stepsOf(HARMED, 'end')[0] as Step<'end'>;
    const { effect } = end;
    const says = (fields: object) => withFields(HARMED, 'end', fields);
    const helped = { ...effect, verdict: 'helped' };
    expect(says({ effect: helped })).toMatch(/it says helped, and the evidence says harmed/);
    expect(says({ effect: { ...effect, tasksUsed: 200 } })).toMatch(/estimates are not those/);
    expect(says({ outcome: 'keep' })).toMatch(/its verdict does not lead to keep/);
    expect(says({ outcome: 'ask' })).toMatch(/a person is waited for, or is not/);
    expect(says({ outcome: 'ask', askUntilMs: 9 })).toBe('none');
    const retried = playTrial({ seed: 3, effect: 0.7, plan: { retrialOf: 'delta-0' } });
    expect(stepsOf(retried, 'end')[0]?.effect.verdict).toBe('harmed');
    const asked = withFields(retried, 'end', { outcome: 'ask', askUntilMs: 9 });
    expect(asked).toMatch(/its verdict does not lead to ask/);
    expect(says({ carried: [] })).toMatch(/hands on other evidence/);
    expect(says({ longestMs: 1 })).toMatch(/the longest report took \d+ ms, not 1/);
    expect(says({ counts: false })).toMatch(/cut short from outside says invalid, where nothing/);
    const invalid = { ...effect, verdict: 'invalid' };
    expect(says({ counts: false, effect: invalid })).toMatch(
      /it says invalid, and one that is cut/,
    );
    const stopped = stepsOf(STOPPED, 'end')[0]?.effect;
    const as = (verdict: string) => ({ effect: { ...stopped, verdict } });
    expect(withFields(STOPPED, 'end', as('harmed'))).toMatch(/says harmed, and one that is cut/);
    const { timeMs: _, ...soon } = end;
    expect(firstFault(putBehind(HARMED, 1, soon))).toMatch(/the evidence says nothing yet/);
    for (const played of [HARMED, FAILED, STOPPED, TAKEN_BACK]) {
      const all = played.receipts.length;
      expect(firstFault(putBehind(played, all, { step: 'acknowledged' }))).toBe(
        `${all + 1}: the trial was over`,
      );
    }
    const all = HARMED.receipts.length;
    expect(firstFault(HARMED.receipts.slice(0, -1))).toBe(
      `${all}: missing: the trial had to end, harmed`,
    );
    const more = { step: 'assign', taskId: 'x', set: 99, arm: 'old', kind: '' };
    expect(firstFault(putBehind(HARMED, all - 1, more))).toBe(
      `${all}: the trial had to end, harmed, before it`,
    );
    expect(firstFault(putBehind(LASTING, 400, { ...soon }))).toMatch(
      /it says harmed, and no trial/,
    );
  });
});
