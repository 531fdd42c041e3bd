import { expect, test } from 'vitest';
import { SUCCESS } from '../../../src/domain/effect.ts';
import { auditTrial } from '../../../src/trial/audit/audit.ts';
import { playTrial } from '../../support/trials/trial-play.ts';

test('where groups of probation are half as frequent, the audit knows while coins are a secret', () => {
  for (const holdback of [0, 0.05, 0.2]) {
    const guards = [{ ...SUCCESS, margin: 0.001 }];
    const plan = { seed: undefined, guards, holdback };
    const setup = { seed: 2, effect: -0.7, success: 0.9, leaveAt: 900, plan };
    const { receipts } = playTrial(setup);
    const others = receipts.filter(({ step }, i) => {
      const before = receipts[i - 1]?.step;
      const isFirst = step.step === 'assign' && before?.step !== 'assign';
      return isFirst && step.set > 40;
    });
    expect(others.length).toBeGreaterThan(3);
    const found = receipts.map((content, position) => ({ position, content }));
    expect(auditTrial('delta-1', found).faults).toEqual([]);
  }
});
