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
  day,
  describeAmounts,
  describeCosts,
  describeGain,
  describePrediction,
  isShown,
} from './gains-words.ts';
import { countOf, formatCount } from './progress.ts';

/** An item of a list, with lines below it. */
interface Item {
  readonly text: string;
  readonly more?: readonly string[];
}

interface Chapter {
  readonly title: string;
  readonly items: readonly Item[];
}

/** A report in plain sentences. */
export interface GainsDocument {
  readonly summary: string;
  /** Only chapters with items. */
  readonly chapters: readonly Chapter[];
  readonly notes: string;
}

/** Maximum number of items for changes that were not kept. */
const MAX_NAMED = 10;

const NOTES =
  'Intervals have about 95 %, at any moment, unless rare large amounts decide. What was gained in all is the gain per task times the tasks ' +
  'that ran with the new value; sums of intervals are wider than need be.';

/** The gains of a sidecar in sentences. */
export function gainsDocument(gains: GetGainsResponse): GainsDocument {
  const chapters = [
    {
      title: 'Confirmed changes',
      items: [...gains.changes.map(changeItem), ...more(gains.changes, gains.changeCount)],
    },
    { title: 'What proving costs', items: costItems(gains) },
    { title: 'Being tried', items: gains.open.filter((one) => !isUnproven(one)).map(openItem) },
    { title: 'In force, not proven', items: gains.open.filter(isUnproven).map(openItem) },
    { title: 'Being tried, or not proven, before those', items: more(gains.open, gains.openCount) },
    { title: 'Not kept', items: unkeptItems(gains) },
    { title: 'Its own record', items: recordItems(gains.record) },
    { title: 'What it would take', items: gains.needed.map((text) => ({ text: printable(text) })) },
  ];
  return {
    summary: summaryOf(gains),
    chapters: chapters.filter(({ items }) => items.length > 0),
    notes: NOTES,
  };
}

function summaryOf(gains: GetGainsResponse): string {
  const { changeCount, totals, sinceTime, tasks } = gains;
  if (changeCount === 0n) {
    const all = countOf(gains.totalTasksRecorded, 'task');
    return `Nothing is proven: in ${all} no change was confirmed.`;
  }
  const since = `Since ${day(sinceTime)}, ${countOf(tasks, 'task')}`;
  const which = countOf(changeCount, 'confirmed change');
  if (totals.length === 0) return `${since}: ${which}; what was gained is not measured.`;
  const isProven = totals.some(isShown);
  const and = isProven ? '' : ', and nothing is proven:';
  return `${since}: ${which}${and} ${describeAmounts(totals)}.`;
}

/** An item with the number of changes that the answer left out; none if it left out none. */
function more(told: readonly unknown[], inAll: bigint): Item[] {
  const left = Number(inAll) - told.length;
  return left > 0 ? [{ text: `and ${countOf(left, 'older change')}` }] : [];
}

function changeItem(change: ChangeGains): Item {
  const { confirmTime, tasks, tasksHeldBack, measuring, state, note, gains, predictions } = change;
  const until = measuring ? 'since' : 'until its holdback ended';
  const held = formatCount(Number(tasksHeldBack));
  // Without a holdback, as in block trials, nothing is counted.
  const counted =
    !measuring && tasks === 0n
      ? ''
      : `: ${countOf(tasks, 'task')} ${until}, ${held} of them held back`;
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
  const { metric, madeWhen, held, found } = prediction;
  const when = madeWhen === DeltaState.PROVISIONAL ? 'promotion' : 'confirmation';
  const isGraded = held !== undefined && found !== undefined;
  const notGraded = isMeasuring ? 'not graded yet' : 'not graded';
  const grade = isGraded ? (held ? 'held' : 'did not hold') : notGraded;
  return `predicted at its ${when}, ${printable(metric)}: ${describePrediction(prediction)}: ${grade}`;
}

function costItems({ exploring, holdingBack }: GetGainsResponse): Item[] {
  const items: Item[] = [];
  if (exploring !== undefined && exploring.tasks > 0n) {
    const ran = countOf(exploring.tasks, 'counted task');
    const said = describeCosts(exploring.amounts) || 'too few to say what that cost';
    items.push({
      text: `trials and probations: ${ran} ran with the value that was not kept: ${said}`,
    });
  }
  if (holdingBack !== undefined && holdingBack.tasks > 0n) {
    const kept = countOf(holdingBack.tasks, 'task');
    const said = describeCosts(holdingBack.amounts) || 'too few to say what that costs';
    items.push({ text: `holding back: ${kept} kept the old value: ${said}` });
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
  const used = countOf(change.tasksUsed, 'task');
  return {
    text: `${changeText(change)}, ${stage}, ${used} counted so far`,
    more: [printable(change.summary)],
  };
}

/** Changes that harmed or had been live come first. Equal findings are listed once. */
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
  return left > 0 ? [...items, { text: `and ${countOf(left, 'more change')}` }] : items;
}

/** The key of equal findings; a change that had been live has a key of its own. */
function findingOf(change: UnkeptChange): string {
  const { deltaId, ruleId, target, verdict, wasInForce } = change;
  return JSON.stringify(wasInForce ? deltaId : [ruleId, target, showValues(change), verdict]);
}

function unkeptItem(change: UnkeptChange, times: number): Item {
  const { verdict, tasksUsed, tasksConfirmed, wasInForce, summary } = change;
  if (verdict === Verdict.UNSPECIFIED || verdict === Verdict.OBSERVED) {
    return { text: `${changeText(change)}: taken back without a trial: ${printable(summary)}` };
  }
  const when =
    tasksConfirmed === undefined
      ? `after ${countOf(tasksUsed, 'task')}${wasInForce ? ', when it was in force' : ''}`
      : `${countOf(tasksConfirmed, 'task')} after it had been confirmed`;
  // An operator, a client or a trial of the old value took the change back, or it was not proven.
  if (wasInForce && verdict !== Verdict.HARMED) {
    return { text: `${changeText(change)}: taken back ${when}: ${printable(summary)}` };
  }
  const word = wordOf(VerdictSchema, verdict).toUpperCase();
  const often = times === 1 ? '' : `${times} times, the last time `;
  return { text: `${changeText(change)}: ${word} ${often}${when}` };
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
      : `${held} of ${countOf(graded, 'prediction')} held what the holdback found later; about ${percent} are expected to`;
  return [
    { text: `${countOf(promotions, 'change')} put in force by a trial: ${parts.join(', ')}` },
    { text: intervals },
  ];
}

type AnyChange = Pick<ChangeGains, 'deltaId' | 'ruleId' | 'target' | 'oldValue' | 'newValue'>;

function changeText(change: AnyChange): string {
  const { target, ruleId, deltaId } = change;
  const by = ruleId === '' ? '' : ` by rule ${printable(ruleId)}`;
  return `${printable(target)} ${printable(showValues(change))}${by} (${printable(deltaId)})`;
}
