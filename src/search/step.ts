import type { SearchRange, SearchScale } from '../domain/search.ts';

/** Steps are in doublings on a log scale; on a linear one, as many times this share of the range. */
const LINEAR_SHARE = 0.2;

/** The first step of a search, that of a round after a rest, and the largest and smallest step. */
export const FIRST_STEP = 1;
export const LATER_STEP = Math.log2(1.5);
const MAX_STEP = 2;
const MIN_STEP = Math.log2(1.1);

const SIGNIFICANT_DIGITS = 12;

export type Direction = 1 | -1;

/** The step after one that helped. */
export function longerStep(step: number): number {
  return Math.min(1.5 * step, MAX_STEP);
}

/** The step after one that helped in neither direction. */
export function shorterStep(step: number): number {
  return step / 2;
}

/** A step as people read it: a factor on a log scale, a share of the range on a linear one. */
export function scaledStep(step: number, scale: SearchScale): number {
  return scale === 'log' ? 2 ** step : step * LINEAR_SHARE;
}

/** Whether a step is too short to find anything with it. */
export function isTooShort(step: number): boolean {
  return step < MIN_STEP;
}

/** The value one step away, within the range and `maxStep`; `from` itself if it is at the end of the range. */
export function stepFrom(
  from: number,
  direction: Direction,
  step: number,
  range: SearchRange,
): number {
  const { scale, min, max, maxStep = Number.POSITIVE_INFINITY, isWhole } = range;
  const wished =
    scale === 'log'
      ? from * 2 ** (direction * step)
      : from + direction * step * LINEAR_SHARE * (max - min);
  const limited = from + Math.max(-maxStep, Math.min(wished - from, maxStep));
  const within = (value: number) => Math.min(Math.max(value, min), max);
  if (!isWhole) return within(rounded(limited, Math.abs(limited - from)));
  const whole = Math.round(limited);
  const next = whole === from ? from + direction : whole;
  // The ends of the range need not be whole.
  return next < min || next > max ? from : next;
}

/** A value to about a hundredth of the step that led to it: people read it. */
function rounded(value: number, step: number): number {
  if (step === 0) return value;
  const unit = 10 ** (Math.floor(Math.log10(step)) - 2);
  return Number((Math.round(value / unit) * unit).toPrecision(SIGNIFICANT_DIGITS));
}
