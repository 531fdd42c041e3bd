import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts';
import { ServerReflection } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts';
import { createClient } from '../../src/wire/client.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';
import { failureOf } from '../rpc/wire.ts';
import { runScript } from '../support/sidecar/child.ts';
import {
  bearer,
  callers,
  hasLogged,
  logged,
  startConfigured,
} from '../support/sidecar/secure-sidecar.ts';
import { type Sidecar, spawnSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const CLIENT = 'client-token-of-some-length';
const ADMIN = 'admin,token=of+some/length~!';
const READ_AGAIN = 'tokens were read again';
const PLAIN = credentials.createInsecure();

/** Token files, and how to write one as an operator should: all at once. */
function createFiles() {
  const directory = tempDir();
  const path = (name: string) => join(directory, name);
  const write = (name: string, text: string, mode = 0o600) => {
    writeFileSync(path('new'), text, { mode });
    renameSync(path('new'), path(name));
  };
  write('client', `# those of the orchestrator\n\n${CLIENT}\n`);
  write('admin', ADMIN);
  const tokens = { client_file: path('client'), admin_file: path('admin') };
  return { directory, write, tokens };
}

/** How a call ended: its code and the reason in its details, or OK. */
async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    // What grpc-js rejects with.
    const failure = error as ServiceError;
    const { reason, domain } = readStatusDetails(failure);
    return `${status[failure.code]} ${reason} ${domain}`;
  }
}

const NO_TOKEN = 'UNAUTHENTICATED NO_TOKEN learning.v1';
const NOT_ALLOWED = 'PERMISSION_DENIED NOT_ALLOWED learning.v1';

test('each service takes the tokens of its role, and says what is missing', async () => {
  const { directory, tokens } = createFiles();
  const { sidecar } = await startConfigured(directory, { tokens });
  const { client, admin } = callers(sidecar.address, PLAIN);
  const stream = (token?: string) =>
    new Promise((resolve, reject) => {
      const call = client.streamDeltas({ clientId: 'a' }, token === undefined ? {} : bearer(token));
      call.on('data', (message) => {
        resolve(message);
        call.cancel();
      });
      call.on('error', reject);
    });
  const upload = (token?: string) =>
    new Promise((resolve, reject) => {
      const call = client.recordTasks(token === undefined ? {} : bearer(token));
      call.on('data', resolve);
      call.on('error', reject);
      call.write({ tasks: [{ taskId: 'x' }] });
      call.end();
    });
  const wrong = `${CLIENT}x`;
  const table: [string, () => Promise<unknown>, string][] = [
    ['record, none', () => client.recordTask({ task: {} }), NO_TOKEN],
    ['record, wrong', () => client.recordTask({ task: {} }, bearer(wrong)), NO_TOKEN],
    [
      'record, part of one',
      () => client.recordTask({ task: {} }, bearer(CLIENT.slice(1))),
      NO_TOKEN,
    ],
    ['record, client', () => client.recordTask({ task: {} }, bearer(CLIENT)), 'OK'],
    ['record, admin', () => client.recordTask({ task: {} }, bearer(ADMIN)), 'OK'],
    ['stream, none', () => stream(), NO_TOKEN],
    ['stream, wrong', () => stream(wrong), NO_TOKEN],
    ['stream, client', () => stream(CLIENT), 'OK'],
    ['upload, none', () => upload(), NO_TOKEN],
    ['upload, client', () => upload(CLIENT), 'OK'],
    ['cycle, none', () => admin.runCycle({}), NO_TOKEN],
    ['cycle, client', () => admin.runCycle({}, bearer(CLIENT)), NOT_ALLOWED],
    ['cycle, admin', () => admin.runCycle({}, bearer(ADMIN)), 'OK'],
  ];
  for (const [name, call, expected] of table) {
    expect(`${name}: ${await outcome(call())}`).toBe(`${name}: ${expected}`);
  }
  // What was refused was not recorded: two unary calls and one upload were taken.
  const { totalTasksRecorded } = await client.getStatus({}, bearer(CLIENT));
  expect(totalTasksRecorded).toBe(3n);
  const said = async (authorization?: string) => {
    const options = bearer('');
    options.metadata.remove('authorization');
    if (authorization !== undefined) options.metadata.set('authorization', authorization);
    return (await failureOf(client.getStatus({}, options))).details;
  };
  expect(await said()).toMatch(/found no such header/);
  expect(await said(`Basic ${CLIENT}`)).toMatch(/found another scheme/);
  expect(await said(`Bearer ${wrong}`)).toMatch(/is not known/);
  const options = bearer('');
  options.metadata.set('authorization', `bEARER  ${CLIENT}`);
  await client.getStatus({}, options);
  const lines = await hasLogged(sidecar, 'a call was refused');
  expect(lines[0]).toMatchObject({ peer: expect.stringMatching(/^127/), level: 40 });
  expectNoTokens(sidecar);
  const refused = table.filter(([, , expected]) => expected !== 'OK').length;
  console.log(
    `tokens: ${refused} of ${table.length} calls refused as they must be, by code and reason`,
  );
});

test('health is for everybody, reflection for any token, metrics too', async () => {
  const { directory, tokens } = createFiles();
  const { sidecar } = await startConfigured(directory, { tokens });
  const health = createClient(Health, sidecar.address, PLAIN);
  const reflection = createClient(ServerReflection, sidecar.address, PLAIN);
  onTestFinished(() => {
    health.close();
    reflection.close();
  });
  await health.check({});
  const reflect = (token?: string) =>
    outcome(
      new Promise((resolve, reject) => {
        const call = reflection.serverReflectionInfo(token === undefined ? {} : bearer(token));
        call.on('data', resolve);
        call.on('error', reject);
        call.write({ messageRequest: { case: 'listServices', value: '' } });
        call.end();
      }),
    );
  expect([await reflect(), await reflect(CLIENT), await reflect(ADMIN)]).toEqual([
    NO_TOKEN,
    'OK',
    'OK',
  ]);
  const get = (path: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return fetch(`${sidecar.adminUrl}${path}`, { headers });
  };
  expect((await get('/healthz')).status).toBe(200);
  expect((await get('/readyz')).status).toBe(200);
  const refused = await get('/metrics');
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect((await get('/metrics', 'not-a-token-that-is-known')).status).toBe(401);
  const text = await (await get('/metrics', CLIENT)).text();
  expect(text).toMatch(/learning_refusals_total\{reason="NO_TOKEN"\} 1\n/);
});

test('tokens are exchanged without a restart, and streams of one that is gone end', async () => {
  const { directory, tokens, write } = createFiles();
  const { sidecar } = await startConfigured(directory, { tokens });
  const { client } = callers(sidecar.address, PLAIN);
  const later = 'another-token-of-some-length';
  const ask = (token: string) => outcome(client.getStatus({}, bearer(token)));
  const { metadata } = bearer(CLIENT);
  const stream = client.streamDeltas({ clientId: 'long' }, { metadata });
  const ended = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
  await new Promise((resolve) => stream.once('data', resolve));
  expect([await ask(CLIENT), await ask(later)]).toEqual(['OK', NO_TOKEN]);
  write('client', `${CLIENT}\n${later}\n`);
  await hasLogged(sidecar, READ_AGAIN, 1);
  expect([await ask(CLIENT), await ask(later)]).toEqual(['OK', 'OK']);
  for (const bad of ['short\n', '', `${later}\u00e9\n`]) {
    const before = logged(sidecar, 'new tokens were refused').length;
    write('client', bad);
    const lines = await hasLogged(sidecar, 'new tokens were refused', before + 1);
    expect(lines.at(-1)?.reason).toMatch(/^tokens\.client_file: .*(?:expected a token|no token)/);
    expect(await ask(CLIENT)).toBe('OK');
  }
  write('client', later);
  await hasLogged(sidecar, READ_AGAIN, 2);
  expect([await ask(CLIENT), await ask(later)]).toEqual([NO_TOKEN, 'OK']);
  const failure = await ended;
  expect([failure.code, readStatusDetails(failure).reason]).toEqual([16, 'NO_TOKEN']);
  expectNoTokens(sidecar, later);
  console.log(
    'tokens: exchanged by way of both without a restart; 3 bad files refused; 1 stream ended',
  );
});

test('with an admin file alone, every call takes that token; without one, no admin call is taken', async () => {
  const { directory, tokens } = createFiles();
  const one = await startConfigured(directory, { tokens: { admin_file: tokens.admin_file } });
  const strict = callers(one.sidecar.address, PLAIN);
  expect(await outcome(strict.client.getStatus({}, bearer(CLIENT)))).toBe(NO_TOKEN);
  expect(await outcome(strict.client.getStatus({}, bearer(ADMIN)))).toBe('OK');
  const other = await startConfigured(directory, { tokens: { client_file: tokens.client_file } });
  const closed = callers(other.sidecar.address, PLAIN);
  expect(await outcome(closed.client.getStatus({}, bearer(CLIENT)))).toBe('OK');
  expect(await outcome(closed.admin.runCycle({}, bearer(CLIENT)))).toBe(NOT_ALLOWED);
});

test('the commands show a token, and say what is wrong with it', async () => {
  const { directory, tokens, write } = createFiles();
  const { sidecar } = await startConfigured(directory, { tokens });
  const trace = join(directory, 'trace.ndjson');
  writeFileSync(trace, '{"taskId":"a","status":"TASK_STATUS_SUCCESS"}\n');
  const replay = async (...flags: string[]) => {
    const child = runScript('src/main.ts', [
      'replay',
      '--target',
      sidecar.address,
      ...flags,
      trace,
    ]);
    onTestFinished(async () => void (await child.end('SIGKILL')));
    const { code } = await child.exited;
    return `${code}: ${child.errorLines.join('\n')}`;
  };
  expect(await replay('--token-file', tokens.client_file)).toMatch(/^0: /);
  expect(await replay()).toMatch(/^1: .*NO_TOKEN: expected a token/);
  write('short', 'x');
  expect(await replay('--token-file', join(directory, 'short'))).toMatch(
    /^2: --token-file: .*:1: /,
  );
});

test('files that cannot be taken: exit 2, and which it is', async () => {
  const { directory, tokens, write } = createFiles();
  const config = join(directory, 'config.json');
  const ends = async (settings: object) => {
    writeFileSync(config, JSON.stringify(settings));
    const child = spawnSidecar({ dataDir: ':memory:', config });
    const { code } = await child.exited;
    return `${code}: ${child.errorLines.join('\n')}`;
  };
  const missing = { tokens: { client_file: join(directory, 'none') } };
  expect(await ends(missing)).toMatch(/^2: tokens\.client_file: cannot read .*none/);
  write('client', 'a token with spaces\n');
  const said = await ends({ tokens });
  expect(said).toMatch(/^2: tokens\.client_file: .*client:1: expected a token of 16 to 512/);
  expect(said).not.toContain('with spaces');
  write('client', CLIENT, 0o644);
  const { sidecar } = await startConfigured(directory, { tokens });
  await hasLogged(sidecar, 'everybody can read');
});

test('tokens let other machines in, and reflection can be turned off', async () => {
  const { directory, tokens } = createFiles();
  const flags = ['--listen', '0.0.0.0:0', '--no-reflection'];
  const { sidecar } = await startConfigured(directory, { tokens }, flags);
  await hasLogged(sidecar, 'tokens cross the network in the clear');
  const reflection = createClient(ServerReflection, sidecar.address, PLAIN);
  onTestFinished(() => reflection.close());
  const call = reflection.serverReflectionInfo(bearer(CLIENT));
  const failure = await new Promise<ServiceError>((resolve) => call.on('error', resolve));
  expect(failure.code).toBe(status.UNIMPLEMENTED);
});

/** What is secret stays so, whatever was logged. */
function expectNoTokens({ lines, errorLines }: Sidecar, ...more: string[]): void {
  const text = [...lines, ...errorLines].join('\n');
  for (const token of [CLIENT, ADMIN, ...more]) expect(text).not.toContain(token);
}
