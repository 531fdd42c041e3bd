import { rmSync } from 'node:fs';
import { expect, vi } from 'vitest';
import type { Agent, Resolution } from './agent.ts';
import { type Scenario, scenario } from './scenario.ts';
import { acknowledged, WAIT, type World } from './world.ts';

const CLIENT_ID = 'agent';

/** Makes changes while the agent cannot see the sidecar, and ends it. */
async function changeElsewhere(world: World, levels: readonly number[], config = {}) {
  const away = await world.start({ listen: '127.0.0.1:0', config });
  for (const level of levels) await world.change(level);
  await away.kill();
}

/** What it was told, after the first snapshot: each delta in its turn, and nothing else. */
function expectEachOnce(agent: Agent, last: number): void {
  const told = agent.values.slice(2).map(({ source, sequence }) => `${source} ${sequence}`);
  expect(told).toEqual(Array.from({ length: last }, (_, i) => `delta ${i + 1}`));
}

async function restart(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await acknowledged(world, CLIENT_ID, 1);
  await first.end('SIGTERM');
  await agent.event('disconnected');
  await changeElsewhere(world, [2, 3, 4]);
  await world.start();
  await agent.inForce(4);
  await world.change(5);
  await agent.inForce(5);
  expectEachOnce(agent, 5);
  expect(new Set(agent.values.slice(1).map(({ epoch }) => epoch)).size).toBe(1);
  await acknowledged(world, CLIENT_ID, 5);
}

async function kill(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  const records = Array.from({ length: 50 }, (_, i) =>
    agent.tell('record', { task: { taskId: `task-${i}`, status: 'TASK_STATUS_SUCCESS' } }),
  );
  await Promise.race(records);
  await first.kill();
  const { code } = await agent.event('disconnected');
  expect(code).toMatch(/^[A-Z_]+$/);
  expect(await agent.tell<Resolution>('resolve', { task_id: 't' })).toMatchObject({
    parameters: { level: 1 },
    delta_sequence: 1,
    fallback: true,
  });
  await world.start();
  await Promise.all(records);
  await world.change(2);
  await agent.inForce(2);
  expectEachOnce(agent, 2);
  const { totalTasksRecorded } = await world.operator.client.getStatus({});
  expect(totalTasksRecorded).toBe(50n);
}

async function away(world: World): Promise<void> {
  const agent = await world.agent({ defaults: { level: 42 } });
  await agent.tell('follow');
  await agent.event('disconnected');
  expect(agent.values).toMatchObject([{ source: 'defaults', parameters: { level: 42 } }]);
  expect(await agent.tell<Resolution>('resolve', {})).toMatchObject({
    parameters: { level: 42 },
    delta_sequence: 0,
    fallback: true,
  });
  const recorded = agent.tell('record', { task: { taskId: 'patient' } });
  await world.start();
  expect(await agent.inForce(0)).toMatchObject({ source: 'snapshot', parameters: { level: 0 } });
  await recorded;
  expect(agent.events.filter(({ event }) => event === 'disconnected')).toHaveLength(1);
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
  await changeElsewhere(world, [2, 3, 4, 5, 6, 7, 8], config);
  await world.start({ config });
  expect(await agent.inForce(2)).toMatchObject({
    source: 'snapshot',
    outcome: 'SNAPSHOT_OUTCOME_RESET_COMPACTED',
    sequence: 8,
    parameters: { level: 8 },
  });
  await world.change(9);
  expect(await agent.inForce(9)).toMatchObject({ source: 'delta', parameters: { level: 9 } });
}

async function anotherLedger(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  await first.kill();
  rmSync(world.dataDir, { recursive: true });
  await world.start();
  const isReset = ({ outcome }: { outcome: string | null }) =>
    outcome === 'SNAPSHOT_OUTCOME_RESET_EPOCH';
  expect(await agent.event('values', isReset)).toMatchObject({
    sequence: 0,
    parameters: { level: 0 },
  });
  await world.change(3);
  await agent.event('values', ({ parameters }) => parameters.level === 3);
  const told = agent.values.slice(1).map(({ source, sequence }) => `${source} ${sequence}`);
  expect(told).toEqual(['snapshot 0', 'delta 1', 'snapshot 0', 'delta 1']);
  await acknowledged(world, CLIENT_ID, 1);
}

/** As big as a value may be, and a reason: megabytes of them fill what is between both sides. */
const BIG_TEXT = 'x'.repeat(3700);
const BIG_REASON = 'r'.repeat(1000);

/** More than a reader may fall behind by, and for longer. What libraries read ahead differs. */
const BEHIND_CHANGES = 300;
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
  const sequences = agent.values.slice(2).map(({ sequence }) => sequence);
  const before = sequences.slice(0, -2);
  expect(before).toEqual(before.map((_, i) => i + 1));
  expect(agent.events.filter(({ event }) => event === 'disconnected')).toEqual([]);
  return `${before.length} deltas before the snapshot, of ${last}`;
}

async function drain(world: World): Promise<void> {
  const first = await world.start();
  const agent = await world.follower();
  await world.change(1);
  await agent.inForce(1);
  expect(await first.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(await agent.event('disconnected')).toEqual({
    event: 'disconnected',
    code: 'UNAVAILABLE',
    reason: 'DRAINING',
  });
  await world.start();
  await world.change(2);
  await agent.inForce(2);
  expectEachOnce(agent, 2);
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
  await agent.inForce(2);
  expectEachOnce(agent, 2);
  await vi.waitFor(async () => expect(await agent.ask('GetStatus')).toBeDefined(), WAIT);
}

export const OUTAGE_SCENARIOS: readonly Scenario[] = [
  scenario('restart with resume', restart),
  scenario('kill -9', kill),
  scenario('away from the start', away),
  scenario('compacted history', compacted),
  scenario('another ledger', anotherLedger),
  scenario('slow reader', slowReader),
  scenario('drain', drain),
  scenario('unix socket', unixSocket),
];
