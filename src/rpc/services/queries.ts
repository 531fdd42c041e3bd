import type { MessageInitShape } from '@bufbuild/protobuf';
import { clip } from '../../domain/clip.ts';
import { DELTA_TYPES, type Delta } from '../../domain/delta.ts';
import { LearningError } from '../../domain/errors.ts';
import { whyNotToldApart } from '../../engine/decision/plan-cohorts.ts';
import { summaryOf } from '../../engine/decision/refusals.ts';
import { effectOf } from '../../engine/effects.ts';
import type { Engine } from '../../engine/engine.ts';
import { CycleSchema } from '../../gen/learning/v1/cycle_pb.ts';
import { DeltaSchema } from '../../gen/learning/v1/delta_pb.ts';
import {
  type GetDeltaStatusRequest,
  type GetDeltaStatusResponseSchema,
  type GetStatusRequest,
  type GetStatusResponseSchema,
  type ListCyclesRequest,
  type ListCyclesResponseSchema,
  type ListDeltasRequest,
  type ListDeltasResponseSchema,
  type RuleStatusSchema,
  SubscriberSchema,
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
import { MAX_PAGE_SIZE, readPage, takePage } from './page.ts';
import { searchMessages } from './search-messages.ts';

const DEFAULT_DELTAS = 50;
const DEFAULT_CYCLES = 10;

/** Maximum bytes of the config error: about fifty faults; the log has all. */
const MAX_CONFIG_ERROR_BYTES = 8192;

/** Maximum bytes of the text of one rule: 1,000 rules then take about 1 MiB. */
const MAX_WAITING_BYTES = 1024;

/** What GetStatus reads besides the ledger. */
export interface StatusSources {
  readonly engine: Engine;
  subscribers(): readonly SubscriberInfo[];
  /** Why the newest config was refused; empty if it was not. */
  configError(): string;
}

type StatusRequest = Pick<GetStatusRequest, 'subscribersPageSize' | 'subscribersPageToken'>;

/** Throws `INVALID_FIELD` for a bad page token. */
export function getStatus(
  sources: StatusSources,
  request: StatusRequest = { subscribersPageSize: 0, subscribersPageToken: '' },
): MessageInitShape<typeof GetStatusResponseSchema> {
  const { engine } = sources;
  const { state } = engine.ledger;
  const { head } = state;
  const { counters } = head;
  const combined = engine.metrics();
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
    metrics: optional(combined?.metrics, toProtoMetrics),
    metricsAgeSeconds: optional(combined?.ageMs, (ageMs) => Math.max(ageMs, 0) / 1000),
    metricsReporters: combined?.reporters ?? 0,
    cohortsRefused: whyNotToldApart(state, engine.settings) ?? '',
    configError: clip(sources.configError(), MAX_CONFIG_ERROR_BYTES),
    ...listSubscribers(sources, request),
    rules: engine.settings.rules.map((rule) => ruleStatus(engine, rule)),
    searches: searchMessages(engine),
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
  const page = readPage(request, DEFAULT_DELTAS, filters);
  const states = new Set(fromProtoStates(request.states));
  const wanted = state
    .deltasNewestFirst(page.before)
    .filter((delta) => request.includeTrialSwitches || !delta.trialDeltaId)
    .filter((delta) => request.states.length === 0 || states.has(delta.state));
  const { messages, nextPageToken } = takePage(page, wanted, {
    schema: DeltaSchema,
    toMessage: (delta) => withEffect(state, delta),
    numberOf: ({ ordinal }) => ordinal,
  });
  return { deltas: messages, nextPageToken };
}

/** Throws `INVALID_FIELD` for a bad page token. */
export function listCycles(
  state: LedgerState,
  request: ListCyclesRequest,
): MessageInitShape<typeof ListCyclesResponseSchema> {
  const page = readPage(request, DEFAULT_CYCLES, 'cycles');
  const { messages, nextPageToken } = takePage(page, state.cyclesNewestFirst(page.before), {
    schema: CycleSchema,
    toMessage: (cycle) => toProtoCycle(cycle),
    numberOf: ({ number }) => number,
  });
  return { cycles: messages, nextPageToken };
}

/** Throws `INVALID_FIELD` for a bad page token. */
function listSubscribers(
  { engine, subscribers }: StatusSources,
  { subscribersPageSize: pageSize, subscribersPageToken: pageToken }: StatusRequest,
) {
  const { state } = engine.ledger;
  const field = 'subscribers_page_token';
  const page = readPage({ pageSize, pageToken }, MAX_PAGE_SIZE, 'subscribers', field);
  const all = subscribers();
  const wanted = all.toReversed().filter(({ number }) => number < page.before);
  const { messages, nextPageToken } = takePage(page, wanted, {
    schema: SubscriberSchema,
    toMessage: ({ clientId, sentSequence }) => ({
      clientId,
      sentSequence: BigInt(sentSequence),
      ackedSequence: BigInt(state.acknowledged(clientId)),
    }),
    numberOf: ({ number }) => number,
  });
  return {
    subscribers: messages,
    nextSubscribersPageToken: nextPageToken,
    subscriberCount: BigInt(all.length),
  };
}

/** A delta, with what is known of its effect by now. */
function withEffect(state: LedgerState, delta: Delta) {
  const told = { ...delta, summary: summaryOf(delta) };
  return toProtoDelta(told, effectOf(state, delta), state.head.clock.offsetMs);
}

/** What is known of a rule, for GetStatus. */
export function ruleStatus(
  engine: Engine,
  rule: Engine['settings']['rules'][number],
): MessageInitShape<typeof RuleStatusSchema> {
  const { confidence, helped, harmed, inconclusive, restingUntilMs, waiting, apart, objective } =
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
    waiting: clip(waiting, MAX_WAITING_BYTES),
    objective: clip(objective, MAX_WAITING_BYTES),
    apart: clip(apart, MAX_WAITING_BYTES),
  };
}
