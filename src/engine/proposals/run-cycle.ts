import { combineMetrics } from '../../cycle/combine-metrics.ts';
import type { Curated } from '../../cycle/curate.ts';
import { type CycleInput, type CyclePlan, planCycle } from '../../cycle/cycle.ts';
import {
  type CycleContext,
  type Generated,
  generate,
  type HeldSince,
  type Restraints,
} from '../../cycle/generate.ts';
import { summarize } from '../../cycle/window-statistics.ts';
import { type Cohort, liveValue, liveValues, nameOf, sameCohort } from '../../domain/cohort.ts';
import type { CycleRecord } from '../../domain/cycle.ts';
import type { Delta } from '../../domain/delta.ts';
import type { Rule } from '../../domain/rule.ts';
import type { Sliced } from '../../domain/slices.ts';
import type { Value } from '../../domain/value.ts';
import type { WindowSummary } from '../../domain/window.ts';
import { appliedLastHour } from '../../ledger/last-hour.ts';
import { type LedgerView, newestOf, trialsOn } from '../../ledger/view.ts';
import type { Changes } from '../decision/changes.ts';
import { type DecisionContext, decision, type EngineDecision } from '../decision/decision.ts';
import type { Environment } from '../decision/environment.ts';
import type { UtilityFailure } from '../decision/utilities.ts';
import { isWindowStale, waitsForTasks } from './fresh-tasks.ts';
import {
  confidenceOf,
  isHarmResting,
  isOf,
  isStopped,
  mayProbe,
  modeOf,
  type ProposedChange,
  restingUntil,
  triesFirst,
} from './proposals.ts';
import { startRetrial } from './retrial.ts';
import { advanceSearches } from './search.ts';
import { applyAndCompare, applyWaiting, startTrials, whyUnprovable } from './start-trial.ts';

/** A cycle that ran. */
export interface CycleReport {
  readonly cycle: CycleRecord;
  /** In order of proposal. */
  readonly deltas: readonly Delta[];
  readonly faults: CyclePlan['faults'];
  /** Of the tasks recorded since the cycle before. */
  readonly utilityFailures: readonly UtilityFailure[];
  /** As in the cycle's `WindowSummary`; 0 if no rule was asked. */
  readonly measurementNamesDropped: number;
  /** Since when conditions have held, for the next cycle. */
  readonly heldSinceMs: CyclePlan['heldSinceMs'];
}

/** Maximum number of waiting proposals, as a rule may propose another value each cycle; the oldest expire first. */
const MAX_PENDING = 1000;

/**
 * Asks the rules, on the committed state.
 *
 * @param heldSinceMs `CycleReport.heldSinceMs` of the last cycle
 */
export function* askRules(
  view: LedgerView,
  environment: Environment,
  heldSinceMs: HeldSince = new Map(),
): Sliced<Generated> {
  const { settings, nowMs, monotonic } = environment;
  const combined = combineMetrics(view.metricsReports(), settings.metrics, nowMs);
  const contextOf = function* (cohort?: Cohort): Sliced<CycleContext | undefined> {
    const window = yield* windowOf(view, environment, cohort);
    const parameters = liveValues(view.head, cohort);
    return window && { window, metrics: combined?.metrics, parameters };
  };
  const context = yield* contextOf();
  const ofCohorts = new Map<string, CycleContext>();
  for (const { cohort } of settings.rules) {
    if (cohort === undefined || ofCohorts.has(nameOf(cohort))) continue;
    const own = yield* contextOf(cohort);
    if (own !== undefined) ofCohorts.set(nameOf(cohort), own);
  }
  const pending = [...view.pending()].filter((one) => !isOverdue(one, nowMs));
  return yield* generate({
    ...restraintsOf(view, environment, pending),
    settings,
    context,
    ofCohorts,
    nowMs,
    metricsAgeMs: combined?.ageMs,
    heldSinceMs,
    monotonic,
  });
}

/**
 * One cycle, as one decision.
 *
 * @param generated what the rules have proposed, a moment before
 */
export function runCycle(generated: Generated): EngineDecision<CycleReport> {
  return decision((context) => {
    const { view, environment, changes, trials } = context;
    const { newId, monotonic, noneAsks } = environment;
    const startedMs = monotonic();
    const pending = expireIn(changes);
    const plan = planCycle(generated, inputOf(view, environment, pending));
    const { counters } = view.head;
    const number = counters.cycles + 1;
    if (noneAsks()) trials.stopUnasked();
    const deltas = plan.decisions.map((curated) => carryOut(context, curated, number));
    trials.expire();
    const tried = deltas.filter(({ waitsFor }) => waitsFor === 'trial');
    const waiting = withoutOutdated(pending, tried, changes);
    const untried = applyWaiting(context, waiting);
    const races = advanceSearches(context, number);
    startRetrial(context);
    startTrials(context, tried, waiting, races);
    const applied = plan.decisions.filter(({ outcome }) => outcome === 'apply');
    const cycle: CycleRecord = {
      cycleId: newId(),
      number,
      startTimeMs: changes.wallMs,
      durationMs: monotonic() - startedMs,
      tasksAnalyzed: plan.tasksAnalyzed,
      deltasProposed: deltas.length,
      deltasApplied: applied.length + untried.length,
      totalDeltasHistory: counters.deltasProposed + deltas.length,
    };
    changes.events.push({ kind: 'cycle_completed', cycle, timeMs: changes.nowMs });
    return (after) => ({
      cycle,
      deltas: deltas.map((delta) => after.delta(delta.deltaId) ?? delta),
      faults: plan.faults,
      utilityFailures: environment.utilityFailures.take(),
      measurementNamesDropped: generated.context?.window.measurementNamesDropped ?? 0,
      heldSinceMs: plan.heldSinceMs,
    });
  });
}

/** Expires overdue proposals. */
export function expireProposals(): EngineDecision<void> {
  return decision(({ changes }) => {
    expireIn(changes);
  });
}

const LATE = {
  person: 'Expired: nobody approved it in time',
  trial: 'Expired: other trials took all the time there was',
} as const;

/** Expires proposals that wait for a trial if the same rule has a newer one; returns the others. */
function withoutOutdated(
  pending: readonly Delta[],
  tried: readonly Delta[],
  changes: Changes,
): Delta[] {
  return pending.filter(({ deltaId, ruleId, target, cohort, waitsFor }) => {
    const isOutdated =
      waitsFor === 'trial' &&
      tried.some(
        (one) => one.ruleId === ruleId && one.target === target && sameCohort(one.cohort, cohort),
      );
    if (isOutdated) changes.expire(deltaId, 'Expired: a newer one has taken its place');
    return !isOutdated;
  });
}

function isOverdue({ expireTimeMs }: Delta, nowMs: number): boolean {
  return expireTimeMs !== undefined && expireTimeMs <= nowMs;
}

/** Expires overdue proposals, and those above `MAX_PENDING`; returns the others. */
function expireIn(changes: Changes): Delta[] {
  const waiting = [...changes.view.pending()];
  const surplus = waiting.length - MAX_PENDING;
  return waiting.filter((delta, index) => {
    const { deltaId, waitsFor } = delta;
    if (isOverdue(delta, changes.nowMs)) changes.expire(deltaId, LATE[waitsFor ?? 'person']);
    else if (index < surplus) changes.expire(deltaId, `Expired: ${MAX_PENDING} newer ones wait`);
    else return true;
    return false;
  });
}

/** The summary of the newest tasks, of a cohort or of all; `undefined` if too few are retained, or they are too old. */
function* windowOf(
  view: LedgerView,
  { settings, nowMs }: Environment,
  cohort: Cohort | undefined,
): Sliced<WindowSummary | undefined> {
  const { cycle, rules } = settings;
  const tasks = newestOf(view, Math.max(cycle.minTasks, cycle.analysisWindow), cohort);
  if (tasks.length < cycle.minTasks) return undefined;
  if (isWindowStale(view, settings, nowMs, cohort)) return undefined;
  const asked = new Set(rules.flatMap(({ measurements }) => [...measurements]));
  return yield* summarize(tasks.slice(-cycle.analysisWindow), asked);
}

function inputOf(
  view: LedgerView,
  environment: Environment,
  pending: readonly Delta[],
): CycleInput {
  const { settings, nowMs } = environment;
  return {
    ...restraintsOf(view, environment, pending),
    settings,
    valueOf: (place) => liveValue(view.head, place),
    triesFirst: (rule) => triesFirst(view, environment, rule),
    appliedLastHour: appliedLastHour(view.head, nowMs),
    confidenceOf: (rule) => confidenceOf(view, rule, nowMs),
    isLeftToPerson: (rule) => isStopped(view, rule, nowMs),
    mayProbe: ({ rule, newValue }) => mayProbe(view, changeOf(rule, newValue), nowMs),
  };
}

/** @param pending proposals that wait */
function restraintsOf(
  view: LedgerView,
  { settings, nowMs }: Environment,
  pending: readonly Delta[],
): Restraints {
  return {
    isResting: (place) =>
      trialsOn(view, place).some(({ stage }) => stage !== 'holdback') ||
      restingUntil(view, settings, place, nowMs) !== undefined ||
      waitsForTasks(view, settings, place, nowMs) !== '',
    isPending: (rule, newValue) => {
      const change = changeOf(rule, newValue);
      return pending.some((delta) => isOf(delta, change)) || isHarmResting(view, change, nowMs);
    },
  };
}

function changeOf({ id, target, cohort }: Rule, newValue: Value | undefined): ProposedChange {
  return { ruleId: id, target, cohort, newValue };
}

/** What a proposal waits for, if it does, by its outcome. */
const WAITS_FOR = {
  apply: undefined,
  propose: 'person',
  trial: 'trial',
  reject: undefined,
} as const;

function carryOut(context: DecisionContext, curated: Curated, cycleNumber: number): Delta {
  const { environment, changes, trials } = context;
  const { candidate, confidence, evaluation, outcome, summary, waitMs } = curated;
  const waitsFor = WAITS_FOR[outcome];
  const waits = waitsFor !== undefined;
  const { rule, oldValue, newValue, reasoning } = candidate;
  const delta = changes.propose({
    ruleId: rule.id,
    type: rule.type,
    operation: rule.operation,
    target: rule.target,
    cohort: rule.cohort,
    oldValue,
    newValue,
    reasoning,
    confidence,
    impact: rule.impact,
    proposeTimeMs: changes.wallMs,
    cycleNumber,
    evaluation,
    expireTimeMs: waits ? changes.nowMs + waitMs : undefined,
    waitsFor,
    revertsDeltaId: '',
    trialDeltaId: '',
    summary: waits ? summary : '',
  });
  const isCompared = modeOf(rule, environment.settings) === 'auto';
  const unprovable = isCompared ? whyUnprovable(context, { delta, rule }) : undefined;
  if (outcome === 'apply' && unprovable !== undefined) changes.reject(delta.deltaId, unprovable);
  else if (outcome === 'apply') {
    // Trials of the parameter would compare values that are no longer live.
    trials.stopOn(rule, `delta ${delta.deltaId} set ${rule.target}`);
    if (isCompared) applyAndCompare(context, { delta, rule });
    else changes.applyAndObserve(delta, { ackByMs: changes.ackByMs(delta) });
  }
  if (outcome === 'reject') changes.reject(delta.deltaId, summary);
  return delta;
}
