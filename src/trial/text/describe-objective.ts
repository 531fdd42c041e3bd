import type { Guard, Metric, Objective } from '../../domain/effect.ts';
import { marginText } from '../../domain/margin-text.ts';

/** An objective in words: `lower cost (total); not worse: success by 5 points (constraint)`. */
export function describeObjective({ primary, guards }: Objective): string {
  const kept = guards.map(describeGuard).join(', ');
  return kept === '' ? describeGoal(primary) : `${describeGoal(primary)}; not worse: ${kept}`;
}

function describeGoal({ name, kind, better, statistic, expression }: Metric): string {
  if (kind === 'outcome') return 'more success, then lower latency';
  const direction = better === 'lower' ? 'lower' : 'higher';
  if (kind === 'success') return `${direction} ${name}`;
  return `${direction} ${name} (${statistic}${expression === undefined ? '' : `; ${expression}`})`;
}

function describeGuard({ name, margin, isConstraint }: Guard): string {
  return `${name} by ${marginText(name, margin)}${isConstraint ? ' (constraint)' : ''}`;
}
