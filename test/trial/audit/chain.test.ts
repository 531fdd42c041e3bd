import { describe, expect, test } from 'vitest';
import type { Receipt } from '../../../src/trial/receipt.ts';
import { HARMED, LASTING } from '../../support/trials/forged-trials.ts';
import { faultsIn, firstFault, withPlan } from '../../support/trials/trial-forgery.ts';
import { reseal } from '../../support/trials/trial-play.ts';

describe('what is not as it was written is named', () => {
  const hashText = 'its hash does not fit: it was changed, or one before it was left out';
  const some = LASTING.receipts.filter(
    (_, index) => index % 29 === 0 || (index > 100 && index < 130),
  );

  test('every receipt whose step was changed, and no other', () => {
    for (const receipt of some) {
      const index = receipt.number - 1;
      const step = { ...receipt.step, timeMs: receipt.step.timeMs + 1 };
      const number = index + 1;
      const at = { receipts: [number, number], position: 100 + index };
      const faults = faultsIn(LASTING.receipts.with(index, { ...receipt, step }));
      expect(faults).toEqual([{ ...at, text: hashText }]);
    }
  });

  test('every receipt whose hash was changed, and no other', () => {
    for (const receipt of some) {
      const index = receipt.number - 1;
      const hash = receipt.hash.replace(/^./, (c) => (c === '0' ? '1' : '0'));
      const number = index + 1;
      const at = { receipts: [number, number], position: 100 + index };
      const faults = faultsIn(LASTING.receipts.with(index, { ...receipt, hash }));
      expect(faults).toEqual([{ ...at, text: hashText }]);
    }
  });

  test('every receipt whose number was changed', () => {
    for (const receipt of some) {
      const index = receipt.number - 1;
      const faults = faultsIn(LASTING.receipts.with(index, { ...receipt, number: 9000 }));
      const text = 'its number was changed to 9000';
      expect(faults).toEqual([
        { receipts: [receipt.number, receipt.number], position: 100 + index, text },
      ]);
    }
  });

  test('receipts that were left out', () => {
    expect(faultsIn(HARMED.receipts.toSpliced(6, 1))).toEqual([
      { receipts: [7, 7], position: undefined, text: 'missing' },
    ]);
    expect(faultsIn(HARMED.receipts.toSpliced(0, 3))).toEqual([
      { receipts: [1, 3], position: undefined, text: 'missing' },
    ]);
    const renumbered = HARMED.receipts
      .toSpliced(6, 1)
      .map((receipt, index) => ({ ...receipt, number: index + 1 }));
    expect(firstFault(renumbered)).toBe(`7: ${hashText}`);
  });

  test('receipts that were swapped, or are there twice', () => {
    const [a, b] = HARMED.receipts.slice(9, 11);
    const swapped = HARMED.receipts.toSpliced(9, 2, ...([b, a] as Receipt[]));
    expect(faultsIn(swapped)).toEqual([
      { receipts: [10, 10], position: 110, text: 'it stands behind receipt 11, which came later' },
    ]);
    const twice = HARMED.receipts.toSpliced(9, 0, a as Receipt);
    expect(firstFault(twice)).toBe('10: there is another one of this number');
  });

  test('what is no receipt', () => {
    const [first, ...rest] = HARMED.receipts;
    for (const content of [null, 3, 'x', [], {}, { number: 1 }, { ...first, hash: 7 }]) {
      const faults = faultsIn([content, ...rest]);
      expect(faults.map(({ text }) => text)).toEqual(['it is no receipt', 'missing']);
    }
  });

  test("another delta's receipts", () => {
    expect(faultsIn(HARMED.receipts, 'delta-2')).toHaveLength(1);
    expect(firstFault(reseal(HARMED, withPlan({ deltaId: 'delta-2' })))).toBe(
      '1: it begins the trial of another delta',
    );
  });
});
