import { own, type Parameters, type Value } from './value.ts';

/** The tasks that have one value of a label, such as kind=code. */
export interface Cohort {
  readonly label: string;
  readonly value: string;
}

/** Where a value is in force: a parameter, for the tasks of one cohort or, without one, for all. */
export interface Place {
  readonly target: string;
  readonly cohort?: Cohort | undefined;
}

/**
 * The cohorts' own values: those that differ from the value for all. Of one label at a time, by the label's value and
 * the parameter's name.
 */
export interface CohortValues {
  readonly label: string;
  readonly values: Readonly<Record<string, Parameters>>;
}

/** Where values are looked up. */
export interface LiveValues {
  readonly parameters: Parameters;
  /** Absent while no cohort has a value of its own. */
  readonly cohortValues?: CohortValues | undefined;
}

/** A cohort in words, such as `kind=code`. */
export function nameOf({ label, value }: Cohort): string {
  return `${label}=${value}`;
}

/** A place in words, such as `level` or `level of kind=code`; also its key, since parameters' names have no spaces. */
export function placeName({ target, cohort }: Place): string {
  return cohort === undefined ? target : `${target} of ${nameOf(cohort)}`;
}

export function sameCohort(a: Cohort | undefined, b: Cohort | undefined): boolean {
  return a?.label === b?.label && a?.value === b?.value;
}

/** Whether tasks may belong to both places: the same parameter, and not two cohorts. */
export function overlap(a: Place, b: Place): boolean {
  const isOfAll = a.cohort === undefined || b.cohort === undefined;
  return a.target === b.target && (isOfAll || sameCohort(a.cohort, b.cohort));
}

/** The cohort of a task by one label; `undefined` without the label. */
export function cohortOf(
  label: string | undefined,
  labels: Readonly<Record<string, string>>,
): Cohort | undefined {
  const value = label === undefined ? undefined : own(labels, label);
  return label === undefined || value === undefined ? undefined : { label, value };
}

/** A cohort's own value; `undefined` if the cohort has the value for all. */
export function ownValue(
  { cohortValues }: Pick<LiveValues, 'cohortValues'>,
  { target, cohort }: Place,
): Value | undefined {
  if (cohort === undefined || cohortValues?.label !== cohort.label) return undefined;
  return own(own(cohortValues.values, cohort.value) ?? {}, target);
}

/** The value in force at a place. */
export function liveValue(live: LiveValues, place: Place): Value | undefined {
  return ownValue(live, place) ?? own(live.parameters, place.target);
}

/** The values in force for tasks of a cohort or, without one, of none. */
export function liveValues(live: LiveValues, cohort: Cohort | undefined): Parameters {
  const { parameters, cohortValues } = live;
  if (cohort === undefined || cohortValues?.label !== cohort.label) return parameters;
  return { ...parameters, ...own(cohortValues.values, cohort.value) };
}

/** Whether a place's value is for a task: not one for all where the task's cohort has its own. */
export function isForTask(
  place: Place,
  labels: Readonly<Record<string, string>>,
  live: Pick<LiveValues, 'cohortValues'>,
): boolean {
  const { target, cohort } = place;
  if (cohort !== undefined) return own(labels, cohort.label) === cohort.value;
  return (
    ownValue(live, { target, cohort: cohortOf(live.cohortValues?.label, labels) }) === undefined
  );
}

/** The cohorts' values with one of them set or, without a value, dropped; `undefined` if none is left. */
export function withOwnValue(
  values: CohortValues | undefined,
  { target, cohort }: Place & { readonly cohort: Cohort },
  value: Value | undefined,
): CohortValues | undefined {
  // The values of another label are dropped before, each by a delta.
  const former = values?.label === cohort.label ? values.values : {};
  const { [target]: _, ...others } = own(former, cohort.value) ?? {};
  const ofCohort = value === undefined ? others : { ...others, [target]: value };
  const { [cohort.value]: __, ...rest } = former;
  const isEmpty = Object.keys(ofCohort).length === 0;
  const all = isEmpty ? rest : { ...rest, [cohort.value]: ofCohort };
  return Object.keys(all).length === 0 ? undefined : { label: cohort.label, values: all };
}

/** Every value that a cohort has of its own, with its place. */
export function ownValues({ cohortValues }: Pick<LiveValues, 'cohortValues'>): readonly (Place & {
  readonly cohort: Cohort;
  readonly value: Value;
})[] {
  if (cohortValues === undefined) return [];
  const { label, values } = cohortValues;
  return Object.entries(values).flatMap(([value, parameters]) =>
    Object.entries(parameters).map(([target, own]) => ({
      ...{ target, cohort: { label, value } },
      value: own,
    })),
  );
}
