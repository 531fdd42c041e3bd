import { fromBinary } from '@bufbuild/protobuf';
import {
  RecordTaskRequestSchema,
  ReportMetricsRequestSchema,
  ResolveParametersRequestSchema,
  type ResolveParametersResponse,
  ResolveParametersResponseSchema,
} from '../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../src/gen/learning/v1/task_pb.ts';
import { encode } from '../src/wire/codec.ts';
import { METHODS, RawClient } from './raw-client.ts';
import { compare, type Round, type Row, ratioAtMost } from './row.ts';
import type { Scale } from './scale.ts';
import { type BenchServer, startEmptyServer, startSidecar } from './servers.ts';

/** Calls of each kind in a trial: as many tasks as one takes. */
const TRIAL_TASKS = 200;
const IN_FLIGHT = 64;
/** Trials in one round of one side. */
const TRIALS = 10;
/** With fewer, a server is measured while V8 still compiles it: on its own threads, but it counts. */
const WARM_UP_ROUNDS = 6;
const NOTHING = Buffer.alloc(0);

/** Server CPU, in microseconds a call. */
interface Figures {
  readonly resolveMicros: number;
  readonly recordMicros: number;
}

/** Each change differs from the one before, so that no trial goes on from another's evidence. */
const rule = {
  id: 'change',
  when: 'true',
  type: 'resource',
  operation: 'adjust',
  target: 'level',
  new_value: 'metrics.sub_agent_count',
  reasoning: '"observed %"',
  confidence: 0.9,
  impact: 'positive',
};

const config = (mode: 'trial' | 'recommend') => ({
  cycle: { enabled: false },
  curation: { mode, cooldown_seconds: 0, max_deltas_per_hour: 0 },
  trial: { assignment: 'task' },
  parameters: { level: { initial: 0 } },
  rules: [rule],
});

/** What a trial costs: ResolveParameters hands out durable arms, RecordTask judges the evidence. */
export async function measureTrials(scale: Scale): Promise<Row[]> {
  const servers = [
    await startSidecar(config('trial')),
    await startSidecar(config('recommend')),
    await startEmptyServer(),
  ] as const;
  const sides = servers.map((server) => new Side(server));
  try {
    for (const side of sides) for (let i = 0; i < WARM_UP_ROUNDS; i += 1) await side.round();
    const results: Figures[][] = [];
    for (let i = 0; i < scale.rounds; i += 1) results.push(await takeTurns(sides, i));
    sides[0]?.expectTrials();
    return rowsOf(results);
  } finally {
    for (const side of sides) side.close();
    for (const server of servers) await server.stop();
  }
}

/** One round of each side, each time begun by another one. */
async function takeTurns(sides: readonly Side[], turn: number): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (let i = 0; i < sides.length; i += 1) {
    const at = (turn + i) % sides.length;
    const side = sides[at];
    if (side !== undefined) figures[at] = await side.round();
  }
  return figures;
}

/** One server under the load of an orchestrator that asks for every task. */
class Side {
  readonly #server: BenchServer;
  readonly #client: RawClient;
  #tasks = 0;
  #asked = 0;
  #assigned = 0;

  constructor(server: BenchServer) {
    this.#server = server;
    this.#client = new RawClient(server.tcp);
  }

  async round(): Promise<Figures> {
    const figures = { resolveMicros: 0, recordMicros: 0 };
    const calls = TRIALS * TRIAL_TASKS;
    for (let i = 0; i < TRIALS; i += 1) {
      await this.#beginTrial();
      const ids = Array.from({ length: TRIAL_TASKS }, () => `task/${++this.#tasks}`);
      const resolve = (taskId: string) => this.#resolve(taskId);
      figures.resolveMicros += (await this.#cpuOf(ids, resolve)) / calls;
      figures.recordMicros += (await this.#cpuOf(ids, (taskId) => this.#record(taskId))) / calls;
    }
    return figures;
  }

  /** Without a trial there is nothing to measure. */
  expectTrials(): void {
    if (this.#assigned < this.#asked * 0.95) {
      throw new Error(`only ${this.#assigned} of ${this.#asked} tasks were given an arm`);
    }
  }

  close(): void {
    this.#client.close();
  }

  async #beginTrial(): Promise<void> {
    // Before the first task nothing is proposed.
    if (this.#tasks === 0) {
      for (let i = 0; i < 30; i += 1) await this.#record(`first/${i}`);
    }
    const metrics = { subAgentCount: this.#tasks + 1 };
    await this.#client.unary(
      METHODS.reportMetrics,
      encode(ReportMetricsRequestSchema, { metrics }),
    );
    await this.#client.unary(METHODS.runCycle, NOTHING);
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

  async #resolve(taskId: string): Promise<void> {
    const request = encode(ResolveParametersRequestSchema, { taskId });
    const bytes = await this.#client.unary(METHODS.resolveParameters, request);
    const { arm }: ResolveParametersResponse = fromBinary(ResolveParametersResponseSchema, bytes);
    this.#asked += 1;
    if (arm !== 0) this.#assigned += 1;
  }

  /** All alike, so that no trial ends before its time. */
  async #record(taskId: string): Promise<void> {
    const task = { taskId, status: TaskStatus.SUCCESS, latencyMs: 100 };
    await this.#client.unary(METHODS.recordTask, encode(RecordTaskRequestSchema, { task }));
  }
}

function rowsOf(results: readonly Figures[][]): Row[] {
  const pair = (own: number, other: number): Round<Figures>[] =>
    results.flatMap((round) => {
      const [sidecar, baseline] = [round[own], round[other]];
      return sidecar && baseline ? [{ sidecar, baseline }] : [];
    });
  const named = (measure: string) => ({
    section: `Trials, ${IN_FLIGHT} in flight`,
    measure: `${measure}: server CPU`,
    unit: 'µs/call',
  });
  const resolve = ({ resolveMicros }: Figures) => resolveMicros;
  const record = ({ recordMicros }: Figures) => recordMicros;
  const [trial, plain, empty] = [0, 1, 2];
  return [
    compare(
      named('ResolveParameters without a trial'),
      pair(plain, empty),
      resolve,
      ratioAtMost(1.5),
    ),
    compare(
      named('ResolveParameters with one, durable'),
      pair(trial, empty),
      resolve,
      ratioAtMost(2),
    ),
    compare(
      named('RecordTask with a trial, against without'),
      pair(trial, plain),
      record,
      ratioAtMost(1.1),
    ),
  ];
}
