import { expect, vi } from 'vitest';
import { createAuthority } from '../support/sidecar/certificates.ts';
import { type Agent, WAIT } from './agent.ts';
import { expectFailure, expectPlainFailure } from './expect-failure.ts';
import { type Scenario, scenario } from './scenario.ts';
import type { World } from './world.ts';

const CLIENT = 'the-token-of-clients';
const ADMIN = 'the-token-of-operators';

/** A connection is not to be had: the agent is told so, and can be told to end. */
async function expectShutOut(agent: Agent): Promise<void> {
  await expectPlainFailure(agent.ask('GetStatus'), 'UNAVAILABLE');
  expect(await agent.end()).toEqual({ code: 0, signal: null });
}

/** The sidecar's certificates are for names. */
function named({ sidecar }: World): string {
  return sidecar.address.replace('127.0.0.1', 'localhost');
}

async function tls(world: World): Promise<void> {
  const { caFile, tls: files } = world.certificates();
  await world.start({ config: { tls: files } });
  const target = named(world);
  const agent = await world.follower({ target, flags: ['--tls-ca', caFile] });
  await agent.tell('record', { task: { taskId: 'one' } });
  expect(await agent.ask('GetStatus')).toMatchObject({ totalTasksRecorded: '1' });
  const otherFile = world.file('other.crt', createAuthority('other').cert);
  await expectShutOut(await world.agent({ target, flags: ['--tls-ca', otherFile] }));
  await expectShutOut(await world.agent({ target }));
}

async function serverName(world: World): Promise<void> {
  const { caFile, tls: files } = world.certificates(['sidecar.test']);
  await world.start({ config: { tls: files } });
  const target = named(world);
  const flags = ['--tls-ca', caFile];
  await world.follower({ target, flags: [...flags, '--tls-server-name', 'sidecar.test'] });
  await expectShutOut(await world.agent({ target, flags }));
}

async function mutualTls(world: World): Promise<void> {
  const { authority, caFile, tls: files } = world.certificates();
  const config = {
    tls: { ...files, client_ca_file: caFile, allowed_names: ['orchestrator.test'] },
  };
  await world.start({ config });
  const target = named(world);
  const flagsFor = (name: string) => {
    const { cert, key } = authority.issue({ names: [name] });
    const files = [world.file(`${name}.crt`, cert), world.file(`${name}.key`, key)] as const;
    return ['--tls-ca', caFile, '--tls-certificate', files[0], '--tls-key', files[1]];
  };
  const agent = await world.follower({ target, flags: flagsFor('orchestrator.test') });
  await agent.ask('GetStatus');
  await expectShutOut(await world.agent({ target, flags: flagsFor('somebody.test') }));
  await expectShutOut(await world.agent({ target, flags: ['--tls-ca', caFile] }));
}

/** A sidecar that wants tokens; answers what starts an agent that shows one. */
async function startWithTokens(world: World) {
  await world.start({
    config: {
      tokens: {
        client_file: world.file('clients', CLIENT),
        admin_file: world.file('admins', ADMIN),
      },
    },
  });
  return (token: string) => world.agent({ flags: ['--token-file', world.file('token', token)] });
}

async function missingToken(world: World): Promise<void> {
  await startWithTokens(world);
  const agent = await world.agent();
  await expectFailure(agent.ask('GetStatus'), 'UNAUTHENTICATED', 'NO_TOKEN');
  expect(await agent.call('Health', 'Check')).toEqual({ status: 'SERVING' });
  await agent.tell('follow');
  await agent.logged('UNAUTHENTICATED');
  expect(agent.hasExited).toBe(false);
}

async function wrongToken(world: World): Promise<void> {
  const agentWith = await startWithTokens(world);
  const agent = await agentWith('a-token-that-nobody-knows');
  await expectFailure(agent.ask('GetStatus'), 'UNAUTHENTICATED', 'NO_TOKEN');
  const refused = agent.tell('record_stream', { batches: [[{}]] });
  await expectFailure(refused, 'UNAUTHENTICATED', 'NO_TOKEN');
  await agent.tell('follow');
  await agent.logged('UNAUTHENTICATED');
  const recorded = agent.tell('record', { task: { taskId: 'patient' } });
  // Exchanged, it is taken up without a restart, by the loop too.
  world.file('token', CLIENT);
  await agent.inForce(0);
  expect(await recorded).toEqual({ outcome: 'recorded' });
  await vi.waitFor(async () => expect(await agent.ask('GetStatus')).toBeDefined(), WAIT);
}

async function wrongRole(world: World): Promise<void> {
  const agentWith = await startWithTokens(world);
  const agent = await agentWith(CLIENT);
  await agent.tell('record', { task: { taskId: 'one' } });
  const change = { target: 'level', value: 1 };
  const set = (one: Agent) => one.call('LearningAdminService', 'SetParameter', change);
  await expectFailure(set(agent), 'PERMISSION_DENIED', 'NOT_ALLOWED');
  await agent.tell('follow');
  await agent.inForce(0);
  const admin = await agentWith(ADMIN);
  await set(admin);
  expect(await agent.inForce(1)).toMatchObject({ parameters: { level: 1 } });
}

export const ACCESS_SCENARIOS: readonly Scenario[] = [
  scenario('TLS', tls),
  scenario('TLS, by another name', serverName),
  scenario('TLS of both sides', mutualTls),
  scenario('token missing: NO_TOKEN', missingToken),
  scenario('token wrong, then exchanged', wrongToken),
  scenario('token of clients: NOT_ALLOWED', wrongRole),
];
