import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { printable } from '../domain/printable.ts';
import type { GainAmount, GainPrediction, MetricGain } from '../gen/learning/v1/gains_pb.ts';
import { countOf, formatCount } from './progress.ts';

/** The ends of an interval. */
interface Ends {
  readonly lower: number;
  readonly upper: number;
}

interface Unit {
  /** Units in an hour. */
  readonly factor: number;
  readonly name: string;
}

const HOURS: Unit = { factor: 1, name: 'task-hour' };
const MINUTES: Unit = { factor: 60, name: 'task-minute' };
const SECONDS: Unit = { factor: 3600, name: 'task-second' };

const LIST = new Intl.ListFormat('en-GB');

/** Whether an interval excludes 0. */
export function isShown({ lower, upper }: Ends): boolean {
  return lower > 0 || upper < 0;
}

/**
 * What changes gained in all: `saved 31 task-hours (24 to 38) and made 120 more tasks succeed (80 to 160); no
 * difference shown in cost (-3 to 5)`.
 */
export function describeAmounts(amounts: readonly GainAmount[]): string {
  const shown = amounts.filter(isShown).map(describeAmount);
  const hidden = amounts.filter((amount) => !isShown(amount)).map(describeNone);
  const rest = hidden.length === 0 ? '' : `no difference shown in ${hidden.join(', ')}`;
  return [LIST.format(shown), rest].filter((text) => text !== '').join('; ');
}

/** As `describeAmounts`, for costs: a positive amount is lost. */
export function describeCosts(amounts: readonly GainAmount[]): string {
  return describeAmounts(amounts.map(negated));
}

function describeAmount(amount: GainAmount): string {
  const { metric, higherIsBetter, estimate } = amount;
  const isGain = estimate > 0;
  const { estimate: size, ...ends } = isGain ? amount : negated(amount);
  if (metric === 'latency') {
    const { factor, name } = unitFor(size);
    const text = short(size * factor);
    const plural = text === '1' ? '' : 's';
    return `${isGain ? 'saved' : 'cost'} ${text} ${name}${plural} (${range(ends, factor)})`;
  }
  if (metric === 'success') {
    const tasks = countOf(size, 'task').replace(' ', ' more ');
    return `made ${tasks} ${isGain ? 'succeed' : 'fail'} (${wholeRange(ends)})`;
  }
  const [good, bad] = higherIsBetter ? ['gained', 'lost'] : ['saved', 'spent'];
  const more = !isGain && !higherIsBetter ? ' more' : '';
  return `${isGain ? good : bad} ${short(size)}${more} of ${printable(metric)} (${range(ends)})`;
}

function describeNone(amount: GainAmount): string {
  const { metric, lower, upper } = amount;
  if (metric === 'latency') {
    const { factor, name } = unitFor(Math.max(Math.abs(lower), Math.abs(upper)));
    return `latency (${range(amount, factor)} ${name}s)`;
  }
  if (metric === 'success') return `success (${wholeRange(amount)} tasks)`;
  return `${printable(metric)} (${range(amount)})`;
}

/** `latency: 310 ms less per task (120 to 500; 40 groups): saved 2 task-hours (1 to 3)`. */
export function describeGain(gain: MetricGain): string {
  const { metric, groups, total } = gain;
  const { unit, factor } = perTaskUnit(metric);
  const per = isShown(gain)
    ? describePerTask(gain)
    : `no difference shown (${range(gain, factor)}${unit}`;
  const inAll = total === undefined || !isShown(gain) ? '' : `: ${describeAmount(total)}`;
  return `${printable(metric)}: ${per}; ${countOf(groups, 'group')})${inAll}`;
}

/** An estimate per task and its interval, which may contain 0: `310 ms less per task (-120 to 740)`. */
export function describePrediction(prediction: GainPrediction): string {
  return `${describePerTask(prediction)})`;
}

/** A gain per task and its interval, without the closing bracket: `310 ms less per task (120 to 500`. */
function describePerTask(gain: MetricGain | GainPrediction): string {
  const { metric, higherIsBetter, perTask, lower, upper } = gain;
  const isGain = perTask > 0;
  const isMore = metric === 'success' || higherIsBetter ? isGain : !isGain;
  const { unit, factor } = perTaskUnit(metric);
  const ends = isGain ? gain : { lower: -upper, upper: -lower };
  const size = `${short(Math.abs(perTask) * factor)}${unit}`;
  return `${size} ${isMore ? 'more' : 'less'} per task (${range(ends, factor)}`;
}

function perTaskUnit(metric: string): { unit: string; factor: number } {
  if (metric === 'success') return { unit: ' points', factor: 100 };
  return { unit: metric === 'latency' ? ' ms' : '', factor: 1 };
}

/** A day as `2 Nov 2025`, in UTC; `-` if missing. */
export function day(time: Timestamp | undefined): string {
  if (time === undefined) return '-';
  return timestampDate(time).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

function negated(amount: GainAmount): GainAmount {
  const { estimate, lower, upper } = amount;
  return { ...amount, estimate: -estimate, lower: -upper, upper: -lower };
}

function unitFor(hours: number): Unit {
  if (hours >= 1) return HOURS;
  return hours * MINUTES.factor >= 1 ? MINUTES : SECONDS;
}

function range({ lower, upper }: Ends, factor = 1): string {
  return `${short(lower * factor)} to ${short(upper * factor)}`;
}

function wholeRange({ lower, upper }: Ends): string {
  return `${formatCount(lower)} to ${formatCount(upper)}`;
}

/** A number with three significant digits; from 100 on, a whole number. */
function short(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  // + 0 turns -0 into 0.
  return (rounded + 0).toLocaleString('en-US', { maximumSignificantDigits: 15 });
}
