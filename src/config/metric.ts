import {
  DEFAULT_MARGIN,
  type Guard,
  LATENCY,
  type Metric,
  OUTCOME,
  SUCCESS,
} from '../domain/effect.ts';
import type { GuardText, PrimaryText } from './schema.ts';

const NAMED = { outcome: OUTCOME, latency: LATENCY, success: SUCCESS } as const;

/** What trials are to improve, as the program reads it; `undefined`: nothing else is said. */
export function settlePrimary(text: PrimaryText = 'outcome'): Metric {
  return settleMetric(text);
}

/** A guard as the program reads it. */
export function settleGuard(text: GuardText): Guard {
  const margin = typeof text === 'string' ? undefined : text.margin;
  return { ...settleMetric(text), margin: margin ?? DEFAULT_MARGIN };
}

/** Guards of a rule that names none. */
export function defaultGuards(primary: Metric): Guard[] {
  return (['success', 'latency'] as const)
    .filter((name) => name !== primary.name)
    .map((name) => settleGuard(name));
}

function settleMetric(text: PrimaryText | GuardText): Metric {
  if (typeof text === 'string') return NAMED[text];
  if ('metric' in text) {
    const metric = NAMED[text.metric];
    return { ...metric, statistic: text.statistic ?? metric.statistic };
  }
  const { measurement: name, better, statistic = 'total' } = text;
  return { name, kind: 'measurement', better, statistic };
}

/** What trials are to improve, as a config writes it. */
export function primaryText({ name, kind, better, statistic }: Metric): PrimaryText {
  const written = writtenStatistic(statistic);
  if (kind === 'measurement') return { measurement: name, better, ...written };
  return kind === 'latency' ? { metric: kind, ...written } : kind;
}

/** A guard as a config writes it. */
export function guardText({ margin, ...metric }: Guard): GuardText {
  const text = primaryText(metric);
  // No config has `outcome` as a guard.
  if (typeof text === 'string') return { metric: 'success', margin };
  return { ...text, margin };
}

/** Those of ours that are no choice are not written. */
function writtenStatistic(statistic: Metric['statistic']) {
  return statistic === 'median' || statistic === 'total' ? { statistic } : {};
}
