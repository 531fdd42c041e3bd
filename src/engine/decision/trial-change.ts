import type { DeltaEffect } from '../../domain/effect.ts';
import { newestOf } from '../../ledger/view.ts';
import { nextMove } from '../../trial/advance.ts';
import { type Arm, commitmentTo, stageSeed } from '../../trial/arm.ts';
import { nextBlock } from '../../trial/assign.ts';
import { trialEffect } from '../../trial/effect.ts';
import { takeStep } from '../../trial/fold.ts';
import { carriedOver } from '../../trial/fold-stages.ts';
import { type HoldbackState, startHoldback } from '../../trial/holdback.ts';
import { foundOfCohorts, leftBy } from '../../trial/memory/carry.ts';
import { MEASURED_TASKS, type TrialPlan } from '../../trial/plan.ts';
import {
  isBeforeForce,
  isOnTrial,
  standingArm,
  staysInForce,
  verdictIfStopped,
} from '../../trial/standing.ts';
import type { PauseReason, TrialOutcome, TrialStep } from '../../trial/step.ts';
import {
  describeConfirmation,
  describeContinuation,
  describeEnding,
  describePromotion,
  describeStop,
  describeSuspension,
} from '../../trial/text/describe-ending.ts';
import type { Trial } from '../../trial/trial.ts';
import type { Finding } from '../../trial/verdict.ts';
import type { Changes } from './changes.ts';
import { outcomeTimeout } from './plan-trial.ts';
import { startSplit } from './split-trial.ts';
import {
  confirmValue,
  holdbackStart,
  isForeign,
  onHarmOf,
  promoteValue,
  putInForce,
  restStep,
  setInForce,
  switchTo,
  type TrialContext,
} from './trial-value.ts';

/**
 * One trial within one decision: takes steps, seals each into a receipt, and applies values. A live value that is
 * neither the old nor the new one was set by another decision and stays.
 */
export class TrialChange {
  trial: Trial | undefined;
  readonly deltaId: string;
  readonly #context: TrialContext;
  readonly #changes: Changes;

  constructor(deltaId: string, trial: Trial | undefined, context: TrialContext) {
    this.deltaId = deltaId;
    this.trial = trial;
    this.#context = context;
    this.#changes = context.changes;
  }

  /** The seed of the current stage. */
  get seed(): string {
    return this.#seedOf(this.trial?.stages ?? 1);
  }

  start(plan: TrialPlan, summary: string): void {
    const { nowMs: timeMs, wallMs } = this.#changes;
    const commitment = commitmentTo(this.#seedOf(1, plan));
    this.take({ step: 'start', timeMs, wallMs, plan, commitment, summary });
    this.moveOn();
  }

  take(step: TrialStep): void {
    const { deltaId } = this;
    const { receipt, trial } = takeStep(deltaId, this.trial, step);
    this.trial = trial;
    const { events } = this.#changes;
    events.push({ kind: 'trial_advanced', deltaId, receipts: [receipt], after: trial });
  }

  /** Takes the steps that are due. */
  moveOn(): void {
    for (;;) {
      const { trial } = this;
      const { nowMs } = this.#changes;
      const next = trial && nextMove(trial, nowMs, this.#context.recorded);
      if (trial === undefined || next === undefined) return;
      // In blocks, the value is set by the `switch`, `rest` or `end` that follows in the same commit.
      const isByTask = trial.plan.assignment === 'task';
      switch (next.move) {
        case 'end':
          this.end(next.finding, true);
          break;
        case 'promote':
          this.#promote(trial);
          break;
        case 'confirm':
          this.#confirm(trial);
          break;
        case 'renew':
          this.renew();
          break;
        case 'suspend':
          this.take({ step: 'suspend', timeMs: nowMs, summary: describeSuspension(trial) });
          // In blocks, a `rest` follows unless the trial rests already, or is paused.
          if ((isByTask || trial.isResting || trial.pauses.length > 0) && !isOnTrial(trial))
            this.#put('old', 'The trial is suspended');
          break;
        case 'continue':
          this.take({ step: 'continue', timeMs: nowMs, summary: describeContinuation(trial) });
          if (isByTask && !isBeforeForce(trial)) this.#put('new', 'The trial goes on');
          break;
        case 'settle':
          this.take(next.step);
          break;
        case 'rest':
          this.take(restStep(this.#context, trial));
          break;
        case 'pause':
          this.pause('outage');
          break;
        case 'switch':
          this.#beginBlock(trial);
      }
    }
  }

  pause(reason: PauseReason): void {
    const { trial } = this;
    if (trial === undefined || trial.pauses.includes(reason)) return;
    this.take({ step: 'pause', timeMs: this.#changes.nowMs, reason });
    this.#put(standingArm(trial), 'The trial is paused');
  }

  resume(reason: PauseReason): void {
    if (!this.trial?.pauses.includes(reason)) return;
    this.take({ step: 'resume', timeMs: this.#changes.nowMs, reason });
    this.moveOn();
  }

  /** Ends the trial from outside. A new value that is live stays, unproven; otherwise, the old value is restored. */
  stop(reason: string, isReplaced = false): void {
    const { trial } = this;
    if (trial === undefined) return;
    const verdict = verdictIfStopped(trial);
    if (verdict !== 'helped') {
      this.end({ verdict, reason }, false, isReplaced);
      return;
    }
    if (trial.stage === 'probation') this.#put('new', 'The trial is over');
    const effect = trialEffect('helped', trial);
    const summary = describeStop(effect, trial, reason);
    this.#takeEnd(trial, effect, { outcome: 'keep', summary, counts: false });
  }

  /**
   * Ends the trial, with the old value live unless the new one stays: see `staysInForce`.
   *
   * @param counts the verdict counts for the rule's confidence
   * @param isReplaced another value is about to be set
   */
  end(finding: Finding, counts: boolean, isReplaced = false): void {
    const { trial } = this;
    if (trial === undefined) return;
    const { plan } = trial;
    const isOthers = isForeign(this.#changes, trial);
    const isRetrial = plan.retrialOf !== undefined;
    // `on_harm` responds to harm by the rule's own change; in a retrial, that change's old value is what harms.
    const onHarm =
      finding.verdict === 'harmed' && !isRetrial ? onHarmOf(plan, this.#changes) : undefined;
    const effect = trialEffect(finding.verdict, trial);
    const how = { isForeign: isOthers, isReplaced, onHarm };
    const summary = describeEnding(finding, effect, trial, how);
    if (staysInForce(trial, finding.verdict)) {
      this.#put('new', 'The trial is over');
      this.#takeEnd(trial, effect, { outcome: 'keep', summary, counts });
      return;
    }
    const outcome = !isOthers && onHarm === 'notify' ? 'ask' : 'revert';
    this.#put('old', summary, this.deltaId);
    if (!isOnTrial(trial)) this.#context.supersede(plan, this.deltaId);
    this.#takeEnd(trial, effect, { outcome, summary, counts: counts && !isRetrial });
    if (!isOthers) startSplit(this.#context, plan, foundOfCohorts(trial, finding.verdict, counts));
    if (onHarm === 'pause') this.#context.pauseAll();
  }

  /**
   * Begins the next part of the holdback, with a new seed.
   *
   * @param change fields of the holdback's state to be replaced
   */
  renew(change: Partial<HoldbackState> = {}): void {
    const { trial } = this;
    if (trial?.holdback === undefined) return;
    const { view, environment } = this.#changes;
    const tasks = newestOf(view, MEASURED_TASKS, trial.plan.cohort);
    const outcomeTimeoutMs = outcomeTimeout(environment, tasks, trial.longestMs);
    const effect = trialEffect('helped', trial);
    this.take({
      step: 'renew',
      ...this.#nextStage(trial),
      former: trial.hash,
      stages: trial.stages,
      plan: { ...trial.plan, outcomeTimeoutMs },
      state: { ...trial.holdback, ...holdbackStart(trial, this.#context), ...change },
      ...carriedOver(trial),
      effect,
      summary: describeConfirmation(effect, trial),
    });
  }

  #promote(trial: Trial): void {
    const { plan } = trial;
    if (isForeign(this.#changes, trial)) {
      this.end({ verdict: 'inconclusive', reason: 'it may help' }, false);
      return;
    }
    const effect = trialEffect('helped', trial);
    const summary = describePromotion(effect, trial);
    if (plan.isRace) {
      this.#takeEnd(trial, effect, { outcome: 'keep', summary, counts: true });
      this.#context.supersede(plan, this.deltaId);
      promoteValue(this.#changes, plan, summary);
    } else if (plan.retrialOf === undefined) {
      this.take({ step: 'promote', ...this.#nextStage(trial), effect, summary });
      // Within a budget, the value is in force once it is confirmed.
      if (plan.budget === undefined) setInForce(this.#context, plan, summary);
    } else {
      this.#takeEnd(trial, effect, { outcome: 'keep', summary, counts: false });
      promoteValue(this.#changes, plan, summary);
      this.#context.takeBack(plan.retrialOf);
    }
    this.#changes.startCooldown(plan);
  }

  #confirm(trial: Trial): void {
    const { plan } = trial;
    const effect = trialEffect('helped', trial);
    const summary = describeConfirmation(effect, trial);
    confirmValue(this.#context, plan, summary);
    this.take({
      step: 'confirm',
      ...this.#nextStage(trial),
      effect,
      summary,
      state: startHoldback(plan, trial.evidence, holdbackStart(trial, this.#context)),
    });
  }

  #nextStage(trial: Trial) {
    return {
      timeMs: this.#changes.nowMs,
      seed: this.seed,
      commitment: commitmentTo(this.#seedOf(trial.stages + 1)),
    };
  }

  #takeEnd(
    trial: Trial,
    effect: DeltaEffect & { readonly verdict: Finding['verdict'] },
    ending: { readonly outcome: TrialOutcome; readonly summary: string; readonly counts: boolean },
  ): void {
    const { nowMs, wallMs, environment } = this.#changes;
    const ttlMs = environment.settings.curation.proposalTtlSeconds * 1000;
    this.take({
      step: 'end',
      timeMs: nowMs,
      wallMs,
      seed: this.seed,
      effect,
      askUntilMs: ending.outcome === 'ask' ? nowMs + ttlMs : undefined,
      ...leftBy(trial, effect.verdict, ending.counts),
      ...ending,
    });
    this.#changes.startCooldown(trial.plan);
  }

  #beginBlock(trial: Trial): void {
    const { set, arm } = nextBlock(trial, this.seed);
    const text = `Block of the ${arm} value, pair ${set} of the trial of ${this.deltaId}`;
    const sequence = switchTo(this.#changes, trial.plan, arm, text);
    const at = { timeMs: this.#changes.nowMs, recorded: this.#context.recorded };
    this.take({ step: 'block', ...at, set, arm, sequence });
  }

  #put(arm: Arm, reasoning: string, revertsDeltaId = ''): void {
    const plan = this.trial?.plan;
    if (plan !== undefined) putInForce(this.#changes, plan, arm, reasoning, revertsDeltaId);
  }

  #seedOf(stage: number, plan = this.trial?.plan): string {
    const { secret } = this.#changes.view.head;
    return stageSeed({ seed: plan?.seed, deltaId: this.deltaId }, secret, stage);
  }
}
