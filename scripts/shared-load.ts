// The load of a shared sidecar: `deploy/kubernetes/shared` as it stands, TLS and tokens included, for 5,000
// orchestrators with a connection each. Every other one follows the deltas; together they record 1,000 tasks a
// second. In the end it is restarted under them. `npm run shared -- --minutes N`. It needs Linux, and as many open
// files as clients: `ulimit -Hn`.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LearningSidecar } from '../src/client/public.ts';
import { mean, quantileOf } from '../src/trial/evidence/distributions.ts';
import type { Back, Message, Order, Report } from './shared-load/protocol.ts';
import { SharedSidecar } from './shared-load/sidecar.ts';

/** Processes of clients: one alone would be as busy as the sidecar. */
const PROCESSES = 2;
const REST_MS = 20_000;
const MINUTE_MS = 60_000;
const SAMPLE_MS = 1000;
/** Between changes of a value: each is told to every stream, and acknowledged by every one. */
const CHANGE_MS = MINUTE_MS;
const AFTER_RESTART_MS = 60_000;
/** Files that are open beside connections. */
const OTHER_FILES = 100;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    clients: { type: 'string', default: '5000' },
    rate: { type: 'string', default: '1000' },
  },
});
const minutes = Number(values.minutes);
const clients = Number(values.clients);
const rate = Number(values.rate);
if (![minutes, clients, rate].every((one) => Number.isInteger(one) && one > 0) || clients > 5900) {
  console.error(
    'usage: npm run shared -- [--minutes N] [--clients N, at most 5900] [--rate TASKS-A-SECOND]',
  );
  process.exit(2);
}
const openFiles = Number(
  /^Max open files +\S+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
);
if (openFiles < clients + OTHER_FILES) {
  console.error(`shared: at most ${openFiles} files may be open here: raise ulimit -Hn`);
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'learning-sidecar-shared-'));
const sidecar = new SharedSidecar(directory);
const crowds: ChildProcess[] = [];
process.once('exit', () => {
  sidecar.kill();
  for (const crowd of crowds) crowd.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

function startCrowd(index: number): Promise<unknown> {
  const { ca, clientTokens } = sidecar.secrets;
  const share = [clients / PROCESSES, rate / PROCESSES].map((one) => String(Math.round(one)));
  const args = [`crowd-${index}`, sidecar.address, ca, clientTokens, ...share];
  const crowd = fork(join(import.meta.dirname, 'shared-load-clients.ts'), args);
  crowds.push(crowd);
  crowd.once('exit', (code) => {
    if (code === 0) return;
    console.error(`shared: a process of clients ended (${code})`);
    process.exit(1);
  });
  return once(crowd, 'message');
}

function order(order: Order): void {
  for (const crowd of crowds) crowd.send(order);
}

async function ask<M extends Message>(question: Order): Promise<M[]> {
  const answers = crowds.map((crowd) => once(crowd, 'message'));
  order(question);
  // Each order has one kind of answer.
  return (await Promise.all(answers)).map(([message]) => message as M);
}

/** The sidecar's CPU seconds at a Unix time in milliseconds. */
type CpuSample = readonly [timeMs: number, cpuSeconds: number];

/** The share of a core, and the mean memory, while something lasts; `samples` gets its CPU seconds by the second. */
async function watch(lastsMs: number, samples: CpuSample[] = []): Promise<string> {
  const resident: number[] = [];
  const beganMs = performance.now();
  const beganCpu = sidecar.cpuSeconds;
  while (performance.now() - beganMs < lastsMs) {
    await sleep(SAMPLE_MS);
    resident.push(sidecar.residentMebibytes);
    samples.push([Date.now(), sidecar.cpuSeconds]);
  }
  const cpu = (sidecar.cpuSeconds - beganCpu) / ((performance.now() - beganMs) / 1000);
  return `RSS ${mean(resident).toFixed(0)} MiB, CPU ${(100 * cpu).toFixed(0)} % of a core`;
}

async function describeMinute(minute: number, used: string): Promise<void> {
  const reports = await ask<Report>('report');
  const latencies = reports.flatMap(({ latenciesMs }) => latenciesMs);
  const perSecond = (latencies.length / MINUTE_MS) * 1000;
  console.log(
    `shared: minute ${minute}: ${used}; RecordTask ${perSecond.toFixed(0)}/s, ` +
      `p50 ${quantileOf(latencies, 0.5).toFixed(1)} ms, p99 ${quantileOf(latencies, 0.99).toFixed(1)} ms`,
  );
  tellLogLines(reports);
}

function tellLogLines(reports: readonly Report[]): void {
  const lines = reports.flatMap(({ logLines }) => logLines);
  if (lines.length > 0) console.log(`shared: clients logged ${lines.length} lines: ${lines[0]}`);
}

/** An operator, who turns a value back and forth: each turn is told to every stream, if the sidecar takes it. */
function createOperator(): { change(): Promise<boolean>; sidecar: LearningSidecar } {
  const { ca, adminTokens } = sidecar.secrets;
  const target = sidecar.address;
  const operator = new LearningSidecar({
    ...{ clientId: 'operator', target, tlsCa: ca, tokenFile: adminTokens },
    // All tasks of the last check are sent at once.
    maxPending: 10_000,
  });
  let turns = 0;
  return {
    sidecar: operator,
    async change() {
      turns += 1;
      const value = { kind: { case: 'numberValue', value: 90 + (turns % 2) } } as const;
      const request = { target: 'max_cpu_per_agent', value };
      const done = operator.admin.setParameter(request, { deadlineMs: 1000 });
      return done.then(
        () => true,
        () => false,
      );
    },
  };
}

interface Restart {
  readonly markMs: number;
  readonly endedMs: number;
  readonly servesMs: number;
}

async function restart(): Promise<Restart> {
  order('mark');
  const markMs = Date.now();
  const code = await sidecar.stop();
  const endedMs = Date.now();
  if (code !== 0) throw new Error(`SIGTERM: exit ${code}`);
  await sidecar.start();
  return { markMs, endedMs, servesMs: Date.now() };
}

function describeRestart(
  { markMs, endedMs, servesMs }: Restart,
  backs: readonly Back[],
  samples: readonly CpuSample[],
): void {
  const after = (ms: number) => `${((ms - markMs) / 1000).toFixed(1)} s`;
  const streams = backs.flatMap(({ streamsBackMs }) => streamsBackMs);
  const spans = backs.flatMap(({ spans: all }) => all);
  const held = spans.filter(({ startMs, endMs }) => startMs < servesMs && endMs > endedMs);
  const last = held.reduce((latest, { endMs }) => Math.max(latest, endMs), 0);
  const allBackMs = quantileOf(streams, 1);
  const [, cpuSeconds = sidecar.cpuSeconds] = samples.find(([ms]) => ms >= allBackMs) ?? [];
  console.log(
    `shared: restart: SIGTERM, ended after ${after(endedMs)}, serves after ${after(servesMs)}; ` +
      `streams back: half after ${after(quantileOf(streams, 0.5))}, 99 % after ${after(quantileOf(streams, 0.99))}, ` +
      `all ${streams.length} after ${after(allBackMs)}, with ${cpuSeconds.toFixed(0)} s of the sidecar's CPU; ` +
      `${held.length} tasks waited, the last was acknowledged after ${after(last)}`,
  );
}

/** Whether the ledger has every task that was acknowledged, and each once. */
async function checkKept(backs: readonly Back[], operator: LearningSidecar): Promise<boolean> {
  const sum = (of: (back: Back) => number) => backs.reduce((total, one) => total + of(one), 0);
  const acknowledged = sum((back) => back.acknowledged);
  const unacknowledged = sum((back) => back.unacknowledged);
  const ids = backs.flatMap(({ newestIds }) => newestIds);
  const again = await Promise.all(ids.map((taskId) => operator.record({ taskId })));
  const known = again.filter(({ kind }) => kind === 'duplicate').length;
  const status = await operator.service.getStatus({});
  console.log(
    `shared: ${acknowledged} tasks acknowledged, ${unacknowledged} not; the ledger has ` +
      `${status.totalTasksRecorded}; of the ${ids.length} acknowledged last before the restart it knows ${known}; ` +
      `${status.metricsReporters} clients' metrics count, ${status.metrics?.subAgentCount} agents`,
  );
  const isWhole = unacknowledged === 0 && BigInt(acknowledged) === status.totalTasksRecorded;
  return isWhole && known === ids.length;
}

await sidecar.start();
console.log(`shared: ${clients} clients, every other one streams; ${rate} tasks/s; TLS and tokens`);
const beganMs = performance.now();
await Promise.all(Array.from({ length: PROCESSES }, (_, index) => startCrowd(index)));
console.log(`shared: all are there after ${((performance.now() - beganMs) / 1000).toFixed(0)} s`);
console.log(`shared: at rest: ${await watch(REST_MS)}`);
const operator = createOperator();
const changes = setInterval(() => void operator.change(), CHANGE_MS);
order('work');
for (let minute = 1; minute <= minutes; minute += 1) {
  await describeMinute(minute, await watch(MINUTE_MS));
}
console.log(`shared: at most ${sidecar.peakMebibytes.toFixed(0)} MiB resident`);
clearInterval(changes);
const restarted = await restart();
const samples: CpuSample[] = [];
const used = await watch(AFTER_RESTART_MS, samples);
console.log(`shared: after it: ${used}, at most ${sidecar.peakMebibytes.toFixed(0)} MiB`);
tellLogLines(await ask<Report>('report'));
const backs = await ask<Back>('stop');
describeRestart(restarted, backs, samples);
const isKept = await checkKept(backs, operator.sidecar);
const streams = backs.flatMap(({ streamsBackMs }) => streamsBackMs).length;
const isSound = isKept && streams === PROCESSES * Math.ceil(Math.round(clients / PROCESSES) / 2);
console.log(`shared: ${isSound ? 'passed' : 'FAILED'}`);
process.exit(isSound ? 0 : 1);
