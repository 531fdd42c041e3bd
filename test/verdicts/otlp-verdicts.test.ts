import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { runScript } from '../support/sidecar/child.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

// End to end without a client: official SDKs of OpenFeature and OpenTelemetry in a process of their own, and a sidecar.

const SEEDS = 10;
/** By chance alone one seed in a hundred fails. */
const USUAL_SEED = 1;
/** Before the first look, and between two. */
const WINDOW = 30;
const STEP = 20;
const MOST_TASKS = 400;

interface Job {
  readonly factor: number;
  readonly seed: number;
  /** Share of traces. */
  readonly sampled?: number;
  /** How evaluations are told: in log records, or in events of spans. */
  readonly hook?: 'event' | 'span-event';
  readonly isStale?: boolean;
}

const CONFIG = {
  cycle: { enabled: false },
  curation: { mode: 'trial', cooldown_seconds: 0 },
  trial: { assignment: 'task', outcome_timeout_seconds: 2, probation_tasks: 1000 },
  otlp: { enabled: true },
  parameters: { level: { initial: 0 } },
  rules: [
    {
      ...{ id: 'raise', when: 'true', type: 'resource', operation: 'adjust', target: 'level' },
      ...{ new_value: '1', reasoning: '"observed"', confidence: 0.9, impact: 'positive' },
    },
  ],
};

async function goThrough(job: Job) {
  const config = join(tempDir(), 'config.json');
  const { seed } = job;
  writeFileSync(config, JSON.stringify({ ...CONFIG, trial: { ...CONFIG.trial, seed: `${seed}` } }));
  const sidecar = await startSidecar({ dataDir: ':memory:', config });
  const orchestrator = startOrchestrator(sidecar);
  const admin = adminClient(sidecar.address);
  const client = learningClient(sidecar.address);
  await orchestrator({ ...job, sampled: 1, isStale: false }, WINDOW);
  await admin.runCycle({});
  const [{ deltaId = '' } = {}] = (await client.listDeltas({})).deltas;
  const isOver = async () =>
    (await client.getDeltaStatus({ deltaId })).delta?.state !== DeltaState.TRIAL;
  for (let tasks = 0; tasks < MOST_TASKS && !(await isOver()); tasks += STEP) {
    await orchestrator(job, STEP);
  }
  // Outcomes that are missing count once they have timed out.
  if (job.isStale !== true) await vi.waitUntil(isOver, { timeout: 20_000, interval: 100 });
  const { delta } = await client.getDeltaStatus({ deltaId });
  const { totalTasksRecorded } = await client.getStatus({});
  await sidecar.kill();
  return { delta, recorded: Number(totalTasksRecorded), lines: sidecar.lines };
}

function startOrchestrator({ address }: Sidecar) {
  const script = 'test/otlp/orchestrator/orchestrator.mjs';
  const child = runScript(script, [address], {}, { isWrittenTo: true });
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  let from = 0;
  let done = 0;
  return async (job: Job, tasks: number) => {
    child.process.stdin?.write(`${JSON.stringify({ ...job, tasks, from })}\n`);
    from += tasks;
    done += 1;
    await child.find(() => (child.lines.length >= done ? true : undefined));
  };
}

test.each([
  { name: 'x2 reverted', factor: 2, verdict: Verdict.HARMED, least: 9, most: SEEDS },
  { name: 'x1/2 promoted', factor: 0.5, verdict: Verdict.HELPED, least: 9, most: SEEDS },
  { name: 'no effect, judged', factor: 1, verdict: undefined, least: 0, most: 1 },
])('without a client: $name', async ({ name, factor, verdict, least, most }) => {
  const first = chooseSeed(`otlp-verdicts, ${name}`, USUAL_SEED) * 1000;
  let count = 0;
  const used: number[] = [];
  for (let i = 0; i < SEEDS; i += 1) {
    const hook = i % 2 === 0 ? 'event' : 'span-event';
    const { delta } = await goThrough({ factor, seed: first + i, hook });
    const found = delta?.effect?.verdict ?? Verdict.UNSPECIFIED;
    const isJudged = found === Verdict.HARMED || found === Verdict.HELPED;
    if (verdict === undefined ? isJudged : found === verdict) count += 1;
    used.push(Number(delta?.effect?.tasksUsed ?? 0));
  }
  console.log(`otlp-verdicts: ${name}: ${count} of ${SEEDS}; tasks used: ${used.join(' ')}`);
  expect(count).toBeGreaterThanOrEqual(least);
  expect(count).toBeLessThanOrEqual(most);
});

test('sampling at half: no verdict, and the log names it', async () => {
  const { delta, lines } = await goThrough({ factor: 1, seed: 7, sampled: 0.5 });
  expect(delta?.effect?.verdict).toBe(Verdict.INVALID);
  expect(delta?.effect?.summary).toMatch(/outcomes are missing|not reported/);
  expect(lines.filter((line) => line.includes('sampling is a likely cause'))).toHaveLength(1);
});

test('a cache between: tasks that ran with something else tell nothing', async () => {
  const { delta, recorded } = await goThrough({ factor: 2, seed: 9, isStale: true });
  expect(recorded).toBeGreaterThan(WINDOW + STEP);
  expect(delta?.effect?.verdict).not.toBe(Verdict.HARMED);
  expect(Number(delta?.effect?.tasksUsed ?? 0)).toBe(0);
});
