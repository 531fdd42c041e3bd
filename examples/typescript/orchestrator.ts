import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type Change,
  DeltaRefusal,
  LearningSidecar,
  TaskStatus,
  type Values,
} from 'learning-sidecar/client';

// An orchestrator whose sub-agents do simulated work, by settings that its sidecar learns.

const { values: flags } = parseArgs({
  options: {
    target: { type: 'string', default: '127.0.0.1:50051' },
    'client-id': { type: 'string', default: 'orchestrator-typescript' },
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
const STRATEGIES: readonly unknown[] = ['sequential', 'adaptive'];
const METRICS_MS = 1000;

const sidecar = new LearningSidecar({
  target: flags.target,
  clientId: flags['client-id'],
  defaults: DEFAULTS,
  tlsCa: flags['tls-ca'],
  tlsCertificate: flags['tls-certificate'],
  tlsKey: flags['tls-key'],
  tlsServerName: flags['tls-server-name'],
  tokenFile: flags['token-file'],
  onChange: putInForce,
});
sidecar.follow();

const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
const reporting = setInterval(() => {
  void sidecar.reportMetrics({ subAgentCount: agents, cpuPercent: 55 + 15 * Math.random() });
}, METRICS_MS);
const started: Promise<void>[] = [];
const startMs = Date.now();
for (let number = 1; number <= Number(flags.tasks) && !over.signal.aborted; number += 1) {
  started.push(runTask(`${flags['client-id']}-${startMs}-${number}`));
  await sleep(1000 / Number(flags.rate), undefined, { signal: over.signal }).catch(() => {});
}
await Promise.all(started);
clearInterval(reporting);
await sidecar.close();
console.log(`${started.length} tasks, ${sidecar.dropped} of them dropped`);

/** One task of a sub-agent: settings, work, report. */
async function runTask(taskId: string): Promise<void> {
  const labels = { kind: 'draft' };
  const { parameters, deltaSequence } = await sidecar.resolve({ taskId, labels });
  const { latencyMs, isSuccess } = simulate(parameters);
  await sleep(latencyMs, undefined, { signal: over.signal }).catch(() => {});
  const status = isSuccess ? TaskStatus.SUCCESS : TaskStatus.FAILURE;
  void sidecar.record({ taskId, agentId: 'writer', status, latencyMs, labels, deltaSequence });
}

/** Made up: what sequential coordination costs grows with the agents, adaptive's does not. */
function simulate(parameters: Values): { latencyMs: number; isSuccess: boolean } {
  const isAdaptive = parameters.primary_coordination_strategy === 'adaptive';
  const share = Number(parameters.max_cpu_per_agent ?? 100) / 100;
  const meanMs = (isAdaptive ? 80 : 40 + 10 * agents) / Math.sqrt(Math.max(share, 0.1));
  // From two even chances to a normal one, by Box and Muller.
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  const normal = radius * Math.cos(2 * Math.PI * Math.random());
  return {
    latencyMs: meanMs * Math.exp(0.2 * normal),
    isSuccess: Math.random() < (isAdaptive ? 0.97 : 0.9),
  };
}

/** What a real orchestrator does here: it turns a knob. `sidecar.parameters` follows. */
function putInForce({ source, sequence, parameters, delta }: Change): void {
  const strategy = parameters.primary_coordination_strategy;
  if (!STRATEGIES.includes(strategy)) {
    const refused = ['primary_coordination_strategy'];
    throw new DeltaRefusal('UNSUPPORTED_VALUE', `${strategy} is not of ${STRATEGIES}`, refused);
  }
  const why = delta === undefined ? source : `${delta.target}: ${delta.reasoning}`;
  console.log(`#${sequence} in force (${why}): ${JSON.stringify(parameters)}`);
}
