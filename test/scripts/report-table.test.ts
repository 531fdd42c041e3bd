import { expect, test } from 'vitest';
import { atMost, formatTable, formatTargets, type Table } from '../../scripts/report/table.ts';

const TABLE: Table = {
  title: 'Trials',
  note: 'Of 40 seeds.',
  headings: ['errors %', 'tasks', 'until'],
  rows: [
    { name: 'a', cells: [0.025, 12, '1 · 2'], targets: [atMost(0.05, 0.025, 'errors %')] },
    { name: 'bb', cells: [0.1, Number.NaN, '-'], targets: [atMost(0.05, 0.1, 'errors %')] },
    { name: 'c', cells: [-0.0001, 3], targets: [] },
  ],
};

test('a table is Markdown: shares in percent, counts whole, texts as they are', () => {
  expect(formatTable(TABLE)).toBe(
    [
      '### Trials',
      '',
      'Of 40 seeds.',
      '',
      '|    | errors % | tasks | until | target          |        |',
      '|----|---------:|------:|------:|-----------------|--------|',
      '| a  |      2.5 |    12 | 1 · 2 | errors % <= 5.0 | met    |',
      '| bb |     10.0 |     - |     - | errors % <= 5.0 | MISSED |',
      '| c  |      0.0 |     3 |       |                 |        |',
    ].join('\n'),
  );
});

test('targets are counted, and those missed are named', () => {
  expect(formatTargets([TABLE])).toBe(
    '1 of 2 targets are met.\nMISSED Trials: bb: errors % <= 5.0',
  );
});
