import type { Decision as CurationDecision } from '../cycle/curate.ts';
import { type CyclePlan, planCycle } from '../cycle/cycle.ts';
import type { CycleRecord } from '../domain/cycle.ts';
import type { Delta } from '../domain/delta.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { sameValue, type Value } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { summarize } from '../window/statistics.ts';
import { Changes } from './changes.ts';

/** What a cycle is given from outside. */
export interface CycleEnvironment {
  readonly settings: LoopSettings;
  readonly nowMs: number;
  readonly newId: () => string;
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

const HOUR_MS = 3_600_000;

/** One cycle as one decision: look, plan, and say what happened. */
export function runCycle(environment: CycleEnvironment): Decision<CycleReport> {
  return (view) => {
    const { nowMs, newId, monotonic } = environment;
    const startedMs = monotonic();
    const changes = new Changes(view, nowMs);
    expireIn(view, changes, nowMs);
    const plan = planCycle(inputOf(view, environment));
    const number = view.head.counters.cycles + 1;
    const deltas = plan.decisions.map((decision) =>
      carryOut(decision, changes, environment, number),
    );
    const total = view.head.counters.deltasProposed + deltas.length;
    const cycle: CycleRecord = {
      cycleId: newId(),
      number,
      startTimeMs: nowMs,
      durationMs: monotonic() - startedMs,
      tasksAnalyzed: plan.tasksAnalyzed,
      deltasProposed: deltas.length,
      deltasApplied: plan.decisions.filter(({ outcome }) => outcome === 'apply').length,
      totalDeltasHistory: total,
      // Every proposal is evaluated, once.
      totalEvaluations: total,
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

/** When the rules may touch a parameter again; Unix time in milliseconds, 0: at once. */
export function restingUntil(
  { head }: Pick<LedgerView, 'head'>,
  { curation }: LoopSettings,
  target: string,
): number {
  const entry = Object.hasOwn(head.targets, target) ? head.targets[target] : undefined;
  if (entry === undefined) return 0;
  return Math.max(entry.holdUntilMs, entry.touchedMs + curation.cooldownSeconds * 1000);
}

function expireIn(view: LedgerView, changes: Changes, nowMs: number): void {
  const waiting = [...view.pending()];
  const surplus = waiting.length - MAX_PENDING;
  for (const [index, { deltaId, expireTimeMs }] of waiting.entries()) {
    if (index < surplus || (expireTimeMs ?? nowMs) <= nowMs) changes.expire(deltaId);
  }
}

function inputOf(view: LedgerView, { settings, nowMs }: CycleEnvironment) {
  const { head } = view;
  const { cycle, curation } = settings;
  const pending = [...view.pending()].filter(({ expireTimeMs }) => (expireTimeMs ?? 0) > nowMs);
  return {
    settings,
    window:
      view.taskCount < cycle.minTasks
        ? undefined
        : summarize(view.newestTasks(cycle.analysisWindow)),
    metrics: head.metrics?.report,
    metricsAgeMs: head.metrics === null ? undefined : nowMs - head.metrics.reportTimeMs,
    parameters: head.parameters,
    appliedLastHour: view.countAppliedSince(nowMs - HOUR_MS, curation.maxDeltasPerHour),
    isResting: (target: string) => restingUntil(view, settings, target) > nowMs,
    isPending: (ruleId: string, target: string, value: Value | undefined) =>
      pending.some((delta) => isSame(delta, ruleId, target, value)),
  };
}

function isSame(delta: Delta, ruleId: string, target: string, value: Value | undefined): boolean {
  if (delta.ruleId !== ruleId || delta.target !== target) return false;
  return delta.newValue === value || sameValue(delta.newValue, value);
}

function carryOut(
  { candidate, evaluation, outcome, summary }: CurationDecision,
  changes: Changes,
  { settings, nowMs, newId }: CycleEnvironment,
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
    expireTimeMs:
      outcome === 'propose' ? nowMs + settings.curation.proposalTtlSeconds * 1000 : undefined,
    revertsDeltaId: '',
    summary: outcome === 'propose' ? summary : '',
  });
  if (outcome === 'apply') changes.apply(delta);
  if (outcome === 'reject') changes.reject(delta.deltaId, summary);
  return delta;
}
