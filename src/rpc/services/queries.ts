import type { MessageInitShape } from '@bufbuild/protobuf';
import { DELTA_TYPES, type Delta } from '../../domain/delta.ts';
import { LearningError } from '../../domain/errors.ts';
import { effectOf } from '../../engine/effects.ts';
import type { Engine } from '../../engine/engine.ts';
import { summaryOf } from '../../engine/refusals.ts';
import type {
  GetDeltaStatusRequest,
  GetDeltaStatusResponseSchema,
  GetStatusResponseSchema,
  ListCyclesRequest,
  ListCyclesResponseSchema,
  ListDeltasRequest,
  ListDeltasResponseSchema,
  RuleStatusSchema,
} from '../../gen/learning/v1/learning_service_pb.ts';
import { toWallMs } from '../../ledger/head.ts';
import type { LedgerState } from '../../ledger/state.ts';
import { fromProtoStates } from '../../wire/from-proto.ts';
import {
  optional,
  toProtoCycle,
  toProtoDelta,
  toProtoMetrics,
  toTimestamp,
} from '../../wire/to-proto.ts';
import type { SubscriberInfo } from '../streams/deltas.ts';
import { encodePageToken, readPage, take } from './page-token.ts';

const DEFAULT_DELTAS = 50;
const DEFAULT_CYCLES = 10;

/** What GetStatus knows beside the ledger. */
export interface StatusSources {
  readonly engine: Engine;
  subscribers(): readonly SubscriberInfo[];
  /** Why the newest config was refused; empty where it was not. */
  configError(): string;
}

export function getStatus(
  sources: StatusSources,
): MessageInitShape<typeof GetStatusResponseSchema> {
  const { engine } = sources;
  const { state } = engine.ledger;
  const { head } = state;
  const { counters, metrics } = head;
  return {
    active: engine.active,
    cycleIntervalSeconds: engine.settings.cycle.intervalSeconds,
    totalTasksRecorded: BigInt(counters.tasksRecorded),
    tasksInHistory: BigInt(state.taskCount),
    totalDeltasProposed: BigInt(counters.deltasProposed),
    totalDeltasApplied: BigInt(counters.deltasApplied),
    totalEvaluations: BigInt(counters.deltasProposed),
    totalCycles: BigInt(counters.cycles),
    recommendedDeltas: BigInt(counters.recommended),
    configVersion: engine.settings.version,
    epoch: head.epoch,
    latestSequence: BigInt(head.sequence),
    lastCycleTime: optional(head.lastCycleTimeMs, toTimestamp),
    nextCycleTime: optional(engine.nextCycleTimeMs, toTimestamp),
    metrics: optional(metrics, ({ report }) => toProtoMetrics(report)),
    metricsAgeSeconds: optional(
      metrics,
      ({ reportTimeMs }) => Math.max(engine.clock.now() - reportTimeMs, 0) / 1000,
    ),
    configError: sources.configError(),
    subscribers: sources.subscribers().map(({ clientId, sentSequence }) => ({
      clientId,
      sentSequence: BigInt(sentSequence),
      ackedSequence: BigInt(state.acknowledged(clientId)),
    })),
    rules: engine.settings.rules.map((rule) => ruleStatus(engine, rule)),
  };
}

export function getDeltaStatus(
  state: LedgerState,
  { deltaId = '' }: Pick<GetDeltaStatusRequest, 'deltaId'>,
): MessageInitShape<typeof GetDeltaStatusResponseSchema> {
  const { deltasProposed, deltasApplied, byType } = state.head.counters;
  const found = deltaId === '' ? undefined : state.delta(deltaId);
  if (deltaId !== '' && found === undefined) {
    throw new LearningError('DELTA_NOT_FOUND', `there is no delta ${JSON.stringify(deltaId)}`);
  }
  return {
    totalProposed: BigInt(deltasProposed),
    totalApplied: BigInt(deltasApplied),
    pendingOrRejected: BigInt(deltasProposed - deltasApplied),
    byType: Object.fromEntries(DELTA_TYPES.map((type) => [type, BigInt(byType[type])])),
    delta: optional(found, (delta) => withEffect(state, delta)),
  };
}

/** Throws `INVALID_FIELD` for a bad page token. */
export function listDeltas(
  state: LedgerState,
  request: ListDeltasRequest,
): MessageInitShape<typeof ListDeltasResponseSchema> {
  const filters = `deltas:${[...new Set(request.states)].sort().join()}:${request.includeTrialSwitches}`;
  const { before, size } = readPage(request, DEFAULT_DELTAS, filters);
  const states = new Set(fromProtoStates(request.states));
  const wanted = state
    .deltasNewestFirst(before)
    .filter((delta) => request.includeTrialSwitches || !delta.trialDeltaId)
    .filter((delta) => request.states.length === 0 || states.has(delta.state));
  const { page, hasMore } = take(wanted, size);
  const last = page.at(-1);
  return {
    deltas: page.map((delta) => withEffect(state, delta)),
    nextPageToken: hasMore && last !== undefined ? encodePageToken(last.ordinal, filters) : '',
  };
}

/** Throws `INVALID_FIELD` for a bad page token. */
export function listCycles(
  state: LedgerState,
  request: ListCyclesRequest,
): MessageInitShape<typeof ListCyclesResponseSchema> {
  const { before, size } = readPage(request, DEFAULT_CYCLES, 'cycles');
  const { page, hasMore } = take(state.cyclesNewestFirst(before), size);
  const last = page.at(-1);
  return {
    cycles: page.map((cycle) => toProtoCycle(cycle, [])),
    nextPageToken: hasMore && last !== undefined ? encodePageToken(last.number, 'cycles') : '',
  };
}

/** A delta, with what is known of its effect by now. */
function withEffect(state: LedgerState, delta: Delta) {
  const told = { ...delta, summary: summaryOf(delta) };
  return toProtoDelta(told, effectOf(state, delta), state.head.clock.offsetMs);
}

function ruleStatus(
  engine: Engine,
  rule: Engine['settings']['rules'][number],
): MessageInitShape<typeof RuleStatusSchema> {
  const { confidence, helped, harmed, inconclusive, restingUntilMs, waiting } =
    engine.ruleStatus(rule);
  return {
    ruleId: rule.id,
    confidence,
    helped: BigInt(helped),
    harmed: BigInt(harmed),
    inconclusive: BigInt(inconclusive),
    restingUntil: optional(restingUntilMs, (ms) =>
      toTimestamp(toWallMs(engine.ledger.state.head, ms)),
    ),
    waiting,
  };
}
