import type { Decision as CurationDecision } from '../cycle/curate.ts';
import { type CycleInput, type CyclePlan, planCycle } from '../cycle/cycle.ts';
import type { CycleRecord } from '../domain/cycle.ts';
import type { Delta } from '../domain/delta.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import { appliedLastHour } from '../ledger/head.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { summarize } from '../window/statistics.ts';
import { Changes } from './changes.ts';
import type { CurationEnvironment } from './curation.ts';

/** What a cycle is given from outside. */
export interface CycleEnvironment extends CurationEnvironment {
  /** Milliseconds; never jumps. */
  readonly monotonic: () => number;
}

/** A cycle that ran. */
export interface CycleReport {
  readonly cycle: CycleRecord;
  /** In order of proposal. */
  readonly deltas: readonly Delta[];
  readonly faults: CyclePlan['faults'];
}

/**
 * Proposals that may wait for a person at once: more than anybody reads, and a bound on what a
 * rule whose value changes with every cycle can pile up. The oldest expire first.
 */
const MAX_PENDING = 1000;

/** One cycle as one decision: look, plan, and say what happened. */
export function runCycle(environment: CycleEnvironment): Decision<CycleReport> {
  return (view) => {
    const { nowMs, newId, monotonic } = environment;
    const startedMs = monotonic();
    const changes = new Changes(view, nowMs);
    const pending = expireIn(view, changes, nowMs);
    const plan = planCycle(inputOf(view, environment, pending));
    const number = view.head.counters.cycles + 1;
    const deltas = plan.decisions.map((decision) =>
      carryOut(decision, changes, environment, number),
    );
    const cycle: CycleRecord = {
      cycleId: newId(),
      number,
      startTimeMs: nowMs,
      durationMs: monotonic() - startedMs,
      tasksAnalyzed: plan.tasksAnalyzed,
      deltasProposed: deltas.length,
      deltasApplied: plan.decisions.filter(({ outcome }) => outcome === 'apply').length,
      totalDeltasHistory: view.head.counters.deltasProposed + deltas.length,
    };
    changes.events.push({ kind: 'cycle_completed', cycle });
    return {
      events: changes.events,
      result: (after) => ({
        cycle,
        deltas: deltas.map((delta) => after.delta(delta.deltaId) ?? delta),
        faults: plan.faults,
      }),
    };
  };
}

/** Ends the proposals that have waited too long, as a decision of its own. */
export function expireProposals(nowMs: number): Decision<void> {
  return (view) => {
    const changes = new Changes(view, nowMs);
    expireIn(view, changes, nowMs);
    return { events: changes.events, result: () => {} };
  };
}

/** When the rules may touch a parameter again, Unix time in milliseconds; `undefined`: now. */
export function restingUntil(
  { head }: Pick<LedgerView, 'head'>,
  { curation }: LoopSettings,
  target: string,
  nowMs: number,
): number | undefined {
  const entry = own(head.targets, target);
  if (entry === undefined) return undefined;
  // What the future touched was before the clock was set back: long ago, for all we know.
  const coolMs = entry.touchedMs > nowMs ? 0 : entry.touchedMs + curation.cooldownSeconds * 1000;
  const untilMs = Math.max(entry.holdUntilMs, coolMs);
  return untilMs > nowMs ? untilMs : undefined;
}

/** Ends what has waited too long, and answers what still waits. */
function expireIn(view: LedgerView, changes: Changes, nowMs: number): Delta[] {
  const waiting = [...view.pending()];
  const surplus = waiting.length - MAX_PENDING;
  return waiting.filter(({ deltaId, expireTimeMs }, index) => {
    const isLate = expireTimeMs !== undefined && expireTimeMs <= nowMs;
    if (isLate) changes.expire(deltaId, 'Expired: nobody approved it in time');
    else if (index < surplus) changes.expire(deltaId, `Expired: ${MAX_PENDING} newer ones wait`);
    else return true;
    return false;
  });
}

function inputOf(
  view: LedgerView,
  { settings, nowMs }: CycleEnvironment,
  pending: readonly Delta[],
): CycleInput {
  const { head } = view;
  const { cycle } = settings;
  const hasEnough = view.taskCount >= cycle.minTasks;
  return {
    settings,
    context: hasEnough
      ? {
          window: summarize(view.newestTasks(cycle.analysisWindow)),
          metrics: head.metrics?.report,
          parameters: head.parameters,
        }
      : undefined,
    metricsAgeMs: head.metrics === null ? undefined : nowMs - head.metrics.reportTimeMs,
    appliedLastHour: appliedLastHour(head, nowMs),
    isResting: (target) => restingUntil(view, settings, target, nowMs) !== undefined,
    isPending: (ruleId, target, value) =>
      pending.some((delta) => isSame(delta, ruleId, target, value)),
  };
}

function isSame(delta: Delta, ruleId: string, target: string, value: Value | undefined): boolean {
  return delta.ruleId === ruleId && delta.target === target && sameValue(delta.newValue, value);
}

function carryOut(
  { candidate, evaluation, outcome, summary, waitMs }: CurationDecision,
  changes: Changes,
  { nowMs, newId }: CycleEnvironment,
  cycleNumber: number,
): Delta {
  const { rule, oldValue, newValue, reasoning } = candidate;
  const delta = changes.propose({
    deltaId: newId(),
    ruleId: rule.id,
    type: rule.type,
    operation: rule.operation,
    target: rule.target,
    oldValue,
    newValue,
    reasoning,
    confidence: rule.confidence,
    impact: rule.impact,
    proposeTimeMs: nowMs,
    cycleNumber,
    evaluation,
    expireTimeMs: outcome === 'propose' ? nowMs + waitMs : undefined,
    revertsDeltaId: '',
    summary: outcome === 'propose' ? summary : '',
  });
  if (outcome === 'apply') changes.apply(delta);
  if (outcome === 'reject') changes.reject(delta.deltaId, summary);
  return delta;
}
