import type { Utility } from '../domain/utility.ts';
import { stepLimit } from './cel/budget.ts';
import { evaluatorOf, readExpression, tryExpression } from './cel/expression.ts';
import { TASK_SCOPE, taskBindings, taskSamples } from './cel/task-bindings.ts';
import type { CrossFault } from './fault.ts';
import { type ConfigPath, show } from './fault.ts';
import { GOALS, type MetricsText, type ObjectiveText, UTILITY_NAME } from './keys/objective.ts';
import type { CompleteConfig, MergedConfig } from './merge.ts';
import { type PlacedFault, placeFault } from './placed-fault.ts';
import type { Structure } from './structure.ts';

/** Steps of macros in one evaluation of a utility: each task is evaluated when it is recorded. */
const MAX_STEPS = 1000;

/** A level of a config that may say what is wanted. */
interface Site {
  readonly path: ConfigPath;
  readonly says: MetricsText;
}

function sitesOf({ objective, parameters, rules }: MergedConfig): readonly Site[] {
  return [
    { path: [], says: { objective } },
    ...Object.entries(parameters).map(([name, says]) => ({ path: ['parameters', name], says })),
    ...rules.map((says, index) => ({ path: ['rules', index], says })),
  ];
}

/** Faults of objectives that involve more than one key. */
export function checkObjectives(config: MergedConfig, { isFaulty }: Structure): CrossFault[] {
  return sitesOf(config).flatMap(({ path, says }) => {
    const at = [...path, 'objective'];
    if (says.objective === undefined || isFaulty(at)) return [];
    return [...checkAlone(path, says), ...checkGoal(at, says.objective, isFaulty)];
  });
}

/** An objective replaces `primary` and `guards`. */
function checkAlone(path: ConfigPath, says: MetricsText): CrossFault[] {
  return (['primary', 'guards'] as const).flatMap((key) => {
    if (says[key] === undefined) return [];
    const message = `expected nothing beside objective, which says it all, found ${show(says[key])}`;
    return [{ path: [...path, key], message }];
  });
}

function checkGoal(
  at: ConfigPath,
  text: ObjectiveText,
  isFaulty: Structure['isFaulty'],
): CrossFault[] {
  if (GOALS.some((goal) => isFaulty([...at, goal]))) return [];
  const given = GOALS.filter((goal) => text[goal] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none of them' : given.join(' and ');
    return [{ path: at, message: `expected one of ${GOALS.join(', ')}, found ${found}` }];
  }
  const { minimise, maximise, statistic, subject_to: constraints = {} } = text;
  const faults: CrossFault[] = [];
  const fault = (key: readonly string[], message: string) =>
    void faults.push({ path: [...at, ...key], message });
  if (minimise === 'success') fault(['minimise'], 'expected maximise for success');
  if (maximise === 'latency') fault(['maximise'], 'expected minimise for latency');
  const expected = statisticExpected(text);
  if (statistic !== undefined && !expected.includes(statistic)) {
    const which = expected.length === 0 ? 'none: it is the share of tasks' : expected.join(' or ');
    fault(['statistic'], `expected ${which}, found ${statistic}`);
  }
  const own = minimise ?? maximise ?? UTILITY_NAME;
  for (const [name, margin] of Object.entries(constraints)) {
    if (isFaulty([...at, 'subject_to', name])) continue;
    const message =
      name === own ? 'expected a metric other than its own' : signExpected(name, margin);
    if (message !== undefined) fault(['subject_to', name], `${message}, found ${show(margin)}`);
  }
  return faults;
}

/** The statistics that an objective may compare. */
function statisticExpected({ maximise, utility }: ObjectiveText): readonly string[] {
  if (maximise === 'success') return [];
  if (utility !== undefined) return ['total'];
  // What is to be raised has no bad tail above its p95.
  return maximise === undefined ? ['total', 'median', 'p95'] : ['total', 'median'];
}

function signExpected(name: string, margin: number): string | undefined {
  if (name === 'latency' && margin < 0)
    return 'expected a positive number: by how much it may rise';
  if (name === 'success' && margin > 0)
    return 'expected a negative number: by how much it may fall';
  return undefined;
}

/** Faults of utilities, each evaluated by itself on samples. */
export function checkUtilities(config: MergedConfig): readonly PlacedFault[] {
  return sitesOf(config).flatMap(({ path, says }) => {
    const text = says.objective?.utility;
    if (text === undefined) return [];
    const read = readExpression(text, TASK_SCOPE);
    const faults =
      'faults' in read
        ? read.faults
        : tryExpression(read.expression, taskSamples(read.expression.measurements), 'number');
    return faults.map((fault) => placeFault([...path, 'objective', 'utility'], text, fault));
  });
}

/** The utilities of a config in which `checkUtilities` has found no fault, by expression. */
export function compileUtilities(config: CompleteConfig): ReadonlyMap<string, Utility> {
  const texts = sitesOf(config).flatMap(({ says }) => says.objective?.utility ?? []);
  return new Map([...new Set(texts)].map((text) => [text, compileUtility(text)]));
}

function compileUtility(text: string): Utility {
  const read = readExpression(text, TASK_SCOPE);
  if ('faults' in read) throw new Error('the utility has a fault');
  const evaluate = evaluatorOf(read.expression, 'utility');
  return (task) => {
    const value = evaluate(taskBindings(task), stepLimit(MAX_STEPS));
    if (typeof value !== 'number') throw new Error('utility: expected a number');
    return value;
  };
}

/** Objectives by which tasks that fail fast would be the best ones. */
export function objectiveWarnings(config: MergedConfig): CrossFault[] {
  return sitesOf(config).flatMap(({ path, says: { objective } }) => {
    if (objective?.minimise === undefined || Object.hasOwn(objective.subject_to ?? {}, 'success')) {
      return [];
    }
    const { minimise, statistic = 'median' } = objective;
    // A failed task counts as a slow one in the median of latency.
    if (minimise === 'latency' && statistic === 'median') return [];
    const message = `nothing keeps success: of ${minimise}, tasks that fail at once spend the least; add subject_to: { success: -0.05 }`;
    return [{ path: [...path, 'objective'], message }];
  });
}
