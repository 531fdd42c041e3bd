import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exponentText, fixedText } from '../../src/domain/number-text.ts';

describe('fixedText', () => {
  // As Python prints '%.0f' % x and so on.
  test.each([
    [144.5, 0, '144'],
    [145.5, 0, '146'],
    [66.65, 1, '66.7'],
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [2.5, 0, '2'],
    [0.125, 2, '0.12'],
    [0.375, 2, '0.38'],
    [1.005, 2, '1.00'],
    [2.675, 2, '2.67'],
    [1e22, 0, '10000000000000000000000'],
    [1e23, 0, '99999999999999991611392'],
    [-0.4, 0, '-0'],
    [-2.5, 0, '-2'],
    [0, 3, '0.000'],
    [5e-324, 3, '0.000'],
    [999.95, 1, '1000.0'],
    [99.95, 1, '100.0'],
  ])('%d with %i decimals is %s', (value, digits, text) => {
    expect(fixedText(value, digits)).toBe(text);
  });

  // `toFixed` is exact but rounds half up, and gives at most 100 decimals: enough to see every
  // digit of a number of this size, and to round those digits as text.
  test('is the exact decimal expansion, rounded half to even', () => {
    const grid = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(8));
    const ties = grid.map(([mantissa, power]) => (mantissa + 0.5) / 2 ** power);
    const decimals = grid.map(([mantissa, power]) => mantissa / 10 ** power);
    const any = fc.double({ min: -1e9, max: 1e9, noNaN: true }).filter((x) => Math.abs(x) > 1e-9);
    fc.assert(
      fc.property(fc.oneof(ties, decimals, any), fc.nat(12), (value, digits) => {
        expect(fixedText(value, digits)).toBe(roundText(value, digits));
      }),
      { numRuns: 5000 },
    );
  });

  test('is what toFixed gives wherever there is no tie', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e20, noNaN: true }), fc.nat(20), (value, digits) => {
        fc.pre(!isTie(value, digits));
        expect(fixedText(value, digits)).toBe(value.toFixed(digits));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('exponentText', () => {
  test.each([
    [2.5, 0, '2e+00'],
    [3.5, 0, '4e+00'],
    [1234.5, 3, '1.234e+03'],
    [1235.5, 3, '1.236e+03'],
    [1e23, 0, '1e+23'],
    [1e23, 20, '9.99999999999999916114e+22'],
    [9.996, 2, '1.00e+01'],
    [1e-7, 2, '1.00e-07'],
    [5e-324, 3, '4.941e-324'],
    [1.7976931348623157e308, 1, '1.8e+308'],
    [0, 2, '0.00e+00'],
    [-12.5, 1, '-1.2e+01'],
  ])('%d with %i digits is %s', (value, digits, text) => {
    expect(exponentText(value, digits)).toBe(text);
  });

  test('is what toExponential gives, except for ties', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (value, n) => {
        const expected = value.toExponential(n).replace(/([+-])(\d)$/, '$10$2');
        const more = value.toExponential(Math.min(n + 30, 100)).replace(/e.*$/, '');
        fc.pre(!/5(?:0{29})$/.test(more) && value !== 0);
        expect(exponentText(value, n)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

function isTie(value: number, digits: number): boolean {
  return /^50*$/.test(value.toFixed(100).split('.')[1]?.slice(digits) ?? '');
}

function roundText(value: number, digits: number): string {
  const exact = Math.abs(value).toFixed(100);
  const [whole = '', fraction = ''] = exact.split('.');
  const kept = BigInt(whole + fraction.slice(0, digits));
  const rest = fraction.slice(digits);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && kept % 2n === 1n);
  const text = String(up ? kept + 1n : kept).padStart(digits + 1, '0');
  const cut = text.length - digits;
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + (digits === 0 ? text : `${text.slice(0, cut)}.${text.slice(cut)}`);
}
