import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { MAX_BACKLOG } from '../../src/ledger/state.ts';
import { type Agent, type Resolution, WAIT } from './agent.ts';
import { type Scenario, scenario } from './scenario.ts';
import { acknowledged, type World } from './world.ts';

const CLIENT_ID = 'agent';

/** What an agent answers to `record`. */
interface Settled {
  readonly outcome: string;
}

/** Makes changes while the agent cannot see the sidecar, and ends it. */
async function changeElsewhere(world: World, levels: readonly number[]) {
  const away = await world.start({ listen: '127.0.0.1:0' });
  for (const level of levels) await world.change(level);
  await away.kill();
}

/** A snapshot may leave changes out; deltas follow what came before without a gap, each once. */
export function expectInOrder({ values }: Agent): void {
  const steps = values.map(({ source, sequence }, i) => {
    const before = values[i - 1]?.sequence ?? -1;
    const follows = source === 'delta' ? sequence === before + 1 : sequence >= before;
    return `${source} ${sequence}${follows ? '' : ` after ${before}`}`;
  });
  expect(steps.filter((step) => step.includes('after'))).toEqual([]);
}

/** What it was told of, as `snapshot 0`. */
function told({ values }: Agent): string[] {
  return values.map(({ source, sequence }) => `${source} ${sequence}`);
}

async function restart(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await acknowledged(world, CLIENT_ID, 1);
  await first.end('SIGTERM');
  await changeElsewhere(world, [2, 3, 4]);
  await world.start();
  const { changed } = await agent.inForce(4);
  const { deltas } = await world.operator.client.listDeltas({ pageSize: 1 });
  expect(changed).toEqual({ level: deltas[0]?.deltaId });
  await acknowledged(world, CLIENT_ID, 4);
  await world.change(5);
  await agent.inForce(5);
  expect(told(agent)).toEqual(['snapshot 0', 'delta 1', 'snapshot 4', 'delta 5']);
  expect(new Set(agent.values.map(({ epoch }) => epoch)).size).toBe(1);
  await acknowledged(world, CLIENT_ID, 5);
}

async function kill(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  const records = Array.from({ length: 50 }, (_, i) =>
    agent.tell<Settled>('record', { task: { taskId: `task-${i}`, status: 'TASK_STATUS_SUCCESS' } }),
  );
  await Promise.race(records);
  await first.kill();
  expect(await agent.tell<Resolution>('resolve', { task_id: 't' })).toMatchObject({
    parameters: { level: 1 },
    delta_sequence: 1,
    fallback: true,
  });
  await world.start();
  for (const { outcome } of await Promise.all(records)) {
    expect(outcome).toMatch(/^(recorded|duplicate)$/);
  }
  await world.change(2);
  expect(await agent.inForce(2)).toMatchObject({ parameters: { level: 2 } });
  expectInOrder(agent);
  const { totalTasksRecorded } = await world.operator.client.getStatus({});
  expect(totalTasksRecorded).toBe(50n);
}

/** Long enough for several attempts to reach a sidecar. */
const LOOK_MS = 3000;

async function away(world: World): Promise<void> {
  const agent = await world.agent({ defaults: { level: 42 } });
  await agent.tell('follow');
  await agent.logged('UNAVAILABLE');
  await wait(LOOK_MS);
  expect(agent.logLines('UNAVAILABLE')).toHaveLength(1);
  expect(await agent.tell<Resolution>('resolve', {})).toMatchObject({
    parameters: { level: 42 },
    delta_sequence: 0,
    fallback: true,
  });
  const recorded = agent.tell('record', { task: { taskId: 'patient' } });
  await world.start();
  expect(await agent.inForce(0)).toMatchObject({ source: 'snapshot', parameters: { level: 0 } });
  expect(await recorded).toEqual({ outcome: 'recorded' });
  expect(told(agent)).toEqual(['snapshot 0']);
  await world.sidecar.kill();
  expect(await agent.end()).toEqual({ code: 0, signal: null });
}

async function compacted(world: World): Promise<void> {
  const config = { ledger: { retain_deltas: 2 } };
  const first = await world.start({ config });
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  await first.kill();
  const elsewhere = await world.start({ listen: '127.0.0.1:0', config });
  await world.text('forgotten');
  for (const level of [3, 4, 5, 6, 7, 8]) await world.change(level);
  await elsewhere.kill();
  await world.start({ config });
  const snapshot = await agent.inForce(2);
  expect(snapshot).toMatchObject({
    ...{ source: 'snapshot', outcome: 'SNAPSHOT_OUTCOME_INITIAL', sequence: 8 },
    parameters: { level: 8, text: 'forgotten' },
  });
  // Only a delta that is retained can be acknowledged, or refused.
  expect(snapshot.changed).toEqual({ level: expect.stringMatching(/./), text: '' });
  await acknowledged(world, CLIENT_ID, 8);
  await world.change(9);
  expect(await agent.inForce(9)).toMatchObject({ source: 'delta', parameters: { level: 9 } });
}

async function anotherLedger(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  const { epoch } = await agent.inForce(1);
  await first.kill();
  rmSync(world.dataDir, { recursive: true });
  await world.start();
  const { epoch: another } = await world.operator.client.getStatus({});
  expect(another).not.toBe(epoch);
  expect(await agent.change((change) => change.epoch === another)).toMatchObject({
    ...{ source: 'snapshot', sequence: 0, parameters: { level: 0 }, changed: { level: '' } },
  });
  await world.change(3);
  await agent.change(({ parameters }) => parameters.level === 3);
  expect(told(agent)).toEqual(['snapshot 0', 'delta 1', 'snapshot 0', 'delta 1']);
  await acknowledged(world, CLIENT_ID, 1);
}

/** As big as a value may be, and a reason: megabytes of them fill what is between both sides. */
const BIG_TEXT = 'x'.repeat(3700);
const BIG_REASON = 'r'.repeat(1000);

/** More than a reader may fall behind by, and for longer. What libraries read ahead differs. */
const BEHIND_CHANGES = MAX_BACKLOG + 50;
const BEHIND_MS = 1200;
const CHANGES_A_LOOK = 50;

/** 45 MB: a client that takes so much without being read has no flow control. */
const MAX_CHANGES = 5000;

/** Changes that the sidecar could not send yet. */
async function changesBehind({ operator }: World): Promise<number> {
  const { latestSequence, subscribers } = await operator.client.getStatus({});
  return Number(latestSequence - (subscribers[0]?.sentSequence ?? 0n));
}

async function slowReader(world: World): Promise<string> {
  await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  await agent.tell('pause_reading');
  let behindMs = Number.POSITIVE_INFINITY;
  for (let i = 1; performance.now() < behindMs + BEHIND_MS; i += 1) {
    const value = { kind: { case: 'stringValue', value: `${i} ${BIG_TEXT}` } } as const;
    await world.operator.admin.setParameter({ target: 'text', value, reason: BIG_REASON });
    if (i > MAX_CHANGES) throw new Error(`the agent still reads, after ${i} changes`);
    if (i % CHANGES_A_LOOK !== 0 || behindMs !== Number.POSITIVE_INFINITY) continue;
    if ((await changesBehind(world)) > BEHIND_CHANGES) behindMs = performance.now();
  }
  const last = await world.change(2);
  await agent.tell('resume_reading');
  expect(await agent.inForce(last)).toMatchObject({
    source: 'snapshot',
    outcome: 'SNAPSHOT_OUTCOME_RESET_SLOW',
    parameters: { level: 2 },
  });
  await world.change(3);
  expect(await agent.inForce(last + 1)).toMatchObject({
    source: 'delta',
    parameters: { level: 3 },
  });
  // On one stream: no other snapshot.
  const before = agent.values.length - 3;
  const deltas = Array.from({ length: before }, (_, i) => `delta ${i + 1}`);
  const rest = [`snapshot ${last}`, `delta ${last + 1}`];
  expect(told(agent)).toEqual(['snapshot 0', ...deltas, ...rest]);
  return `${before} deltas before the snapshot, of ${last}`;
}

async function drain(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await agent.logged('UNAVAILABLE');
  await world.start();
  await world.change(2);
  expect(await agent.inForce(2)).toMatchObject({ parameters: { level: 2 } });
  expectInOrder(agent);
}

async function unixSocket(world: World): Promise<void> {
  const listen = `unix:${world.directory}/sidecar.sock`;
  const first = await world.start({ listen });
  const agent = await world.follower({ target: listen });
  await agent.tell('record', { task: { taskId: 'one' } });
  expect(await agent.ask('GetStatus')).toMatchObject({ totalTasksRecorded: '1' });
  await world.change(1);
  await agent.inForce(1);
  await first.kill();
  await world.start({ listen });
  await world.change(2);
  expect(await agent.inForce(2)).toMatchObject({ parameters: { level: 2 } });
  expectInOrder(agent);
  await vi.waitFor(async () => expect(await agent.ask('GetStatus')).toBeDefined(), WAIT);
}

export const OUTAGE_SCENARIOS: readonly Scenario[] = [
  scenario('restart', restart),
  scenario('kill -9', kill),
  scenario('away from the start', away),
  scenario('compacted history', compacted),
  scenario('another ledger', anotherLedger),
  scenario('slow reader', slowReader),
  scenario('drain', drain),
  scenario('unix socket', unixSocket),
];
