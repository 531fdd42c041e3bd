import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LearningSidecar } from '../src/client/learning-sidecar.ts';
import { AGENTS, Orchestrator, PACES } from './demo/orchestrator.ts';
import { elapsedSeconds, explain } from './demo/print.ts';
import { type DemoProcess, startProcess, stopAll } from './demo/process.ts';
import { Story } from './demo/story.ts';
import { readTasks } from './demo/tasks.ts';
import { compareWithTruth } from './demo/truth.ts';

// A sidecar, and an orchestrator that does not know which of two changes is good: what README.md tells.

const CONFIG = new URL('demo/config.yaml', import.meta.url).pathname;

/** As shells say it of SIGINT. */
const EXIT_INTERRUPTED = 130;

// On a terminal it keeps serving when the story is over, so that the page can be looked at.
const isTerminal = process.stdout.isTTY === true;
const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean', default: isTerminal } },
  allowNegative: true,
});
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
  copyFileSync(CONFIG, config);
  const serving = startProcess('serve', [
    ...['serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    ...['--data-dir', join(directory, 'data'), '--config', config],
  ]);
  const { address, admin } = await orInterrupted(readAddresses(serving));
  const sidecar = new LearningSidecar({ target: address, clientId: 'demo' });
  try {
    await learn(sidecar, { address, admin });
  } finally {
    await sidecar.close();
  }
  isDone = true;
  const [rules, planted] = ['scripts/demo/config.yaml', 'scripts/demo/planted.ts'];
  console.log(`\n${elapsedSeconds().toFixed(0)} s. Rules: ${rules}. What was planted: ${planted}.`);
  if (flags.keep) await keepServing(address, admin);
}

/** The story, the report, and the truth beside it. */
async function learn(sidecar: LearningSidecar, { address, admin }: Addresses): Promise<void> {
  const tasks = readTasks();
  introduce(tasks.length, address);
  explain(`See it work: ${admin}`);
  console.log('');
  const orchestrator = new Orchestrator(sidecar, tasks);
  const running = orchestrator.run();
  try {
    await orInterrupted(new Story(sidecar.service, orchestrator).end(interrupted.signal));
  } finally {
    orchestrator.stop();
  }
  await orInterrupted(running);
  console.log('\n$ learning-sidecar report\n');
  const report = startProcess('report', ['report', '--target', address], { show: true });
  await orInterrupted(report.succeeded());
  console.log('');
  await orInterrupted(compareWithTruth(sidecar.service, orchestrator.outcomes));
}

function introduce(tasks: number, address: string): void {
  explain(
    `A sidecar serves on ${address}. ${AGENTS} agents run ${tasks} tasks of a real trace (mini-agi, ` +
      `2023) over and over, ${PACES.slow} times as fast as they ran then. Each asks for its settings ` +
      'before it begins, and is reported with what it took and cost. Two rules propose a change ' +
      'each: one helps and one harms, and the sidecar is not told which.',
  );
  console.log('');
}

async function keepServing(address: string, admin: string): Promise<void> {
  console.log(`The page is on ${admin}, gRPC on ${address}. Call it, for example:`);
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

/** Where the sidecar serves gRPC, and the page. */
interface Addresses {
  readonly address: string;
  readonly admin: string;
}

async function readAddresses(sidecar: DemoProcess): Promise<Addresses> {
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
