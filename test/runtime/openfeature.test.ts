import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as dialTls } from 'node:tls';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { Service as FlagsV2 } from '../../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../src/gen/flagd/sync/v1/sync_pb.ts';
import { ServerReflection } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createClient } from '../../src/wire/client.ts';
import { collect, failureOf } from '../rpc/wire.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { createAuthority, LOCAL_NAMES } from '../support/sidecar/certificates.ts';
import { startService } from '../support/sidecar/running-service.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { tlsCredentials } from '../support/sidecar/tls.ts';

const authority = createAuthority('an authority');
const pair = authority.issue({ names: LOCAL_NAMES });
const TOKEN = 'a-token-of-a-client';
const ADMIN = 'a-token-of-an-operator';
const ONE = '/ofrep/v1/evaluate/flags/max_cpu_per_agent';
const CONNECT = `/${FlagsV2.typeName}/ResolveInt`;

/** A service with TLS, tokens and a unix socket. */
async function startSecure() {
  const directory = tempDir();
  const file = (name: string, content: string) => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const yaml = `
tls: { certificate_file: ${file('crt', pair.cert)}, key_file: ${file('key', pair.key)} }
tokens: { client_file: ${file('client', TOKEN)}, admin_file: ${file('admin', ADMIN)} }`;
  const path = join(directory, 'socket');
  const service = await startService(yaml, createMemoryStore(), ['127.0.0.1:0', `unix:${path}`]);
  const port = Number(service.runtime.addresses[0]?.split(':')[1]);
  const replaceToken = (token: string) => void file('client', token);
  return { ...service, path, port, replaceToken };
}

interface Asked {
  readonly path?: string;
  readonly token?: string;
  readonly options: object;
  readonly body?: string;
}

async function ask({ path = ONE, token, options, body = '{}' }: Asked, isSecure: boolean) {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  const request = isSecure ? requestHttps : requestHttp;
  const asked = request({ method: 'POST', path, headers, ...options }).end(body);
  const [response] = await once(asked, 'response');
  const answer = await text(response);
  return { status: response.statusCode, headers: response.headers, body: answer };
}

test('TLS: HTTP/1.1 and gRPC on one port, by ALPN', async () => {
  const { port } = await startSecure();
  const ca = authority.cert;
  for (const ALPNProtocols of [['http/1.1'], undefined]) {
    const options = { host: 'localhost', port, ca, ALPNProtocols, agent: false };
    expect(await ask({ token: TOKEN, options }, true)).toMatchObject({ status: 200 });
  }
  const socket = dialTls({ host: 'localhost', port, ca, ALPNProtocols: ['h2', 'http/1.1'] });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('h2');
  const client = createClient(FlagsV2, `localhost:${port}`, tlsCredentials(ca));
  onTestFinished(() => client.close());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${TOKEN}`);
  const answer = await client.resolveInt({ flagKey: 'max_cpu_per_agent' }, { metadata });
  expect(answer.value).toBe(100n);
});

test('tokens: the same for every road', async () => {
  const { port, path, runtime, get } = await startSecure();
  const tcp = { host: 'localhost', port, ca: authority.cert };
  for (const [options, isSecure] of [
    [tcp, true],
    [{ socketPath: path }, false],
  ] as const) {
    const none = await ask({ options }, isSecure);
    expect(none.status).toBe(401);
    expect(none.headers['www-authenticate']).toBe('Bearer');
    expect(JSON.parse(none.body)).toMatchObject({
      key: 'max_cpu_per_agent',
      errorCode: 'GENERAL',
    });
    for (const token of [TOKEN, ADMIN]) {
      expect(await ask({ token, options }, isSecure)).toMatchObject({ status: 200 });
    }
    const body = '{"flagKey":"max_cpu_per_agent"}';
    const unknown = await ask({ path: CONNECT, token: 'unknown', options, body }, isSecure);
    expect([unknown.status, JSON.parse(unknown.body).code]).toEqual([401, 'unauthenticated']);
    const known = await ask({ path: CONNECT, token: TOKEN, options, body }, isSecure);
    expect(JSON.parse(known.body)).toMatchObject({ value: '100', variant: 'baseline' });
  }
  const unix = [`unix:${path}`, credentials.createInsecure()] as const;
  const [flags, sync] = [createClient(FlagsV2, ...unix), createClient(FlagSyncService, ...unix)];
  onTestFinished(() => {
    flags.close();
    sync.close();
  });
  for (const call of [flags.resolveInt({ flagKey: 'x' }), sync.fetchAllFlags({})]) {
    const failed = await failureOf(call);
    expect(failed.code).toBe(status.UNAUTHENTICATED);
    expect(failed.metadata.get('grpc-retry-pushback-ms')).toEqual(['-1']);
  }
  expect(runtime.addresses).toHaveLength(2);
  const metrics = await (await get('/metrics', { headers: bearer(ADMIN) })).text();
  const calls = (method: string, code: string) =>
    `learning_rpc_duration_seconds_count{method="${method}",code="${code}"}`;
  expect(metrics).toContain(calls('/ofrep/v1/evaluate/flags/{key}', 'OK'));
  expect(metrics).toContain(calls('/ofrep/v1/evaluate/flags/{key}', 'UNAUTHENTICATED'));
  expect(metrics).toContain(calls(CONNECT, 'OK'));
  expect(metrics).toContain(calls(CONNECT, 'UNAUTHENTICATED'));
});

function bearer(token: string) {
  return { authorization: `Bearer ${token}` };
}

test('a stream over Connect ends when its token is taken away', async () => {
  const { path, replaceToken } = await startSecure();
  const headers = {
    'content-type': 'application/connect+proto',
    authorization: `Bearer ${TOKEN}`,
  };
  const asked = requestHttp({
    ...{ socketPath: path, method: 'POST', headers },
    path: `/${FlagsV2.typeName}/EventStream`,
  });
  asked.end(Buffer.alloc(5));
  const [response] = await once(asked, 'response');
  const [first] = await once(response, 'data');
  expect(String(first)).toContain('provider_ready');
  replaceToken('another-token-of-a-client');
  const [error] = await once(response, 'error');
  expect(error.code).toBe('ECONNRESET');
});

test('health and reflection know the services, unless they are switched off', async () => {
  const named = async (yaml: string) => {
    const { runtime, health } = await startService(yaml);
    const [address = ''] = runtime.addresses;
    const reflection = createClient(ServerReflection, address, credentials.createInsecure());
    onTestFinished(() => reflection.close());
    const call = reflection.serverReflectionInfo();
    call.write({ messageRequest: { case: 'listServices', value: '' } });
    call.end();
    const [answer] = await collect(call as never);
    const known = await health.check({ service: FlagsV2.typeName }).then(
      () => true,
      () => false,
    );
    const { status: code } = await fetch(`http://${address}${ONE}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    return { listed: JSON.stringify(answer).includes('flagd.evaluation.v2.Service'), known, code };
  };
  expect(await named('')).toEqual({ listed: true, known: true, code: 200 });
  const off = 'openfeature: { enabled: false }';
  expect(await named(off)).toEqual({ listed: false, known: false, code: 404 });
});

test('it is switched on and off by a restart alone', async () => {
  const { runtime } = await startService();
  const off = configOf('openfeature: { enabled: false }');
  await expect(runtime.configure(off)).rejects.toThrow('openfeature.enabled was changed');
});

test('a stop ends HTTP too: idle connections at once, calls once they are answered', async () => {
  const { runtime, stop } = await startService();
  const [address = ''] = runtime.addresses;
  const [host, port] = address.split(':');
  const options = { host, port };
  expect(await ask({ options }, false)).toMatchObject({ status: 200 });
  await stop();
  await expect(ask({ options: { ...options, agent: false } }, false)).rejects.toThrow(
    'ECONNREFUSED',
  );
});
