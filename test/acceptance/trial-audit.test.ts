import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { runScript } from '../support/child.ts';
import { adminClient, type Clients, learningClient } from '../support/clients.ts';
import { normalNoise } from '../support/noise.ts';
import { chooseSeed } from '../support/seed.ts';
import { startSidecar } from '../support/sidecar.ts';
import { tempDir } from '../support/temp-dir.ts';

const TRIALS = 60;
const IN_FLIGHT = 16;

const RULES = 20;

/** The reported CPU says which rule is to propose, the count of agents what. */
const CONFIG = `
cycle: { enabled: false }
curation: { mode: trial, cooldown_seconds: 0, max_deltas_per_hour: 0 }
reflection: { min_score: 0, min_confidence: 0 }
trial: { assignment: task, timeout_ms: 10000 }
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

/** Of a change, by turns. */
const FACTORS = [1, 2, 0.5];

test('every verdict of a long run stands, while it is served from', async () => {
  const seed = chooseSeed('trial-audit');
  const dataDir = tempDir();
  const config = join(dataDir, 'config.yaml');
  writeFileSync(config, CONFIG);
  const sidecar = await startSidecar({ dataDir, config });
  const { address } = sidecar;
  await runTrials({ client: learningClient(address), admin: adminClient(address) }, seed);
  const { code, lines } = await audit(dataDir);
  console.log(`trial-audit: ${lines.at(-1)}`);
  expect(code).toBe(0);
  expect(lines.at(-1)).toMatch(/^(\d+) trials, \1 verdicts stand, 0 do not/);
});

/** Runs trials one after the other, each until it is over. */
async function runTrials({ client, admin }: Clients, seed: number): Promise<void> {
  const noise = normalNoise(seed);
  let tasks = 0;
  const work = async (target: string, effectOf: (value: number) => number) => {
    const taskId = `t${tasks++}`;
    const { parameters } = await client.resolveParameters({ taskId });
    const kind = parameters[target]?.kind;
    const value = kind?.case === 'numberValue' ? kind.value : 0;
    const latencyMs = 100 * Math.exp(noise()) * effectOf(value);
    await client.recordTask({ task: { taskId, latencyMs, status: TaskStatus.SUCCESS } });
  };
  for (let i = 0; i < 30; i += 1) await work('', () => 1);
  for (let trial = 1; trial <= TRIALS; trial += 1) {
    const rule = trial % RULES;
    const target = `p${rule}`;
    await client.reportMetrics({ metrics: { subAgentCount: trial, cpuPercent: rule } });
    const { cycle } = await admin.runCycle({});
    const deltaId = cycle?.deltas[0]?.deltaId ?? '';
    const effectOf = (value: number) => (value === trial ? (FACTORS[trial % 3] ?? 1) : 1);
    for (;;) {
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => work(target, effectOf)));
      const { delta } = await client.getDeltaStatus({ deltaId });
      if (delta?.state !== DeltaState.TRIAL) break;
    }
  }
}

async function audit(dataDir: string) {
  const { exited, lines } = runScript('src/main.ts', ['audit', '--all', '--data-dir', dataDir]);
  const { code } = await exited;
  return { code, lines };
}
