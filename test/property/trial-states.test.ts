import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delta } from '../../src/domain/delta.ts';
import { LearningError } from '../../src/domain/errors.ts';
import type { Task } from '../../src/domain/task.ts';
import { sameValue, type Value } from '../../src/domain/value.ts';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, setParameter } from '../../src/engine/curation.ts';
import { baseline, type Resolved } from '../../src/engine/resolve.ts';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { trialOf } from '../../src/ledger/view.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { isSettling } from '../../src/trial/trial.ts';
import {
  configOf,
  createEngineFixture,
  type EngineFixture,
  taskOf,
} from '../support/engine/engine-fixture.ts';

/** Two rules fight over `a`; another one changes `b`. Everything happens soon. */
const yamlOf = (assignment: string, text = 'observed %') => `
cycle: { history_limit: 40, analysis_window: 5, min_tasks: 2, interval_seconds: 3600 }
curation: { mode: trial, cooldown_seconds: 3, proposal_ttl_seconds: 60, ack_timeout_seconds: 40 }
trial: { assignment: ${assignment}, block_tasks: 2, outcome_timeout_seconds: ${assignment === 'task' ? 20 : 5}, max_seconds: 300, seed: s,
  probation_tasks: 60, probation_seconds: 300, holdback: 0.2 }
parameters: { a: { initial: 0 }, b: { initial: 0 } }
rules:
  - { id: up, when: 'true', type: resource, operation: adjust, target: a, new_value: '1',
      reasoning: '"${text}"', confidence: 0.9, impact: positive }
  - { id: down, when: 'true', type: resource, operation: adjust, target: a, new_value: '2',
      reasoning: '"observed %"', confidence: 0.9, impact: positive, on_harm: notify }
  - { id: other, when: 'window.success_rate < 0.9', type: metric, operation: adjust, target: b,
      new_value: parameters.b + 1.0, reasoning: '"observed %"', confidence: 0.9, impact: positive }
`;

const KINDS = [
  ...(['resolve', 'resolve', 'resolve', 'record', 'record', 'record', 'record', 'cycle'] as const),
  ...(['wait', 'pause', 'resume', 'set', 'revert', 'approve', 'refuse', 'ack'] as const),
  ...(['reload', 'reopen', 'cycle', 'resolve', 'record'] as const),
  ...(['work', 'work', 'work', 'work', 'work', 'work', 'work', 'work', 'work', 'wait'] as const),
  ...(['work', 'work', 'work', 'work', 'work', 'work', 'cycle', 'cycle'] as const),
];
type Step = { readonly kind: (typeof KINDS)[number]; readonly seed: number };

/** Those that are subscribed; some tasks are theirs, and of most it is not known. */
const CLIENTS = ['c0', 'c1', 'c2'] as const;

function clientOf(number: number): string {
  return CLIENTS[number % 12] ?? '';
}

/** What is expected of a run, beside what the engine says. */
class Run {
  readonly #assignment: string;
  readonly #store = createMemoryStore();
  #fixture: EngineFixture | undefined;
  #reasoning = 'observed %';
  /** The value that each task was given, by trial. */
  readonly #given = new Map<string, Value | undefined>();
  #worked = 0;
  readonly #applied: Delta[] = [];

  constructor(assignment: string) {
    this.#assignment = assignment;
  }

  get fixture(): EngineFixture {
    if (this.#fixture === undefined) throw new Error('not open');
    return this.#fixture;
  }

  async open(): Promise<void> {
    const clock = this.#fixture?.clock;
    this.#fixture = await createEngineFixture(
      yamlOf(this.#assignment, this.#reasoning),
      clock === undefined ? { store: this.#store } : { store: this.#store, clock },
    );
    this.fixture.engine.followedBy(() =>
      CLIENTS.map((clientId) => ({ clientId, types: [], snapshotSequence: 0 })),
    );
    this.fixture.engine.ledger.onCommit(({ applied }) => void this.#applied.push(...applied));
    this.fixture.engine.start();
  }

  async take({ kind, seed }: Step): Promise<void> {
    const { engine, clock } = this.fixture;
    const deltas = [...engine.ledger.state.deltasNewestFirst()];
    const deltaId = deltas[seed % 5]?.deltaId ?? 'none';
    switch (kind) {
      case 'resolve':
        return void (await this.#resolve(`t${seed % 40}`, clientOf(seed)));
      case 'work':
        return this.#work(5 + (seed % 20), seed % 6 === 0 ? 3 : 0.3);
      case 'record':
        return void (await engine.recordTasks(this.#tasksOf(seed)));
      case 'cycle':
        return void (await engine.runCycle());
      case 'wait':
        return clock.advance((seed % 25) * 1000);
      case 'pause':
      case 'resume':
        return engine.decide(setTrialsPaused(kind === 'pause'));
      case 'set': {
        const override = { target: seed % 3 === 0 ? 'b' : 'a', value: 10 + (seed % 4) };
        return void (await engine.decide(
          setParameter({ ...override, reason: '', holdSeconds: seed % 9 }),
        ));
      }
      case 'revert':
        return void (await engine.decide(revert(deltaId, 'no')));
      case 'approve':
        return void (await engine.decide(approve(deltaId, 'yes')));
      case 'ack':
      case 'refuse': {
        const refusal = kind === 'ack' ? undefined : { reason: 'BAD', message: '' };
        const clientId = clientOf(Math.floor(seed / 5) % 3);
        return engine.decide(acknowledge({ clientId, epoch: '', deltaId, refusal }));
      }
      case 'reload':
        this.#reasoning = `observed % ${seed % 2}`;
        return engine.configure(configOf(yamlOf(this.#assignment, this.#reasoning)));
      case 'reopen':
        return this.#reopen();
    }
  }

  /** Tasks one after the other, each of which takes so many times as long for each new value. */
  async #work(count: number, factor: number): Promise<void> {
    const { engine, clock } = this.fixture;
    for (let i = 0; i < count; i += 1) {
      this.#worked += 1;
      const taskId = `w${this.#worked}`;
      const clientId = clientOf(this.#worked);
      const { deltaSequence, assignments } = await this.#resolve(taskId, clientId);
      const latencyMs = 100 * factor ** assignments.filter(({ arm }) => arm === 'new').length;
      const finishTimeMs = clock.now();
      const ended = { taskId, clientId, deltaSequence, latencyMs, finishTimeMs };
      await engine.recordTasks([taskOf(ended)]);
    }
  }

  /** One task has one value while its trial is on; without an arm, or paused, it has everybody's. */
  async #resolve(taskId: string, clientId: string): Promise<Resolved> {
    const { engine } = this.fixture;
    const resolved = await engine.resolve({ taskId, labels: {}, clientId });
    const { parameters, assignments } = resolved;
    const everybody = baseline(engine.ledger.state).parameters;
    const own: Record<string, Value | undefined> = {};
    for (const { deltaId, stage } of assignments) {
      const plan = trialOf(engine.ledger.state, deltaId)?.plan;
      if (plan?.assignment !== 'task') continue;
      own[plan.target] = parameters[plan.target];
      // What is held back may be hidden by a value on trial.
      if (stage === 'holdback') continue;
      const key = `${deltaId}/${taskId}`;
      if (this.#given.has(key)) expect(own[plan.target]).toEqual(this.#given.get(key));
      this.#given.set(key, own[plan.target]);
    }
    expect(parameters).toEqual({ ...everybody, ...own });
    return resolved;
  }

  #tasksOf(seed: number): Task[] {
    const { engine, clock } = this.fixture;
    const statuses = ['success', 'success', 'success', 'failure', 'cancelled'] as const;
    return Array.from({ length: 1 + (seed % 3) }, (_, i) =>
      taskOf({
        taskId: seed % 11 === 0 ? '' : `t${(seed + i) % 40}`,
        status: statuses[(seed + i) % 5] ?? 'success',
        latencyMs: 1 + ((seed * 7) % 100),
        finishTimeMs: clock.now(),
        deltaSequence: seed % 4 === 0 ? 0 : engine.ledger.state.head.sequence,
      }),
    );
  }

  /** A restart knows all that was known. */
  async #reopen(): Promise<void> {
    const before = this.fixture.engine.ledger.state;
    this.fixture.engine.stop();
    await this.open();
    const after = this.fixture.engine.ledger.state;
    expect(after.trials).toEqual(before.trials);
    expect([...after.deltasNewestFirst()]).toEqual([...before.deltasNewestFirst()]);
    expect(after.newestTasks(40)).toEqual(before.newestTasks(40));
    expect({ ...after.head, position: 0, storedEvents: 0 }).toEqual({
      ...before.head,
      position: 0,
      storedEvents: 0,
    });
  }

  /** Sequences have no gap; a trial or a revert replaces nobody's value but its own. */
  check(): void {
    this.#applied.forEach((delta, i) => {
      expect(delta.sequence).toBe(i + 1);
      const former = this.#applied.slice(0, i).findLast(({ target }) => target === delta.target);
      if (delta.trialDeltaId === '' && delta.revertsDeltaId === '') return;
      const reverted = this.#applied.find(({ deltaId }) => deltaId === delta.revertsDeltaId);
      if (delta.trialDeltaId === '') {
        expect(sameValue(delta.oldValue, reverted?.newValue)).toBe(true);
        return;
      }
      // The value that a switch replaces was there before its trial, or is of its trial.
      const own = this.#applied.filter(({ trialDeltaId }) => trialDeltaId === delta.trialDeltaId);
      const first = own[0]?.sequence ?? delta.sequence;
      if (former !== undefined) expect(delta.oldValue).toEqual(former.newValue);
      const isOwn = [former?.trialDeltaId, former?.deltaId].includes(delta.trialDeltaId);
      expect(isOwn || (former?.sequence ?? 0) < first).toBe(true);
    });
  }

  /** Whatever has happened, time ends a trial and a probation, once nothing pauses them. */
  async outlive(): Promise<void> {
    const { engine, clock } = this.fixture;
    const undecided = () => engine.ledger.state.trials.filter(({ stage }) => stage !== 'holdback');
    engine.setActive(false);
    for (let i = 0; i < 60; i += 1) {
      await engine.decide(setTrialsPaused(false));
      await engine.recordTasks([taskOf()]);
      await clock.advance(10_000);
    }
    // Late reports may still come.
    if (undecided().some(isSettling)) await clock.advance(3_600_000);
    expect(undecided()).toEqual([]);
    engine.stop();
  }
}

const steps = fc.array(
  fc.record({ kind: fc.constantFrom(...KINDS), seed: fc.integer({ min: 0, max: 999 }) }),
  { minLength: 20, maxLength: 160 },
);

test.each(['task', 'switchback'])(
  'assigned by %s: one value a task, an end to every trial, nothing foreign overwritten',
  async (assignment) => {
    const stages = { trial: 0, probation: 0, holdback: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const run = new Run(assignment);
        await run.open();
        await run.fixture.engine.recordTasks([taskOf(), taskOf(), taskOf()]);
        await run.fixture.engine.runCycle();
        for (const step of taken) {
          await run.take(step).catch((error) => {
            if (!(error instanceof LearningError)) throw error;
          });
          for (const { stage } of run.fixture.engine.ledger.state.trials) stages[stage] += 1;
        }
        run.check();
        await run.outlive();
      }),
      { numRuns: 100 },
    );
    expect(stages.trial).toBeGreaterThan(400);
    expect(stages.probation).toBeGreaterThan(assignment === 'task' ? 100 : 40);
    if (assignment === 'task') expect(stages.holdback).toBeGreaterThan(0);
  },
  120_000,
);
