import { bornApplied, type Delta, type Proposal } from '../domain/delta.ts';
import type { HarmResponse } from '../domain/rule.ts';
import { sameValue } from '../domain/value.ts';
import { toLoopMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { type FinishedTask, missingOutcomes, nextMove, recordOutcome } from '../trial/advance.ts';
import type { Arm } from '../trial/arm.ts';
import { assignTask, type Dispatch } from '../trial/assign.ts';
import { describeEnding } from '../trial/describe-ending.ts';
import { trialEffect } from '../trial/effect.ts';
import { foldReceipt } from '../trial/fold.ts';
import { firstHash, type Receipt, sealStep } from '../trial/receipt.ts';
import type { PauseReason, TrialOutcome, TrialPlan, TrialStep } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';
import type { Finding } from '../trial/verdict.ts';
import type { Changes } from './changes.ts';
import { inverseOf } from './deltas.ts';
import { ackDeadline } from './effects.ts';
import type { Environment } from './environment.ts';

/**
 * What one decision does to the trial that is on: takes steps, seals each into the receipts, and
 * puts in force what the trial calls for. The trial's arm is what `Changes` says is live: where it
 * is not, somebody else has set it, and the trial leaves it alone.
 */
export class TrialChanges {
  trial: Trial | undefined;
  /** All trials are paused. */
  arePaused: boolean;
  readonly #changes: Changes;
  readonly #view: LedgerView;
  readonly #environment: Environment;

  constructor(changes: Changes, view: LedgerView, environment: Environment) {
    this.trial = view.trial;
    this.arePaused = view.head.trialsPaused;
    this.#changes = changes;
    this.#view = view;
    this.#environment = environment;
  }

  /** Begins a trial; there must be none. */
  start(plan: TrialPlan, summary: string): void {
    const { nowMs: timeMs, wallMs } = this.#changes;
    this.#take({ step: 'start', timeMs, wallMs, plan, summary }, plan.deltaId);
    this.#moveOn();
  }

  /** Gives a task its arm; `undefined`: it has none. */
  assign(dispatch: Dispatch): Arm | undefined {
    const step = this.trial && assignTask(this.trial, dispatch, this.#changes.nowMs);
    if (step !== undefined) this.#take(step);
    return step?.arm;
  }

  /** Takes in a task that has ended. */
  record(task: FinishedTask): void {
    if (this.trial?.pauses.includes('outage') && task.status === 'success') {
      this.#take({ step: 'resume', timeMs: this.#changes.nowMs, reason: 'outage' });
      this.#moveOn();
    }
    // Who has not acknowledged may have gone meanwhile.
    if (task.deltaSequence === 0) this.noticeAcknowledged();
    const { nowMs, sequence } = this.#changes;
    // A sequence that no delta has yet says nothing of a block.
    if (this.trial?.block !== undefined && task.deltaSequence > sequence) return;
    // As the client's clock would show it if it kept to the loop's time.
    const finishTimeMs = toLoopMs(this.#view.head, task.finishTimeMs);
    const step = this.trial && recordOutcome(this.trial, { ...task, finishTimeMs }, nowMs);
    if (step === undefined) return;
    this.#take(step);
    this.#moveOn();
  }

  /** Gives up what has not come in time, the trial itself included. */
  expire(): void {
    const step = this.trial && missingOutcomes(this.trial, this.#changes.nowMs);
    if (step !== undefined) this.#take(step);
    this.#moveOn();
  }

  /**
   * Notices when every client that follows the deltas has put the running block's value in force: it
   * has acknowledged its switch, or begun with a Snapshot since. One that never acknowledges anything
   * only looks on, and one that is not told of such deltas is not waited for.
   *
   * @param acknowledgedBy the highest sequence that a client has acknowledged
   */
  noticeAcknowledged(acknowledgedBy = (id: string) => this.#view.acknowledged(id)): void {
    const { block, plan } = this.trial ?? {};
    if (plan === undefined || block === undefined || block.acknowledgedMs !== undefined) return;
    const type = this.#delta(plan)?.type;
    const clients = this.#environment
      .followers()
      .filter(({ types }) => types.length === 0 || type === undefined || types.includes(type))
      .filter(({ clientId }) => acknowledgedBy(clientId) > 0);
    const isByAll = clients.every(
      ({ clientId, snapshotSequence }) =>
        Math.max(acknowledgedBy(clientId), snapshotSequence) >= block.sequence,
    );
    if (clients.length > 0 && isByAll) {
      this.#take({ step: 'acknowledged', timeMs: this.#changes.nowMs });
    }
  }

  pause(reason: PauseReason): void {
    if (this.trial === undefined || this.trial.pauses.includes(reason)) return;
    this.#take({ step: 'pause', timeMs: this.#changes.nowMs, reason });
    this.#putBaseline('The trial is paused');
  }

  resume(reason: PauseReason): void {
    if (!this.trial?.pauses.includes(reason)) return;
    this.#take({ step: 'resume', timeMs: this.#changes.nowMs, reason });
    this.#moveOn();
  }

  /** Ends the trial from outside, without a verdict of its own; the old value is in force then. */
  stop(reason: string): void {
    if (this.trial !== undefined) this.#end({ verdict: 'invalid', reason }, false);
  }

  /** As `stop`, where the trial is one of this parameter: somebody is about to set it. */
  stopIfOn(target: string, reason: string): void {
    if (this.trial?.plan.target === target) this.stop(reason);
  }

  #moveOn(): void {
    for (;;) {
      const next = this.trial && nextMove(this.trial, this.#changes.nowMs);
      if (next === undefined) return;
      if (next.move === 'end') this.#end(next.finding, true);
      else if (next.move === 'pause') this.pause('outage');
      else this.#beginBlock(next.pair, next.arm);
    }
  }

  #beginBlock(pair: number, arm: Arm): void {
    const { trial } = this;
    if (trial === undefined) return;
    const text = `Block of the ${arm} value, pair ${pair} of the trial of ${trial.plan.deltaId}`;
    const sequence = this.#switchTo(trial.plan, arm, text);
    this.#take({ step: 'block', timeMs: this.#changes.nowMs, pair, arm, sequence });
  }

  /** An ordinary delta that puts an arm's value in force; answers its sequence. */
  #switchTo(plan: TrialPlan, arm: Arm, reasoning: string, revertsDeltaId = ''): number {
    const delta = this.#delta(plan);
    const value = arm === 'new' ? plan.newValue : plan.oldValue;
    const live = this.#changes.valueOf(plan.target);
    const operation = delta?.operation ?? 'modify';
    const proposal: Proposal = {
      deltaId: this.#environment.newId(),
      ruleId: plan.ruleId,
      type: delta?.type,
      operation: arm === 'new' ? operation : inverseOf(operation),
      target: plan.target,
      oldValue: live,
      newValue: value,
      reasoning,
      ...bornApplied(this.#changes.wallMs),
      revertsDeltaId,
      trialDeltaId: plan.deltaId,
    };
    return this.#changes.apply(this.#changes.propose(proposal), { replacedValue: plan.oldValue });
  }

  /** Compare and set: what is not the trial's own value is left alone. */
  #putBaseline(reasoning: string, revertsDeltaId = ''): void {
    const plan = this.trial?.plan;
    if (plan?.assignment !== 'switchback') return;
    const live = this.#changes.valueOf(plan.target);
    if (sameValue(live, plan.oldValue) || !sameValue(live, plan.newValue)) return;
    this.#switchTo(plan, 'old', reasoning, revertsDeltaId);
  }

  #end(finding: Finding, counts: boolean): void {
    const { trial } = this;
    if (trial === undefined) return;
    const { plan, evidence, tasksUsed } = trial;
    const { nowMs, wallMs } = this.#changes;
    const { settings } = this.#environment;
    const isForeign = this.#isForeign(plan);
    const onHarm = finding.verdict === 'harmed' ? this.#onHarm(plan) : undefined;
    const effect = trialEffect(finding.verdict, evidence, tasksUsed);
    const summary = describeEnding(finding, effect, { isForeign, onHarm });
    const outcome = isForeign ? 'revert' : outcomeOf(finding, onHarm);
    if (outcome !== 'promote') this.#putBaseline(summary, plan.deltaId);
    this.#take({
      step: 'end',
      timeMs: nowMs,
      wallMs,
      effect,
      outcome,
      summary,
      askUntilMs:
        outcome === 'ask' ? nowMs + settings.curation.proposalTtlSeconds * 1000 : undefined,
      carried: finding.verdict === 'inconclusive' ? evidence : undefined,
      counts,
    });
    this.#changes.touch(plan.target);
    if (outcome === 'promote') this.#promote(plan, summary);
    if (onHarm === 'pause') {
      this.arePaused = true;
      this.#changes.events.push({ kind: 'trials_paused', timeMs: nowMs, paused: true });
    }
  }

  #promote(plan: TrialPlan, summary: string): void {
    const delta = this.#delta(plan);
    if (delta === undefined) return;
    const { oldValue } = plan;
    const ackByMs = ackDeadline(this.#environment.settings, this.#changes.nowMs);
    this.#changes.apply(delta, { oldValue, replacedValue: oldValue, summary, ackByMs });
  }

  #onHarm({ ruleId }: TrialPlan): HarmResponse {
    const { rules } = this.#environment.settings;
    return rules.find(({ id }) => id === ruleId)?.onHarm ?? 'revert';
  }

  /** Whether somebody else's value stands where the trial's should. */
  #isForeign({ assignment, target, oldValue, newValue }: TrialPlan): boolean {
    const live = this.#changes.valueOf(target);
    if (sameValue(live, oldValue)) return false;
    return assignment === 'task' || !sameValue(live, newValue);
  }

  #delta({ deltaId }: TrialPlan): Delta | undefined {
    return this.#view.delta(deltaId) ?? this.#changes.born(deltaId);
  }

  #take(step: TrialStep, deltaId = this.trial?.plan.deltaId): void {
    if (deltaId === undefined) return;
    const former = this.trial;
    const number = (former?.steps ?? 0) + 1;
    const receipt = sealStep(former?.hash ?? firstHash(deltaId), number, step);
    this.trial = foldReceipt(former, receipt);
    this.#push(deltaId, receipt);
  }

  #push(deltaId: string, receipt: Receipt): void {
    this.#changes.events.push({ kind: 'trial_advanced', deltaId, receipts: [receipt] });
  }
}

/** What becomes of a delta whose trial has found something. */
function outcomeOf({ verdict }: Finding, onHarm: HarmResponse | undefined): TrialOutcome {
  if (verdict === 'helped') return 'promote';
  return onHarm === 'notify' ? 'ask' : 'revert';
}
