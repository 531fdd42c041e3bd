import type { Delta, MetricEffect } from '../api/answers.ts';
import type { Json } from '../api/json.ts';
import { percent, short } from './number.ts';

/** A value as people write it: text without quotes, anything else as JSON. */
export function show(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

type Change = Pick<Delta, 'target' | 'oldValue' | 'newValue'>;

/** `max_agents 4 → 8`. */
export function change({ target, oldValue, newValue }: Change): string {
  return `${target ?? ''} ${show(oldValue)} → ${show(newValue)}`;
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

/** An estimate or an end of its interval with its unit: `-31 %`, `+2.1 points`, `-120 ms a task`. */
export function amountOf({ metric, statistic }: MetricEffect, value: number): string {
  const sign = value > 0 ? '+' : value < 0 ? '−' : '';
  const size = Math.abs(value);
  if (metric === 'outcome' || statistic === 'STATISTIC_SHARE') {
    return `${sign}${short(size * 100)} points`;
  }
  if (metric !== 'latency') return `${sign}${short(size)} a task`;
  if (statistic === 'STATISTIC_TOTAL') return `${sign}${short(size)} ms a task`;
  return `${sign}${percent(Math.abs(Math.exp(value) - 1))}`;
}

/** An effect with its interval: `-31 % (-38 % to -24 %)`. */
export function effectText(effect: MetricEffect): string {
  const { estimate = 0, lower = 0, upper = 0 } = effect;
  return `${amountOf(effect, estimate)} (${amountOf(effect, lower)} to ${amountOf(effect, upper)})`;
}
