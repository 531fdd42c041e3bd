import type { Engine } from '../../engine/engine.ts';
import { toWallMs } from '../../ledger/head.ts';
import type { Arm } from '../../trial/arm.ts';
import type { Outcome } from '../../trial/evidence/outcome.ts';
import { maxTasks } from '../../trial/task-limits.ts';
import {
  countedBlocks,
  isOfThisFormat,
  type Stage,
  type Trial,
  timeUpMs,
} from '../../trial/trial.ts';
import { harmReading, helpReading } from '../../trial/verdict.ts';
import { json } from '../web/answers.ts';
import { EvidenceSeries, type SeriesView } from './evidence-series.ts';
import { type ApiRoute, apiRoute } from './route-table.ts';
import {
  ANY,
  described,
  FLAG,
  listOf,
  NUMBER,
  objectOf,
  type Schema,
  TEXT,
  TIME,
  WHOLE,
} from './schema.ts';
import { isoTime } from './times.ts';

/** Quantiles of a distribution: minimum, 5 %, 10 % … maximum. */
const QUANTILES = 21;

const SERIES: Schema = objectOf({
  metric: TEXT,
  sets: described(listOf(WHOLE), 'Counted sets of the stage; thinned'),
  harm: listOf(NUMBER),
  help: listOf(NUMBER),
  notWorse: listOf(NUMBER),
});

const DISTRIBUTION: Schema = objectOf({
  metric: TEXT,
  unit: TEXT,
  old: described(listOf(NUMBER), 'Quantiles at equal distances, from minimum to maximum'),
  new: listOf(NUMBER),
});

const TRIAL: Schema = objectOf(
  {
    deltaId: TEXT,
    ruleId: TEXT,
    target: TEXT,
    stage: { type: 'string', enum: ['trial', 'probation', 'holdback'] satisfies Stage[] },
    startTime: TIME,
    paused: FLAG,
    suspended: described(FLAG, 'The old value is in force until what looks like harm is judged'),
    harm: described(NUMBER, 'Evidence (e-value) of harm, over all metrics'),
    harmThreshold: NUMBER,
    help: described(NUMBER, 'Evidence (e-value) of help, of the primary metric'),
    threshold: described(NUMBER, 'From which help decides'),
    tasksUsed: described(WHOLE, 'Tasks of counted sets'),
    summary: TEXT,
    couldFind: TEXT,
    series: listOf(SERIES),
    distributions: listOf(DISTRIBUTION),
  },
  {
    oldValue: ANY,
    newValue: ANY,
    maxTasks: described(WHOLE, 'Absent in holdback, which ends with the change'),
    endsBy: described(TIME, 'Absent in holdback, and while the trial is paused'),
  },
);

/**
 * The route of open trials. It tells sums and quantiles of counted sets only, and nothing of tasks that wait or of how
 * many tasks an arm has been given: those tell coins that are still to come.
 */
export function trialsRoute(engine: Engine): ApiRoute {
  const { ledger } = engine;
  const series = new EvidenceSeries(ledger);
  return apiRoute({
    method: 'GET',
    path: '/trials',
    who: 'reader',
    doc: {
      id: 'listTrials',
      summary: 'The trials that are on, with their evidence so far',
      parameters: [],
      response: objectOf({ paused: FLAG, trials: listOf(TRIAL) }),
    },
    async handle() {
      const open = ledger.state.trials.filter(({ plan }) => isOfThisFormat(plan));
      const found = await series.of(open.map(({ plan }) => plan.deltaId));
      return json({
        paused: ledger.state.head.trialsPaused,
        trials: open.map((trial) => describe(engine, trial, found.get(trial.plan.deltaId))),
      });
    },
  });
}

function describe({ ledger }: Engine, trial: Trial, series: SeriesView | undefined) {
  const { plan, stage, evidence, pauses, suspendedMs, startWallMs, tasksUsed } = trial;
  const { deltaId, ruleId, target, oldValue, newValue } = plan;
  const harm = harmReading(trial, evidence);
  const help = helpReading(trial);
  return {
    ...{ deltaId, ruleId, target, stage },
    startTime: isoTime(startWallMs),
    paused: pauses.length > 0,
    suspended: suspendedMs !== undefined,
    harm: harm.e,
    harmThreshold: harm.limit,
    help: help.e,
    threshold: help.limit,
    tasksUsed,
    summary: ledger.state.delta(deltaId)?.summary ?? '',
    couldFind: series?.couldFind ?? '',
    series: evidence.map(({ metric }, index) => ({
      metric: metric.name,
      ...columnsOf(series?.points ?? [], index),
    })),
    distributions: distributionsOf(trial),
    ...(oldValue === undefined ? {} : { oldValue }),
    ...(newValue === undefined ? {} : { newValue }),
    ...limitsOf(trial, (ms) => toWallMs(ledger.state.head, ms)),
  };
}

function limitsOf(trial: Trial, toWall: (ms: number) => number) {
  const { stage, plan } = trial;
  if (stage === 'holdback') return {};
  const endsMs = timeUpMs(trial);
  return {
    maxTasks: stage === 'trial' ? maxTasks(plan) : plan.probationTasks,
    ...(Number.isFinite(endsMs) ? { endsBy: isoTime(toWall(endsMs)) } : {}),
  };
}

function columnsOf(points: SeriesView['points'], index: number) {
  const columns = { sets: [], harm: [], help: [], notWorse: [] } as Record<
    'sets' | 'harm' | 'help' | 'notWorse',
    number[]
  >;
  for (const { sets, e } of points) {
    const [harm, help, notWorse] = e[index] ?? [1, 1, 1];
    columns.sets.push(sets);
    columns.harm.push(harm);
    columns.help.push(help);
    columns.notWorse.push(notWorse);
  }
  return columns;
}

/** What counted tasks of both arms showed of latency and of each measurement of the plan. */
function distributionsOf(trial: Trial) {
  const { primary, guards } = trial.plan;
  const names = [primary, ...guards].flatMap((one) => (one.kind === 'measurement' ? one.name : []));
  const outcomes = countedOutcomes(trial);
  const metrics = [
    { metric: 'latency', unit: 'ms', valueIn: ({ latencyMs }: Outcome) => latencyMs },
    ...[...new Set(names)].map((metric) => ({
      metric,
      unit: '',
      valueIn: ({ measurements }: Outcome) => measurements[metric],
    })),
  ];
  return metrics.map(({ metric, unit, valueIn }) => {
    const quantilesIn = (arm: Arm) =>
      quantiles(outcomes[arm].flatMap((outcome) => valueIn(outcome) ?? []));
    return { metric, unit, old: quantilesIn('old'), new: quantilesIn('new') };
  });
}

function countedOutcomes(trial: Trial): Readonly<Record<Arm, readonly Outcome[]>> {
  const found: Record<Arm, Outcome[]> = { old: [], new: [] };
  for (const { arm, outcome } of trial.counted.flatMap(({ tasks }) => tasks)) {
    if (outcome !== undefined) found[arm].push(outcome);
  }
  for (const { arm, outcomes } of countedBlocks(trial)) found[arm].push(...outcomes);
  return found;
}

function quantiles(values: readonly number[]): number[] {
  if (values.length === 0) return [];
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return Array.from({ length: QUANTILES }, (_, index) => at(index / (QUANTILES - 1)));
}
