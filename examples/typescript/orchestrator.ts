import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type CallFailure,
  type Change,
  LearningSidecar,
  TaskStatus,
  type Values,
} from 'learning-sidecar/client';

// An orchestrator whose sub-agents do simulated work, by settings that its sidecar learns.

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string', default: '127.0.0.1:50051' },
    'client-id': { type: 'string', default: 'typescript-example' },
    tasks: { type: 'string', default: '1000' },
    rate: { type: 'string', default: '20' },
    agents: { type: 'string', default: '12' },
    'tls-ca': { type: 'string' },
    'tls-certificate': { type: 'string' },
    'tls-key': { type: 'string' },
    'tls-server-name': { type: 'string' },
    'token-file': { type: 'string' },
  },
});
const agents = Number(flags.agents);

/** What it runs by until the sidecar has answered. */
const DEFAULTS: Values = {
  primary_coordination_strategy: 'sequential',
  fallback_strategy_threshold: 0.8,
  max_cpu_per_agent: 100,
};

const sidecar = new LearningSidecar({
  target: flags.target,
  clientId: flags['client-id'],
  defaults: DEFAULTS,
  tlsCa: flags['tls-ca'],
  tlsCertificate: flags['tls-certificate'],
  tlsKey: flags['tls-key'],
  tlsServerName: flags['tls-server-name'],
  tokenFile: flags['token-file'],
  onChange: report,
  onDisconnected: (failure) => console.log(`sidecar away: ${failure?.message}; going on`),
  onProblem: (what, cause) => console.error(`${what}: ${describe(cause)}`),
});
sidecar.follow();

const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
const started: Promise<void>[] = [];
const startMs = Date.now();
for (let number = 1; number <= Number(flags.tasks) && !over.signal.aborted; number += 1) {
  started.push(runTask(`${flags['client-id']}-${startMs}-${number}`));
  if (number % 10 === 1) void sidecar.reportMetrics({ subAgentCount: agents, cpuPercent: cpu() });
  await sleep(1000 / Number(flags.rate), undefined, { signal: over.signal }).catch(() => {});
}
await Promise.all(started);
await sidecar.close();
console.log(`${started.length} tasks, ${sidecar.droppedTasks} not recorded`);

/** One task of a sub-agent: settings, work, report. */
async function runTask(taskId: string): Promise<void> {
  const labels = { kind: 'draft' };
  const { values, deltaSequence } = await sidecar.resolve({ taskId, labels });
  const { latencyMs, isSuccess } = simulate(values);
  await sleep(latencyMs, undefined, { signal: over.signal }).catch(() => {});
  const status = isSuccess ? TaskStatus.SUCCESS : TaskStatus.FAILURE;
  await sidecar.record({ taskId, agentId: 'writer', status, latencyMs, labels, deltaSequence });
}

/** Many agents are faster where they adapt; a low threshold gives up later, and fails less. */
function simulate(values: Values): { latencyMs: number; isSuccess: boolean } {
  const isAdaptive = values.primary_coordination_strategy === 'adaptive';
  const crowd = isAdaptive ? 1 : 1 + agents / 8;
  const threshold = Number(values.fallback_strategy_threshold ?? 0.8);
  return {
    latencyMs: 80 * crowd * (0.5 + Math.random()),
    isSuccess: Math.random() < 1.5 - threshold,
  };
}

function cpu(): number {
  return Math.min(100, 8 * agents) * (Number(sidecar.values.max_cpu_per_agent ?? 100) / 100);
}

function report({ source, sequence, values, delta }: Change): void {
  const why = delta === undefined ? source : `${delta.target}: ${delta.reasoning}`;
  console.log(`#${sequence} in force (${why}): ${JSON.stringify(values)}`);
}

/** A call that failed, or what was thrown. */
function describe(cause: unknown): string {
  if (isCallFailure(cause)) return `${cause.code}: ${cause.message}`;
  return cause instanceof Error ? cause.message : String(cause);
}

function isCallFailure(cause: unknown): cause is CallFailure {
  return typeof cause === 'object' && cause !== null && 'violations' in cause && 'code' in cause;
}
