import { DELTA_TYPES } from '../domain/delta.js';
import { LearningError } from '../domain/errors.js';
import { toProtoCycle, toProtoDelta, toProtoMetrics, toTimestamp } from './messages.js';
import { encodePageToken, readPage, take } from './page-token.js';
import { fromProtoStates } from './requests.js';
import { toProtoParameters } from './value.js';
const DEFAULT_DELTAS = 50;
const DEFAULT_CYCLES = 10;
export function resolveParameters({ head, }) {
    return {
        parameters: toProtoParameters(head.parameters),
        deltaSequence: BigInt(head.sequence),
        epoch: head.epoch,
    };
}
export function getStatus(sources) {
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
        ...time('lastCycleTime', head.lastCycleTimeMs),
        ...time('nextCycleTime', engine.nextCycleTimeMs),
        ...(metrics === null
            ? {}
            : {
                metrics: toProtoMetrics(metrics.report),
                metricsAgeSeconds: Math.max(engine.now() - metrics.reportTimeMs, 0) / 1000,
            }),
        configError: sources.configError(),
        subscribers: sources.subscribers().map(({ clientId, sentSequence }) => ({
            clientId,
            sentSequence: BigInt(sentSequence),
            ackedSequence: BigInt(state.acknowledged(clientId)),
        })),
        rules: engine.settings.rules.map((rule) => ruleStatus(engine, rule)),
    };
}
export function getDeltaStatus(state, { deltaId = '' }) {
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
        ...(found === undefined ? {} : { delta: toProtoDelta(found) }),
    };
}
/** Throws `INVALID_FIELD` for a bad page token. */
export function listDeltas(state, request) {
    const filters = `deltas:${[...new Set(request.states)].sort().join()}:${request.includeTrialSwitches}`;
    const { before, size } = readPage(request, DEFAULT_DELTAS, filters);
    const states = new Set(fromProtoStates(request.states));
    const wanted = state
        .deltasNewestFirst(before)
        .filter((delta) => request.states.length === 0 || states.has(delta.state));
    const { page, hasMore } = take(wanted, size);
    const last = page.at(-1);
    return {
        deltas: page.map(toProtoDelta),
        nextPageToken: hasMore && last !== undefined ? encodePageToken(last.ordinal, filters) : '',
    };
}
/** Throws `INVALID_FIELD` for a bad page token. */
export function listCycles(state, request) {
    const { before, size } = readPage(request, DEFAULT_CYCLES, 'cycles');
    const { page, hasMore } = take(state.cyclesNewestFirst(before), size);
    const last = page.at(-1);
    return {
        cycles: page.map((cycle) => toProtoCycle(cycle, [])),
        nextPageToken: hasMore && last !== undefined ? encodePageToken(last.number, 'cycles') : '',
    };
}
function ruleStatus(engine, rule) {
    const restingUntil = engine.restingUntil(rule.target);
    return {
        ruleId: rule.id,
        confidence: rule.confidence,
        ...time('restingUntil', restingUntil === 0 ? undefined : restingUntil),
    };
}
function time(key, ms) {
    // A computed key widens to string; it is K.
    return (ms === null || ms === undefined ? {} : { [key]: toTimestamp(ms) });
}
//# sourceMappingURL=queries.js.map