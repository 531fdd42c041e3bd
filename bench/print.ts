import type { Spread } from '../scripts/report/statistics.ts';
import type { Table } from '../scripts/report/table.ts';
import type { Row } from './lives.ts';

/** A table for each section. */
export function tablesOf(rows: readonly Row[]): Table[] {
  return [...Map.groupBy(rows, ({ section }) => section)].map(([title, own]) => ({
    title,
    headings: ['unit', 'sidecar', 'baseline', 'ratio (quartiles)'],
    rows: own.map(({ measure, unit, sidecar, baseline, ratio, target }) => ({
      name: measure,
      cells: [unit, formatFigure(sidecar), formatFigure(baseline), formatSpread(ratio)],
      targets: target === undefined ? [] : [target],
    })),
  }));
}

/** A ratio may differ from an earlier run's by this, or by this share of it where it is above 1. */
const MAX_MOVE = 0.05;

/** The rows that have a target for their ratio, beside the same rows of an earlier run. */
export function movesBetween(before: readonly Row[], after: readonly Row[]): Table {
  const rows = after.flatMap((row) => {
    const former = before.find(
      ({ section, measure }) => section === row.section && measure === row.measure,
    );
    if (row.target === undefined || row.ratio === undefined || !former?.ratio) return [];
    const [was, is] = [former.ratio.median, row.ratio.median];
    const met = Math.abs(is - was) / Math.max(was, 1) <= MAX_MOVE;
    const targets = [{ text: `moves by <= ${MAX_MOVE}`, met }];
    return [{ name: `${row.section}: ${row.measure}`, cells: [was, is, is - was], targets }];
  });
  return { title: 'Against the earlier run', headings: ['was', 'is', 'moved'], rows };
}

/** One life has no spread to show. */
function formatSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const { median, lowerQuartile, upperQuartile } = spread;
  if (lowerQuartile === upperQuartile) return formatFigure(median);
  return `${formatFigure(median)} (${formatFigure(lowerQuartile)}–${formatFigure(upperQuartile)})`;
}

/** Three digits, or all before the point. */
function formatFigure(value: number | undefined): string {
  if (value === undefined) return '';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
