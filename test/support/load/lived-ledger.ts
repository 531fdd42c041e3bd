import type { GetStatusResponse } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { type Clients, clientsOf, type LearningClient } from '../clients/clients.ts';
import { wanderingNoise } from '../engine/noise.ts';
import { allCycles, allDeltas } from '../ledger/history.ts';
import { type Sidecar, startSidecar } from '../sidecar/sidecar.ts';
import { tempDir } from '../sidecar/temp-dir.ts';
import { writeTrialConfig } from '../trials/trial-config.ts';
import { taskOfId } from './task-book.ts';
import { levelsOf, VirtualWork } from './virtual-work.ts';
import { askingPort, beginTrial, startTrial, workUntilJudged } from './work-ports.ts';

/** What a client can ask of a ledger and must be told the same after a restart. */
export type Told = Awaited<ReturnType<typeof askAll>>;

/** A data directory in which something has happened, and what was told of it at the end. */
export interface LivedLedger {
  readonly dataDir: string;
  readonly config: string;
  readonly told: Told;
}

const BATCHES = 250;
/** Less than SQLite writes to its log before it takes it up. */
const YOUNG_BATCHES = 50;
const BATCH_TASKS = 20;
const OVERRIDES = 150;
const CYCLES = 40;
const STEPS_INTO_TRIAL = 25;

/** Thousands of tasks, hundreds of deltas, a trial that has ended and one that is on. */
export async function liveLedger(
  seed: number,
  signal: 'SIGTERM' | 'SIGKILL',
): Promise<LivedLedger> {
  const dataDir = tempDir();
  const config = writeTrialConfig({ assignment: 'switchback', seed, levels: ['first', 'second'] });
  const sidecar = await startSidecar({ dataDir, config });
  const clients = clientsOf(sidecar.address);
  await live(clients, seed);
  const told = await askAll(clients.client);
  await sidecar.end(signal);
  return { dataDir, config, told };
}

/** One whose newest part is all in its log: killed before the first checkpoint. */
export async function youngLedger(seed: number): Promise<LivedLedger> {
  const dataDir = tempDir();
  const config = writeTrialConfig({ assignment: 'switchback', seed, levels: ['first', 'second'] });
  const sidecar = await startSidecar({ dataDir, config });
  const { client } = clientsOf(sidecar.address);
  await recordBatches(client, YOUNG_BATCHES);
  const told = await askAll(client);
  await sidecar.kill();
  return { dataDir, config, told };
}

async function live(clients: Clients, seed: number): Promise<void> {
  const { client, admin } = clients;
  const noise = wanderingNoise(seed);
  const work = new VirtualWork(askingPort(client), (i, levels) => ({
    latencyMs: 1000 * Math.exp(noise(i)) * (levels.first === 1 ? 0.5 : 1),
  }));
  const deltaId = await beginTrial(work, clients);
  await workUntilJudged(work, client, deltaId);
  await recordBatches(client, BATCHES);
  for (let i = 0; i < OVERRIDES; i += 1) {
    const value = { kind: { case: 'numberValue', value: i % 2 } } as const;
    await admin.setParameter({ target: 'first', value, reason: `for some reason, number ${i}` });
    if (i % 5 === 0) await client.reportMetrics({ metrics: { subAgentCount: i, cpuPercent: i } });
  }
  for (let i = 0; i < CYCLES; i += 1) await admin.runCycle({});
  await startTrial(clients);
  for (let i = 0; i < STEPS_INTO_TRIAL; i += 1) await work.step();
}

async function recordBatches(client: LearningClient, batches: number): Promise<void> {
  const stream = client.recordTasks();
  const answers = stream[Symbol.asyncIterator]();
  for (let i = 0; i < batches; i += 1) {
    const id = (j: number) => `bulk-${i * BATCH_TASKS + j}`;
    stream.write({ tasks: Array.from({ length: BATCH_TASKS }, (_, j) => taskOfId(id(j))) });
    // One row for each: they would be committed together.
    await answers.next();
  }
  stream.end();
  await answers.next();
}

/** All that GetStatus, ListDeltas, ListCycles and ResolveParameters tell. */
export async function askAll(client: LearningClient) {
  const status = await client.getStatus({});
  const { parameters } = await client.resolveParameters({});
  return {
    counters: countersOf(status),
    epoch: status.epoch,
    levels: levelsOf(parameters),
    deltas: await allDeltas(client, true),
    cycles: await allCycles(client),
  };
}

function countersOf(status: GetStatusResponse) {
  return {
    tasks: status.totalTasksRecorded,
    inHistory: status.tasksInHistory,
    proposed: status.totalDeltasProposed,
    applied: status.totalDeltasApplied,
    evaluations: status.totalEvaluations,
    cycles: status.totalCycles,
    recommended: status.recommendedDeltas,
    sequence: status.latestSequence,
    metrics: status.metrics,
    learned: status.rules.map(({ helped, harmed, inconclusive }) => [helped, harmed, inconclusive]),
  };
}

/** Takes tasks, cycles and decisions, and keeps them over a restart. Throws where it does not. */
export async function checkGoesOn(sidecar: Sidecar, restart: () => Promise<Sidecar>) {
  const { client, admin } = clientsOf(sidecar.address);
  const before = await askAll(client);
  const { duplicate } = await client.recordTask({ task: taskOfId('afterwards-1') });
  if (duplicate) throw new Error('a new task is taken for a known one');
  await admin.runCycle({});
  const value = { kind: { case: 'numberValue', value: 0.5 } } as const;
  const { delta } = await admin.setParameter({ target: 'first', value });
  const after = await askAll(client);
  if (after.counters.tasks !== before.counters.tasks + 1n) throw new Error('a task is not counted');
  if ((delta?.sequence ?? 0n) <= before.counters.sequence)
    throw new Error('a number is used again');
  await sidecar.end('SIGTERM');
  const again = await restart();
  const { client: later } = clientsOf(again.address);
  const restarted = await askAll(later);
  await again.end('SIGTERM');
  return { before, after, restarted };
}
