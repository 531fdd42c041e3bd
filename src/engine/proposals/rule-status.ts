import { whyNeverPasses } from '../../cycle/shortfall.ts';
import { type Rule, tries } from '../../domain/rule.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { millisecondsPerTask } from '../../domain/task-interval.ts';
import type { LedgerState } from '../../ledger/state.ts';
import { trialsOn } from '../../ledger/view.ts';
import { describeObjective } from '../../trial/text/describe-objective.ts';
import type { Trial } from '../../trial/trial.ts';
import type { Environment } from '../decision/environment.ts';
import { waitsForTasks } from './fresh-tasks.ts';
import { objectionTo } from './objection.ts';
import { confidenceOf, modeOf, recordOf, restingUntil, ruleRest, triesFirst } from './proposals.ts';
import { whyHourIsFull } from './start-trial.ts';

export interface RuleStatus {
  /** Current confidence, 0 to 1. */
  readonly confidence: number;
  /** Number of trials of the rule's present text, by verdict. */
  readonly helped: number;
  readonly harmed: number;
  readonly inconclusive: number;
  /** Until when the rule rests, by the loop's time; `undefined` if it may propose. */
  readonly restingUntilMs: number | undefined;
  /**
   * Why none of the rule's proposals can pass, why it proposes nothing at present, why no proposal is tried, or why the
   * newest one was rejected; empty if nothing is in the rule's way.
   */
  readonly waiting: string;
  /** What its trials are to reach, in words. */
  readonly objective: string;
  /** By which label the effect of its newest undecided trial differed, in words; empty if by none. */
  readonly apart: string;
}

/** Number of the newest tasks that the interval between tasks is measured from. */
const INTERVAL_TASKS = 100;

/** @param heldSinceMs since when the condition has held; `undefined` if it does not hold, or has no `for` */
export function ruleStatus(
  state: LedgerState,
  rule: Rule,
  environment: Pick<Environment, 'settings' | 'nowMs' | 'asksByTask'>,
  heldSinceMs?: number,
): RuleStatus {
  const { settings, nowMs } = environment;
  const { helped = 0, harmed = 0, inconclusive = 0, apart = '' } = recordOf(state, rule) ?? {};
  const coolMs = restingUntil(state, settings, rule, nowMs);
  const restMs = restEnd(state, rule, nowMs);
  return {
    confidence: confidenceOf(state, rule, nowMs),
    helped,
    harmed,
    inconclusive,
    restingUntilMs:
      coolMs === undefined && restMs === undefined ? undefined : Math.max(coolMs ?? 0, restMs ?? 0),
    apart,
    waiting: waitingOf(state, rule, environment) || holdingOf(rule, nowMs, heldSinceMs),
    objective: describeObjective(rule),
  };
}

function waitingOf(
  state: LedgerState,
  rule: Rule,
  environment: Pick<Environment, 'settings' | 'nowMs' | 'asksByTask'>,
): string {
  const { settings, nowMs } = environment;
  const never = neverPasses(state, rule, settings, nowMs);
  if (never !== undefined) return never;
  const [tried] = trialsOn(state, rule).filter(({ stage }) => stage !== 'holdback');
  if (tried !== undefined) {
    const where = isInForceUntried(tried) ? 'in force and compared' : `on ${tried.stage}`;
    return `${rule.target} is ${where}, by delta ${tried.plan.deltaId}`;
  }
  const news = waitsForTasks(state, settings, rule, nowMs);
  if (news !== '') return news;
  const mode = modeOf(rule, settings);
  const isTried = tries(mode) && (mode !== 'auto' || triesFirst(state, environment, rule));
  const untried =
    isTried && (objectionTo(rule, state, environment) ?? whyHourIsFull(state, settings, nowMs));
  return untried || muted(state, rule, settings, nowMs) || lastRejection(state, rule);
}

/** The text that a condition has not held for long enough; empty if it has, or does not hold. */
function holdingOf({ forSeconds }: Rule, nowMs: number, heldSinceMs: number | undefined): string {
  const seconds = Math.floor((nowMs - (heldSinceMs ?? Number.NEGATIVE_INFINITY)) / 1000);
  return seconds < forSeconds
    ? `its condition has held for ${seconds} of ${forSeconds} seconds`
    : '';
}

function isInForceUntried({ stage, plan }: Trial): boolean {
  return stage === 'trial' && plan.isApplied === true;
}

/** Why no proposal of a rule can pass, whatever the tasks and metrics; `undefined` if one may. */
export function neverPasses(
  state: LedgerState,
  rule: Rule,
  settings: LoopSettings,
  nowMs: number,
): string | undefined {
  // Trials may have raised the confidence; a rule whose confidence they lowered is muted.
  const confidence = Math.max(rule.confidence, confidenceOf(state, rule, nowMs));
  const never = whyNeverPasses(rule, settings, confidence);
  return never && `it can never pass: ${never}`;
}

/** The text that a rule's trials speak against it; empty if they do not. */
function muted(state: LedgerState, rule: Rule, settings: LoopSettings, nowMs: number): string {
  const never = whyNeverPasses(rule, settings, confidenceOf(state, rule, nowMs));
  return never === undefined ? '' : `its trials speak against it, and it is tried seldom: ${never}`;
}

function lastRejection(state: LedgerState, { id }: Rule): string {
  const newest = state.newestOf(id);
  return newest?.state === 'rejected' ? `its newest proposal: ${newest.summary}` : '';
}

/** When a rule's rest after harm ends; its remaining tasks are converted to time by the present interval of tasks. */
function restEnd(state: LedgerState, rule: Rule, nowMs: number): number | undefined {
  const rest = ruleRest(state, rule.id, nowMs);
  if (rest === undefined) return undefined;
  const tasksLeft = Math.max(rest.untilTask - state.head.counters.tasksRecorded, 0);
  return Math.max(
    rest.untilMs,
    nowMs + tasksLeft * (millisecondsPerTask(state.newestTasks(INTERVAL_TASKS)) ?? 0),
  );
}
