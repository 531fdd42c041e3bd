import type { Delta } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { Rule } from '../domain/rule.ts';
import { own, sameValue } from '../domain/value.ts';
import { carryKey } from '../ledger/follow-ups.ts';
import type { LedgerView } from '../ledger/view.ts';
import { describePower } from '../trial/power.ts';
import type { TrialPlan } from '../trial/step.ts';
import { summarize } from '../window/statistics.ts';
import type { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { isHarmResting, restingUntil, timesTried } from './proposals.ts';
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
 * Starts a trial where none is on: of what has not been tried before what has, of this cycle's
 * proposals before those that wait, of those the oldest first.
 */
export function startNextTrial(
  place: Place,
  fresh: readonly Delta[],
  waiting: readonly Delta[],
  environment: Environment,
): void {
  const { view, trials } = place;
  if (trials.trial !== undefined || view.head.trialsPaused) return;
  const older = waiting.filter(({ waitsFor }) => waitsFor === 'trial');
  const candidates = [...fresh, ...older]
    .flatMap((delta) => candidateOf(place, delta, environment) ?? [])
    .sort((a, b) => a.tried - b.tried);
  const [first] = candidates;
  if (first === undefined) return;
  const plan = planOf(place, first.delta, first.rule, environment);
  const tasks = view.newestTasks(PREVIEW_TASKS);
  const participants = {
    followers: environment.subscribers().length,
    ask: environment.asksByTask(),
    sequence: view.head.sequence,
  };
  trials.start(plan, describePower(plan, tasks, participants));
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
  if (rule === undefined || (rule.mode ?? settings.curation.mode) !== 'trial') return undefined;
  const { target, newValue } = delta;
  if (sameValue(changes.valueOf(target), newValue)) return undefined;
  const spec = own(settings.parameters, target);
  if (newValue !== undefined && violationOf(spec, newValue) !== undefined) return undefined;
  if (restingUntil(view, settings, target, nowMs) !== undefined) return undefined;
  if (isHarmResting(view, delta, nowMs)) return undefined;
  return { delta, rule, tried: timesTried(view, delta) };
}

function planOf(
  { view, changes }: Place,
  { deltaId, ordinal, target, newValue }: Delta,
  { id: ruleId, fingerprint, primary, guards }: Rule,
  { settings, newId, asksByTask }: Environment,
): TrialPlan {
  const { trial } = settings;
  const oldValue = changes.valueOf(target);
  const window = summarize(view.newestTasks(settings.cycle.analysisWindow));
  const change = { ruleId, fingerprint, target, oldValue, newValue };
  const automatic = asksByTask() ? 'task' : 'switchback';
  return {
    deltaId,
    ...change,
    assignment: trial.assignment === 'auto' ? automatic : trial.assignment,
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
