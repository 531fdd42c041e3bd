import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { WAIT } from './agent.ts';
import { expectPlainFailure } from './expect-failure.ts';
import { type Scenario, scenario } from './scenario.ts';
import type { World } from './world.ts';

/** The sidecar would refuse it for ever: who writes the orchestrator is told when it starts. */
async function longClientId(world: World): Promise<void> {
  const agent = await world.agent({ clientId: 'x'.repeat(257) });
  const { code } = await agent.end();
  expect(code).not.toBe(0);
  expect(agent.log).toMatch(/client_?id.*256 bytes/i);
}

async function missingTokenFile(world: World): Promise<void> {
  const agent = await world.agent({ flags: ['--token-file', `${world.directory}/none`] });
  const { code } = await agent.end();
  expect(code).not.toBe(0);
  expect(agent.log).toContain(`${world.directory}/none`);
}

/** A gRPC server that knows none of the sidecar's services. */
async function serveNothing(address: string) {
  const sessions = new Set<ServerHttp2Session>();
  const answer = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': '12',
    'grpc-message': 'unknown service',
  };
  const stranger = { calls: 0, close: () => {} };
  const server = createServer()
    .on('session', (session) => sessions.add(session))
    .on('stream', (stream: ServerHttp2Stream) => {
      stranger.calls += 1;
      stream.on('error', () => {}).respond(answer, { endStream: true });
    });
  const { hostname, port } = new URL(`http://${address}`);
  await once(server.listen(Number(port), hostname), 'listening');
  stranger.close = () => {
    server.close();
    for (const session of sessions) session.destroy();
  };
  return stranger;
}

const LOOK_MS = 3000;

/** From 0.2 to 1 s are waited, at random, and each attempt makes one call. */
const MAX_CALLS = 16;

async function wrongPort(world: World): Promise<string> {
  const stranger = await serveNothing(await world.address());
  const agent = await world.agent({ defaults: { level: 42 } });
  await agent.tell('follow');
  await agent.logged('UNIMPLEMENTED');
  const before = stranger.calls;
  await wait(LOOK_MS);
  const calls = stranger.calls - before;
  expect(calls).toBeGreaterThan(0);
  expect(calls).toBeLessThanOrEqual(MAX_CALLS);
  expect(agent.logLines('UNIMPLEMENTED')).toHaveLength(1);
  await expectPlainFailure(agent.tell('record', { task: { taskId: 'one' } }), 'UNIMPLEMENTED');
  stranger.close();
  await world.start();
  expect(await agent.inForce(0)).toMatchObject({ source: 'snapshot', parameters: { level: 0 } });
  return `${calls} calls in ${LOOK_MS / 1000} s`;
}

async function twoOfOneName(world: World): Promise<void> {
  await world.start();
  const both = [await world.follower(), await world.follower()];
  await world.change(1);
  for (const agent of both) {
    expect(await agent.inForce(1)).toMatchObject({ source: 'delta', parameters: { level: 1 } });
  }
  await vi.waitFor(async () => {
    const { subscribers } = await world.operator.client.getStatus({});
    const told = subscribers.map(({ clientId, ackedSequence }) => [clientId, ackedSequence]);
    expect(told).toEqual(Array(2).fill(['agent', 1n]));
  }, WAIT);
  await both[0]?.end();
  await world.change(2);
  expect(await both[1]?.inForce(2)).toMatchObject({ parameters: { level: 2 } });
  for (const { values } of both) {
    expect(values.filter(({ source }) => source === 'snapshot')).toHaveLength(1);
  }
}

interface Alive {
  readonly threads: number;
  readonly files: number;
}

/** Threads of a runtime come and go. One thing left by each client would be ten times that. */
const COME_AND_GO = 20;

async function openedAgain(world: World): Promise<string> {
  await world.start();
  const agent = await world.agent();
  const before = await agent.tell<Alive>('reopen', { times: 20 });
  const rest = { times: 50 };
  for (let i = 0; i < 4; i += 1) await agent.tell<Alive>('reopen', rest);
  await wait(1000);
  const after = await agent.tell<Alive>('reopen', { times: 1 });
  expect(after.threads - before.threads).toBeLessThanOrEqual(COME_AND_GO);
  expect(after.files - before.files).toBeLessThanOrEqual(COME_AND_GO);
  expect(await agent.end()).toEqual({ code: 0, signal: null });
  const shown = ({ threads, files }: Alive) => `${threads} threads, ${files} files`;
  return `${shown(before)} after 20 clients, ${shown(after)} after 221`;
}

export const MISUSE_SCENARIOS: readonly Scenario[] = [
  scenario('client id that is too long', longClientId),
  scenario('token file that is not there', missingTokenFile),
  scenario('wrong port: UNIMPLEMENTED', wrongPort),
  scenario('two clients of one id', twoOfOneName),
  scenario('opened and closed 200 times', openedAgain),
];
