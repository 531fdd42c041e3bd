import type { Delta, GainAmount, Gains, MetricEffect } from '../api/answers.ts';
import { change } from './delta.ts';
import { count, countOf, short } from './number.ts';
import { day } from './time.ts';

/** What was gained, in a sentence or two, with the figures that it rests on. */
export interface GainsWords {
  readonly isProven: boolean;
  readonly headline: string;
  /** What else there is to say, a sentence each. */
  readonly more: readonly string[];
}

const LIST = new Intl.ListFormat('en-GB');

/**
 * @param proven the newest proven changes that are in force, whose trials say by how much in percent
 */
export function gainsWords(gains: Gains, proven: readonly Delta[], nowMs: number): GainsWords {
  const { sinceTime, totals = [], needed = [] } = gains;
  if (sinceTime === undefined) {
    return { isProven: false, headline: 'No change has been proven yet.', more: needed };
  }
  const saved = totals.filter(isShown).map(amount);
  const hidden = totals.filter((one) => !isShown(one)).map(({ metric = '' }) => nameOf(metric));
  const inAll =
    saved.length === 0
      ? `What the proven changes gain is still being measured, since ${day(sinceTime, nowMs)}.`
      : `${upper(LIST.format(saved))} since ${day(sinceTime, nowMs)}, over ${countOf(gains.tasks, 'task')}.`;
  const none =
    saved.length === 0 || hidden.length === 0
      ? []
      : [`No difference shown in ${LIST.format(hidden)}.`];
  const relative = proven.flatMap(relativeText);
  const [first = inAll, ...rest] = [...relative, inAll];
  return { isProven: true, headline: first, more: [...rest, ...none] };
}

/** `3 changes in force, 1 on trial, 2 not kept`. */
export function tallyText({ changes = [], open = [], unkeptCount = '0' }: Gains): string {
  const stage = (state: string) => open.filter((one) => one.state === state).length;
  const kept = changes.filter(({ state }) => state === 'DELTA_STATE_CONFIRMED').length;
  const parts = [
    `${countOf(kept, 'change')} proven`,
    `${count(stage('DELTA_STATE_PROVISIONAL'))} on probation`,
    `${count(stage('DELTA_STATE_TRIAL'))} on trial`,
    `${count(unkeptCount)} not kept`,
  ];
  return parts.join(' · ');
}

/** `Typical latency 31 % lower (24 to 38 %) by model large → medium.` */
function relativeText(delta: Delta): string[] {
  const { effect } = delta;
  const latency = effect?.metrics?.find(isTypicalLatency);
  if (latency === undefined) return [];
  const share = (value = 0) => 1 - Math.exp(value);
  const [one, other] = [share(latency.lower), share(latency.upper)];
  // An interval that holds 0 shows nothing.
  if (one * other <= 0) return [];
  const size = share(latency.estimate);
  const ends = [Math.abs(one), Math.abs(other)].sort((a, b) => a - b).map(whole);
  const direction = size > 0 ? 'lower' : 'higher';
  return [
    `Typical latency ${whole(Math.abs(size))} % ${direction} (${ends.join(' to ')} %) by ${change(delta)}.`,
  ];
}

/** A share in percent, with as many digits as matter. */
function whole(share: number): string {
  return short(Number((share * 100).toPrecision(2)));
}

function isTypicalLatency({ metric, statistic }: MetricEffect): boolean {
  return metric === 'latency' && statistic === 'STATISTIC_MEDIAN';
}

/** Whether an interval leaves out 0. */
function isShown({ lower = 0, upper: end = 0 }: GainAmount): boolean {
  return lower > 0 || end < 0;
}

/** `31 task-hours saved (24 to 38)`. */
function amount({ metric = '', higherIsBetter = false, ...size }: GainAmount): string {
  const { estimate = 0, lower = 0, upper: end = 0 } = size;
  const isGain = estimate > 0;
  const [low, high] = isGain ? [lower, end] : [-end, -lower];
  const { factor, unit } = unitOf(metric, Math.abs(estimate));
  const figures = `${short(Math.abs(estimate) * factor)} ${unit}`;
  const ends = `(${short(low * factor)} to ${short(high * factor)})`;
  if (metric === 'success') return `${figures} ${isGain ? 'succeed' : 'fail'} ${ends}`;
  const [good, bad] = higherIsBetter ? ['gained', 'lost'] : ['saved', 'spent'];
  return `${figures} ${isGain ? good : bad} ${ends}`;
}

function unitOf(metric: string, size: number): { factor: number; unit: string } {
  if (metric === 'success') return { factor: 1, unit: 'more tasks' };
  if (metric !== 'latency') return { factor: 1, unit: `of ${metric}` };
  if (size >= 1) return { factor: 1, unit: 'task-hours' };
  return size * 60 >= 1
    ? { factor: 60, unit: 'task-minutes' }
    : { factor: 3600, unit: 'task-seconds' };
}

function nameOf(metric: string): string {
  if (metric === 'latency') return 'the sum of latency';
  return metric === 'success' ? 'how many tasks succeed' : metric;
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
