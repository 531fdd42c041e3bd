import type { Delta, MetricEffect } from '../api/answers.ts';
import type { Json } from '../api/json.ts';
import { short } from './number.ts';

/** A value as people write it: text without quotes, anything else as JSON. */
export function show(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

type Change = Pick<Delta, 'target' | 'oldValue' | 'newValue' | 'cohort'>;

/** `max_agents 4 → 8`; of one cohort `max_agents where kind=code 4 → 8`. */
export function change({ target, oldValue, newValue, cohort }: Change): string {
  const where = cohort === undefined ? '' : ` where ${cohort.label ?? ''}=${cohort.value ?? ''}`;
  return `${target ?? ''}${where} ${show(oldValue)} → ${show(newValue)}`;
}

/** How a state reads, and how it looks. */
export interface StateWords {
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'busy' | 'wait' | 'plain';
}

const STATES: Readonly<Record<string, StateWords>> = {
  DELTA_STATE_PROPOSED: { text: 'waits', tone: 'wait' },
  DELTA_STATE_REJECTED: { text: 'rejected', tone: 'plain' },
  DELTA_STATE_TRIAL: { text: 'on trial', tone: 'busy' },
  DELTA_STATE_APPLIED: { text: 'in force, not proven', tone: 'plain' },
  DELTA_STATE_REVERTED: { text: 'not kept', tone: 'plain' },
  DELTA_STATE_EXPIRED: { text: 'expired', tone: 'plain' },
  DELTA_STATE_PROVISIONAL: { text: 'in force, on probation', tone: 'busy' },
  DELTA_STATE_CONFIRMED: { text: 'in force, proven', tone: 'good' },
};

const VERDICTS: Readonly<Record<string, StateWords>> = {
  VERDICT_HELPED: { text: 'helped', tone: 'good' },
  VERDICT_HARMED: { text: 'harmed', tone: 'bad' },
  VERDICT_INCONCLUSIVE: { text: 'no difference found', tone: 'plain' },
  VERDICT_INVALID: { text: 'ended without a finding', tone: 'plain' },
  VERDICT_OBSERVED: { text: 'only observed', tone: 'plain' },
};

export function stateOf({ state = '' }: Pick<Delta, 'state'>): StateWords {
  return STATES[state] ?? { text: 'unknown', tone: 'plain' };
}

/** The finding about a delta, if there is one. */
export function verdictOf({ effect }: Pick<Delta, 'effect'>): StateWords | undefined {
  return VERDICTS[effect?.verdict ?? ''];
}

/** The states of deltas that can be reverted, and those that wait for a person. */
const REVERTIBLE = new Set([
  'DELTA_STATE_APPLIED',
  'DELTA_STATE_PROVISIONAL',
  'DELTA_STATE_CONFIRMED',
  'DELTA_STATE_TRIAL',
]);

export function isRevertible({ state = '' }: Pick<Delta, 'state'>): boolean {
  return REVERTIBLE.has(state);
}

export function isWaiting({ state }: Pick<Delta, 'state'>): boolean {
  return state === 'DELTA_STATE_PROPOSED';
}

/** Who made a change: a rule, an operator, or the sidecar itself. */
export function author(delta: Delta): string {
  const { ruleId = '', revertsDeltaId = '', trialDeltaId = '' } = delta;
  if (ruleId !== '') return `rule ${ruleId}`;
  if (revertsDeltaId !== '') return 'a revert';
  return trialDeltaId === '' ? 'an operator or the config' : 'a trial';
}

/** How numbers of a metric's effect are written: times a factor, with a unit. */
interface Notation {
  readonly unit: string;
  on(value: number): number;
}

function notationOf({ metric, statistic }: MetricEffect): Notation {
  if (metric === 'outcome' || statistic === 'STATISTIC_SHARE') {
    return { unit: ' points', on: (value) => value * 100 };
  }
  if (metric !== 'latency') return { unit: ' a task', on: (value) => value };
  if (statistic === 'STATISTIC_TOTAL') return { unit: ' ms a task', on: (value) => value };
  return { unit: ' %', on: (value) => (Math.exp(value) - 1) * 100 };
}

/** `+2.1`, with a minus sign for what is below 0. */
function signed(value: number): string {
  const sign = value > 0 ? '+' : value < 0 ? '−' : '';
  return `${sign}${short(Math.abs(value))}`;
}

/** An effect with its interval: `−31 % (−38 to −24)`. */
export function effectText(effect: MetricEffect): string {
  const { estimate = 0, lower = 0, upper = 0 } = effect;
  const { unit, on } = notationOf(effect);
  return `${signed(on(estimate))}${unit} (${signed(on(lower))} to ${signed(on(upper))})`;
}
