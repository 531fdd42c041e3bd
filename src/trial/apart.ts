import { addSet } from './count.ts';
import { combinedHarm, type Evidence, eHelp } from './evidence/evidence.ts';
import { freshEvidence } from './evidence-before.ts';
import type { TaskSet } from './task-set.ts';
import { isOfThisFormat, type Trial } from './trial.ts';

/** The most values of a label that are looked at, as many as `trial.cohorts` tells apart. */
const MAX_VALUES = 5;

/**
 * With K values of each of L labels, both e-values have to reach this times K √L. Without any effect, one value reaches
 * t by help and another one by harm with probability K (K - 1) / t² at most: less than 4 % for all labels together.
 */
const APART = 5;

/**
 * Where a trial of all was undecided, and one value of a label was helped and another one harmed: says so, with what
 * would tell them apart. Empty otherwise. Only pairs whose tasks have the label's value in common are looked at.
 */
export function describeApart({ plan, counted, stage }: Trial): string {
  if (!isOfThisFormat(plan)) return '';
  const isOfAll = plan.cohort === undefined && plan.cohorts === undefined;
  if (!isOfAll || stage !== 'trial' || plan.assignment !== 'task') return '';
  const names = plan.pairBy.length > 0 ? plan.pairBy : plan.predictBy;
  const pairs = counted.map((set) => ({
    set,
    values: set.tasks.map(({ kind }) => valuesIn(kind)),
  }));
  for (const [i, label] of names.entries()) {
    const found = new Map<string, Evidence>();
    for (const { set, values } of pairs) {
      const value = inCommon(values.map((one) => one[i]));
      if (value !== undefined) addTo(found, value, set, plan);
    }
    const text =
      found.size < 2 || found.size > MAX_VALUES ? '' : differ(label, found, names.length);
    if (text !== '') return text;
  }
  return '';
}

function addTo(
  found: Map<string, Evidence>,
  value: string,
  set: TaskSet,
  plan: Trial['plan'],
): void {
  found.set(value, addSet(found.get(value) ?? freshEvidence(plan), set, plan));
}

function differ(label: string, found: ReadonlyMap<string, Evidence>, labels: number): string {
  const limit = APART * found.size * Math.sqrt(labels);
  const [helped] = [...found].find(([, [first]]) => first && eHelp(first) >= limit) ?? [];
  const [harmed] = [...found].find(([, evidence]) => combinedHarm(evidence) >= limit) ?? [];
  if (helped === undefined || harmed === undefined) return '';
  return (
    `Tasks with ${label}=${helped} did better with the new value, and those with ${label}=${harmed} worse: ` +
    `trial.cohorts: ${label} would decide for each`
  );
}

/** The labels' values of a kind; none where it is a hash. */
function valuesIn(kind: string): readonly (string | undefined)[] {
  return kind.startsWith('[') ? (JSON.parse(kind) as (string | undefined)[]) : [];
}

function inCommon([first, second]: readonly (string | undefined)[]): string | undefined {
  return typeof first === 'string' && first === second ? first : undefined;
}
