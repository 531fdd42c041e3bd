import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { describeParameters, showTime } from '../src/cli/delta-line.ts';
import { LearningService } from '../src/gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../src/wire/client.ts';
import { type DemoProcess, startProcess, stopAll } from './demo-process.ts';

// A sidecar, a client that replays a real trace, and one that watches: what the README tells, seen.

const TRACE = new URL('../test/data/mini-agi.ndjson', import.meta.url).pathname;
const TASKS_PER_SECOND = 160;
const REPORT_MS = 250;

/** So quick that a minute's learning takes seconds; otherwise the defaults. */
const CONFIG = `version: demo
cycle: { interval_seconds: 0.5 }
curation: { cooldown_seconds: 1.5, max_deltas_per_hour: 0 }
`;

/** As shells say it of SIGINT. */
const EXIT_INTERRUPTED = 130;

type LearningClient = ServiceClient<typeof LearningService>;

const { values: flags } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const directory = mkdtempSync(join(tmpdir(), 'learning-sidecar-demo-'));
const interrupted = new AbortController();
let isDone = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.abort());
}

try {
  await demo();
} catch (error) {
  if (!interrupted.signal.aborted) console.error(error instanceof Error ? error.message : error);
  if (!isDone) process.exitCode = interrupted.signal.aborted ? EXIT_INTERRUPTED : 1;
} finally {
  await stopAll();
  rmSync(directory, { recursive: true, force: true });
  console.log(interrupted.signal.aborted ? '\nended, and cleaned up' : 'cleaned up');
}

async function demo(): Promise<void> {
  const config = join(directory, 'demo.yaml');
  writeFileSync(config, CONFIG);
  const sidecar = startProcess('serve', [
    ...['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    ...['--data-dir', join(directory, 'data'), '--config', config],
  ]);
  const { address, admin } = await orInterrupted(readAddresses(sidecar));
  console.log(`a sidecar serves on ${address}; its ledger is in ${directory}`);

  const watch = startProcess('watch', ['watch', '--target', address], { show: true });
  await orInterrupted(watch.firstLine);
  const client = createClient(LearningService, address, credentials.createInsecure());
  try {
    await replayTrace(address, client);
    await showStatus(client);
  } finally {
    client.close();
  }
  isDone = true;
  if (flags.keep) await keepServing(address, admin);
}

/** Replays while an orchestrator's metrics come in beside it. */
async function replayTrace(address: string, client: LearningClient): Promise<void> {
  const replay = startProcess(
    'replay',
    ['replay', '--target', address, '--rate', `${TASKS_PER_SECOND}`, '--give-up-after', '5', TRACE],
    { show: true },
  );
  const reporter = setInterval(() => void report(client), REPORT_MS);
  try {
    await orInterrupted(replay.succeeded());
  } finally {
    clearInterval(reporter);
  }
}

/** Twelve agents, and a CPU that gets busier. */
async function report(client: LearningClient): Promise<void> {
  const seconds = process.uptime();
  const metrics = { subAgentCount: 12, cpuPercent: Math.min(60 + Math.round(seconds) * 7.5, 135) };
  // The end of the replay ends the demo, whatever becomes of a report.
  await client.reportMetrics({ metrics }).catch(() => {});
}

async function showStatus(client: LearningClient): Promise<void> {
  const [status, values] = await Promise.all([client.getStatus({}), client.resolveParameters({})]);
  const rows: [name: string, value: string][] = [
    ['tasks recorded', `${status.totalTasksRecorded} (${status.tasksInHistory} retained)`],
    ['cycles', `${status.totalCycles}, one every ${status.cycleIntervalSeconds} s`],
    ['last cycle', showTime(status.lastCycleTime)],
    ['deltas proposed', `${status.totalDeltasProposed}`],
    ['deltas recommended', `${status.recommendedDeltas}`],
    ['deltas applied', `${status.totalDeltasApplied}, the newest is #${status.latestSequence}`],
    ['rules', status.rules.map((rule) => rule.ruleId).join(', ')],
    ['subscribers', status.subscribers.map((one) => one.clientId).join(', ')],
    ['parameters', describeParameters(values.parameters)],
    ['ledger', status.epoch],
  ];
  console.log('\nstatus');
  for (const [name, value] of rows) console.log(`  ${name.padEnd(20)}${value}`);
  console.log('');
}

async function keepServing(address: string, admin: string): Promise<void> {
  console.log(`gRPC on ${address}, HTTP on ${admin}. Call it, for example:`);
  for (const call of [
    `grpcurl -plaintext ${address} list`,
    `grpcurl -plaintext ${address} learning.v1.LearningService/GetStatus`,
    `grpcurl -plaintext -d '{"afterSequence": 0}' ${address} learning.v1.LearningService/StreamDeltas`,
    `grpcurl -plaintext ${address} learning.v1.LearningAdminService/RunCycle`,
  ]) {
    console.log(`  ${call}`);
  }
  console.log('Ctrl-C ends it, and cleans up.');
  // The pending promise alone would not keep the process.
  const alive = setInterval(() => {}, 60_000);
  await orInterrupted(new Promise(() => {})).finally(() => clearInterval(alive));
}

async function readAddresses(sidecar: DemoProcess): Promise<{ address: string; admin: string }> {
  const line: { listen: string[]; admin: string } = JSON.parse(
    await sidecar.find((text) => text.includes('"listen":[')),
  );
  return { address: line.listen[0] ?? '', admin: line.admin };
}

function orInterrupted<T>(work: Promise<T>): Promise<T> {
  const { signal } = interrupted;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
    if (signal.aborted) reject(new Error('interrupted'));
    work.then(resolve, reject);
  });
}
