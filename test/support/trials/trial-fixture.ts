import { expect } from 'vitest';
import type { Delta, DeltaState } from '../../../src/domain/delta.ts';
import type { Task } from '../../../src/domain/task.ts';
import type { Value } from '../../../src/domain/value.ts';
import { setParameter } from '../../../src/engine/curation.ts';
import { baseline } from '../../../src/engine/resolve.ts';
import { trialOn } from '../../../src/ledger/view.ts';
import type { Block } from '../../../src/trial/block.ts';
import { runningBlock, type Trial } from '../../../src/trial/trial.ts';
import {
  createEngineFixture,
  type EngineFixture,
  recordWindow,
  taskOf,
  tasksOf,
} from '../engine/engine-fixture.ts';

/** A rule that wants a parameter to be 1 whenever tasks are retained, but for what is said. */
export interface RuleText {
  readonly id?: string;
  readonly target?: string;
  readonly value?: string;
  readonly when?: string;
  readonly confidence?: number;
  /** Further fields, in YAML. */
  readonly more?: string;
}

/** Parts of a config, in YAML: each goes into its section. */
export interface TrialText {
  readonly rules?: readonly RuleText[];
  readonly assignment?: 'task' | 'switchback' | 'auto';
  readonly trial?: string;
  readonly curation?: string;
  /** Of `level` and `other`: their initial value, and what else is said of them. */
  readonly initial?: string;
  readonly spec?: string;
  /** Further sections. */
  readonly top?: string;
}

export const ASSIGNMENTS = ['task', 'switchback'] as const;

/** Everything is tried, with coins that are repeatable, and a target rests for 10 s. */
export function trialYaml(text: TrialText = {}): string {
  const {
    rules = [{}],
    assignment = 'task',
    trial = '',
    curation = '',
    initial = '0',
    spec = '',
  } = text;
  // Pairs of blocks are counted soon.
  const isLate = assignment === 'task' || trial.includes('outcome_timeout_seconds');
  const timeout = isLate ? '' : 'outcome_timeout_seconds: 10';
  return `
curation: { mode: trial, cooldown_seconds: 10${more(curation)} }
trial: { assignment: ${assignment}, seed: s${more(timeout)}${more(trial)} }
parameters: { level: { initial: ${initial}${more(spec)} }, other: { initial: ${initial}${more(spec)} } }
rules:
${rules.map(ruleYaml).join('')}
${text.top ?? ''}`;
}

function ruleYaml(rule: RuleText): string {
  const { id = 'raise', target = 'level', value = '1', when = 'true', confidence = 0.9 } = rule;
  return `  - { id: ${id}, when: '${when}', type: resource, operation: adjust, target: ${target},
      new_value: '${value}', reasoning: '"observed %"', confidence: ${confidence},
      impact: positive${more(rule.more ?? '')} }\n`;
}

function more(text: string): string {
  return text === '' ? '' : `, ${text}`;
}

/** An engine and what tests of trials ask of it. */
export class TrialFixture {
  readonly engine: EngineFixture['engine'];
  readonly clock: EngineFixture['clock'];
  readonly store: EngineFixture['store'];

  constructor({ engine, clock, store }: Pick<EngineFixture, 'engine' | 'clock' | 'store'>) {
    this.engine = engine;
    this.clock = clock;
    this.store = store;
  }

  get state() {
    return this.engine.ledger.state;
  }

  /** The trial of a value that is not in force. */
  get trial(): Trial | undefined {
    return trialOn(this.state);
  }

  /** The running block of `trial`. */
  get block(): Block | undefined {
    return this.trial && runningBlock(this.trial);
  }

  /** What everyone has who is not told otherwise. */
  get level(): Value | undefined {
    return baseline(this.engine.ledger.state).parameters.level;
  }

  /** A delta as it is now. */
  delta(deltaId: string): Delta {
    const delta = this.state.delta(deltaId);
    if (delta === undefined) throw new Error(`there is no delta ${deltaId}`);
    return delta;
  }

  /** Runs a cycle; answers its deltas as they are after it. */
  async cycle(): Promise<readonly Delta[]> {
    return (await this.engine.runCycle()).deltas;
  }

  /** Runs a cycle that begins a trial; answers the id of the delta on it. */
  async begin(): Promise<string> {
    await this.cycle();
    const deltaId = this.trial?.plan.deltaId;
    if (deltaId === undefined) throw new Error('no trial has begun');
    return deltaId;
  }

  /** Runs a task with the values it is given, in a second. */
  async run(end: (level: unknown) => Partial<Task> = () => ({})): Promise<void> {
    const taskId = `run-${this.state.head.counters.tasksRecorded + 1}`;
    const { parameters, deltaSequence } = await this.engine.resolve({ taskId, labels: {} });
    await this.clock.advance(1000);
    const task = { taskId, deltaSequence, finishTimeMs: this.clock.now(), latencyMs: 100 };
    await this.engine.recordTasks([taskOf({ ...task, ...end(parameters.level) })]);
  }

  /** Runs tasks until the trial is over; answers how many. */
  async runOut(end?: (level: unknown) => Partial<Task>): Promise<number> {
    for (let i = 1; i <= 500; i += 1) {
      await this.run(end);
      if (this.trial === undefined) return i;
    }
    throw new Error('the trial does not end');
  }

  /** Runs tasks until a delta is in a state; answers how many. */
  async runUntil(
    deltaId: string,
    state: DeltaState,
    end?: (level: unknown) => Partial<Task>,
    most = 3500,
  ): Promise<number> {
    for (let i = 0; i <= most; i += 1) {
      if (this.delta(deltaId).state === state) return i;
      await this.run(end);
    }
    const { state: last, summary } = this.delta(deltaId);
    throw new Error(`it stays ${last}: ${summary}`);
  }

  /** Tasks that ran with the values now in force: rules act on them again. */
  news(fields: Partial<Task> = {}): Promise<void> {
    return recordWindow(this.engine, fields);
  }

  setLevel(value: Value, target = 'level'): Promise<Delta> {
    return this.engine.decide(setParameter({ target, value, reason: 'mine', holdSeconds: 0 }));
  }

  /** Opens what is stored again, as a restart does. */
  async reopen(yaml: string): Promise<TrialFixture> {
    this.engine.stop();
    const { store, clock } = this;
    return new TrialFixture(await createEngineFixture(yaml, { store, clock }));
  }
}

/** An engine with 30 tasks recorded, and nothing proposed yet. */
export async function createTrialFixture(
  yaml: string,
  store?: EngineFixture['store'],
): Promise<TrialFixture> {
  const fixture = new TrialFixture(await createEngineFixture(yaml, store && { store }));
  const finishTimeMs = fixture.clock.now();
  const known = taskOf({ taskId: KNOWN, finishTimeMs });
  await fixture.engine.recordTasks([...tasksOf(29, { finishTimeMs }), known]);
  return fixture;
}

/** As tasks end that take twice as long with the new value, or half as long. */
export const slower = (level: unknown) => ({ latencyMs: level === 1 ? 200 : 100 });
export const faster = (level: unknown) => ({ latencyMs: level === 1 ? 50 : 100 });

/** A task that ran before anything was tried: it is given no arm. */
const KNOWN = 'known';

/** Everyone has one set of values: the snapshot's, and that of tasks that have no arm. */
export async function expectOneValue({ engine, state }: TrialFixture): Promise<void> {
  expect(baseline(engine.ledger.state).parameters).toEqual(state.head.parameters);
  expect(baseline(engine.ledger.state).deltaSequence).toBe(state.head.sequence);
  const { parameters, assignments } = await engine.resolve({ taskId: KNOWN, labels: {} });
  if (assignments.length === 0) expect(parameters).toEqual(state.head.parameters);
}
