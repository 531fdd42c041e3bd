import { nameOf, ownValues, type Place } from '../domain/cohort.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { type DecisionContext, decision, type EngineDecision } from './decision/decision.ts';

/**
 * Drops the own values of cohorts, each by a delta, so that they have the values for all, and ends their trials.
 * Returns the cohorts' names.
 */
export function dropOwnValues(
  { view: { head }, changes, trials }: DecisionContext,
  isMeant: (place: { readonly target: string; readonly label: string }) => boolean,
  reason: string,
): readonly string[] {
  const dropped = ownValues(head).filter(({ target, cohort }) =>
    isMeant({ target, label: cohort.label }),
  );
  return dropped.map(({ target, cohort }) => {
    trials.stopOn({ target, cohort }, reason);
    const delta = changes.proposeSetting({
      ruleId: '',
      type: undefined,
      operation: 'modify',
      target,
      cohort,
      newValue: undefined,
      reasoning: reason,
    });
    changes.apply(delta, { holdUntilMs: 0 });
    return nameOf(cohort);
  });
}

/** Drops the values of cohorts of a label that the config no longer has as `trial.cohorts`. After `reviewTrials`. */
export function retireCohorts(): EngineDecision<void> {
  return decision((context) => {
    const { cohorts } = context.environment.settings.trial;
    const reason = `trial.cohorts is ${cohorts ?? 'none'}`;
    dropOwnValues(context, ({ label }) => label !== cohorts, reason);
  });
}

/** Why no value may be for a cohort of this label, in words; `undefined` if one may. */
export function objectionToLabel(
  { cohort }: Pick<Place, 'cohort'>,
  { trial: { cohorts } }: LoopSettings,
): string | undefined {
  if (cohort === undefined || cohort.label === cohorts) return undefined;
  return cohorts === undefined
    ? 'expected trial.cohorts in the config, found none'
    : `expected ${cohorts}, which trial.cohorts says, found ${cohort.label}`;
}
