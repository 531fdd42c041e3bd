import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Delta } from '../../domain/delta.ts';
import type {
  Amount,
  ChangeGains,
  OpenChange,
  Prediction,
  ProvingCost,
  TrackRecord,
  UnkeptChange,
} from '../../domain/gains.ts';
import type { Engine } from '../../engine/engine.ts';
import { hasHeld } from '../../engine/gains.ts';
import { Verdict } from '../../gen/learning/v1/delta_pb.ts';
import {
  ChangeGainsSchema,
  type GainAmountSchema,
  type GainPredictionSchema,
  OpenChangeSchema,
  type ProvingCostSchema,
  type TrackRecordSchema,
  UnkeptChangeSchema,
} from '../../gen/learning/v1/gains_pb.ts';
import type { GetGainsResponseSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { toWallMs } from '../../ledger/head.ts';
import { optional, STATES, toTimestamp, VERDICTS } from '../../wire/to-proto.ts';
import { toProtoValue } from '../../wire/value.ts';
import { fill, MAX_LIST_BYTES } from './bounded-list.ts';

/** Maximum number of changes in an answer that were not kept. */
const MAX_UNKEPT = 100;

/** Maximum bytes of each of three lists: with the sums, well under the 4 MiB that clients take by default. */
const LIST_BYTES = MAX_LIST_BYTES / 2;

/** Maximum number of metrics in each of three lists; that many take 100 KB. */
const MAX_AMOUNTS = 1000;

export function getGains(engine: Engine): MessageInitShape<typeof GetGainsResponseSchema> {
  const gains = engine.gains();
  const { head } = engine.ledger.state;
  const wallTime = (ms: number) => toTimestamp(toWallMs(head, ms));
  return {
    sinceTime: optional(gains.sinceMs, wallTime),
    tasks: BigInt(gains.tasks),
    totalTasksRecorded: BigInt(head.counters.tasksRecorded),
    changes: newest(gains.changes, {
      schema: ChangeGainsSchema,
      toMessage: (one) => ({ ...toChangeGains(one), confirmTime: wallTime(one.confirmedMs) }),
    }),
    changeCount: BigInt(gains.changes.length),
    totals: toAmounts(gains.totals),
    exploring: toCost(gains.exploring),
    holdingBack: toCost(gains.holdingBack),
    unkept: fill(
      gains.unkept,
      { schema: UnkeptChangeSchema, toMessage: toUnkept },
      { count: MAX_UNKEPT, bytes: LIST_BYTES },
    ).messages,
    unkeptCount: BigInt(gains.unkept.length),
    open: newest(gains.open, { schema: OpenChangeSchema, toMessage: toOpen }),
    openCount: BigInt(gains.open.length),
    record: toRecord(gains.record),
    needed: [...gains.needed],
  };
}

/** The last items of a list that fit into an answer, in the list's order. */
function newest<T, S extends DescMessage>(
  items: readonly T[],
  list: { readonly schema: S; toMessage(item: T): MessageInitShape<S> },
): MessageShape<S>[] {
  const bounds = { count: items.length, bytes: LIST_BYTES };
  return fill(items.toReversed(), list, bounds).messages.reverse();
}

function toChange({ deltaId, ruleId, target, oldValue, newValue }: Delta) {
  return {
    deltaId,
    ruleId,
    target,
    oldValue: optional(oldValue, toProtoValue),
    newValue: optional(newValue, toProtoValue),
  };
}

function toChangeGains(change: ChangeGains): MessageInitShape<typeof ChangeGainsSchema> {
  const { delta, tasks, tasksHeldBack, isMeasuring, gains, predictions, note } = change;
  return {
    ...toChange(delta),
    state: STATES[delta.state],
    tasks: BigInt(tasks),
    tasksHeldBack: BigInt(tasksHeldBack),
    measuring: isMeasuring,
    gains: gains.map(({ metric, better, perTask, lower, upper, groups, total }) => ({
      ...{ metric, perTask, lower, upper },
      higherIsBetter: better === 'higher',
      groups: BigInt(groups),
      total: toAmount(total),
    })),
    predictions: predictions.map(toPrediction),
    note,
  };
}

function toPrediction(prediction: Prediction): MessageInitShape<typeof GainPredictionSchema> {
  const { madeWhen, difference, found } = prediction;
  const { metric, perTask, lower, upper, better } = difference;
  const held = hasHeld(prediction);
  return {
    ...{ madeWhen: STATES[madeWhen], metric, perTask, lower, upper },
    higherIsBetter: better === 'higher',
    ...(found === undefined ? {} : { found }),
    ...(held === undefined ? {} : { held }),
  };
}

function toAmount({ better, ...amount }: Amount): MessageInitShape<typeof GainAmountSchema> {
  return { ...amount, higherIsBetter: better === 'higher' };
}

function toAmounts(amounts: readonly Amount[]) {
  return amounts.slice(0, MAX_AMOUNTS).map(toAmount);
}

function toCost({ tasks, amounts }: ProvingCost): MessageInitShape<typeof ProvingCostSchema> {
  return { tasks: BigInt(tasks), amounts: toAmounts(amounts) };
}

function toUnkept({
  delta,
  tasksConfirmed,
}: UnkeptChange): MessageInitShape<typeof UnkeptChangeSchema> {
  const { effect, sequence, summary } = delta;
  return {
    ...toChange(delta),
    verdict: effect === undefined ? Verdict.UNSPECIFIED : VERDICTS[effect.verdict],
    tasksUsed: BigInt(effect?.tasksUsed ?? 0),
    ...(tasksConfirmed === undefined ? {} : { tasksConfirmed: BigInt(tasksConfirmed) }),
    wasInForce: sequence > 0,
    summary,
  };
}

function toOpen({ delta, tasksUsed }: OpenChange): MessageInitShape<typeof OpenChangeSchema> {
  return {
    ...toChange(delta),
    state: STATES[delta.state],
    tasksUsed: BigInt(tasksUsed),
    summary: delta.summary,
  };
}

function toRecord(record: TrackRecord): MessageInitShape<typeof TrackRecordSchema> {
  return {
    promotions: BigInt(record.promotions),
    confirmed: BigInt(record.confirmed),
    onProbation: BigInt(record.onProbation),
    takenBack: BigInt(record.takenBack),
    takenBackConfirmed: BigInt(record.takenBackConfirmed),
    predictionsGraded: BigInt(record.predictionsGraded),
    predictionsHeld: BigInt(record.predictionsHeld),
    expectedShare: record.expectedShare,
  };
}
