import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Receipt } from '../../../src/trial/receipt.ts';
import type { TrialStep } from '../../../src/trial/step.ts';
import { ALL } from '../../support/trials/forged-trials.ts';
import { faultsIn } from '../../support/trials/trial-forgery.ts';
import { reseal } from '../../support/trials/trial-play.ts';

test('whatever the receipts hold, the audit ends and names it', () => {
  const steps = ALL.flatMap(({ receipts }) => receipts.map(({ step }) => step));
  fc.assert(
    fc.property(
      fc.constantFrom(...ALL),
      fc.nat(),
      fc.constantFrom(...steps),
      fc.string(),
      fc.jsonValue(),
      (played, at, step, field, value) => {
        const index = at % played.receipts.length;
        const fields = Object.keys(step);
        const key = fields[field.length % fields.length] ?? '';
        // Something in the place of a field, or of the whole step, in a chain that fits.
        const garbage = { ...step, [key]: value } as TrialStep;
        const sealed = reseal(played, (own, number) => (number === index + 1 ? garbage : own));
        expect(Array.isArray(faultsIn(sealed))).toBe(true);
        const faults = faultsIn(
          played.receipts.with(index, { number: 1, hash: '', step: garbage }),
        );
        expect(faults).not.toEqual([]);
        const nonsense = [value, [value], { number: value, hash: value, step: value }];
        expect(faultsIn(nonsense)).not.toEqual([]);
      },
    ),
    { numRuns: 150, seed: 7 },
  );
});

test('no field of a step can be something else, but for words, and what no receipt tells', () => {
  // When tasks came and how many others did is not told; the coins of the newest part are not yet.
  const free = ['step', 'summary', 'wallMs', 'timeMs', 'askUntilMs', 'kind'];
  // Of these, receipts tell no more than that they only grow.
  const growing = ['recorded', 'sequence'];
  fc.assert(
    fc.property(fc.constantFrom(...ALL), fc.nat(), fc.nat(), (played, at, pick) => {
      const number = 2 + (at % (played.receipts.length - 1));
      const { step } = played.receipts[number - 1] as Receipt;
      const fields = Object.entries(step).filter(([name]) => !free.includes(name));
      const [key, value] = fields[pick % fields.length] ?? ['step', undefined];
      const changed = growing.includes(key) ? -1 : Number(value) + 1;
      const other = typeof value === 'number' ? changed : [value];
      const forged = { ...step, [key]: other } as TrialStep;
      const sealed = reseal(played, (own, n) => (n === number ? forged : own));
      expect(faultsIn(sealed), `${step.step}.${key}`).not.toEqual([]);
    }),
    { numRuns: 200, seed: 11 },
  );
});
