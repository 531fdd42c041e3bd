import { type CohortValues, placeName, withOwnValue } from '../domain/cohort.ts';
import { DELTA_TYPES, type Delta, type DeltaType } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import { isOfSearch } from '../domain/search.ts';
import { sameValue, type Value } from '../domain/value.ts';
import type { SearchState } from '../search/state.ts';
import {
  type ChangeRecord,
  foldCohortHarm,
  foldConfirmation,
  foldRefusal,
  foldVerdict,
} from '../trial/memory/change.ts';
import type { RuleRecord } from '../trial/memory/learned.ts';
import type { TrialStep } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';
import type { DeltaApplied, DeltaProposed, LedgerEvent } from './event.ts';
import { foldRefusedValue, foldSearchTrial } from './fold-search.ts';
import { countOneMore, type MinuteCount } from './last-hour.ts';
import { ignore, type Projection, project } from './projection.ts';

/** What is remembered of one parameter. */
interface TargetRecord {
  readonly touchedMs: number;
  readonly holdUntilMs: number;
  /** Sequence and time of the parameter's newest change; absent if not known. */
  readonly sequence?: number;
  readonly changedMs?: number;
  /** The delta of the newest change; absent in ledgers of older releases. */
  readonly deltaId?: string;
}

/**
 * What is known for ever, whatever is compacted: small, and stored whole with every commit. Plain JSON.
 * Times are the loop's, in milliseconds, except `lastCycleTimeMs`.
 */
export interface Head {
  /** Names the ledger. */
  readonly epoch: string;
  /** Secret that the seeds of trials are derived from. Empty in ledgers of older releases. */
  readonly secret: string;
  /** Position of the newest event in the log. */
  position: number;
  /** The number of events that the store must hold. */
  storedEvents: number;
  counters: {
    tasksRecorded: number;
    deltasProposed: number;
    deltasApplied: number;
    recommended: number;
    cycles: number;
    byType: Record<DeltaType, number>;
  };
  /** Changes applied so far. */
  sequence: number;
  /** Deltas created so far. */
  ordinal: number;
  /** The highest sequence of a forgotten delta: changes up to it are not all retained. */
  compactedThrough: number;
  parameters: Record<string, Value>;
  /** Absent while no cohort has a value of its own, as in ledgers of older releases. */
  cohortValues?: CohortValues | undefined;
  /** Parameters of the config that were given their initial values; a rule may have removed a value since. */
  declared: Record<string, true>;
  /** The newest report of clients without a name; reports of named clients are details. */
  metrics: MetricsReport | null;
  /** When each parameter was last touched, and until when it is held, by `placeName`. */
  targets: Record<string, TargetRecord>;
  /** How many proposals of cycles were applied in each minute of the last hour, in order. */
  appliedPerMinute: readonly MinuteCount[];
  /** Unix time in milliseconds. */
  lastCycleTimeMs: number | null;
  /** The loop's time of the newest event that has a time, and Unix time less the loop's time. */
  clock: { readonly timeMs: number; readonly offsetMs: number };
  /** All trials are paused, until an operator resumes them. */
  trialsPaused: boolean;
  /** What trials taught about each rule. */
  rules: Readonly<Record<string, RuleRecord>>;
  /** What trials found about each change, by `changeKey`. */
  changes: Readonly<Record<string, ChangeRecord>>;
  /** Tasks ever recorded when a delta's holdback ended, by delta; only the newest holdbacks. */
  endedHoldbacks: Readonly<Record<string, number>>;
  /** The search for each parameter's value; absent in ledgers of older releases. */
  searches: Readonly<Record<string, SearchState>>;
}

/** The maximum of ended holdbacks remembered. */
const MAX_ENDED_HOLDBACKS = 64;

export function emptyHead(epoch: string, secret = ''): Head {
  return {
    epoch,
    secret,
    position: 0,
    storedEvents: 0,
    counters: {
      tasksRecorded: 0,
      deltasProposed: 0,
      deltasApplied: 0,
      recommended: 0,
      cycles: 0,
      byType: Object.fromEntries(DELTA_TYPES.map((type) => [type, 0])) as Record<DeltaType, number>,
    },
    sequence: 0,
    ordinal: 0,
    compactedThrough: 0,
    parameters: {},
    declared: {},
    metrics: null,
    targets: {},
    appliedPerMinute: [],
    lastCycleTimeMs: null,
    clock: { timeMs: 0, offsetMs: 0 },
    trialsPaused: false,
    rules: {},
    changes: {},
    endedHoldbacks: {},
    searches: {},
  };
}

/** A copy that can be folded without changing the original. Values in it are shared. */
export function copyHead(head: Head): Head {
  return {
    ...head,
    counters: { ...head.counters, byType: { ...head.counters.byType } },
    parameters: { ...head.parameters },
    declared: { ...head.declared },
    targets: { ...head.targets },
  };
}

/** What the head needs to know about the delta that an event names. */
type KnownDelta = Pick<Delta, 'ruleId' | 'target' | 'cohort' | 'newValue' | 'cycleNumber'>;
type KnownTrial = Pick<Trial, 'plan' | 'stage'>;

/**
 * Folds one event into the head, in place.
 *
 * @param delta the delta that the event names, before the event
 * @param trial the trial of that delta, before the event
 */
export function foldHead(
  head: Head,
  event: LedgerEvent,
  delta: KnownDelta | undefined,
  trial: KnownTrial | undefined,
): void {
  foldTime(head, event);
  project(HEAD, event, head, delta, trial);
}

const HEAD: Projection<[Head, KnownDelta | undefined, KnownTrial | undefined]> = {
  parameters_declared({ parameters }, head) {
    Object.assign(head.parameters, parameters);
    for (const name of Object.keys(parameters)) head.declared[name] = true;
  },
  parameters_retired({ names }, head) {
    for (const name of names) delete head.declared[name];
  },
  tasks_recorded({ tasks }, head) {
    head.counters.tasksRecorded += tasks.length;
  },
  task_ids_kept: ignore,
  metrics_reported({ metrics: report, timeMs: reportTimeMs }, head) {
    if (report.clientId === undefined) head.metrics = { report, reportTimeMs };
  },
  delta_proposed: foldProposal,
  delta_applied: foldApplication,
  delta_rejected({ timeMs: touchedMs }, head, delta) {
    if (delta !== undefined) touch(head, placeName(delta), { touchedMs });
  },
  delta_expired: ignore,
  delta_reverted: ignore,
  delta_observed: ignore,
  delta_refused({ outcome, timeMs }, head, delta) {
    if (outcome === 'taken_back' && delta && delta.ruleId !== '') {
      foldTakenBack(head, delta, timeMs, true);
    }
  },
  delta_withdrawn({ timeMs }, head, delta) {
    if (delta !== undefined) foldTakenBack(head, delta, timeMs, false);
  },
  delta_acknowledged: ignore,
  trial_advanced({ receipts }, head, _, trial) {
    for (const { step } of receipts) if (trial !== undefined) foldTrial(head, trial, step);
  },
  search_advanced({ target, state }, head) {
    const { [target]: _, ...others } = head.searches;
    head.searches = state === null ? others : { ...others, [target]: state };
  },
  trials_paused({ paused }, head) {
    head.trialsPaused = paused;
  },
  cycle_completed({ cycle }, head) {
    head.counters.cycles = cycle.number;
    head.lastCycleTimeMs = cycle.startTimeMs;
  },
  clock_set({ offsetMs }, head) {
    head.clock = { ...head.clock, offsetMs };
  },
};

/** Remembers what a trial has found. A trial that was ended from outside teaches nothing. */
function foldTrial(head: Head, { plan, stage }: KnownTrial, step: TrialStep): void {
  if (isOfSearch(plan)) foldSearchTrial(head, { plan, stage }, step);
  else if (step.step === 'confirm') foldConfirmation(head, plan);
  if (step.step === 'end' && stage === 'holdback') foldHoldbackEnd(head, plan.deltaId);
  if (step.step !== 'promote' && step.step !== 'end') return;
  const { verdict } = step.effect;
  const { timeMs } = step;
  const { longestMs, apart } = step.step === 'end' ? step : { longestMs: 0, apart: undefined };
  if (!isOfSearch(plan) && (step.step === 'promote' || step.counts)) {
    foldVerdict(head, plan, { verdict, timeMs, longestMs, apart });
  }
  touch(head, placeName(plan), { touchedMs: timeMs });
  const { label } = plan.cohorts ?? {};
  if (step.step !== 'end' || label === undefined) return;
  for (const value of step.cohorts?.harmed ?? []) {
    foldCohortHarm(head, plan, { label, value }, timeMs);
  }
}

/** Clients, or an operator, had a change reverted. @param isRefused by clients */
function foldTakenBack(head: Head, delta: KnownDelta, timeMs: number, isRefused: boolean): void {
  if (isOfSearch(delta)) foldRefusedValue(head, delta, timeMs, isRefused);
  else foldRefusal(head, delta, timeMs);
}

function foldHoldbackEnd(head: Head, deltaId: string): void {
  const ended = { ...head.endedHoldbacks, [deltaId]: head.counters.tasksRecorded };
  // Ids are not integers, so keys are in order of insertion.
  head.endedHoldbacks = Object.fromEntries(Object.entries(ended).slice(-MAX_ENDED_HOLDBACKS));
}

function foldTime(head: Head, event: LedgerEvent): void {
  const timeMs =
    event.kind === 'trial_advanced'
      ? event.receipts.at(-1)?.step.timeMs
      : 'timeMs' in event && event.timeMs;
  if (timeMs && timeMs > head.clock.timeMs) head.clock = { ...head.clock, timeMs };
}

/** The Unix time in milliseconds of a loop's time, by what the ledger knows of the wall clock. */
export function toWallMs({ clock }: Readonly<Pick<Head, 'clock'>>, timeMs: number): number {
  return timeMs + clock.offsetMs;
}

/** The loop's time of a Unix time in milliseconds. */
export function toLoopMs({ clock }: Readonly<Pick<Head, 'clock'>>, wallMs: number): number {
  return wallMs - clock.offsetMs;
}

function foldProposal({ ordinal, proposal }: DeltaProposed, head: Head): void {
  head.ordinal = ordinal;
  if (proposal.cycleNumber === 0) return;
  head.counters.deltasProposed += 1;
  if (proposal.evaluation?.recommended) head.counters.recommended += 1;
  if (proposal.type !== undefined) head.counters.byType[proposal.type] += 1;
}

function foldApplication(event: DeltaApplied, head: Head, delta: KnownDelta | undefined): void {
  if (delta === undefined) return;
  head.sequence = event.sequence;
  if (delta.cycleNumber > 0) {
    head.counters.deltasApplied += 1;
    head.appliedPerMinute = countOneMore(head.appliedPerMinute, event.timeMs);
  }
  putInForce(head, delta);
  const { timeMs: touchedMs, holdUntilMs, sequence, deltaId } = event;
  const changed = { touchedMs, sequence, changedMs: touchedMs, deltaId };
  touch(head, placeName(delta), holdUntilMs === null ? changed : { ...changed, holdUntilMs });
}

function putInForce(head: Head, { target, cohort, newValue }: KnownDelta): void {
  if (cohort !== undefined) {
    // A cohort whose value is the one for all has none of its own: it follows the value for all.
    const isOwn = !sameValue(newValue, head.parameters[target]);
    const place = { target, cohort };
    head.cohortValues = withOwnValue(head.cohortValues, place, isOwn ? newValue : undefined);
  } else if (newValue === undefined) delete head.parameters[target];
  else head.parameters[target] = newValue;
}

function touch(
  head: Head,
  place: string,
  record: Omit<TargetRecord, 'holdUntilMs'> & Partial<TargetRecord>,
): void {
  head.targets[place] = { holdUntilMs: 0, ...head.targets[place], ...record };
}
