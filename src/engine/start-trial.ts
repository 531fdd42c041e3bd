import { summarize } from '../cycle/window-statistics.ts';
import type { Delta } from '../domain/delta.ts';
import { limitValue, violationOf } from '../domain/parameters.ts';
import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import { appliedLastHour } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { carryKey } from '../trial/change.ts';
import { describePower } from '../trial/power.ts';
import type { TrialPlan } from '../trial/step.ts';
import type { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { isHarmResting, isStopped, lastTried, modeOf, restingUntil } from './proposals.ts';
import type { TrialChanges } from './trial-changes.ts';

/** Where a trial starts. */
interface Place {
  readonly view: LedgerView;
  readonly changes: Changes;
  readonly trials: TrialChanges;
}

/** Tasks that a preview is reckoned from. */
const PREVIEW_TASKS = 100;

/**
 * Starts a trial where none is on: of what was tried longest ago, or never; of this cycle's proposals
 * before those that wait, of those the oldest first.
 */
export function startNextTrial(
  place: Place,
  fresh: readonly Delta[],
  waiting: readonly Delta[],
  environment: Environment,
): void {
  const { view, trials } = place;
  if (trials.trial !== undefined || trials.arePaused) return;
  if (assignmentOf(environment) === undefined || isHourFull(view, environment)) return;
  const older = waiting.filter(({ waitsFor }) => waitsFor === 'trial');
  const candidates = [...fresh, ...older]
    .flatMap((delta) => candidateOf(place, delta, environment) ?? [])
    .sort((a, b) => a.tried - b.tried);
  const [first] = candidates;
  if (first === undefined) return;
  const plan = planOf(place, first.delta, first.rule, environment);
  const tasks = view.newestTasks(PREVIEW_TASKS);
  const participants = {
    followers: environment.followers().length,
    ask: environment.asksByTask() === true,
    sequence: view.head.sequence,
  };
  trials.start(plan, describePower(plan, tasks, participants));
}

/** What helps is put in force: not more often than is allowed. */
function isHourFull({ head }: LedgerView, { settings, nowMs }: Environment): boolean {
  const { maxDeltasPerHour } = settings.curation;
  return maxDeltasPerHour > 0 && appliedLastHour(head, nowMs) >= maxDeltasPerHour;
}

/** How tasks are to get their arm; `undefined`: it is not known yet how the orchestrator works. */
function assignmentOf({ settings, asksByTask }: Environment): TrialPlan['assignment'] | undefined {
  const { assignment } = settings.trial;
  if (assignment !== 'auto') return assignment;
  const ask = asksByTask();
  return ask === undefined ? undefined : ask ? 'task' : 'switchback';
}

interface Candidate {
  readonly delta: Delta;
  readonly rule: Rule;
  readonly tried: number;
}

/** A proposal that can be tried now; `undefined`: it cannot, and goes on waiting. */
function candidateOf(
  { view, changes }: Place,
  delta: Delta,
  { settings, nowMs }: Environment,
): Candidate | undefined {
  const rule = settings.rules.find(({ id }) => id === delta.ruleId);
  if (rule === undefined || modeOf(rule, settings) !== 'trial') return undefined;
  if (isStopped(view, rule, nowMs)) return undefined;
  const { target, newValue } = delta;
  if (sameValue(changes.valueOf(target), newValue)) return undefined;
  if (newValue !== undefined && !isInReach(newValue, target, changes, settings)) return undefined;
  if (restingUntil(view, settings, target, nowMs) !== undefined) return undefined;
  if (settings.curation.cooldownSeconds > 0 && changes.isTouched(target)) return undefined;
  if (isHarmResting(view, delta, nowMs)) return undefined;
  return { delta, rule, tried: lastTried(view, delta) };
}

/** The live value may have moved since it was proposed: from there it may be too far a step. */
function isInReach(
  newValue: Value,
  target: string,
  changes: Changes,
  { parameters }: LoopSettings,
): boolean {
  const spec = own(parameters, target);
  const limited = limitValue(spec, changes.valueOf(target), newValue);
  return sameValue(limited, newValue) && violationOf(spec, newValue) === undefined;
}

function planOf(
  { view, changes }: Place,
  { deltaId, ordinal, target, newValue }: Delta,
  { id: ruleId, fingerprint, primary, guards }: Rule,
  environment: Environment,
): TrialPlan {
  const { settings, newId } = environment;
  const { trial } = settings;
  const oldValue = changes.valueOf(target);
  const window = summarize(view.newestTasks(settings.cycle.analysisWindow));
  const change = { ruleId, fingerprint, target, oldValue, newValue };
  return {
    deltaId,
    ...change,
    assignment: assignmentOf(environment) ?? 'switchback',
    seed: trial.seed === undefined ? newId() : `${trial.seed}/${ordinal}`,
    primary,
    guards,
    timeoutMs: trial.timeoutMs ?? window.p99LatencyMs,
    blockTasks: trial.blockTasks,
    pairBy: trial.pairBy,
    pairWaitTasks: trial.pairWaitTasks,
    outcomeTimeoutMs: trial.outcomeTimeoutSeconds * 1000,
    maxMs: trial.maxSeconds * 1000,
    carried: view.carriedEvidence(carryKey(change)),
  };
}
