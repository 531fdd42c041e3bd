import { DeltaState } from '../../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';
import type { Clients } from '../clients/clients.ts';
import { normalNoise } from '../engine/noise.ts';
import { levelsOf } from '../load/virtual-work.ts';
import { WARM_UP_TASKS } from '../load/work-ports.ts';

const IN_FLIGHT = 16;

const RULES = 20;

/** A config whose rules do as the reported metrics say: the CPU which rule is to propose, the count of agents what. */
export const TRIALS_CONFIG = `
cycle: { enabled: false }
curation: { mode: trial, cooldown_seconds: 0, max_deltas_per_hour: 0 }
reflection: { min_score: 0, min_confidence: 0 }
trial: { assignment: task, holdback: 0.1 }
parameters:
${Array.from({ length: RULES }, (_, i) => `  p${i}: { initial: 0 }`).join('\n')}
rules:
${Array.from({ length: RULES }, (_, i) => ruleOf(i)).join('\n')}
`;

function ruleOf(i: number): string {
  return `  - { id: r${i}, when: metrics.cpu_percent == ${i}.0, type: resource, operation: adjust,
      target: p${i}, new_value: metrics.sub_agent_count, reasoning: '"observed %"', confidence: 1,
      impact: positive }`;
}

/** Of the values that trials set, by turns; the initial one does nothing. */
const FACTORS = [1, 2, 0.6];

function factorOf(value: number): number {
  return value === 0 ? 1 : (FACTORS[value % FACTORS.length] ?? 1);
}

/** Trials one after the other; beside them, what helped is on probation, or held back. */
export class LongRun {
  readonly #clients: Clients;
  readonly #noise: () => number;
  #tasks = 0;

  constructor(clients: Clients, seed: number) {
    this.#clients = clients;
    this.#noise = normalNoise(seed);
  }

  async play(trials: number): Promise<void> {
    await this.#workUntil(() => this.#tasks >= WARM_UP_TASKS);
    for (let trial = 1; trial <= trials; trial += 1) {
      let deltaId: string | undefined;
      // While its former change is on probation, and just after it, a rule proposes nothing.
      await this.#workUntil(async () => {
        deltaId ??= await this.#propose(trial);
        return deltaId !== undefined;
      });
      await this.#workUntil(() => this.#isJudged(deltaId));
    }
  }

  async #propose(trial: number): Promise<string | undefined> {
    const { client, admin } = this.#clients;
    const metrics = { subAgentCount: trial, cpuPercent: trial % RULES };
    await client.reportMetrics({ metrics });
    return (await admin.runCycle({})).cycle?.deltas[0]?.deltaId;
  }

  async #isJudged(deltaId: string | undefined): Promise<boolean> {
    const { client, admin } = this.#clients;
    const { state } = (await client.getDeltaStatus({ deltaId })).delta ?? {};
    // A value that had been confirmed may be compared with the one before it first.
    if (state === DeltaState.PROPOSED) await admin.runCycle({});
    return state !== DeltaState.PROPOSED && state !== DeltaState.TRIAL;
  }

  async #workUntil(isOver: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isOver())) {
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#work()));
    }
  }

  async #work(): Promise<void> {
    const taskId = `t${this.#tasks++}`;
    const { client } = this.#clients;
    const { parameters } = await client.resolveParameters({ taskId });
    const factors = Object.values(levelsOf(parameters)).map(factorOf);
    // What helps piles up: so slow to begin with that it never comes near a millisecond.
    const latencyMs = factors.reduce(
      (product, one) => product * one,
      1e7 * Math.exp(this.#noise()),
    );
    await client.recordTask({ task: { taskId, latencyMs, status: TaskStatus.SUCCESS } });
  }
}
