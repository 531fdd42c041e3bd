import type { TrialVerdict } from '../../domain/effect.ts';
import { nextMove } from '../advance.ts';
import { trialEffect } from '../effect.ts';
import { carriedOn, foundOfCohorts } from '../memory/carry.ts';
import { staysInForce, verdictIfStopped } from '../standing.ts';
import type {
  TrialConfirmed,
  TrialEnded,
  TrialOutcome,
  TrialPromoted,
  TrialSuspended,
} from '../step.ts';
import type { Trial } from '../trial.ts';
import type { Course } from './course.ts';
import { isSame, show } from './same-json.ts';
import { type Disclosed, faultOfCommitment, faultOfSeed } from './seeds.ts';

/** What a move depends on besides the course. */
export interface MoveContext {
  readonly seeds: Disclosed;
  /** Whether the receipts before this one were dropped: the state that it records cannot be checked then. */
  readonly isAfterDropped: boolean;
  /**
   * Why no trial of the old value can have begun, or helped, at that time, in words; `undefined` if one did, or if this
   * is unknown.
   */
  faultOfRetrial(event: 'begun' | 'helped', timeMs: number): string | undefined;
}

export function faultOfSuspension(
  { trial, recorded }: Course,
  { step, timeMs }: TrialSuspended,
): string | undefined {
  if (nextMove(trial, timeMs, recorded)?.move === step) return undefined;
  return step === 'suspend'
    ? 'by the outcomes so far there was nothing to suspend the trial for'
    : 'a suspended trial could not go on yet';
}

export function faultOfPromotion(
  { trial, recorded }: Course,
  step: TrialPromoted,
): string | undefined {
  const next = nextMove(trial, step.timeMs, recorded);
  if (next?.move !== 'promote') return `the value is put in force, ${butSays(next)}`;
  if (trial.plan.retrialOf !== undefined)
    return 'a trial of a former value ends when it has helped';
  if (trial.plan.isRace) return 'a race ends when it has helped';
  return faultOfStageEnd(trial, step) ?? faultOfEffect(trial, step);
}

/** How a trial may end. */
interface Ending {
  readonly verdict: TrialVerdict;
  readonly outcomes: readonly TrialOutcome[];
  readonly counts: boolean;
}

export function faultOfEnd(
  course: Course,
  step: TrialEnded,
  { faultOfRetrial }: MoveContext,
): string | undefined {
  const { trial } = course;
  const { outcome, counts, timeMs, effect, askUntilMs } = step;
  const { verdict } = effect;
  const found = endingsOf(course, timeMs).filter((one) => one.verdict === verdict);
  const isTakenBack = trial.stage === 'holdback' && verdict === 'harmed' && counts;
  if (isTakenBack && found.length === 0) {
    const fault = faultOfRetrial('helped', timeMs);
    if (fault !== undefined) return `it says harmed, and ${fault}`;
    found.push({ verdict, outcomes: AFTER_HARM, counts });
  }
  const allowed = found.filter((one) => one.counts === counts);
  if (allowed.length === 0) return `it says ${verdict}, ${butEnds(course, step)}`;
  if (!allowed.some(({ outcomes }) => outcomes.includes(outcome))) {
    return `its verdict does not lead to ${outcome}`;
  }
  const isAsked = typeof askUntilMs === 'number';
  if (isAsked !== (outcome === 'ask')) return 'a person is waited for, or is not';
  const fault = faultOfSeed(trial, step.seed) ?? faultOfEffect(trial, step);
  if (fault !== undefined) return fault;
  if (!isSame(carriedOn(trial, verdict), step.carried)) {
    return 'it hands on other evidence than there is';
  }
  if (!isSame(foundOfCohorts(trial, verdict, counts), step.cohorts)) {
    return 'it has found something else of single cohorts';
  }
  return step.longestMs === trial.longestMs
    ? undefined
    : `the longest report took ${trial.longestMs} ms, not ${show(step.longestMs)}`;
}

const AFTER_HARM: readonly TrialOutcome[] = ['revert', 'ask'];

/** The endings allowed: by the evidence, and from outside if nothing was due. */
function endingsOf({ trial, recorded, due }: Course, timeMs: number): Ending[] {
  const isRetrial = trial.plan.retrialOf !== undefined;
  const next = nextMove(trial, timeMs, recorded);
  const endings: Ending[] = [];
  if (next?.move === 'end') {
    const { verdict } = next.finding;
    const isHarm = verdict === 'harmed' && !isRetrial;
    const outcomes = isHarm ? AFTER_HARM : outcomesOf(trial, verdict);
    endings.push({ verdict, outcomes, counts: !isRetrial });
  }
  if (next?.move === 'promote') {
    // A due promotion is an end if another decision has set a value that is not of the trial.
    const outcomes = outcomesOf(trial, 'inconclusive');
    endings.push({ verdict: 'inconclusive', outcomes, counts: false });
    if (isRetrial) endings.push({ verdict: 'helped', outcomes: ['keep'], counts: false });
    if (trial.plan.isRace) endings.push({ verdict: 'helped', outcomes: ['keep'], counts: true });
  }
  if (due === undefined) {
    const verdict = verdictIfStopped(trial);
    endings.push({ verdict, outcomes: outcomesOf(trial, verdict), counts: false });
  }
  return endings;
}

function outcomesOf(trial: Trial, verdict: TrialVerdict): readonly TrialOutcome[] {
  return verdict === 'helped' || staysInForce(trial, verdict) ? ['keep'] : ['revert'];
}

function butEnds({ trial, recorded }: Course, { timeMs, counts }: TrialEnded): string {
  if (counts || trial.plan.retrialOf !== undefined) {
    return butSays(nextMove(trial, timeMs, recorded));
  }
  const cut = verdictIfStopped(trial);
  return `and one that is cut short from outside says ${cut}, where nothing else is due`;
}

/** The move that the evidence calls for instead, in words. */
export function butSays(next: ReturnType<typeof nextMove>): string {
  const words = { promote: 'helped', confirm: 'confirmed' } as const;
  if (next?.move === 'end') return `and the evidence says ${next.finding.verdict}`;
  const isSure = next?.move === 'promote' || next?.move === 'confirm';
  return `and the evidence says ${isSure ? words[next.move] : 'nothing yet'}`;
}

/** Checks the seed of the stage that ends, and the commitment to the next stage's seed. */
export function faultOfStageEnd(
  trial: Trial,
  { seed, commitment }: TrialPromoted | TrialConfirmed,
): string | undefined {
  const next = { plan: trial.plan, stages: trial.stages + 1, commitment };
  return faultOfSeed(trial, seed) ?? faultOfCommitment(next);
}

export function faultOfEffect(
  trial: Trial,
  { effect }: Pick<TrialPromoted | TrialEnded, 'effect'>,
): string | undefined {
  const { compared, ...expected } = trialEffect(effect.verdict, trial);
  // Effects that earlier releases wrote have no `compared`.
  const isWithout = effect.compared === undefined;
  return isSame(isWithout ? expected : { ...expected, compared }, effect) &&
    effect.verdict !== undefined
    ? undefined
    : 'its estimates are not those of the evidence';
}
