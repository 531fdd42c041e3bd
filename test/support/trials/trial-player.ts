import { OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import { missingOutcomes, nextMove, recordOutcome } from '../../../src/trial/advance.ts';
import { type Arm, commitmentTo, repeatableSeed, secretSeed } from '../../../src/trial/arm.ts';
import { armOf, assignTask, kindOfTask, nextBlock } from '../../../src/trial/assign.ts';
import { trialEffect } from '../../../src/trial/effect.ts';
import { SUFFICIENT } from '../../../src/trial/evidence/bets.ts';
import { takeStep } from '../../../src/trial/fold.ts';
import { carriedOver } from '../../../src/trial/fold-stages.ts';
import { type HoldbackState, startHoldback } from '../../../src/trial/holdback.ts';
import { carriedOn } from '../../../src/trial/memory/carry.ts';
import { formatOf, type TrialPlan } from '../../../src/trial/plan.ts';
import type { Receipt } from '../../../src/trial/receipt.ts';
import { restingArm, standingArm } from '../../../src/trial/standing.ts';
import type { PauseReason, TrialOutcome, TrialStep } from '../../../src/trial/step.ts';
import { describeEnding } from '../../../src/trial/text/describe-ending.ts';
import { runningBlock, type Trial } from '../../../src/trial/trial.ts';
import { type Finding, TAKING_BACK } from '../../../src/trial/verdict.ts';
import { seededRandom } from '../engine/seed.ts';
import { type EndedTask, TrialWorkload, type WorkloadSetup } from './trial-workload.ts';

/** What becomes of a trial, and when. */
export interface PlayerSetup extends WorkloadSetup {
  readonly plan?: Partial<TrialPlan>;
  /** Of all that is drawn; the plan's coins come from it too, unless it says otherwise. */
  readonly seed: number;
  /** Tasks that others record at each beat: a holdback's parts pass sooner. */
  readonly others?: number;
  /** An operator pauses it at this task, for twenty. */
  readonly pauseAt?: number;
  /** Stopped from outside at this task. */
  readonly stopAt?: number;
  /** At this task a trial of the value before begins: the holdback begins anew. */
  readonly renewAt?: number;
  /** At this task a trial of the value before has helped. */
  readonly takenBackAt?: number;
  readonly startMs?: number;
}

/** What the coins of a plan without a seed come from. */
const SECRET = 'a secret that is told to nobody';

const START_MS = Date.UTC(2026, 0, 1);

/** Between two dispatches, and until an outcome counts as missing. */
const BEAT_MS = 250;
const OUTCOME_TIMEOUT_MS = 10_000;

function planOf(fields: Partial<TrialPlan> = {}): TrialPlan {
  return {
    format: formatOf(fields.assignment ?? 'task'),
    deltaId: 'delta-1',
    ruleId: 'rule-1',
    fingerprint: 'text-1',
    target: 'max_cpu_per_agent',
    oldValue: 50,
    newValue: 40,
    assignment: 'task',
    seed: 'seed-1',
    retrialOf: undefined,
    primary: OUTCOME,
    guards: [{ ...SUCCESS, margin: 0.2 }],
    timeoutMs: 5000,
    floorMs: 10,
    successRate: 0.98,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    predictBy: ['size'],
    history: [
      ['["large"]', 900],
      ['["small"]', 300],
    ],
    outcomeTimeoutMs: OUTCOME_TIMEOUT_MS,
    maxMs: 86_400_000,
    sufficient: fields.retrialOf === undefined ? SUFFICIENT : TAKING_BACK,
    probationTasks: 300,
    probationMs: 86_400_000,
    holdback: 0,
    clips: { latency: 3000 },
    carried: undefined,
    ...fields,
  };
}

/** Takes the steps of a trial as the engine does, in virtual time. */
export class Player {
  readonly plan: TrialPlan;
  readonly receipts: Receipt[] = [];
  trial: Trial | undefined;
  readonly #setup: PlayerSetup;
  readonly #workload: TrialWorkload;
  #nowMs: number;
  #recorded = 500;
  #live: Arm = 'old';
  #sequence = 7;

  constructor(setup: PlayerSetup) {
    this.#setup = setup;
    this.#workload = new TrialWorkload(setup, seededRandom(setup.seed));
    this.#nowMs = setup.startMs ?? START_MS;
    const { deltaId } = planOf(setup.plan);
    this.plan = planOf({ seed: `seed-${setup.seed}/${deltaId}`, ...setup.plan });
    const commitment = commitmentTo(this.#seedOf(1));
    const summary = 'It may take 200 tasks';
    this.#take({ step: 'start', timeMs: this.#nowMs, plan: this.plan, commitment, summary });
    this.#moveOn();
  }

  /** Dispatches a task, and takes in those that have ended. */
  beat(i: number): void {
    const { pauseAt, stopAt, renewAt, takenBackAt, others = 0 } = this.#setup;
    this.#nowMs += BEAT_MS;
    this.#recorded += others;
    if (i === pauseAt) this.#pause('operator');
    if (pauseAt !== undefined && i === pauseAt + 20) this.#resume('operator');
    if (i === stopAt) this.#stop();
    if (i === renewAt && this.trial !== undefined) this.#renew(this.trial, this.#retrial());
    if (i === takenBackAt) this.#end({ verdict: 'harmed', reason: 'it is better by now' }, true);
    this.#dispatch(`task-${i}`);
    for (const task of this.#workload.endedBy(this.#nowMs)) this.#record(task);
    if (i % 8 === 0) this.#expire();
  }

  #dispatch(taskId: string): void {
    const { trial, plan } = this;
    if (trial === undefined) return;
    const labels = this.#workload.nextLabels();
    let arm = this.#live;
    if (plan.assignment === 'task') {
      const kind = kindOfTask(plan, labels);
      const [timeMs, seed] = [this.#nowMs, this.#seedOf(trial.stages)];
      const step = assignTask(trial, { taskId, kind, timeMs, seed });
      if (step !== undefined) this.#take(step);
      arm = (this.trial && armOf(this.trial, taskId)) ?? arm;
    }
    const at = { nowMs: this.#nowMs, sequence: this.#sequence, stage: trial.stage };
    this.#workload.dispatch(taskId, arm, at);
  }

  #record(task: EndedTask): void {
    this.#recorded += 1;
    if (task.status === 'success') this.#resume('outage');
    const block = this.trial && runningBlock(this.trial);
    if (block !== undefined && block.acknowledgedMs === undefined) {
      this.#take({ step: 'acknowledged', timeMs: this.#nowMs });
    }
    const step = this.trial && recordOutcome(this.trial, task, this.#nowMs);
    if (step === undefined) return;
    this.#take(step);
    this.#moveOn();
  }

  #expire(): void {
    const step = this.trial && missingOutcomes(this.trial, this.#nowMs, this.#recorded);
    if (step !== undefined) this.#take(step);
    this.#moveOn();
  }

  #pause(reason: PauseReason): void {
    if (this.trial === undefined || this.trial.pauses.includes(reason)) return;
    this.#take({ step: 'pause', timeMs: this.#nowMs, reason });
    if (this.trial.stage === 'trial') this.#live = 'old';
  }

  #resume(reason: PauseReason): void {
    if (!this.trial?.pauses.includes(reason)) return;
    this.#take({ step: 'resume', timeMs: this.#nowMs, reason });
    this.#moveOn();
  }

  #moveOn(): void {
    for (;;) {
      const { trial } = this;
      const next = trial && nextMove(trial, this.#nowMs, this.#recorded);
      if (trial === undefined || next === undefined) return;
      switch (next.move) {
        case 'end':
          this.#end(next.finding, true);
          break;
        case 'pause':
          this.#pause('outage');
          break;
        case 'suspend':
        case 'continue':
          this.#take({ step: next.move, timeMs: this.#nowMs, summary: next.move });
          if (trial.stage === 'probation') this.#live = next.move === 'suspend' ? 'old' : 'new';
          break;
        case 'switch':
          this.#beginBlock(trial);
          break;
        case 'rest':
          this.#live = restingArm(trial);
          this.#sequence += 1;
          this.#take({ step: 'rest', timeMs: this.#nowMs, sequence: this.#sequence });
          break;
        case 'settle':
          this.#take(next.step);
          break;
        case 'promote':
          this.#promote(trial);
          break;
        case 'confirm':
          this.#confirm(trial);
          break;
        case 'renew':
          this.#renew(trial);
      }
    }
  }

  #beginBlock(trial: Trial): void {
    const { set, arm } = nextBlock(trial, this.#seedOf(trial.stages));
    this.#live = arm;
    this.#sequence += 1;
    const at = { timeMs: this.#nowMs, sequence: this.#sequence, recorded: this.#recorded };
    this.#take({ step: 'block', set, arm, ...at });
  }

  #promote(trial: Trial): void {
    if (this.plan.retrialOf !== undefined) {
      this.#takeEnd(trial, 'helped', { outcome: 'keep', counts: false });
      return;
    }
    this.#live = 'new';
    this.#take({ step: 'promote', ...this.#nextStage(trial) });
  }

  #confirm(trial: Trial): void {
    const state = startHoldback(this.plan, trial.evidence, this.#holdbackStart(trial));
    this.#take({ step: 'confirm', ...this.#nextStage(trial), state });
  }

  #renew(trial: Trial, change: Partial<HoldbackState> = {}): void {
    if (trial.holdback === undefined) return;
    this.#take({
      ...{ step: 'renew', former: trial.hash, stages: trial.stages },
      ...this.#nextStage(trial),
      plan: { ...trial.plan, outcomeTimeoutMs: OUTCOME_TIMEOUT_MS + trial.stages },
      state: { ...trial.holdback, ...this.#holdbackStart(trial), ...change },
      ...carriedOver(trial),
    });
  }

  #nextStage(trial: Trial) {
    return {
      timeMs: this.#nowMs,
      seed: this.#seedOf(trial.stages),
      commitment: commitmentTo(this.#seedOf(trial.stages + 1)),
      effect: { ...trialEffect('helped', trial), verdict: 'helped' } as const,
      summary: 'It helped',
    };
  }

  /** What a trial of the value before changes in its holdback. */
  #retrial(): Partial<HoldbackState> {
    return { usualMs: 600, retrialTask: this.#recorded + 1000 };
  }

  #holdbackStart({ holdback }: Trial) {
    const fromTask = this.#recorded;
    const { usualMs = 400, retrialTask = fromTask } = holdback ?? {};
    return { usualMs, fromTask, retrialTask };
  }

  #stop(): void {
    const { trial } = this;
    if (trial === undefined) return;
    if (standingArm(trial) === 'new')
      this.#takeEnd(trial, 'helped', { outcome: 'keep', counts: false });
    else this.#end({ verdict: 'invalid', reason: 'an operator set it' }, false);
  }

  #end({ verdict, reason }: Finding, counts: boolean): void {
    const { trial, plan } = this;
    if (trial === undefined) return;
    const ending = { outcome: 'revert', counts: counts && plan.retrialOf === undefined } as const;
    const summary = describeEnding({ verdict, reason }, trialEffect(verdict, trial), trial);
    this.#takeEnd(trial, verdict, { ...ending, summary });
    this.#live = 'old';
  }

  #takeEnd(
    trial: Trial,
    verdict: Finding['verdict'],
    ending: { readonly outcome: TrialOutcome; readonly counts: boolean; readonly summary?: string },
  ): void {
    this.#take({
      step: 'end',
      timeMs: this.#nowMs,
      seed: this.#seedOf(trial.stages),
      effect: trialEffect(verdict, trial),
      askUntilMs: undefined,
      carried: carriedOn(trial, verdict),
      longestMs: trial.longestMs,
      summary: 'It was ended',
      ...ending,
    });
  }

  #seedOf(stage: number): string {
    const { seed, deltaId } = this.plan;
    return seed === undefined ? secretSeed(SECRET, deltaId, stage) : repeatableSeed(seed, stage);
  }

  #take(step: TrialStep): void {
    const { receipt, trial } = takeStep(this.plan.deltaId, this.trial, step);
    this.receipts.push(receipt);
    this.trial = trial;
  }
}
