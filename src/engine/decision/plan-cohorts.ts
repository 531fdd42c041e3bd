import { cohortOf, ownValue } from '../../domain/cohort.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { own } from '../../domain/value.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { MEASURED_TASKS, type PlannedCohorts } from '../../trial/plan.ts';

/** The numbers of values that a trial tells apart: with more, each has too few of its tasks. */
const MIN_VALUES = 2;
const MAX_VALUES = 5;

type Known = Pick<LedgerView, 'head' | 'newestTasks'>;

/** The cohorts that a trial of a parameter tells apart: those among the newest tasks without a value of their own. */
export function plannedCohorts(
  view: Known,
  settings: LoopSettings,
  target: string,
): { readonly cohorts?: PlannedCohorts } {
  const { cohorts: label } = settings.trial;
  if (label === undefined || whyNotToldApart(view, settings) !== undefined) return {};
  const values = valuesOf(view, label).filter((value) => {
    return (
      ownValue(view.head, { target, cohort: cohortOf(label, { [label]: value }) }) === undefined
    );
  });
  return values.length < MIN_VALUES ? {} : { cohorts: { label, values } };
}

/** Why trials of all tasks tell no cohorts apart, though `trial.cohorts` asks for it, in words; `undefined` if they do. */
export function whyNotToldApart(
  view: Pick<Known, 'newestTasks'>,
  { trial: { cohorts: label } }: LoopSettings,
): string | undefined {
  if (label === undefined) return undefined;
  const { length } = view.newestTasks(MEASURED_TASKS);
  const found = valuesOf(view, label).length;
  if (found >= MIN_VALUES && found <= MAX_VALUES) return undefined;
  return (
    `trial.cohorts: ${label} has ${found} ${found === 1 ? 'value' : 'values'} among the newest ${length} tasks, and ` +
    `${MIN_VALUES} to ${MAX_VALUES} can be told apart: trials are of all tasks together`
  );
}

/** The values of a label among the newest tasks, in order of their names. */
function valuesOf(view: Pick<Known, 'newestTasks'>, label: string): readonly string[] {
  const tasks = view.newestTasks(MEASURED_TASKS);
  return [...new Set(tasks.flatMap(({ labels }) => own(labels, label) ?? []))].sort();
}
