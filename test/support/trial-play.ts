import { LATENCY, SUCCESS } from '../../src/domain/effect.ts';
import { retentionOf } from '../../src/domain/settings.ts';
import type { TaskStatus } from '../../src/domain/task.ts';
import type { LedgerEvent } from '../../src/ledger/event.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import {
  type FinishedTask,
  missingOutcomes,
  nextMove,
  recordOutcome,
} from '../../src/trial/advance.ts';
import { type Arm, otherArm } from '../../src/trial/arm.ts';
import { armOf, assignTask } from '../../src/trial/assign.ts';
import { describeEnding } from '../../src/trial/describe-ending.ts';
import { trialEffect } from '../../src/trial/effect.ts';
import { foldReceipt } from '../../src/trial/fold.ts';
import { firstHash, type Receipt, sealStep } from '../../src/trial/receipt.ts';
import type { PauseReason, TrialPlan, TrialStep } from '../../src/trial/step.ts';
import type { Trial } from '../../src/trial/trial.ts';
import type { Finding } from '../../src/trial/verdict.ts';
import { configOf, taskOf } from './engine-fixture.ts';
import { type SeededRandom, seededRandom } from './seed.ts';

/** What a trial is played with. */
export interface PlaySetup {
  readonly plan?: Partial<TrialPlan>;
  readonly seed: number;
  /** Of the new value, on log latency. */
  readonly effect?: number;
  /** Share of tasks that succeed, whatever the arm. */
  readonly success?: number;
  /** Share of tasks that nobody hears of again. */
  readonly lost?: number;
  /** Share of tasks that are cancelled. */
  readonly cancelled?: number;
  /** An operator pauses it at this task, for twenty. */
  readonly pauseAt?: number;
  /** Stopped from outside at this task. */
  readonly stopAt?: number;
  /** Left as it is after this task. */
  readonly leaveAt?: number;
  readonly startMs?: number;
}

/** A played trial. */
export interface Played {
  readonly plan: TrialPlan;
  readonly receipts: readonly Receipt[];
}

const START_MS = Date.UTC(2026, 0, 1);

/** Between two dispatches, and until an outcome counts as missing. */
const BEAT_MS = 250;
const OUTCOME_TIMEOUT_MS = 10_000;

function planOf(fields: Partial<TrialPlan> = {}): TrialPlan {
  return {
    deltaId: 'delta-1',
    ruleId: 'rule-1',
    fingerprint: 'text-1',
    target: 'max_cpu_per_agent',
    oldValue: 50,
    newValue: 40,
    assignment: 'task',
    seed: 'seed-1',
    primary: LATENCY,
    guards: [SUCCESS],
    timeoutMs: 5000,
    blockTasks: 5,
    pairBy: [],
    pairWaitTasks: 20,
    outcomeTimeoutMs: OUTCOME_TIMEOUT_MS,
    maxMs: 86_400_000,
    carried: undefined,
    ...fields,
  };
}

/** Plays a trial as the engine does, in virtual time, until it ends. */
export function playTrial(setup: PlaySetup): Played {
  const player = new Player(setup);
  for (let i = 1; player.trial !== undefined && i < (setup.leaveAt ?? 5000); i += 1) player.beat(i);
  return { plan: player.plan, receipts: player.receipts };
}

interface Running extends FinishedTask {
  readonly atMs: number;
}

class Player {
  readonly plan: TrialPlan;
  readonly receipts: Receipt[] = [];
  trial: Trial | undefined;
  readonly #setup: PlaySetup;
  readonly #random: SeededRandom;
  #nowMs: number;
  #running: Running[] = [];
  #live: Arm = 'old';
  #sequence = 7;

  constructor(setup: PlaySetup) {
    this.#setup = setup;
    this.#random = seededRandom(setup.seed);
    this.#nowMs = setup.startMs ?? START_MS;
    this.plan = planOf({ seed: `seed-${setup.seed}`, ...setup.plan });
    const summary = 'It may take 200 tasks';
    this.#take({ step: 'start', timeMs: this.#nowMs, plan: this.plan, summary });
    this.#moveOn();
  }

  /** Dispatches a task, and takes in those that have ended. */
  beat(i: number): void {
    const { pauseAt, stopAt } = this.#setup;
    this.#nowMs += BEAT_MS;
    if (i === pauseAt) this.#pause('operator');
    if (pauseAt !== undefined && i === pauseAt + 20) this.#resume('operator');
    if (i === stopAt) this.#end({ verdict: 'invalid', reason: 'an operator set it' }, false);
    this.#dispatch(`task-${i}`);
    const ended = this.#running.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#running = this.#running.filter(({ atMs }) => atMs > this.#nowMs);
    for (const task of ended) this.#record(task);
    if (i % 8 === 0) this.#expire();
  }

  #dispatch(taskId: string): void {
    const { trial } = this;
    if (trial === undefined) return;
    let arm: Arm = this.#live;
    if (this.plan.assignment === 'task') {
      const size = this.#random.next() < 0.3 ? 'large' : 'small';
      const labels = this.#random.next() < 0.9 ? { size } : {};
      const step = assignTask(trial, { taskId, labels }, this.#nowMs);
      if (step !== undefined) this.#take(step);
      arm = (this.trial && armOf(this.trial, taskId)) ?? 'old';
    }
    const { effect = 0, lost = 0 } = this.#setup;
    const noise = Math.sqrt(-2 * Math.log(1 - this.#random.next()));
    const log = 6 + 0.4 * noise * Math.cos(2 * Math.PI * this.#random.next());
    const latencyMs = Math.exp(log + (arm === 'new' ? effect : 0));
    const status = this.#status();
    if (this.#random.next() < lost) return;
    const knows = this.#random.next() < 0.7;
    this.#running.push({
      ...taskOf({ taskId, status, latencyMs, measurements: { tokens: Math.round(latencyMs) } }),
      finishTimeMs: this.#nowMs + latencyMs,
      deltaSequence: knows ? this.#sequence : 0,
      atMs: this.#nowMs + latencyMs,
    });
  }

  #status(): TaskStatus {
    const { success = 1, cancelled = 0 } = this.#setup;
    if (this.#random.next() < cancelled) return 'cancelled';
    return this.#random.next() < success ? 'success' : 'failure';
  }

  #record(task: FinishedTask): void {
    if (this.trial?.pauses.includes('outage') && task.status === 'success') this.#resume('outage');
    const { block } = this.trial ?? {};
    if (block !== undefined && block.acknowledgedMs === undefined) {
      this.#take({ step: 'acknowledged', timeMs: this.#nowMs });
    }
    const step = this.trial && recordOutcome(this.trial, task, this.#nowMs);
    if (step === undefined) return;
    this.#take(step);
    this.#moveOn();
  }

  #expire(): void {
    const step = this.trial && missingOutcomes(this.trial, this.#nowMs);
    if (step !== undefined) this.#take(step);
    this.#moveOn();
  }

  #pause(reason: PauseReason): void {
    if (this.trial === undefined || this.trial.pauses.includes(reason)) return;
    this.#take({ step: 'pause', timeMs: this.#nowMs, reason });
    this.#live = 'old';
  }

  #resume(reason: PauseReason): void {
    if (!this.trial?.pauses.includes(reason)) return;
    this.#take({ step: 'resume', timeMs: this.#nowMs, reason });
    this.#moveOn();
  }

  #moveOn(): void {
    for (;;) {
      const next = this.trial && nextMove(this.trial, this.#nowMs);
      if (next === undefined) return;
      if (next.move === 'end') this.#end(next.finding, true);
      else if (next.move === 'pause') this.#pause('outage');
      else {
        this.#live = next.arm;
        this.#sequence += 1;
        const { pair, arm } = next;
        this.#take({ step: 'block', timeMs: this.#nowMs, pair, arm, sequence: this.#sequence });
      }
    }
  }

  #end(finding: Finding, counts: boolean): void {
    const { trial } = this;
    if (trial === undefined) return;
    const { verdict } = finding;
    const effect = trialEffect(verdict, trial.evidence, trial.tasksUsed);
    this.#take({
      step: 'end',
      timeMs: this.#nowMs,
      effect,
      outcome: verdict === 'helped' ? 'promote' : 'revert',
      summary: describeEnding(finding, effect),
      askUntilMs: this.#nowMs + 1000,
      carried: verdict === 'inconclusive' ? trial.evidence : undefined,
      counts,
    });
  }

  #take(step: TrialStep): void {
    const former = this.receipts.at(-1)?.hash ?? firstHash(this.plan.deltaId);
    const receipt = sealStep(former, this.receipts.length + 1, step);
    this.receipts.push(receipt);
    this.trial = foldReceipt(this.trial, receipt);
  }
}

/** The same steps, but for one that is changed, in a chain that fits: a forger's work. */
export function reseal(
  { plan, receipts }: Played,
  change: (step: TrialStep, number: number) => TrialStep | undefined,
): Receipt[] {
  const sealed: Receipt[] = [];
  for (const receipt of receipts) {
    const step = change(receipt.step, receipt.number);
    if (step === undefined) continue;
    const former = sealed.at(-1)?.hash ?? firstHash(plan.deltaId);
    sealed.push(sealStep(former, sealed.length + 1, step));
  }
  return sealed;
}

/** The steps with every arm turned round. */
export function turned(step: TrialStep): TrialStep {
  return 'arm' in step ? { ...step, arm: otherArm(step.arm) } : step;
}

/** Writes trials into a store as the engine would, one after the other, and closes it. */
export async function writeTrials(store: LedgerStore, trials: readonly Played[]): Promise<void> {
  const ledger = Ledger.open({
    store,
    retention: retentionOf(configOf('')),
    newEpoch: () => 'epoch-1',
    defer: () => {},
  });
  const random = seededRandom(1);
  const commit = async (...events: LedgerEvent[]) => {
    const committed = ledger.transact(() => ({ events, result: () => {} }));
    ledger.flush();
    await committed;
  };
  for (const [index, { plan, receipts }] of trials.entries()) {
    await commit(proposed(plan, index + 1));
    for (let from = 0; from < receipts.length; ) {
      const count = random.between(1, 4);
      const tasks = [taskOf({ taskId: `${plan.deltaId}-${from}` })];
      const part = receipts.slice(from, from + count);
      const advanced = { kind: 'trial_advanced', deltaId: plan.deltaId, receipts: part } as const;
      await commit({ kind: 'tasks_recorded', tasks }, advanced);
      from += count;
    }
  }
  ledger.close();
}

function proposed(plan: TrialPlan, ordinal: number): LedgerEvent {
  const { deltaId, ruleId, target, oldValue, newValue } = plan;
  return {
    kind: 'delta_proposed',
    ordinal,
    proposal: {
      ...{ deltaId, ruleId, target, oldValue, newValue },
      type: 'resource',
      operation: 'modify',
      reasoning: 'it is slow',
      confidence: 0.8,
      impact: 'positive',
      proposeTimeMs: START_MS,
      cycleNumber: 1,
      evaluation: undefined,
      expireTimeMs: undefined,
      waitsFor: 'trial',
      revertsDeltaId: '',
      trialDeltaId: '',
      summary: '',
    },
  };
}
