import { createHash } from 'node:crypto';
import type { Guard, Metric, Objective } from '../domain/effect.ts';
import type { CompleteRule } from './merge.ts';

/**
 * A rule's fingerprint: SHA-256, in hex, of a JSON with its keys in this order and without absent ones. `mode` and
 * `on_harm` are not in it: they change what is done, not what is found out.
 */
export function fingerprintOf(rule: CompleteRule, { primary, guards }: Objective): string {
  const { id, type, operation, target, when, reasoning, confidence, impact } = rule;
  const metrics = [looksAt(primary), ...guards.map(holdsTo)];
  const text = JSON.stringify({
    ...{ id, type, operation, target, when, forSeconds: rule.for_seconds || undefined },
    ...{ newValue: rule.new_value, oldValue: rule.old_value, reasoning },
    ...{ confidence, impact, metrics, where: rule.where },
  });
  return createHash('sha256').update(text).digest('hex');
}

function looksAt({ name, kind, better, statistic, expression }: Metric): readonly unknown[] {
  return [name, kind, better, statistic, ...(expression === undefined ? [] : [expression])];
}

function holdsTo(guard: Guard): readonly unknown[] {
  return [...looksAt(guard), guard.margin, ...(guard.isConstraint ? ['constraint'] : [])];
}
