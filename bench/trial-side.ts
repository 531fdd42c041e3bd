import { fromBinary } from '@bufbuild/protobuf';
import {
  ResolveIntRequestSchema,
  ResolveIntResponseSchema,
} from '../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { DeltaState } from '../src/gen/learning/v1/delta_pb.ts';
import {
  ListDeltasRequestSchema,
  ListDeltasResponseSchema,
  RecordTaskRequestSchema,
  ReportMetricsRequestSchema,
  ResolveParametersRequestSchema,
  ResolveParametersResponseSchema,
} from '../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../src/gen/learning/v1/task_pb.ts';
import { encode } from '../src/wire/encode.ts';
import { METHODS, RawClient } from './raw-client.ts';
import type { BenchServer } from './servers.ts';

/** Calls in flight. */
export const IN_FLIGHT = 64;

/** Calls of each kind in a part of a turn: as many as a trial takes tasks. */
const PART_TASKS = 200;
/** Parts in one turn. */
const PARTS = 5;

/** Tasks before the first proposal. */
const FIRST_TASKS = 30;

/** A trial, and a probation of half the latency, take fewer. */
const MAX_TASKS_TO_GO = 3000;

const NOTHING = Buffer.alloc(0);
const LATENCY_MS = 100;

/** Server CPU in microseconds: of each call, while many of its kind are in flight. */
export interface Figures {
  readonly resolveMicros: number;
  readonly recordMicros: number;
  /** Of both calls of a task, with other tasks at any point between theirs. */
  readonly taskMicros: number;
}

/** What is on while a side is measured. */
export interface Stage {
  readonly mode: 'trial' | 'recommend';
  readonly probationTasks?: number;
  /** Of the rules; by default the config's. */
  readonly guards?: readonly object[];
  /** Parameters that are changed. */
  readonly levels: number;
  /** Share of tasks that have an arm, at least. */
  readonly share: number;
  /** Groups begin by tasks recorded: with all calls of one kind first, fewer would have an arm. */
  readonly isFlowOnly?: boolean;
  /** Tasks ask for one parameter, as OpenFeature's clients do. */
  readonly asksFlag?: boolean;
  /** Before the first turn. */
  open?(side: TrialSide): Promise<void>;
  /** Before each part of a turn. */
  beginPart?(side: TrialSide): Promise<void>;
}

/** Proposals, but none that is tried. */
export const nothingOn: Stage = {
  mode: 'recommend',
  levels: 1,
  share: 0,
  beginPart: (side) => side.propose(0),
};

/** A trial for each part. */
export const withTrial: Stage = {
  mode: 'trial',
  levels: 1,
  // Its verdict comes before all of a part have asked.
  share: 0.75,
  beginPart: async (side) => {
    await side.workForNews(0);
    await side.propose(0);
  },
};

/** The same, asked by OpenFeature. */
export const nothingOnFlag: Stage = { ...nothingOn, asksFlag: true };
export const flagOnTrial: Stage = { ...withTrial, asksFlag: true };

/** A probation that outlasts the measurement: so small a margin takes longer to prove. */
export const withProbation: Stage = {
  mode: 'trial',
  probationTasks: 1_000_000,
  guards: [{ metric: 'success', margin: 0.0015 }],
  levels: 1,
  share: 0.95,
  open: async (side) => {
    await side.propose(0);
    await side.workUntil(0, DeltaState.PROVISIONAL);
  },
};

/** Changes that are confirmed, and some tasks of which keep the old value. */
export function withHoldbacks(count: number): Stage {
  return {
    mode: 'trial',
    levels: count,
    // A task in twenty keeps the old value, and has four beside it. Some are in several groups; those that
    // ask while a group's beginning is being committed are in none.
    share: 0.5 * (1 - 0.75 ** count),
    isFlowOnly: true,
    async open(side) {
      for (let level = 0; level < count; level += 1) {
        await side.propose(level);
        await side.workUntil(level, DeltaState.CONFIRMED);
      }
    },
  };
}

/** The reported CPU says which rule is to propose, the count of agents what: each time anew. */
export function trialConfig({ mode, levels, probationTasks, guards }: Stage): object {
  const all = Array.from({ length: levels }, (_, i) => i);
  return {
    cycle: { enabled: false },
    curation: { mode, cooldown_seconds: 0, max_deltas_per_hour: 0 },
    trial: { assignment: 'task', probation_tasks: probationTasks },
    parameters: Object.fromEntries(all.map((i) => [nameOf(i), { initial: 0 }])),
    rules: all.map((i) => ({
      id: `change-${i}`,
      when: `metrics.cpu_percent == ${i}.0`,
      type: 'resource',
      operation: 'adjust',
      target: nameOf(i),
      new_value: 'metrics.sub_agent_count',
      reasoning: '"observed %"',
      confidence: 0.9,
      impact: 'positive',
      guards,
    })),
  };
}

function nameOf(level: number): string {
  return `level_${level}`;
}

/** One server under the load of an orchestrator that asks for every task. */
export class TrialSide {
  readonly #server: BenchServer;
  readonly #stage: Stage;
  readonly #client: RawClient;
  #tasks = 0;
  #asked = 0;
  #assigned = 0;

  /** Resolves when the server is in its stage. */
  static async open(server: BenchServer, stage: Stage): Promise<TrialSide> {
    const side = new TrialSide(server, stage);
    for (let i = 0; i < FIRST_TASKS; i += 1) await side.#record(`first/${i}`, LATENCY_MS);
    await stage.open?.(side);
    return side;
  }

  private constructor(server: BenchServer, stage: Stage) {
    this.#server = server;
    this.#stage = stage;
    this.#client = new RawClient(server.tcp);
  }

  async turn(): Promise<Figures> {
    const { beginPart, isFlowOnly = false } = this.#stage;
    const figures = { resolveMicros: 0, recordMicros: 0, taskMicros: 0 };
    const tasks = PARTS * PART_TASKS;
    const resolve = async (taskId: string) => {
      const { hasArm } = await this.#resolve(taskId);
      this.#asked += 1;
      if (hasArm) this.#assigned += 1;
    };
    // All alike, so that nothing ends before its time.
    const record = (taskId: string) => this.#record(taskId, LATENCY_MS);
    for (let i = 0; i < PARTS && !isFlowOnly; i += 1) {
      await beginPart?.(this);
      const ids = this.#nextIds();
      figures.resolveMicros += (await this.#cpuOf(ids, resolve)) / tasks;
      figures.recordMicros += (await this.#cpuOf(ids, record)) / tasks;
    }
    for (let i = 0; i < PARTS; i += 1) {
      await beginPart?.(this);
      const both = async (taskId: string) => {
        await resolve(taskId);
        await record(taskId);
      };
      figures.taskMicros += (await this.#cpuOf(this.#nextIds(), both)) / tasks;
    }
    return figures;
  }

  /** Throws if too few tasks had an arm: then something else was measured. */
  expectArms(name: string): void {
    if (this.#assigned < this.#asked * this.#stage.share) {
      throw new Error(`${name}: only ${this.#assigned} of ${this.#asked} tasks were given an arm`);
    }
  }

  close(): void {
    this.#client.close();
  }

  /** Has a new value proposed. */
  async propose(level: number): Promise<void> {
    const metrics = { subAgentCount: this.#tasks + 1, cpuPercent: level };
    const request = encode(ReportMetricsRequestSchema, { metrics });
    await this.#client.unary(METHODS.reportMetrics, request);
    await this.#client.unary(METHODS.runCycle, NOTHING);
  }

  /** Works, one task after the other, until a change is in this state. */
  async workUntil(level: number, state: DeltaState): Promise<void> {
    for (let i = 0; i < MAX_TASKS_TO_GO; i += 1) {
      if (await this.#isIn(level, state)) return;
      await this.work(level);
    }
    throw new Error(`a change of ${nameOf(level)} never reaches state ${state}`);
  }

  /** A rule acts on tasks that began after its parameter's last change. */
  async workForNews(level: number): Promise<void> {
    for (let i = 0; i < FIRST_TASKS; i += 1) await this.work(level);
  }

  /** One task, which takes half as long with a new value. */
  async work(level: number): Promise<void> {
    const taskId = this.#nextId();
    const { value } = await this.#resolve(taskId, level);
    await this.#record(taskId, value === 0 ? LATENCY_MS : LATENCY_MS / 2);
  }

  async #isIn(level: number, state: DeltaState): Promise<boolean> {
    const request = encode(ListDeltasRequestSchema, { states: [state], pageSize: 1000 });
    const bytes = await this.#client.unary(METHODS.listDeltas, request);
    const { deltas } = fromBinary(ListDeltasResponseSchema, bytes);
    return deltas.some(({ target }) => target === nameOf(level));
  }

  #nextIds(): string[] {
    return Array.from({ length: PART_TASKS }, () => this.#nextId());
  }

  #nextId(): string {
    this.#tasks += 1;
    return `task/${this.#tasks}`;
  }

  async #cpuOf(ids: readonly string[], call: (taskId: string) => Promise<void>): Promise<number> {
    const queue = [...ids];
    const before = this.#server.cpuMicros();
    const caller = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) await call(id);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
    return this.#server.cpuMicros() - before;
  }

  async #resolve(taskId: string, level = 0): Promise<{ hasArm: boolean; value: number }> {
    if (this.#stage.asksFlag === true) return this.#resolveFlag(taskId, level);
    const request = encode(ResolveParametersRequestSchema, { taskId });
    const bytes = await this.#client.unary(METHODS.resolveParameters, request);
    const { arm, parameters } = fromBinary(ResolveParametersResponseSchema, bytes);
    const kind = parameters[nameOf(level)]?.kind;
    return { hasArm: arm !== 0, value: kind?.case === 'numberValue' ? kind.value : 0 };
  }

  async #resolveFlag(taskId: string, level: number) {
    const context = { targetingKey: taskId };
    const request = encode(ResolveIntRequestSchema, { flagKey: nameOf(level), context });
    const bytes = await this.#client.unary(METHODS.resolveInt, request);
    const { value = 0n, variant } = fromBinary(ResolveIntResponseSchema, bytes);
    return { hasArm: variant === 'old' || variant === 'new', value: Number(value) };
  }

  async #record(taskId: string, latencyMs: number): Promise<void> {
    const task = { taskId, status: TaskStatus.SUCCESS, latencyMs };
    await this.#client.unary(METHODS.recordTask, encode(RecordTaskRequestSchema, { task }));
  }
}
