import { createHash } from 'node:crypto';
import type { Metric } from '../domain/effect.ts';
import type { ConfiguredRule } from './config.ts';

/** What a rule proposes, and what its proposals are judged by. */
type Judged = Pick<
  ConfiguredRule,
  | 'id'
  | 'type'
  | 'operation'
  | 'target'
  | 'source'
  | 'forSeconds'
  | 'confidence'
  | 'impact'
  | 'primary'
  | 'guards'
>;

/**
 * SHA-256, in hex, of a canonical JSON: keys in this order, what is absent left out. `mode` and
 * `onHarm` are not in it: they change what is done, not what is found out.
 */
export function fingerprintOf(rule: Judged): string {
  const { id, type, operation, target, source, forSeconds, confidence, impact, primary, guards } =
    rule;
  const { when, newValue, oldValue, reasoning } = source;
  const looksAt = ({ name, kind, better, statistic }: Metric) => [name, kind, better, statistic];
  const metrics = [looksAt(primary), ...guards.map((guard) => [...looksAt(guard), guard.margin])];
  const text = JSON.stringify({
    ...{ id, type, operation, target, when, forSeconds: forSeconds || undefined },
    ...{ newValue, oldValue, reasoning },
    ...{ confidence, impact, metrics },
  });
  return createHash('sha256').update(text).digest('hex');
}
