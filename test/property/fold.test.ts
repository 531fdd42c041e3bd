import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LearningError } from '../../src/domain/errors.ts';
import type { LoopSettings } from '../../src/domain/settings.ts';
import { runAtOnce } from '../../src/domain/slices.ts';
import type { Task } from '../../src/domain/task.ts';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, reject, setParameter } from '../../src/engine/curation.ts';
import type { EngineDecision } from '../../src/engine/decision/decision.ts';
import type { Environment } from '../../src/engine/decision/environment.ts';
import { UtilityFailures } from '../../src/engine/decision/utilities.ts';
import { declareParameters, retireParameters } from '../../src/engine/parameters.ts';
import { askRules, runCycle } from '../../src/engine/proposals/run-cycle.ts';
import { recordTasks, reportMetrics } from '../../src/engine/record.ts';
import { resolve } from '../../src/engine/resolve.ts';
import { revert } from '../../src/engine/revert.ts';
import { expireDue, setTrialsPaused } from '../../src/engine/trials.ts';
import { type Decision, Ledger } from '../../src/ledger/ledger.ts';
import type { LedgerState } from '../../src/ledger/state.ts';
import type { LedgerView } from '../../src/ledger/view.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openTasks } from '../../src/trial/trial.ts';
import { configOf, taskOf } from '../support/engine/engine-fixture.ts';

/**
 * Small, so that much is forgotten, but not deltas of which something is still to come: whether one is
 * forgotten already depends on commits, and those differ here. A step names deltas of the six steps before
 * it, of at most three each, and effects are observed for up to 20 tasks.
 */
const RETENTION = { historyLimit: 12, dedupWindow: 9, retainDeltas: 60, retainCycles: 4 };

const RULES = `
cycle: { history_limit: 12, analysis_window: 5, min_tasks: 2 }
curation: { cooldown_seconds: 2, max_deltas_per_hour: 6, proposal_ttl_seconds: 5 }
parameters: { a: { initial: 0, max_step: 2 }, b: { initial: x }, c: { initial: true } }
rules:
  - { id: up, when: window.success_rate < 0.9, type: resource, operation: adjust, target: a,
      new_value: parameters.a + 3.0, reasoning: '"observed"', confidence: 0.9, impact: positive }
  - { id: ask, when: metrics.cpu_percent > 50.0, type: strategy, operation: adjust, target: b,
      new_value: 'string(metrics.cpu_percent)', reasoning: '"%"', confidence: 0.9,
      impact: positive, mode: recommend }
  - { id: never, when: window.count > 3.0, type: metric, operation: modify, target: c,
      new_value: '!parameters.c', reasoning: '"because"', confidence: 0.1, impact: neutral }
`;

/**
 * As `RULES`, with trials and acknowledgements that are awaited. What these remember of a delta goes
 * with it, by commits, which differ here: so no delta is forgotten.
 */
const withTrials = (assignment: string) => ({
  rules: `${RULES}
  - { id: try, when: 'true', type: metric, operation: adjust, target: d, mode: trial,
      new_value: '1.0 - parameters.d', reasoning: '"observed"', confidence: 0.9, impact: positive }
trial: { assignment: ${assignment}, block_tasks: 2, outcome_timeout_seconds: 9, max_seconds: 50,
  seed: s }`
    .replace('proposal_ttl_seconds: 5', 'proposal_ttl_seconds: 5, ack_timeout_seconds: 7')
    .replace('c: { initial: true }', 'c: { initial: true }, d: { initial: 0 }'),
  retention: { ...RETENTION, retainDeltas: 10_000 },
});
const PLAIN = { rules: RULES, retention: RETENTION };

/** Something that is done at a moment; `seed` picks what it is done to. */
type Step = { readonly kind: Kind; readonly seed: number };
type Kind = (typeof KINDS | typeof TRIAL_KINDS)[number];
const KINDS = [
  'tasks',
  'metrics',
  'cycle',
  'approve',
  'reject',
  'revert',
  'set',
  'ack',
  'refuse',
  'leave',
  'declare',
] as const;
const WORK = ['resolve', 'resolve', 'resolve', 'tasks'] as const;
const TRIAL_KINDS = [...KINDS, ...WORK, ...WORK, 'due', 'pause'] as const;

/** The decision of step `index`; the ids it makes are a function of its index. */
function decisionOf(step: Step, index: number, settings: LoopSettings): Decision<unknown> {
  let ids = 0;
  const environment = environmentOf(settings, timeOf(index), () => `d${index}.${ids++}`);
  return actionOf(step, index)(environment);
}

function environmentOf(settings: LoopSettings, nowMs: number, newId: () => string): Environment {
  return {
    settings,
    nowMs,
    newId,
    followers: () => [],
    monotonic: () => 0,
    asksByTask: () => false,
    utilityFailures: new UtilityFailures(),
    noneAsks: () => false,
  };
}

function timeOf(index: number): number {
  return 1_000_000 + index * 1000;
}

function actionOf({ kind, seed }: Step, index: number): EngineDecision<unknown> {
  const deltaId = `d${index - 1 - (seed % 6)}.${seed % 2}`;
  switch (kind) {
    case 'tasks':
      return (environment) => (view) => {
        const tasks = someTasks(seed, view);
        return recordTasks(tasks, tasks.length)(environment)(view);
      };
    case 'metrics': {
      const observeTimeMs = timeOf(index) - (seed % 3) * 1500;
      const metrics = { subAgentCount: seed, cpuPercent: seed, values: {}, observeTimeMs };
      const named = seed % 4 === 0 ? metrics : { ...metrics, clientId: `c${seed % 4}` };
      return reportMetrics(named);
    }
    case 'cycle':
      return (environment) => (view) =>
        runCycle(runAtOnce(askRules(view, environment)))(environment)(view);
    case 'approve':
      return approve(deltaId, '');
    case 'reject':
      return reject(deltaId, 'no');
    case 'revert':
      return revert(deltaId, 'no');
    case 'set':
      return setParameter({ target: 'a', value: seed % 5, reason: '', holdSeconds: seed % 3 });
    case 'ack':
      return acknowledge({ clientId: `c${seed % 2}`, epoch: '', deltaId, refusal: undefined });
    case 'refuse': {
      const refusal = { reason: 'BAD', message: '' };
      return acknowledge({ clientId: 'c', epoch: 'e', deltaId, refusal });
    }
    case 'leave':
      return ({ settings, ...environment }) =>
        retireParameters()({ ...environment, settings: without('abcd'[seed % 4], settings) });
    case 'declare':
      return declareParameters();
    case 'resolve':
      return resolve({ taskId: `t${(seed * 3) % 40}`, labels: {} });
    case 'due':
      return expireDue();
    case 'pause':
      return setTrialsPaused(seed % 3 === 0);
  }
}

/** A config that a parameter has left. */
function without(left: string | undefined, settings: LoopSettings): LoopSettings {
  const parameters = Object.entries(settings.parameters).filter(([name]) => name !== left);
  const rules = settings.rules.filter(({ target }) => target !== left);
  return { ...settings, parameters: Object.fromEntries(parameters), rules };
}

/** Tasks with the values of now; every other time those that trials wait for are among them. */
function someTasks(seed: number, { head, trials }: LedgerView): Task[] {
  const awaited = trials.flatMap(openTasks).filter(({ outcome }) => outcome === undefined);
  const ids = seed % 2 === 0 ? awaited.map(({ taskId }) => taskId) : [''];
  return Array.from({ length: 1 + (seed % 4) }, (_, i) =>
    taskOf({
      taskId: ids[i] ?? `t${(seed * 3 + i) % 40}`,
      status: (seed + i) % 3 === 0 ? 'success' : 'failure',
      latencyMs: seed,
      deltaSequence: seed % 4 === 1 ? 0 : head.sequence,
    }),
  );
}

/** Runs the steps, committing after those that `commits` says, reopening after `reopens`. */
async function run(
  steps: readonly Step[],
  commits: (index: number) => boolean,
  reopens: (index: number) => boolean,
  { rules, retention } = PLAIN,
) {
  const settings = configOf(rules);
  const store = createMemoryStore();
  const open = () => Ledger.open({ store, retention, newEpoch: () => 'e', defer: () => {} });
  let ledger = open();
  const declared = ledger.transact(
    declareParameters()(environmentOf(settings, 0, () => 'declared')),
  );
  await ledger.flush();
  await declared;
  const answers: Promise<unknown>[] = [];
  for (const [index, step] of steps.entries()) {
    const answer = ledger.transact(decisionOf(step, index, settings));
    answers.push(answer.catch((error: unknown) => reasonOf(error)));
    if (commits(index) || reopens(index)) await ledger.flush();
    if (reopens(index)) ledger = open();
  }
  await ledger.flush();
  return { answers: await Promise.all(answers), state: describeState(ledger.state) };
}

function reasonOf(error: unknown): string {
  if (error instanceof LearningError) return error.reason;
  throw error;
}

/** All that can be asked of a state, but for where its events stand in the log. */
function describeState(state: LedgerState) {
  const { position: _, storedEvents: __, ...head } = state.head;
  return {
    head,
    tasks: state.newestTasks(100),
    knownIds: Array.from({ length: 40 }, (_unused, i) => state.hasTaskId(`t${i}`)),
    deltas: [...state.deltasNewestFirst()],
    cycles: [...state.cyclesNewestFirst()],
    pending: [...state.pending()],
    // Those before are kept for a while for streams that are open, and owed to nobody.
    applied: Array.from({ length: head.sequence - head.compactedThrough }, (_unused, i) =>
      state.appliedAt(head.compactedThrough + i + 1),
    ),
    acknowledged: ['c0', 'c1', 'c'].map((client) => state.acknowledged(client)),
    metrics: [...state.metricsReports()].map(({ report, reportTimeMs }) => [report, reportTimeMs]),
    trials: state.trials,
    observations: state.pendingWork.observations,
    awaitedAcks: state.pendingWork.awaitedAcks,
  };
}

const stepsOf = (kinds: readonly Kind[]) =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), seed: fc.nat({ max: 99 }) }), {
    minLength: 10,
    maxLength: 120,
    size: 'max',
  });
const steps = stepsOf(KINDS);

const bit = (bits: number, index: number) => ((bits >> (index % 31)) & 1) === 1;

const RUNS = 150;

test.each([
  ['deltas put in force', KINDS, PLAIN],
  ['trials by task', TRIAL_KINDS, withTrials('task')],
  ['trials by switchback', TRIAL_KINDS, withTrials('switchback')],
] as const)(
  'however steps are grouped into commits, and whenever the ledger is opened again, the outcome is the same: %s',
  async (_, kinds, world) => {
    let applied = 0;
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(stepsOf(kinds), fc.nat(), fc.nat(), async (given, groups, restarts) => {
        const one = await run(
          given,
          () => true,
          () => false,
          world,
        );
        const many = await run(
          given,
          (i) => bit(groups, i),
          (i) => bit(restarts, i) && i % 3 === 0,
          world,
        );
        // Opening forgets what lies beyond retention at once; a running ledger has done so as well.
        expect(many).toEqual(one);
        applied += one.state.head.sequence;
        tried += one.state.trials.reduce((sum, { steps: taken }) => sum + taken, 0);
      }),
      { numRuns: RUNS },
    );
    // The sequences are not idle ones: on average, each has more than one of both.
    expect(applied).toBeGreaterThan(RUNS);
    if (world !== PLAIN) expect(tried).toBeGreaterThan(RUNS);
  },
);

test('counters are what a plain count of the answers says', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      const { answers, state } = await run(
        given,
        () => true,
        () => false,
      );
      let tasks = 0;
      let proposed = 0;
      for (const answer of answers) {
        if (isObjectWith(answer, 'recorded')) tasks += Number(answer.recorded);
        if (isObjectWith(answer, 'deltas') && Array.isArray(answer.deltas)) {
          proposed += answer.deltas.length;
        }
      }
      const { counters } = state.head;
      expect(counters.tasksRecorded).toBe(tasks);
      expect(counters.deltasProposed).toBe(proposed);
      expect(counters.cycles).toBe(given.filter(({ kind }) => kind === 'cycle').length);
      expect(Object.values(counters.byType).reduce((a, b) => a + b)).toBe(proposed);
    }),
    { numRuns: 100 },
  );
});

function isObjectWith<K extends string>(value: unknown, key: K): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && key in value;
}
