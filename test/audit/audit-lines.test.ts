import { expect, test } from 'vitest';
import { auditJson } from '../../src/audit/audit-json.ts';
import { describeAudit } from '../../src/audit/audit-lines.ts';
import { auditTrial } from '../../src/trial/audit/audit.ts';
import { HARMED } from '../support/trials/forged-trials.ts';

test.each([undefined, {}, null])('an end that was damaged, its effect %j, is a fault', (effect) => {
  const found = HARMED.receipts.map((receipt, position) => {
    const { step } = receipt;
    const damaged = step.step === 'end' ? { ...step, effect } : step;
    return { position, content: { ...receipt, step: damaged } };
  });
  const audit = auditTrial('delta-1', found);
  const text = describeAudit('delta-1', audit);
  expect(text).toContain('does NOT stand');
  expect(text).not.toContain('undefined');
  expect(() => auditJson('delta-1', audit)).not.toThrow();
});
