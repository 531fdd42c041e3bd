import { nameOf } from '../../domain/cohort.ts';
import { bornApplied } from '../../domain/delta.ts';
import type { TrialPlan } from '../../trial/plan.ts';
import type { CohortsFound } from '../../trial/step.ts';
import type { Changes } from './changes.ts';
import { excessOfOwn } from './own-values.ts';
import type { TrialContext } from './trial-value.ts';

/** A trial to begin. */
interface Beginning {
  readonly plan: TrialPlan;
  readonly summary: string;
}

/** Begins the trials of the cohorts that an ended trial of all has helped; `undefined`: it told none apart. */
export function startSplit(
  context: TrialContext,
  plan: TrialPlan,
  found: CohortsFound | undefined,
): void {
  const beginnings = found === undefined ? [] : splitTrial(context.changes, plan, found);
  for (const one of beginnings) context.start(one.plan, one.summary);
}

/**
 * Proposes the change of an ended trial of all for each cohort that it has helped. The trial of such a delta goes on
 * from the cohort's evidence, which suffices for a promotion.
 */
function splitTrial(
  changes: Changes,
  { cohorts, ...shared }: TrialPlan,
  { helped }: CohortsFound,
): readonly Beginning[] {
  const tried = changes.delta(shared.deltaId);
  if (cohorts === undefined || tried === undefined) return [];
  return Object.entries(helped).flatMap(([value, carried]): Beginning[] => {
    const cohort = { label: cohorts.label, value };
    const place = { target: shared.target, cohort };
    if (excessOfOwn(changes.view.head, place, shared.newValue) !== undefined) return [];
    const { ruleId, type, operation, target, reasoning, confidence, impact } = tried;
    const delta = changes.propose({
      ...bornApplied(changes.wallMs),
      ...{ ruleId, type, operation, target, cohort, reasoning, confidence, impact },
      oldValue: shared.oldValue,
      newValue: shared.newValue,
      cycleNumber: tried.cycleNumber,
      evaluation: tried.evaluation,
    });
    const { deltaId, ordinal } = delta;
    const seed = shared.seed === undefined ? undefined : `${shared.seed}/${ordinal}`;
    const plan = { ...shared, deltaId, cohort, splitFrom: shared.deltaId, carried, seed };
    const summary = `It goes on from what the trial of ${shared.deltaId} has found for ${nameOf(cohort)}`;
    return [{ plan, summary }];
  });
}
