import { expect } from 'vitest';
import type { Delta } from '../../../src/domain/delta.ts';
import { LearningError } from '../../../src/domain/errors.ts';
import type { Task } from '../../../src/domain/task.ts';
import type { Parameters } from '../../../src/domain/value.ts';
import { acknowledge } from '../../../src/engine/acknowledge.ts';
import { approve, reject, setParameter } from '../../../src/engine/curation.ts';
import { baseline, type Resolved } from '../../../src/engine/resolve.ts';
import { revert } from '../../../src/engine/revert.ts';
import { setTrialsPaused } from '../../../src/engine/trials.ts';
import type { LedgerState } from '../../../src/ledger/state.ts';
import { Subscription } from '../../../src/ledger/subscription.ts';
import { trialOf, trialsOn } from '../../../src/ledger/view.ts';
import type { Arm } from '../../../src/trial/arm.ts';
import { restingArm } from '../../../src/trial/standing.ts';
import { isSettling, openTasks, runningBlock, type Trial } from '../../../src/trial/trial.ts';
import {
  configOf,
  createEngineFixture,
  type EngineFixture,
  taskOf,
} from '../engine/engine-fixture.ts';
import { createJsonStore } from '../ledger/json-store.ts';
import { ValueOwners } from '../load/value-owners.ts';
import { expectAudited } from './audited.ts';

/**
 * Two rules fight over `a`, a third one changes `b` at once, a fourth one is about `c`. Everything
 * happens soon.
 */
const yamlOf = (assignment: string, confidence: number) => `
cycle: { history_limit: 40, analysis_window: 5, min_tasks: 2, interval_seconds: 3600 }
curation: { mode: trial, cooldown_seconds: 3, proposal_ttl_seconds: 60, ack_timeout_seconds: 90,
  max_deltas_per_hour: 0 }
trial: { assignment: ${assignment}, block_tasks: 2, outcome_timeout_seconds: 20, max_seconds: 300,
  pair_by: [kind], pair_wait_tasks: 2, seed: s, probation_tasks: 60, probation_seconds: 300,
  holdback: 0.2 }
parameters: { a: { initial: 0 }, b: { initial: 0 }, c: { initial: 0 } }
ledger: { retain_deltas: 30 }
rules:
  - { id: up, when: 'true', type: resource, operation: adjust, target: a, new_value: '1',
      reasoning: '"observed %"', confidence: ${confidence}, impact: positive }
  - { id: down, when: 'parameters.b < 2.0', type: resource, operation: adjust, target: a,
      new_value: '2', reasoning: '"observed %"', confidence: 0.9, impact: positive,
      on_harm: notify }
  - { id: side, when: 'true', type: metric, operation: adjust, target: c,
      new_value: '1.0 - parameters.c', reasoning: '"observed %"', confidence: 0.9,
      impact: positive, guards: [] }
  - { id: now, when: 'window.success_rate < 0.9', type: metric, operation: adjust, target: b,
      new_value: '1.0 - parameters.b', reasoning: '"observed %"', confidence: 0.9,
      impact: positive, mode: apply }
`;

export const STEP_KINDS = [
  ...(['resolve', 'resolve', 'resolve', 'record', 'record', 'record', 'late', 'cycle'] as const),
  ...(['wait', 'pause', 'resume', 'set', 'revert', 'approve', 'reject', 'refuse'] as const),
  ...(['ack', 'reload', 'reopen', 'cycle', 'cycle', 'resolve', 'record'] as const),
  ...(['work', 'work', 'work', 'work', 'work', 'work', 'work', 'cycle', 'cycle'] as const),
  ...(['work', 'work', 'work', 'work', 'work', 'work', 'work', 'wait', 'wait'] as const),
];

export interface WorldStep {
  readonly kind: (typeof STEP_KINDS)[number];
  readonly seed: number;
}

/** An engine, a client that follows it, and what is expected of both. */
export class TrialWorld {
  readonly #assignment: string;
  readonly #store = createJsonStore();
  readonly #owners = new ValueOwners();
  /** Put in force, and not looked at yet. */
  readonly #applied: Delta[] = [];
  #fixture: EngineFixture | undefined;
  #confidence = 0.9;
  #feed: Subscription | undefined;
  /** As the client has them by the deltas that it was told of. */
  #followed: Parameters = {};
  /** The arm that each task was given, by trial. */
  readonly #given = new Map<string, Arm>();
  #worked = 0;

  constructor(assignment: string) {
    this.#assignment = assignment;
  }

  get engine() {
    if (this.#fixture === undefined) throw new Error('not open');
    return this.#fixture.engine;
  }

  get clock() {
    if (this.#fixture === undefined) throw new Error('not open');
    return this.#fixture.clock;
  }

  get state(): LedgerState {
    return this.engine.ledger.state;
  }

  async open(): Promise<void> {
    const options = { store: this.#store, ...(this.#fixture && { clock: this.clock }) };
    this.#fixture?.engine.stop();
    this.#fixture = await createEngineFixture(this.#yaml, options);
    this.engine.followedBy(() => [{ clientId: 'c', types: [], snapshotSequence: 0 }]);
    this.engine.ledger.onCommit(({ applied }) => void this.#applied.push(...applied));
    this.engine.start();
    const afterSequence = this.#feed && BigInt(this.#feed.sequence);
    this.#feed = new Subscription(this.state, { epoch: '', afterSequence, types: [] });
  }

  /** Takes steps that arrive together; those that are refused change nothing. */
  async take(steps: readonly WorldStep[]): Promise<void> {
    await Promise.all(
      steps.map((step) =>
        this.#take(step).catch((error: unknown) => {
          if (!(error instanceof LearningError)) throw error;
        }),
      ),
    );
    // The clock goes on for all of them.
    for (const { kind, seed } of steps) {
      if (kind === 'wait') await this.clock.advance((seed % 25) * 1000);
    }
    this.#check();
  }

  get #yaml(): string {
    return yamlOf(this.#assignment, this.#confidence);
  }

  async #take({ kind, seed }: WorldStep): Promise<unknown> {
    const { engine } = this;
    const known = [...this.state.deltasNewestFirst()];
    const deltaId = known[seed % 7]?.deltaId ?? 'none';
    switch (kind) {
      case 'resolve':
        return this.#resolve(`t${seed % 60}`, `${seed % 2}`);
      case 'work':
        return this.#work(5 + (seed % 20), seed % 6 === 0 ? 3 : 0.3);
      case 'record':
        return engine.recordTasks(this.#tasksOf(seed, this.state.head.sequence));
      case 'late':
        return engine.recordTasks(this.#tasksOf(seed, Math.max(this.state.head.sequence - 2, 0)));
      case 'cycle':
        return engine.runCycle();
      case 'pause':
      case 'resume':
        return engine.decide(setTrialsPaused(kind === 'pause'));
      case 'set': {
        const override = { target: seed % 3 === 0 ? 'b' : 'a', value: seed % 4 };
        return engine.decide(setParameter({ ...override, reason: '', holdSeconds: seed % 9 }));
      }
      case 'revert':
        return engine.decide(revert(deltaId, 'no'));
      case 'approve':
        return engine.decide(approve(deltaId, 'yes'));
      case 'reject':
        return engine.decide(reject(deltaId, 'no'));
      case 'ack':
      case 'refuse': {
        const refusal = kind === 'ack' ? undefined : { reason: 'BAD', message: '' };
        return engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal }));
      }
      case 'reload':
        this.#confidence = seed % 3 === 0 ? 0.8 : 0.9;
        return engine.configure(configOf(this.#yaml));
      case 'wait':
      case 'reopen':
        return undefined;
    }
  }

  /** Tasks one after the other, each of which takes so many times as long for each new value. */
  async #work(count: number, factor: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      this.#worked += 1;
      const taskId = `w${this.#worked}`;
      const { deltaSequence, assignments } = await this.#resolve(taskId, '0');
      const latencyMs = 100 * factor ** assignments.filter(({ arm }) => arm === 'new').length;
      const finishTimeMs = this.clock.now();
      await this.engine.recordTasks([taskOf({ taskId, deltaSequence, latencyMs, finishTimeMs })]);
    }
  }

  async #resolve(taskId: string, kind: string): Promise<Resolved> {
    const resolved = await this.engine.resolve({ taskId, labels: { kind } });
    this.#note(taskId, resolved);
    return resolved;
  }

  /** A task keeps its arms while their trials go on; a value on trial hides one that is held back. */
  #note(taskId: string, { parameters, assignments }: Resolved): void {
    const seen = new Set<string>();
    for (const { deltaId, arm } of assignments) {
      const plan = trialOf(this.state, deltaId)?.plan;
      if (plan?.assignment !== 'task') continue;
      const value = arm === 'new' ? plan.newValue : plan.oldValue;
      if (!seen.has(plan.target)) expect(parameters[plan.target]).toEqual(value);
      seen.add(plan.target);
      const key = `${deltaId}/${taskId}`;
      expect(arm).toBe(this.#given.get(key) ?? arm);
      this.#given.set(key, arm);
    }
  }

  #tasksOf(seed: number, deltaSequence: number): Task[] {
    const statuses = ['success', 'success', 'success', 'failure', 'cancelled'] as const;
    return Array.from({ length: 1 + (seed % 3) }, (_, i) =>
      taskOf({
        taskId: seed % 11 === 0 ? '' : `t${(seed + i) % 60}`,
        status: statuses[(seed + i) % 5] ?? 'success',
        latencyMs: 1 + ((seed * 7) % 100),
        finishTimeMs: this.clock.now(),
        deltaSequence: seed % 4 === 0 ? 0 : deltaSequence,
      }),
    );
  }

  /** What must hold in any state. */
  #check(): void {
    const { trials, head } = this.state;
    for (const delta of this.#applied.splice(0)) this.#owners.take(delta);
    expect(baseline(this.engine.ledger.state)).toMatchObject({
      parameters: head.parameters,
      assignments: [],
    });
    expectTogether(trials);
    for (const trial of trials) {
      const { plan } = trial;
      expect(this.state.delta(plan.deltaId)?.state).toBe(STATES[trial.stage]);
      const isBehind = trial.stage === 'holdback' && trialsOn(this.state, plan).length > 1;
      if (isBehind) continue;
      const standing =
        (runningBlock(trial)?.arm ?? restingArm(trial)) === 'new' ? plan.newValue : plan.oldValue;
      expect(head.parameters[plan.target]).toEqual(standing);
    }
    for (const { state, deltaId } of this.state.deltasNewestFirst()) {
      const isProven = state === 'trial' || state === 'provisional';
      if (isProven) expect(trialOf(this.state, deltaId)).toBeDefined();
    }
    for (let item = this.#next(); item !== undefined; item = this.#next()) {
      if (item.kind === 'snapshot') this.#followed = item.parameters;
      else this.#followed = { ...this.#followed, [item.delta.target]: item.delta.newValue ?? null };
    }
    expect(this.#followed).toEqual(head.parameters);
  }

  #next() {
    return this.#feed?.next(this.clock.now());
  }

  /** A restart knows all that was known. */
  async reopen(): Promise<void> {
    const before = knowledgeOf(this.state);
    await this.open();
    expect(knowledgeOf(this.state)).toEqual(before);
    this.#check();
  }

  /** Every task that is asked for comes, and comes to the same: nothing is on trial for ever. */
  async feed(): Promise<void> {
    await this.engine.decide(setTrialsPaused(false));
    for (let i = 0; this.#undecided.length > 0; i += 1) {
      expect(i).toBeLessThan(500);
      const awaited = this.state.trials.flatMap(openTasks);
      for (const { taskId, outcome } of awaited) if (outcome === undefined) await this.#end(taskId);
      await this.#resolve(`fed-${i}`, '0');
      await this.#end(`fed-${i}`);
      // Blocks are counted in time.
      const isInBlocks = this.state.trials.some(({ blocks }) => blocks.length > 0);
      if (isInBlocks && i % 20 === 19) await this.clock.advance(20_000);
      // Late reports may still come.
      const undecided = this.#undecided;
      if (undecided.length > 0 && undecided.every(isSettling)) await this.clock.advance(3_600_000);
    }
  }

  get #undecided(): Trial[] {
    return this.state.trials.filter(({ stage }) => stage !== 'holdback');
  }

  async #end(taskId: string): Promise<void> {
    const deltaSequence = this.state.head.sequence;
    await this.engine.recordTasks([taskOf({ taskId, deltaSequence })]);
    this.#check();
  }

  /** Nothing comes any more but what ends pauses: time ends a trial, and a probation. */
  async outlive(): Promise<void> {
    this.engine.setActive(false);
    for (let i = 0; i < 60; i += 1) {
      await this.engine.decide(setTrialsPaused(false));
      await this.engine.recordTasks([taskOf()]);
      await this.clock.advance(10_000);
    }
    if (this.#undecided.some(isSettling)) await this.clock.advance(3_600_000);
    expect(this.#undecided).toEqual([]);
    this.#check();
  }

  /** What happened is what the receipts say, to the last digit. */
  expectAudited(): void {
    expectAudited(this.#store);
  }
}

const STATES = { trial: 'trial', probation: 'provisional', holdback: 'confirmed' } as const;

/** At most one value that is not in force is on trial, and one of a parameter is being proven. */
function expectTogether(trials: readonly Trial[]): void {
  const on = trials.filter((trial) => trial.stage === 'trial' && !isSettling(trial));
  expect(on.length).toBeLessThan(2);
  for (const isHeldBack of [true, false]) {
    const targets = trials
      .filter(({ stage }) => (stage === 'holdback') === isHeldBack)
      .map(({ plan }) => plan.target);
    expect(targets).toEqual([...new Set(targets)]);
  }
}

/** All that a ledger knows, but for how it is stored. */
function knowledgeOf(state: LedgerState) {
  const { storedEvents: _, position: __, ...head } = state.head;
  return structuredClone({
    head,
    trials: state.trials,
    deltas: [...state.deltasNewestFirst()],
    pending: [...state.pending()],
    observations: state.pendingWork.observations,
    awaitedAcks: state.pendingWork.awaitedAcks,
    tasks: state.newestTasks(100),
    acknowledged: state.acknowledged('c'),
  });
}
