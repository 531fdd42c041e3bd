import type { Row } from './row.ts';
import type { Spread } from './statistics.ts';

const HEADINGS = ['measure', 'unit', 'sidecar', 'baseline', 'ratio (quartiles)', 'target', ''];

/** Rows as Markdown tables, one a section; columns are aligned for a terminal too. */
export function formatTables(rows: readonly Row[]): string {
  const sections = Map.groupBy(rows, ({ section }) => section);
  const width = HEADINGS.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => cellsOf(row)[column] ?? '')].map((c) => c.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => pad(cell, width[i] ?? 0, i)).join(' | ')} |`;
  const rule = `|${width.map((n, i) => (isNumber(i) ? `${'-'.repeat(n + 1)}:` : '-'.repeat(n + 2))).join('|')}|`;
  return [...sections]
    .map(([section, own]) =>
      [`### ${section}`, '', line(HEADINGS), rule, ...own.map((row) => line(cellsOf(row)))].join(
        '\n',
      ),
    )
    .join('\n\n');
}

function cellsOf({ measure, unit, sidecar, baseline, ratio, target }: Row): string[] {
  return [
    measure,
    unit,
    figure(sidecar),
    baseline === undefined ? '' : figure(baseline),
    ratio === undefined ? '' : formatSpread(ratio),
    target?.text ?? '',
    target === undefined ? '' : target.met ? 'met' : 'MISSED',
  ];
}

/** One process was measured once: there is no spread to show. */
function formatSpread({ median, lowerQuartile, upperQuartile }: Spread): string {
  if (lowerQuartile === upperQuartile) return figure(median);
  return `${figure(median)} (${figure(lowerQuartile)}–${figure(upperQuartile)})`;
}

const isNumber = (column: number) => column === 2 || column === 3;

function pad(cell: string, width: number, column: number): string {
  return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
}

/** Three digits, or all before the point. */
function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
