import type { Metric } from '../domain/effect.ts';
import type { Value } from '../domain/value.ts';
import type { Estimate } from '../rehearse/interval.ts';
import type {
  AverageFigures,
  GoalFigures,
  ParameterFigures,
  Rehearsal,
  When,
} from '../rehearse/rehearse.ts';
import { countOf, formatCount } from './progress.ts';

/** Values of a parameter that are named in full; of the rest, the number. */
const MAX_NAMED = 4;

/** A rehearsal in lines for people. */
export function rehearsalText(rehearsal: Rehearsal, orchestrator: string): string {
  const { runs, tasks, hours, goals, averages, parameters } = rehearsal;
  return [
    `${countOf(runs, 'run')} of ${countOf(tasks, 'task')} (${hoursText(hours)} each) against ${orchestrator}; ` +
      '95 % intervals in brackets',
    '',
    ...tableOf(averages),
    '',
    ...goals.flatMap((goal) => goalLines(goal)),
    `first change ${whenText(rehearsal.firstChange, runs)}`,
    `first confirmed ${whenText(rehearsal.firstConfirmed, runs)}`,
    `a run has ${estimate(rehearsal.trials, decimal)} trials, puts ` +
      `${estimate(rehearsal.changes, decimal)} changes in force, confirms ` +
      `${estimate(rehearsal.confirmed, decimal)} and takes ${estimate(rehearsal.takenBack, decimal)} back`,
    `ends with a value worse than at the start: ${estimate(rehearsal.falsePromotions, percent)} of runs`,
    `tasks on values worse than at the start: ${estimate(rehearsal.worse, percent)}`,
    '',
    ...parameters.map((one) => parameterLine(one, runs)),
  ].join('\n');
}

function tableOf(averages: readonly AverageFigures[]): string[] {
  const rows = averages.map(({ name, start, best, during, end }) => {
    const show = (value: number) => amount(name, value);
    return [name, show(start), show(best), estimate(during, show), estimate(end, show)];
  });
  const all = [['', 'at the start', 'best', 'over the run', 'at the end'], ...rows];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0))) ?? [];
  return all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function goalLines({ metric, parameters, regret, attainable, missed, found }: GoalFigures) {
  const { show, unit } = unitOf(metric);
  const size = (value: Estimate) => `${estimate(value, show)}${unit}`;
  const gained =
    found === undefined
      ? `the values of the start are the best; those at the end are ${size(missed)} worse`
      : `of ${show(attainable)}${unit} to be gained, ${estimate(found, percent)} is gained at the end`;
  return [
    `goal of ${parameters.join(', ')}: ${describeMetric(metric)}`,
    `  regret ${size(regret)}, mean of all tasks; ${gained}`,
  ];
}

function describeMetric({ name, kind, better, statistic, expression }: Metric): string {
  if (expression !== undefined) return `more utility, ${expression}`;
  if (kind === 'outcome') return 'outcome (success first, then latency)';
  const direction = better === 'lower' ? 'lower' : 'higher';
  return kind === 'success' ? 'higher success' : `${direction} ${name} (${statistic})`;
}

/** How `advantage` is shown. */
function unitOf({ kind, better, expression }: Metric) {
  const number = (value: number) => `${Number(value.toPrecision(3))}`;
  if (expression !== undefined) return { show: number, unit: ' of utility' };
  if (kind === 'outcome') return { show: percent, unit: ' of comparisons' };
  if (kind === 'success')
    return { show: (value: number) => (100 * value).toFixed(1), unit: ' points' };
  const show = (value: number) => `x${Number(Math.exp(value).toPrecision(3))}`;
  return { show, unit: better === 'lower' ? ' as much' : ' as little' };
}

function whenText({ share, tasks, hours }: When, runs: number): string {
  const count = Math.round(share.value * runs);
  if (count === 0) return 'in none of the runs';
  const often = `in ${count} of ${countOf(runs, 'run')}`;
  if (!Number.isFinite(tasks.value)) return `${often}; later than a run lasts in half of them`;
  const after = `after ${estimate(tasks, endOr(formatCount))} tasks`;
  return `${after}, ${estimate(hours, endOr(decimal))} hours (median; ${often})`;
}

function endOr(show: (value: number) => string) {
  return (value: number) => (Number.isFinite(value) ? show(value) : 'more than a run');
}

function parameterLine(
  { name, start, best, bestBefore, ended, falsePromotions }: ParameterFigures,
  runs: number,
): string {
  const before = bestBefore.length === 0 ? '' : ` (before: ${bestBefore.map(show).join(', ')})`;
  const named = ended.slice(0, MAX_NAMED).map((one) => `${show(one.value)} in ${one.runs}`);
  const rest = ended.length - named.length;
  const more = rest > 0 ? `, ${countOf(rest, 'other value')}` : '';
  const worse = falsePromotions > 0 ? `; worse than at the start in ${falsePromotions}` : '';
  return (
    `${name}: start ${show(start)}, best ${show(best)}${before}; ` +
    `ended at ${named.join(', ')}${more} of ${countOf(runs, 'run')}${worse}`
  );
}

function show(value: Value | undefined): string {
  if (typeof value === 'number') return `${Number(value.toPrecision(4))}`;
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

function estimate({ value, lower, upper }: Estimate, format: (value: number) => string): string {
  return `${format(value)} [${format(lower)}, ${format(upper)}]`;
}

function amount(name: string, value: number): string {
  if (name === 'latency') return latencyText(value);
  return name === 'success' ? percent(value) : `${Number(value.toPrecision(3))}`;
}

function latencyText(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${Number((ms / 1000).toPrecision(3))} s`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`.replace(/^-(0\.0)/, '$1');
}

function decimal(value: number): string {
  return value.toFixed(1).replace(/^-(0\.0)$/, '$1');
}

function hoursText(hours: number): string {
  return hours < 72 ? `${decimal(hours)} hours` : `${decimal(hours / 24)} days`;
}
