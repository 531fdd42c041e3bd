import { ALPHA } from './evidence/bets.ts';
import { combinedHarm, type Evidence, eHelp } from './evidence/evidence.ts';
import type { TrialPlan } from './plan.ts';

/** Evidence by cohort, over the pairs whose tasks are of that cohort. */
export type CohortEvidence = Readonly<Record<string, Evidence>>;

/** The cohorts for which a change is decided, by their label's value, in order of the plan. */
export interface DecidedCohorts {
  readonly helped: readonly string[];
  readonly harmed: readonly string[];
}

/** E-value of harm in one cohort above which a change that helps all is not put in force for all. */
const VETO = 5;

/** What e-BH decides on: the e-values of a trial's cohorts. */
interface Told {
  readonly plan: Pick<TrialPlan, 'cohorts'>;
  readonly byCohort?: CohortEvidence | undefined;
}

/**
 * The cohorts decided on each side by e-BH (Wang & Ramdas, "False discovery rate control with e-values", JRSS B 84,
 * 2022): of K cohorts, the k with the largest e-values, for the largest k whose k-th e-value is at least K / (α k). The
 * expected share of false ones among those decided is at most α on each side, however the cohorts depend on each other.
 */
export function decideCohorts(trial: Told): DecidedCohorts {
  return { helped: decide(trial, helpOf), harmed: decide(trial, combinedHarm) };
}

function decide(
  { plan, byCohort = {} }: Told,
  eValueOf: (evidence: Evidence) => number,
): readonly string[] {
  const values = plan.cohorts?.values ?? [];
  const found = values.map((value) => eValueOf(byCohort[value] ?? []));
  const ordered = found.toSorted((a, b) => b - a);
  const limits = ordered.filter((e, i) => e >= values.length / (ALPHA * (i + 1)));
  const least = limits.at(-1);
  return least === undefined ? [] : values.filter((_, i) => (found[i] ?? 0) >= least);
}

function helpOf([primary]: Evidence): number {
  return primary === undefined ? 1 : eHelp(primary);
}

/** The cohorts that a change seems to harm, so that it is not put in force for all. */
export function vetoing({ plan, byCohort = {} }: Told): readonly string[] {
  return (plan.cohorts?.values ?? []).filter((value) => combinedHarm(byCohort[value] ?? []) > VETO);
}

/** Whether any cohort shows more help, or harm, than none. */
export function showsAnything({ byCohort = {} }: Told): boolean {
  return Object.values(byCohort).some((one) => combinedHarm(one) >= 1 || helpOf(one) >= 1);
}
