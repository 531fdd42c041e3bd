import { describe, expect, test } from 'vitest';
import { kindOf, predictLogLatency, type Seen, tellingLabels } from '../../src/trial/predict.ts';

const seenOf = (kind: string, ...latencies: number[]) =>
  latencies.map((latencyMs): Seen => [kind, latencyMs]);
const repeat = (count: number, ...seen: Seen[]) => Array.from({ length: count }, () => seen).flat();

describe('a prediction', () => {
  test('is the median of its like, drawn to that of all as if by two tasks', () => {
    const seen = [...seenOf('a', 10, 20, 80), ...seenOf('b', 1000, 2000)];
    // Medians: of three 20, of five 80.
    const expected = (3 * Math.log(20) + 2 * Math.log(80)) / 5;
    expect(predictLogLatency(seen, 'a')).toBeCloseTo(expected, 12);
  });

  test('of a kind that was not seen is the median of all', () => {
    expect(predictLogLatency(seenOf('a', 10, 20, 80), 'new')).toBeCloseTo(Math.log(20), 12);
    expect(predictLogLatency([], 'new')).toBe(0);
  });

  test('looks at the newest 30 of its kind, and the newest 200 of all', () => {
    const seen = [...seenOf('a', ...Array(50).fill(5)), ...seenOf('a', ...Array(30).fill(50))];
    const others = repeat(170, ['b', 700]);
    // 170 of the newest 200 took 700 ms.
    const expected = (30 * Math.log(50) + 2 * Math.log(700)) / 32;
    expect(predictLogLatency([...seen, ...others], 'a')).toBeCloseTo(expected, 12);
    const older = [...repeat(300, ['c', 9000]), ...seen, ...others];
    expect(predictLogLatency(older, 'a')).toBeCloseTo(expected, 12);
  });

  test('takes less than a millisecond as one', () => {
    expect(predictLogLatency(seenOf('a', 0, 0), 'a')).toBe(0);
  });
});

describe('a kind', () => {
  test('is the values of the labels that are named', () => {
    const labels = { kind: 'x', model: 'm', other: '1' };
    expect(kindOf(labels, ['kind', 'model'])).toBe(
      kindOf({ model: 'm', kind: 'x' }, ['kind', 'model']),
    );
    expect(kindOf(labels, ['kind'])).not.toBe(kindOf({ kind: 'y' }, ['kind']));
    expect(kindOf(labels, [])).toBe('');
  });

  test('tells a label that is not there from one that is empty, or inherited', () => {
    const kinds = [{}, { toString: '' }, { toString: 'null' }].map((labels) =>
      kindOf(labels, ['toString']),
    );
    expect(new Set(kinds).size).toBe(3);
  });

  test('that is long is named by its hash', () => {
    const [a, b] = ['a', 'b'].map((end) => kindOf({ text: 'x'.repeat(100) + end }, ['text']));
    expect(a).toHaveLength(32);
    expect(a).not.toBe(b);
  });
});

describe('labels that tell the kind of a task', () => {
  const tasksWith = (count: number, labelsOf: (i: number) => Record<string, string>) =>
    Array.from({ length: count }, (_, i) => ({ labels: labelsOf(i) }));

  test('vary, and three tasks on average share each value', () => {
    const tasks = tasksWith(30, (i) => ({
      kind: `${i % 10}`,
      model: `${i % 2}`,
      id: `${i}`,
      nearly: `${i % 11}`,
      same: 'x',
    }));
    expect(tellingLabels(tasks)).toEqual(['kind', 'model']);
  });

  test('are looked at among the tasks that carry them', () => {
    const tasks = tasksWith(30, (i): Record<string, string> => (i < 6 ? { kind: `${i % 2}` } : {}));
    expect(tellingLabels(tasks)).toEqual(['kind']);
    expect(tellingLabels(tasks.slice(0, 5))).toEqual([]);
  });

  test('are eight at most', () => {
    const names = Array.from({ length: 12 }, (_, i) => `label-${i + 10}`);
    const tasks = tasksWith(30, (i) => Object.fromEntries(names.map((name) => [name, `${i % 2}`])));
    expect(tellingLabels(tasks)).toEqual(names.slice(0, 8));
  });
});
