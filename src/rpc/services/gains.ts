import type { MessageInitShape } from '@bufbuild/protobuf';
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
import type {
  ChangeGainsSchema,
  GainAmountSchema,
  GainPredictionSchema,
  OpenChangeSchema,
  ProvingCostSchema,
  TrackRecordSchema,
  UnkeptChangeSchema,
} from '../../gen/learning/v1/gains_pb.ts';
import type { GetGainsResponseSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { toWallMs } from '../../ledger/head.ts';
import { optional, STATES, toTimestamp, VERDICTS } from '../../wire/to-proto.ts';
import { toProtoValue } from '../../wire/value.ts';

/** Changes that were not kept, told at most. */
const MAX_UNKEPT = 100;

export function getGains(engine: Engine): MessageInitShape<typeof GetGainsResponseSchema> {
  const gains = engine.gains();
  const { head } = engine.ledger.state;
  const wallTime = (ms: number) => toTimestamp(toWallMs(head, ms));
  return {
    sinceTime: optional(gains.sinceMs, wallTime),
    tasks: BigInt(gains.tasks),
    totalTasksRecorded: BigInt(head.counters.tasksRecorded),
    changes: gains.changes.map((one) => ({
      ...toChangeGains(one),
      confirmTime: wallTime(one.confirmedMs),
    })),
    totals: gains.totals.map(toAmount),
    exploring: toCost(gains.exploring),
    holdingBack: toCost(gains.holdingBack),
    unkept: gains.unkept.slice(0, MAX_UNKEPT).map(toUnkept),
    unkeptCount: BigInt(gains.unkept.length),
    open: gains.open.map(toOpen),
    record: toRecord(gains.record),
    needed: [...gains.needed],
  };
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

function toCost({ tasks, amounts }: ProvingCost): MessageInitShape<typeof ProvingCostSchema> {
  return { tasks: BigInt(tasks), amounts: amounts.map(toAmount) };
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
