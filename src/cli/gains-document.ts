import { printable } from '../domain/printable.ts';
import { DeltaState, Verdict, VerdictSchema } from '../gen/learning/v1/delta_pb.ts';
import type {
  ChangeGains,
  GainPrediction,
  OpenChange,
  TrackRecord,
  UnkeptChange,
} from '../gen/learning/v1/gains_pb.ts';
import type { GetGainsResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { showValues, wordOf } from './delta-line.ts';
import {
  count,
  day,
  describeAmounts,
  describeCosts,
  describeGain,
  describePrediction,
  isShown,
} from './gains-words.ts';

/** An item of a list, with what belongs to it. */
interface Item {
  readonly text: string;
  readonly more: readonly string[];
}

interface Chapter {
  readonly title: string;
  readonly items: readonly Item[];
}

/** A report, of plain sentences. */
export interface GainsDocument {
  readonly summary: string;
  /** Those that have something to say. */
  readonly chapters: readonly Chapter[];
  readonly notes: string;
}

/** Changes that were not kept, named at most. */
const MAX_NAMED = 10;

const NOTES =
  'Intervals have about 95 %, at any moment, unless rare large amounts decide. What was gained in all is the gain per task times the tasks ' +
  'that ran with the new value; sums of intervals are wider than need be.';

/** What was gained, in sentences. */
export function gainsDocument(gains: GetGainsResponse): GainsDocument {
  const chapters = [
    { title: 'Confirmed changes', items: changeItems(gains) },
    { title: 'What proving costs', items: costItems(gains) },
    { title: 'Being tried', items: gains.open.filter((one) => !isUnproven(one)).map(openItem) },
    { title: 'In force, not proven', items: gains.open.filter(isUnproven).map(openItem) },
    { title: 'Being tried, or not proven, before those', items: more(gains.open, gains.openCount) },
    { title: 'Not kept', items: unkeptItems(gains) },
    { title: 'Its own record', items: recordItems(gains.record) },
    { title: 'What it would take', items: gains.needed.map((text) => plain(printable(text))) },
  ];
  return {
    summary: summaryOf(gains),
    chapters: chapters.filter(({ items }) => items.length > 0),
    notes: NOTES,
  };
}

function summaryOf({
  changeCount,
  totals,
  sinceTime,
  tasks,
  totalTasksRecorded,
}: GetGainsResponse) {
  if (changeCount === 0n) {
    return `Nothing is proven: in ${count(Number(totalTasksRecorded), 'task')} no change was confirmed.`;
  }
  const since = `Since ${day(sinceTime)}, ${count(Number(tasks), 'task')}`;
  const which = count(Number(changeCount), 'confirmed change');
  if (totals.length === 0) return `${since}: ${which}; what was gained is not measured.`;
  const isProven = totals.some(isShown);
  const said = describeAmounts(totals);
  return isProven
    ? `${since}: ${which} ${said}.`
    : `${since}: ${which}, and nothing is proven: ${said}.`;
}

function changeItems({ changes, changeCount }: GetGainsResponse): Item[] {
  return [...changes.map(changeItem), ...more(changes, changeCount)];
}

/** How many there are that an answer had no room for. */
function more(told: readonly unknown[], inAll: bigint): Item[] {
  const left = Number(inAll) - told.length;
  return left > 0 ? [plain(`and ${count(left, 'older change')}`)] : [];
}

function changeItem(change: ChangeGains): Item {
  const { confirmTime, tasks, tasksHeldBack, measuring, state, note, gains, predictions } = change;
  const until = measuring ? 'since' : 'until its holdback ended';
  const held = Number(tasksHeldBack).toLocaleString('en-US');
  // Without a holdback, as in blocks, nothing is counted.
  const counted =
    !measuring && tasks === 0n
      ? ''
      : `: ${count(Number(tasks), 'task')} ${until}, ${held} of them held back`;
  const now = state === DeltaState.REVERTED ? ', taken back' : '';
  return {
    text: `${changeText(change)}, confirmed ${day(confirmTime)}${now}${counted}`,
    more: [
      ...gains.map(describeGain),
      ...(note === '' ? [] : [printable(note)]),
      ...predictions.map((one) => predictionText(one, measuring)),
    ],
  };
}

function predictionText(prediction: GainPrediction, isMeasuring: boolean): string {
  const { metric, madeWhen, perTask, lower, upper, held, found } = prediction;
  const when = madeWhen === DeltaState.PROVISIONAL ? 'promotion' : 'confirmation';
  const ends = {
    metric,
    higherIsBetter: prediction.higherIsBetter,
    estimate: perTask,
    lower,
    upper,
  };
  const grade =
    held === undefined || found === undefined
      ? `not graded${isMeasuring ? ' yet' : ''}`
      : held
        ? 'held'
        : 'did not hold';
  return `predicted at its ${when}, ${printable(metric)}: ${describePrediction(ends)}: ${grade}`;
}

function costItems({ exploring, holdingBack }: GetGainsResponse): Item[] {
  const items: Item[] = [];
  if (exploring !== undefined && exploring.tasks > 0n) {
    const ran = count(Number(exploring.tasks), 'counted task');
    const said = describeCosts(exploring.amounts) || 'too few to say what that cost';
    items.push(
      plain(`trials and probations: ${ran} ran with the value that was not kept: ${said}`),
    );
  }
  if (holdingBack !== undefined && holdingBack.tasks > 0n) {
    const kept = count(Number(holdingBack.tasks), 'task');
    const said = describeCosts(holdingBack.amounts) || 'too few to say what that costs';
    items.push(plain(`holding back: ${kept} kept the old value: ${said}`));
  }
  return items;
}

function isUnproven({ state }: OpenChange): boolean {
  return state === DeltaState.APPLIED;
}

const STAGES: Partial<Record<DeltaState, string>> = {
  [DeltaState.TRIAL]: 'on trial',
  [DeltaState.PROVISIONAL]: 'on probation',
};

function openItem(change: OpenChange): Item {
  const stage = STAGES[change.state] ?? 'in force';
  const used = count(Number(change.tasksUsed), 'task');
  return {
    text: `${changeText(change)}, ${stage}, ${used} counted so far`,
    more: [printable(change.summary)],
  };
}

/** What harmed, or had been in force, first: it is what one looks for. The same finding is told once. */
function unkeptItems({ unkept, unkeptCount }: GetGainsResponse): Item[] {
  const isNotable = ({ verdict, wasInForce }: UnkeptChange) =>
    verdict === Verdict.HARMED || wasInForce;
  const ordered = [...unkept.filter(isNotable), ...unkept.filter((one) => !isNotable(one))];
  const alike = Map.groupBy(ordered, findingOf);
  const named = [...alike.values()].slice(0, MAX_NAMED);
  const left = named.reduce((count, { length }) => count - length, Number(unkeptCount));
  const items = named.flatMap(([newest, ...others]) =>
    newest === undefined ? [] : unkeptItem(newest, others.length + 1),
  );
  return left > 0 ? [...items, plain(`and ${count(left, 'more change')}`)] : items;
}

/** What is tried again and again with the same verdict; what had been in force stands alone. */
function findingOf(change: UnkeptChange): string {
  const { deltaId, ruleId, target, verdict, wasInForce } = change;
  return JSON.stringify(wasInForce ? deltaId : [ruleId, target, showValues(change), verdict]);
}

function unkeptItem(change: UnkeptChange, times: number): Item {
  const { verdict, tasksUsed, tasksConfirmed, wasInForce, summary } = change;
  if (verdict === Verdict.UNSPECIFIED || verdict === Verdict.OBSERVED) {
    return plain(`${changeText(change)}: taken back without a trial: ${printable(summary)}`);
  }
  const when =
    tasksConfirmed === undefined
      ? `after ${count(Number(tasksUsed), 'task')}${wasInForce ? ', when it was in force' : ''}`
      : `${count(Number(tasksConfirmed), 'task')} after it had been confirmed`;
  // Not by its own finding alone: by an operator, a client, a trial of the old value, or for want of proof.
  if (wasInForce && verdict !== Verdict.HARMED) {
    return plain(`${changeText(change)}: taken back ${when}: ${printable(summary)}`);
  }
  const word = wordOf(VerdictSchema, verdict).toUpperCase();
  const often = times === 1 ? '' : `${times} times, the last time `;
  return plain(`${changeText(change)}: ${word} ${often}${when}`);
}

function recordItems(record: TrackRecord | undefined): Item[] {
  if (record === undefined || record.promotions === 0n) return [];
  const { promotions, confirmed, onProbation, takenBack, takenBackConfirmed } = record;
  const parts = [
    `${confirmed} confirmed`,
    `${onProbation} on probation`,
    `${takenBack} taken back on probation`,
    `${takenBackConfirmed} taken back after ${confirmed === 1n ? 'its' : 'their'} confirmation`,
  ];
  const { predictionsGraded: graded, predictionsHeld: held, expectedShare } = record;
  const percent = `${Math.round(expectedShare * 100)} %`;
  const intervals =
    graded === 0n
      ? 'no prediction has been graded by a holdback yet'
      : `${held} of ${count(Number(graded), 'prediction')} held what the holdback found later; about ${percent} are expected to`;
  return [
    plain(`${count(Number(promotions), 'change')} put in force by a trial: ${parts.join(', ')}`),
    plain(intervals),
  ];
}

type AnyChange = Pick<ChangeGains, 'deltaId' | 'ruleId' | 'target' | 'oldValue' | 'newValue'>;

function changeText(change: AnyChange): string {
  const { target, ruleId, deltaId } = change;
  const by = ruleId === '' ? '' : ` by rule ${printable(ruleId)}`;
  return `${printable(target)} ${printable(showValues(change))}${by} (${printable(deltaId)})`;
}

function plain(text: string): Item {
  return { text, more: [] };
}
