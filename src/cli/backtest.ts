import { toJsonString } from '@bufbuild/protobuf';
import type { Config } from '../config/config.ts';
import { formatFault } from '../config/fault.ts';
import { loadConfig } from '../config/load.ts';
import type { Delta } from '../domain/delta.ts';
import type { Task } from '../domain/task.ts';
import { DeltaSchema } from '../gen/learning/v1/delta_pb.ts';
import { toProtoDelta } from '../rpc/messages.ts';
import { fromProtoTask } from '../rpc/requests.ts';
import { type BacktestSummary, runBacktest } from './backtest-run.ts';
import { describeDelta } from './delta-line.ts';
import { endWhenUnread, printLine } from './output.ts';
import { formatCount } from './progress.ts';
import type { RuleTally } from './rule-log.ts';
import { formatPlace, readTrace, type TraceLine } from './trace.ts';

/** What `backtest` is told. */
export interface BacktestOptions {
  readonly traces: readonly string[];
  readonly config: string | undefined;
  readonly json: boolean | undefined;
}

/** Shows what a config would have done with recorded tasks. Throws `ConfigError`. */
export async function backtest(options: BacktestOptions): Promise<void> {
  endWhenUnread();
  const { config, warnings } = loadConfig(options.config);
  for (const warning of warnings) console.error(`warning: ${formatFault(warning)}`);
  const tasks = await readTasks(options.traces);
  const print = options.json ? printJson : printText;
  const summary = await runBacktest(config, tasks, print);
  await printLine(options.json ? summaryJson(summary) : summaryText(summary, config));
}

/** The tasks of all traces as if they had come in together. */
async function readTasks(files: readonly string[]): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const file of files) {
    for await (const lines of readTrace(file)) {
      for (const line of lines) tasks.push(timedTask(line));
    }
  }
  if (tasks.length === 0) throw new Error('the traces hold no tasks');
  // A stable sort: what finished together stays in order.
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

async function printJson(deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) await printLine(toJsonString(DeltaSchema, toProtoDelta(delta)));
}

async function printText(deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) {
    const place = delta.sequence > 0 ? ` #${delta.sequence}` : '';
    await printLine(
      `${isoTime(delta.proposeTimeMs)} ${delta.state}${place} ${describeDelta(toProtoDelta(delta))}`,
    );
  }
}

function summaryJson({ firstTaskMs, lastTaskMs, ...summary }: BacktestSummary): string {
  const times = { firstTaskTime: isoTime(firstTaskMs), lastTaskTime: isoTime(lastTaskMs) };
  return JSON.stringify({ summary: { ...summary, ...times } });
}

function summaryText(summary: BacktestSummary, config: Config): string {
  const { tasks, duplicates, cycles, firstTaskMs, lastTaskMs, parameters } = summary;
  const twice = duplicates > 0 ? `, ${formatCount(duplicates)} of them duplicates` : '';
  const lines = [
    '',
    `${formatCount(tasks)} tasks${twice}, ${isoTime(firstTaskMs)} to ${isoTime(lastTaskMs)}`,
    `${formatCount(cycles)} cycles, one every ${config.cycle.intervalSeconds} s`,
    ...summary.rules.map(describeRule),
    'parameters at the end:',
    ...Object.entries(parameters).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
  ];
  if (!config.cycle.enabled) {
    lines.push('cycle.enabled is false: a service would run such cycles on demand only');
  }
  return lines.join('\n');
}

function describeRule(tally: RuleTally): string {
  const { ruleId, asked, held, proposed, applied, rejected, expired, silence } = tally;
  if (silence !== '') return `rule ${ruleId}: proposed nothing: ${silence}`;
  const waiting = proposed - applied - rejected - expired;
  const outcomes = [
    `${applied} applied`,
    `${rejected} rejected`,
    ...(expired > 0 ? [`${expired} expired`] : []),
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(tally.faults > 0 ? [`${tally.faults} times not evaluated: ${tally.firstFault}`] : []),
  ];
  return (
    `rule ${ruleId}: ${proposed} proposed, ${outcomes.join(', ')}; ` +
    `its condition held in ${formatCount(held)} of the ${formatCount(asked)} cycles that asked`
  );
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
