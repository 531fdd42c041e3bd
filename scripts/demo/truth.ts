import { describeChange, wordOf } from '../../src/cli/delta-line.ts';
import { isShown } from '../../src/cli/gains-words.ts';
import type { LearningClient } from '../../src/client/channel.ts';
import {
  type Delta,
  DeltaStateSchema,
  Verdict,
  VerdictSchema,
} from '../../src/gen/learning/v1/delta_pb.ts';
import type { ChangeGains, GainAmount } from '../../src/gen/learning/v1/gains_pb.ts';
import { CROWDED, MEDIUM, type Outcome, sumOf } from './planted.ts';
import { explain, short } from './print.ts';

const MS_PER_HOUR = 3_600_000;

/** What is said of a change in one metric, and what is so. */
interface Metric {
  readonly metric: string;
  readonly name: string;
  readonly unit: string;
  /** By what each task took with the new value, and would have taken with the old one. */
  readonly truth: number;
}

/** Beside what the sidecar reports: what was planted, which the demo knows of each task. */
export async function compareWithTruth(
  client: LearningClient,
  outcomes: readonly Outcome[],
): Promise<void> {
  const [{ changes }, { deltas }] = await Promise.all([client.getGains({}), client.listDeltas({})]);
  const model = changes.find(({ target }) => target === 'model');
  const rows = model === undefined ? [] : gainRows(model, outcomes);
  console.log('What the report says, and what was planted');
  for (const [name = '', said = '', truth = '', grade = ''] of [
    ['', 'the report says', 'the truth', ''],
    ...rows,
    ...deltas.toReversed().flatMap(findingRow),
  ]) {
    console.log(`  ${name.padEnd(28)}${said.padEnd(32)}${truth.padEnd(30)}${grade}`.trimEnd());
  }
  console.log('');
  explain(inAll(outcomes));
}

/** What tasks took, trials included, against what they had taken in the trace. */
function inAll(outcomes: readonly Outcome[]): string {
  const took = sumOf(outcomes);
  const unchanged = sumOf(outcomes.map((one) => one.unchanged));
  const less = (now: number, before: number) => `${Math.floor((1 - now / before) * 100)} % less`;
  const hours = (ms: number) => short(ms / MS_PER_HOUR);
  const crowded = outcomes.filter(({ isCrowded }) => isCrowded).length;
  return (
    `In all, trials included: ${hours(took.latencyMs)} task-hours instead of ` +
    `${hours(unchanged.latencyMs)}, ${less(took.latencyMs, unchanged.latencyMs)}; ` +
    `${short(took.costUsd)} USD instead of ${short(unchanged.costUsd)}, ` +
    `${less(took.costUsd, unchanged.costUsd)}. ${crowded} of ` +
    `${outcomes.length.toLocaleString('en-US')} tasks ran with the change that harms.`
  );
}

function gainRows({ gains, tasks }: ChangeGains, outcomes: readonly Outcome[]): string[][] {
  const since = outcomes.slice(-Number(tasks)).filter(({ isMedium }) => isMedium);
  const saved = sumOf(since.map((one) => one.saved));
  const metrics: Metric[] = [
    {
      ...{ metric: 'latency', name: 'time saved', unit: 'task-hours' },
      truth: saved.latencyMs / MS_PER_HOUR,
    },
    { metric: 'cost_usd', name: 'money saved', unit: 'USD', truth: saved.costUsd },
    { metric: 'success', name: 'more tasks succeed', unit: 'tasks', truth: 0 },
  ];
  return metrics.flatMap((metric) => {
    const total = gains.find((gain) => gain.metric === metric.metric)?.total;
    return total === undefined ? [] : [gainRow(metric, total)];
  });
}

function gainRow({ name, unit, truth }: Metric, amount: GainAmount): string[] {
  const { estimate, lower, upper } = amount;
  const size = isShown(amount) ? `${short(estimate)} ${unit}` : 'none shown';
  const said = `${size} (${short(lower)} to ${short(upper)})`;
  const isWithin = lower <= truth && truth <= upper;
  return [name, said, `${short(truth)} ${unit}`, isWithin ? 'within' : 'OUTSIDE'];
}

/** The finding on a change that a rule proposed, if it was tried. */
function findingRow(delta: Delta): string[][] {
  const { effect, state, target, cycleNumber } = delta;
  if (cycleNumber === 0n || effect === undefined) return [];
  const { verdict } = effect;
  if (verdict === Verdict.UNSPECIFIED) return [];
  const isKept = verdict === Verdict.HELPED;
  const word = isKept ? wordOf(DeltaStateSchema, state) : wordOf(VerdictSchema, verdict);
  const said = `${word.toUpperCase()} after ${effect.tasksUsed} tasks`;
  return [[describeChange(delta), said, target === 'model' ? MODEL_TRUTH : CROWD_TRUTH]];
}

const MODEL_TRUTH = `time x${MEDIUM.latency}, cost x${MEDIUM.cost}`;
const CROWD_TRUTH = `time x${CROWDED.latency}, ${CROWDED.failures * 100} % of successes fail`;
