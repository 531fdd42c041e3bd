import type { TrialAssignment } from './rule.ts';
import type { LoopSettings } from './settings.ts';
import { own } from './value.ts';

/** What the trials of a parameter may touch. Of a rule, it comes before that of the parameter. */
export interface Scope {
  readonly assignment: TrialAssignment;
  /** Share of tasks that may run on a value that is not proven, above 0; 1: no bound. */
  readonly budget: number;
  /** Parameters that it must not be on trial together with; absent: all. */
  readonly interferesWith: readonly string[] | undefined;
}

/** The scope of a parameter's trials, for a rule if `ruleId` names one. */
export function scopeOf(
  { rules, parameters, trial }: Pick<LoopSettings, 'rules' | 'parameters' | 'trial'>,
  { target, ruleId }: { readonly target: string; readonly ruleId: string },
): Scope {
  const rule = rules.find(({ id }) => id === ruleId);
  const spec = own(parameters, target);
  return {
    assignment: rule?.assignment ?? spec?.assignment ?? trial.assignment,
    budget: rule?.budget ?? spec?.budget ?? 1,
    interferesWith: spec?.interferesWith,
  };
}
