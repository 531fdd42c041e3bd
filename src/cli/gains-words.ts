import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { printable } from '../domain/printable.ts';
import type { GainAmount, MetricGain } from '../gen/learning/v1/gains_pb.ts';

/** An estimate and the ends of its interval. */
interface Interval {
  readonly estimate: number;
  readonly lower: number;
  readonly upper: number;
}

interface Unit {
  readonly factor: number;
  readonly one: string;
  readonly many: string;
}

const HOURS: Unit = { factor: 1, one: 'task-hour', many: 'task-hours' };
const MINUTES: Unit = { factor: 60, one: 'task-minute', many: 'task-minutes' };
const SECONDS: Unit = { factor: 3600, one: 'task-second', many: 'task-seconds' };

/** Whether an interval tells its estimate from none. */
export function isShown({ lower, upper }: Pick<Interval, 'lower' | 'upper'>): boolean {
  return lower > 0 || upper < 0;
}

/**
 * What changes did in all: `saved 31 task-hours (24 to 38) and made 120 more tasks succeed (80 to 160); no
 * difference shown in cost (-3 to 5)`.
 */
export function describeAmounts(amounts: readonly GainAmount[]): string {
  const shown = amounts.filter(isShown).map(describeAmount);
  const hidden = amounts.filter((amount) => !isShown(amount)).map(describeNone);
  const rest = hidden.length === 0 ? '' : `no difference shown in ${hidden.join(', ')}`;
  return [listOf(shown), rest].filter((text) => text !== '').join('; ');
}

/** As `describeAmounts`, of costs: positive is lost. */
export function describeCosts(amounts: readonly GainAmount[]): string {
  return describeAmounts(
    amounts.map(({ estimate, lower, upper, ...rest }) => ({
      ...rest,
      estimate: -estimate,
      lower: -upper,
      upper: -lower,
    })),
  );
}

function describeAmount(amount: GainAmount): string {
  const { metric, higherIsBetter, estimate } = amount;
  const isGain = estimate > 0;
  const { estimate: size, ...ends } = isGain ? amount : turned(amount);
  if (metric === 'latency') {
    const unit = unitFor(size);
    return `${isGain ? 'saved' : 'cost'} ${inUnit(size, unit)} (${range(ends, unit.factor)})`;
  }
  if (metric === 'success') {
    const tasks = `${whole(size)} more ${Math.round(size) === 1 ? 'task' : 'tasks'}`;
    const ran = `${whole(ends.lower)} to ${whole(ends.upper)}`;
    return `made ${tasks} ${isGain ? 'succeed' : 'fail'} (${ran})`;
  }
  const [good, bad] = higherIsBetter ? ['gained', 'lost'] : ['saved', 'spent'];
  const more = !isGain && !higherIsBetter ? ' more' : '';
  return `${isGain ? good : bad} ${short(size)}${more} of ${printable(metric)} (${range(ends)})`;
}

function describeNone(amount: GainAmount): string {
  const { metric, lower, upper } = amount;
  if (metric === 'latency') {
    const unit = unitFor(Math.max(Math.abs(lower), Math.abs(upper)));
    return `latency (${range(amount, unit.factor)} ${unit.many})`;
  }
  if (metric === 'success') return `success (${whole(lower)} to ${whole(upper)} tasks)`;
  return `${printable(metric)} (${range(amount)})`;
}

/** `latency: 310 ms less per task (120 to 500; 40 groups): saved 2 task-hours (1 to 3)`. */
export function describeGain(gain: MetricGain): string {
  const { metric, groups, total } = gain;
  const interval = { estimate: gain.perTask, lower: gain.lower, upper: gain.upper };
  const per = `${describePerTask({ ...gain, ...interval })}; ${count(Number(groups), 'group')})`;
  const inAll = total === undefined || !isShown(gain) ? '' : `: ${describeAmount(total)}`;
  return `${printable(metric)}: ${per}${inAll}`;
}

/** What is known of a metric per task. */
interface PerTask extends Interval {
  readonly metric: string;
  readonly higherIsBetter: boolean;
}

/** A gain per task and its interval, without the closing bracket: `310 ms less per task (120 to 500`. */
function describePerTask(gain: PerTask): string {
  const { metric } = gain;
  if (isShown(gain)) return describeSizePerTask(gain);
  const unit = metric === 'latency' ? ' ms' : metric === 'success' ? ' points' : '';
  return `no difference shown (${perTaskRange(metric, gain)}${unit}`;
}

/** An estimate per task and its interval, which may hold 0: `310 ms less per task (-120 to 740)`. */
export function describePrediction(prediction: PerTask): string {
  return `${describeSizePerTask(prediction)})`;
}

function describeSizePerTask({ metric, higherIsBetter, ...interval }: PerTask): string {
  const isGain = interval.estimate > 0;
  const { estimate, lower, upper } = isGain ? interval : turned(interval);
  const isMore = metric === 'success' || higherIsBetter ? isGain : !isGain;
  const size = metric === 'success' ? `${short(estimate * 100)} points` : short(estimate);
  const unit = metric === 'latency' ? ' ms' : '';
  const ends = perTaskRange(metric, { lower, upper });
  return `${size}${unit} ${isMore ? 'more' : 'less'} per task (${ends}`;
}

function perTaskRange(metric: string, ends: Pick<Interval, 'lower' | 'upper'>): string {
  return range(ends, metric === 'success' ? 100 : 1);
}

/** A count with its noun: `1 task`, `18,420 tasks`. */
export function count(number: number, noun: string): string {
  return `${whole(number)} ${noun}${Math.round(number) === 1 ? '' : 's'}`;
}

/** `2 Nov 2025`, in UTC. */
export function day(time: Timestamp | undefined): string {
  if (time === undefined) return '-';
  return timestampDate(time).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
}

function turned<T extends Interval>(amount: T): T {
  const { estimate, lower, upper } = amount;
  return { ...amount, estimate: -estimate, lower: -upper, upper: -lower };
}

function unitFor(hours: number): Unit {
  if (hours >= 1) return HOURS;
  return hours * MINUTES.factor >= 1 ? MINUTES : SECONDS;
}

function inUnit(hours: number, { factor, one, many }: Unit): string {
  const text = short(hours * factor);
  return `${text} ${text === '1' ? one : many}`;
}

function range({ lower, upper }: Pick<Interval, 'lower' | 'upper'>, factor = 1): string {
  return `${short(lower * factor)} to ${short(upper * factor)}`;
}

/** Three significant digits, and none behind the point of thousands. */
function short(value: number): string {
  const size = Math.abs(value);
  const rounded = size >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  // + 0 turns -0 into 0.
  return (rounded + 0).toLocaleString('en-US', { maximumSignificantDigits: 15 });
}

function whole(value: number): string {
  return (Math.round(value) + 0).toLocaleString('en-US');
}

function listOf(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
