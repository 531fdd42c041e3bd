import { toJsonString } from '@bufbuild/protobuf';
import type { RuleTally } from '../backtest/rule-log.ts';
import { type BacktestSummary, runBacktest } from '../backtest/run.ts';
import type { ReplayedTrial } from '../backtest/trials.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Delta } from '../domain/delta.ts';
import type { Task } from '../domain/task.ts';
import { DeltaSchema } from '../gen/learning/v1/delta_pb.ts';
import { formatPlace, readTrace, type TraceLine } from '../trace/read.ts';
import { fromProtoTask } from '../wire/from-proto.ts';
import { toProtoDelta } from '../wire/to-proto.ts';
import { describeDelta } from './delta-line.ts';
import { endWhenUnread, printJson, printLine } from './output.ts';
import { countOf, formatCount } from './progress.ts';
import { printWarnings } from './show-config.ts';

/** Options of `backtest`. */
export interface BacktestOptions {
  readonly traces: readonly string[];
  readonly config: string | undefined;
  readonly json: boolean | undefined;
}

/** Prints what a config would have done with recorded tasks. Throws `ConfigError`. */
export async function backtest(options: BacktestOptions): Promise<void> {
  endWhenUnread();
  const loaded = loadConfig(options.config);
  const { config } = loaded;
  printWarnings(loaded);
  const tasks = await readTasks(options.traces);
  const print = options.json ? printDeltas : printTexts;
  const summary = await runBacktest(config, tasks, print);
  if (options.json) await printJson(summaryJson(summary));
  else await printLine(summaryText(summary, config));
}

/** The tasks of all traces, in order of their finish time. */
async function readTasks(files: readonly string[]): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const file of files) {
    for await (const lines of readTrace(file)) {
      for (const line of lines) tasks.push(timedTask(line));
    }
  }
  if (tasks.length === 0) throw new Error('the traces hold no tasks');
  // A stable sort: tasks with equal times stay in order.
  return tasks.sort((a, b) => a.finishTimeMs - b.finishTimeMs);
}

function timedTask(line: TraceLine): Task {
  if (line.fault !== undefined) throw new Error(`${formatPlace(line.place)}: ${line.fault}`);
  if (line.task.finishTime === undefined) {
    const place = formatPlace(line.place);
    throw new Error(`${place}: expected a finishTime: it is what drives the clock`);
  }
  return fromProtoTask(line.task, 0);
}

async function printDeltas(deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) await printJson(toJsonString(DeltaSchema, toProtoDelta(delta)));
}

async function printTexts(deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) {
    const place = delta.sequence > 0 ? ` #${delta.sequence}` : '';
    await printLine(
      `${isoTime(delta.proposeTimeMs)} ${delta.state}${place} ${describeDelta(toProtoDelta(delta))}`,
    );
  }
}

function summaryJson({ firstTaskMs, lastTaskMs, trials, ...rest }: BacktestSummary): string {
  const times = { firstTaskTime: isoTime(firstTaskMs), lastTaskTime: isoTime(lastTaskMs) };
  return JSON.stringify({ summary: { ...rest, trials: trials.map(trialJson), ...times } });
}

function trialJson({ startTimeMs, endTimeMs, oldValue, newValue, ...rest }: ReplayedTrial) {
  const endTime = endTimeMs === undefined ? null : isoTime(endTimeMs);
  const values = { oldValue: oldValue ?? null, newValue: newValue ?? null };
  const { verdict = null } = rest;
  return { ...rest, ...values, verdict, startTime: isoTime(startTimeMs), endTime };
}

function summaryText(summary: BacktestSummary, config: Config): string {
  const { tasks, duplicates, cycles, firstTaskMs, lastTaskMs, parameters } = summary;
  const twice = duplicates > 0 ? `, ${formatCount(duplicates)} of them duplicates` : '';
  const lines = [
    '',
    `${formatCount(tasks)} tasks${twice}, ${isoTime(firstTaskMs)} to ${isoTime(lastTaskMs)}`,
    `${formatCount(cycles)} cycles, one every ${config.cycle.intervalSeconds} s`,
    ...summary.rules.map(describeRule),
    ...describeTrials(summary.trials),
    'parameters at the end:',
    ...Object.entries(parameters).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
  ];
  if (!config.cycle.enabled) {
    lines.push('cycle.enabled is false: a service would run such cycles on demand only');
  }
  return lines.join('\n');
}

function describeRule(tally: RuleTally): string {
  const { ruleId, asked, held, proposed, applied, rejected, expired, tried, silence } = tally;
  if (silence !== '') return `rule ${ruleId}: proposed nothing: ${silence}`;
  const waiting = proposed - applied - rejected - expired - tried;
  const optional = { 'put on trial': tried, expired, waiting };
  const outcomes = [
    `${applied} applied`,
    `${rejected} rejected`,
    ...Object.entries(optional).flatMap(([what, count]) => (count > 0 ? [`${count} ${what}`] : [])),
    ...(tally.faults > 0 ? [`${tally.faults} times not evaluated: ${tally.firstFault}`] : []),
  ];
  return (
    `rule ${ruleId}: ${proposed} proposed, ${outcomes.join(', ')}; ` +
    `its condition held in ${formatCount(held)} of the ${formatCount(asked)} cycles that asked`
  );
}

/** Lines for the trials that could be judged from the trace, and the number of the others by reason. */
function describeTrials(trials: readonly ReplayedTrial[]): string[] {
  const judged = trials.filter(({ unjudged }) => unjudged === '');
  const others = trials.filter(({ unjudged }) => unjudged !== '');
  const reasons = Map.groupBy(others, ({ unjudged }) => unjudged);
  return [
    ...(judged.length > 0 ? ['trials, if the trace was recorded with this very config:'] : []),
    ...judged.map((trial) => `  ${describeTrial(trial)}`),
    ...[...reasons].map(
      ([why, { length }]) => `${countOf(length, 'trial')} could not be judged: ${why}`,
    ),
  ];
}

function describeTrial(trial: ReplayedTrial): string {
  const { deltaId, ruleId, target, startTimeMs, endTimeMs, verdict, tasksUsed, summary } = trial;
  const [before, after] = [trial.oldValue, trial.newValue].map((value) =>
    value === undefined ? 'nothing' : JSON.stringify(value),
  );
  const what = `trial of ${deltaId}: ${target} ${before} -> ${after} by ${ruleId}`;
  const end = endTimeMs === undefined ? '' : ` to ${isoTime(endTimeMs)}`;
  const finding = `${verdict?.toUpperCase() ?? 'unfinished'}, ${formatCount(tasksUsed)} tasks`;
  return `${what}, ${isoTime(startTimeMs)}${end}: ${finding}: ${summary}`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
