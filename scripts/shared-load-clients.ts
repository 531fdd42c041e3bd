// A process of the load: orchestrators, of which every other one follows the deltas. Each has a connection of
// its own. They do what they are told to by `shared-load/protocol.ts`.
import { once } from 'node:events';
import { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises';
import { LearningSidecar, TaskStatus } from '../src/client/public.ts';
import type { Message, Order, TaskSpan } from './shared-load/protocol.ts';

const [name = '', target = '', tlsCa = '', tokenFile = '', count = '0', rate = '0'] =
  process.argv.slice(2);
/** Connections that are opened in a second: a handshake takes both sides some milliseconds. */
const OPENED_PER_SECOND = 100;
const TICK_MS = 5;
/** Tasks of a client for each report of its metrics: with 0.2 tasks/s, one in half a minute. */
const TASKS_PER_METRICS = 6;
const NEWEST_IDS = 1000;

let latenciesMs: number[] = [];
let logLines: string[] = [];
let markMs: number | undefined;
let acknowledged = 0;
const pending = new Set<Promise<void>>();
const newestIds: string[] = [];
const spans: TaskSpan[] = [];
const back = new Map<string, number>();

const say = (message: Message) => process.send?.(message);

/** Resolves with it once it is connected, and follows where it is to. */
async function open(index: number): Promise<LearningSidecar> {
  const clientId = `${name}-${index}`;
  const isFollower = index % 2 === 0;
  const sidecar = new LearningSidecar({
    ...{ clientId, target, tlsCa, tokenFile },
    onChange() {
      if (markMs !== undefined && !back.has(clientId)) back.set(clientId, Date.now());
      seen.add(clientId);
    },
    log: (line) => logLines.push(line),
  });
  if (isFollower) sidecar.follow();
  while ((await sidecar.resolve()).isFallback) await sleep(TICK_MS);
  return sidecar;
}

const seen = new Set<string>();

async function openAll(): Promise<LearningSidecar[]> {
  const opening: Promise<LearningSidecar>[] = [];
  for (let index = 0; index < Number(count); index += 1) {
    opening.push(open(index));
    await sleep(1000 / OPENED_PER_SECOND);
  }
  const all = await Promise.all(opening);
  while (seen.size < Math.ceil(all.length / 2)) await sleep(TICK_MS);
  return all;
}

async function record(sidecar: LearningSidecar, taskId: string): Promise<void> {
  const startMs = Date.now();
  const began = performance.now();
  const status = TaskStatus.SUCCESS;
  const outcome = await sidecar.record({ taskId, agentId: 'load', status, latencyMs: 250 });
  if (outcome.kind !== 'recorded' && outcome.kind !== 'duplicate') return;
  acknowledged += 1;
  latenciesMs.push(performance.now() - began);
  if (markMs !== undefined) spans.push({ startMs, endMs: Date.now() });
  else {
    newestIds.push(taskId);
    if (newestIds.length > NEWEST_IDS) newestIds.shift();
  }
}

let sent = 0;

async function work(sidecars: readonly LearningSidecar[], signal: AbortSignal): Promise<void> {
  const began = performance.now();
  for await (const _ of ticks(TICK_MS)) {
    if (signal.aborted) return;
    const due = ((performance.now() - began) / 1000) * Number(rate);
    for (; sent < due; sent += 1) {
      const sidecar = sidecars[sent % sidecars.length];
      if (sidecar === undefined) return;
      const done = record(sidecar, `${name}-${sent}`);
      pending.add(done);
      void done.then(() => pending.delete(done));
      const turn = Math.floor(sent / sidecars.length) + (sent % sidecars.length);
      if (turn % TASKS_PER_METRICS !== 0) continue;
      void sidecar.reportMetrics({ subAgentCount: 4, cpuPercent: 40 });
    }
  }
}

const sidecars = await openAll();
say({ kind: 'ready' });
const over = new AbortController();
for (;;) {
  const [order]: Order[] = await once(process, 'message');
  if (order === 'work') void work(sidecars, over.signal);
  if (order === 'mark') markMs = Date.now();
  if (order === 'report') {
    say({ kind: 'report', latenciesMs, logLines });
    latenciesMs = [];
    logLines = [];
  }
  if (order !== 'stop') continue;
  over.abort();
  await Promise.race([Promise.all(pending), sleep(30_000)]);
  const streamsBackMs = [...back.values()];
  const unacknowledged = sent - acknowledged;
  say({ kind: 'back', acknowledged, unacknowledged, newestIds, spans, streamsBackMs });
  break;
}
await once(process, 'disconnect');
process.exit(0);
