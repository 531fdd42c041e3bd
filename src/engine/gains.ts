import { type Delta, isLive } from '../domain/delta.ts';
import type { Comparison, Difference, GainEffect } from '../domain/effect.ts';
import {
  amountOver,
  type ChangeGains,
  type Gains,
  type MetricGain,
  type Prediction,
  type ProvingCost,
  sumAmounts,
  type TrackRecord,
  type UnkeptChange,
} from '../domain/gains.ts';
import { isOfSearch } from '../domain/search.ts';
import { own } from '../domain/value.ts';
import type { LedgerState } from '../ledger/state.ts';
import { trialOf } from '../ledger/view.ts';
import { ALPHA } from '../trial/evidence/bets.ts';
import { MIN_GROUPS } from '../trial/gain.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { Environment } from './decision/environment.ts';
import { effectOf } from './effects.ts';
import { proofNeeded } from './proposals/proof-needed.ts';

/** What the retained changes have gained, and what that cost. */
export function gainsOf(state: LedgerState, environment: Environment): Gains {
  const gains = sumGains(state);
  return gains.changes.some(isProven)
    ? gains
    : { ...gains, needed: proofNeeded(state, environment) };
}

/** As `gainsOf`, without `needed`. */
export function sumGains(state: LedgerState): Gains {
  const deltas = [...state.deltasNewestFirst()].filter(isTried).reverse();
  const changes = deltas.flatMap((delta) => changeGains(state, delta) ?? []);
  const unproven = unprovenIn(state);
  const open = deltas
    .filter((delta) => ['trial', 'provisional'].includes(delta.state) || unproven.has(delta))
    .map((delta) => ({ delta, tasksUsed: effectOf(state, delta)?.tasksUsed ?? 0 }));
  const first = deltas.flatMap(({ confirmation }) => confirmation ?? []);
  const since = first.toSorted((a, b) => a.tasksRecorded - b.tasksRecorded)[0];
  const totals = sumAmounts(changes.flatMap(({ gains }) => gains.map(({ total }) => total)));
  return {
    sinceMs: since?.timeMs,
    tasks: since === undefined ? 0 : state.head.counters.tasksRecorded - since.tasksRecorded,
    changes,
    totals,
    exploring: exploringCost(state, deltas),
    holdingBack: holdingCost(changes),
    unkept: deltas
      .filter((delta) => isUnkept(delta) && !isRace(delta))
      .map((delta) => unkeptChange(state, delta))
      .reverse(),
    open,
    record: recordOf(deltas, changes),
    needed: [],
  };
}

/** Whether a delta is a proposal of a cycle, or an old value tried again; overrides, reverts and blocks are not. */
function isTried({ cycleNumber, effect, trialDeltaId }: Delta): boolean {
  return trialDeltaId === '' && (cycleNumber > 0 || effect?.compared !== undefined);
}

/** Deltas of cycles that set a parameter's present value and are not proven. */
function unprovenIn(state: LedgerState): ReadonlySet<Delta> {
  const newest = new Map<string, Delta>();
  for (const delta of state.deltasNewestFirst()) {
    if (delta.trialDeltaId !== '') continue;
    const known = newest.get(delta.target);
    if (delta.sequence > (known?.sequence ?? 0)) newest.set(delta.target, delta);
  }
  const isUnproven = ({ state: now, confirmation }: Delta) =>
    now === 'applied' && confirmation === undefined;
  return new Set([...newest.values()].filter((delta) => isUnproven(delta) && isTried(delta)));
}

/** Whether a change has a gain whose interval excludes 0. */
function isProven({ gains }: ChangeGains): boolean {
  return gains.some(({ lower, upper }) => lower > 0 || upper < 0);
}

function changeGains(state: LedgerState, delta: Delta): ChangeGains | undefined {
  const { confirmation, deltaId } = delta;
  if (confirmation === undefined) return undefined;
  const { endedHoldbacks, counters } = state.head;
  const trial = trialOf(state, deltaId);
  const isMeasuring = trial?.holdback !== undefined;
  const endTask = isMeasuring ? counters.tasksRecorded : own(endedHoldbacks, deltaId);
  const tasks = endTask === undefined ? 0 : endTask - confirmation.tasksRecorded;
  const found = (effectOf(state, delta)?.gains ?? []).map((gain) =>
    oriented(gain, delta, trial?.plan),
  );
  const groups = trial?.holdback?.groups ?? Math.max(0, ...found.map((gain) => gain.groups));
  const gains = endTask === undefined ? [] : found;
  return {
    delta,
    confirmedMs: confirmation.timeMs,
    tasks,
    tasksHeldBack: groups,
    isMeasuring,
    gains: gains.map(
      (gain): MetricGain => ({ ...gain, total: amountOver(gain, Math.max(tasks - groups, 0)) }),
    ),
    predictions: predictionsOf(delta, found),
    note: gains.length > 0 ? '' : whyUnmeasured(isMeasuring, endTask !== undefined, groups),
  };
}

function whyUnmeasured(isMeasuring: boolean, hasEnded: boolean, groups: number): string {
  if (isMeasuring) return `not measured yet: ${groups} of ${MIN_GROUPS} groups are counted`;
  if (hasEnded) return `not measured: its holdback ended before ${MIN_GROUPS} groups were counted`;
  return 'not measured: no task keeps the old value any more, or none did';
}

/** A gain of a holdback, turned so that positive is better. */
function oriented(
  gain: GainEffect,
  { confirmation, effect }: Delta,
  plan: TrialPlan | undefined,
): Difference {
  const { metric, perTask, lower, upper } = gain;
  const { differences = [] } = effect?.compared ?? confirmation?.compared ?? {};
  // A guard's measurement may have been reported for the first time after the confirmation: the trial
  // then has no difference of it.
  const metrics = plan === undefined ? [] : [plan.primary, ...plan.guards];
  const known =
    metrics.find(({ name }) => name === metric)?.better ??
    differences.find((one) => one.metric === metric)?.better;
  const better = known ?? (metric === 'success' ? 'higher' : 'lower');
  // Gains are old minus new, but that of success is new minus old: it needs no turning.
  return better === 'higher' && metric !== 'success'
    ? { ...gain, better, perTask: -perTask, lower: -upper, upper: -lower }
    : { ...gain, better };
}

function predictionsOf(
  { promotion, confirmation }: Delta,
  found: readonly Difference[],
): Prediction[] {
  const stages = [
    ['provisional', promotion?.compared],
    ['confirmed', confirmation?.compared],
  ] as const;
  return stages.flatMap(([madeWhen, compared]): Prediction[] => {
    const difference = deciding(compared);
    if (difference === undefined) return [];
    const later = found.find(({ metric }) => metric === difference.metric);
    return [{ madeWhen, difference, found: later?.perTask }];
  });
}

function deciding(compared: Comparison | undefined): Difference | undefined {
  return compared?.differences.find(({ metric }) => metric === compared.primary);
}

/** Whether a prediction's interval holds what was found; `undefined` if nothing was found yet. */
export function hasHeld({ difference, found }: Prediction): boolean | undefined {
  if (found === undefined) return undefined;
  return difference.lower <= found && found <= difference.upper;
}

/**
 * Tasks that ran with the value that was not kept, times the difference to the other value. A trial that found
 * nothing counts too: its difference is as often too low as too high.
 */
function exploringCost(state: LedgerState, deltas: readonly Delta[]): ProvingCost {
  const costs = deltas.flatMap((delta) => {
    const compared = effectOf(state, delta)?.compared;
    if (compared === undefined) return [];
    const isKept = isLive(delta) || delta.confirmation !== undefined;
    const tasks = isKept ? compared.tasksOld : compared.tasksNew;
    const amounts = compared.differences.map((one) => amountOver(one, isKept ? tasks : -tasks));
    return [{ tasks, amounts }];
  });
  return together(costs);
}

function holdingCost(changes: readonly ChangeGains[]): ProvingCost {
  return together(
    changes.map(({ gains, tasksHeldBack: tasks }) => ({
      tasks,
      amounts: gains.map((gain) => amountOver(gain, tasks)),
    })),
  );
}

function together(costs: readonly ProvingCost[]): ProvingCost {
  return {
    tasks: costs.reduce((sum, { tasks }) => sum + tasks, 0),
    amounts: sumAmounts(costs.flatMap(({ amounts }) => amounts)),
  };
}

/** Whether a change was taken back; an old value that was tried again is no such change. */
function isUnkept({ state, effect, revertsDeltaId }: Delta): boolean {
  if (revertsDeltaId !== '') return false;
  return state === 'reverted' || (state === 'proposed' && effect?.verdict === 'harmed');
}

/** Whether a delta was a race of a search; the trial that proves its champion puts a value on probation. */
function isRace(delta: Delta): boolean {
  return isOfSearch(delta) && delta.promotion === undefined;
}

function unkeptChange({ head }: LedgerState, delta: Delta): UnkeptChange {
  const { confirmation, deltaId } = delta;
  const endTask = own(head.endedHoldbacks, deltaId);
  const isKnown = confirmation !== undefined && endTask !== undefined;
  return { delta, tasksConfirmed: isKnown ? endTask - confirmation.tasksRecorded : undefined };
}

function recordOf(deltas: readonly Delta[], changes: readonly ChangeGains[]): TrackRecord {
  const promoted = deltas.filter(({ promotion }) => promotion !== undefined);
  const isConfirmed = ({ confirmation }: Delta) => confirmation !== undefined;
  const gone = promoted.filter(isUnkept);
  const grades = changes
    .flatMap(({ predictions }) => predictions.map(hasHeld))
    .filter((held) => held !== undefined);
  return {
    promotions: promoted.length,
    confirmed: promoted.filter(isConfirmed).length,
    onProbation: promoted.filter(({ state }) => state === 'provisional').length,
    takenBack: gone.filter((delta) => !isConfirmed(delta)).length,
    takenBackConfirmed: gone.filter(isConfirmed).length,
    predictionsGraded: grades.length,
    predictionsHeld: grades.filter((held) => held).length,
    expectedShare: 1 - ALPHA,
  };
}
