import { once } from 'node:events';
import { request } from 'node:http';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Service as FlagsV2 } from '../../../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { parseListenAddress } from '../../../src/net/address.ts';
import { Listeners } from '../../../src/net/listeners.ts';
import { createClient } from '../../../src/wire/client.ts';
import {
  callHeaders,
  FLAG,
  FRAME,
  frame,
  headerBlock,
  PREFACE,
  RawConnection,
} from '../../support/clients/raw-http2.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { tempDir } from '../../support/sidecar/temp-dir.ts';
import { post } from '../openfeature/roads.ts';

const ONE = '/ofrep/v1/evaluate/flags/max_cpu_per_agent';
const MEBIBYTE = 2 ** 20;

/** Writes bytes as they are; resolves with all that is answered until the connection ends. */
async function speak(address: string, ...parts: readonly string[]): Promise<string> {
  const [host, port] = address.split(':');
  const socket = dial(Number(port), host).setNoDelay();
  onTestFinished(() => void socket.destroy());
  const answer = text(socket);
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve));
    await new Promise(setImmediate);
  }
  return answer;
}

const HEAD = `POST ${ONE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;

test('HTTP/1.1 and gRPC are served on one port, over TCP and over a unix socket', async () => {
  const { address, service } = await createServiceFixture();
  expect((await post(address, ONE, '{}')).status).toBe(200);
  const listeners = new Listeners(service.server, { http1: service.http });
  onTestFinished(() => void listeners.close());
  const path = join(tempDir(), 'socket');
  const unix = await listeners.open(parseListenAddress(`unix:${path}`));
  for (const target of [address, unix]) {
    const client = createClient(FlagsV2, target, credentials.createInsecure());
    onTestFinished(() => client.close());
    expect(await client.resolveInt({ flagKey: 'max_cpu_per_agent' })).toMatchObject({
      value: 100n,
    });
  }
  // A browser does not reach a socket: any host will do.
  const headers = { host: 'anything', 'content-type': 'application/json' };
  const asked = request({ socketPath: path, path: ONE, method: 'POST', headers }).end('{}');
  const [response] = await once(asked, 'response');
  expect(JSON.parse(await text(response)).value).toBe(100);
});

test('what a client speaks is known once three bytes are there, one by one', async () => {
  const { address } = await createServiceFixture();
  const body = `Content-Length: 2\r\nConnection: close\r\n\r\n{}`;
  expect(await speak(address, ...(HEAD + body))).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"value":100/s);
  // PUT begins as a preface of HTTP/2 does.
  expect(await speak(address, 'P', 'U', `T / HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 404 /,
  );
  const [host, port] = address.split(':');
  const socket = dial(Number(port), host);
  onTestFinished(() => void socket.destroy());
  for (const letter of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') socket.write(letter);
  const [settings] = await once(socket, 'data');
  expect(settings[3]).toBe(4);
});

test.for([
  ['unknown', callHeaders('/no.such.Service/Method')],
  ['of another type', callHeaders('/grpc.health.v1.Health/Check', { 'content-type': 'text/x' })],
  ['known', callHeaders('/grpc.health.v1.Health/Check')],
] as const)(
  'a call that is cancelled in the packet that begins its connection: %s',
  async ([, headers]) => {
    const { address } = await createServiceFixture();
    const connection = new RawConnection(address);
    onTestFinished(() => void connection.socket.destroy());
    const bytes = [
      PREFACE,
      frame(FRAME.settings, 0, 0),
      frame(FRAME.headers, FLAG.endHeaders, 1, headerBlock(headers)),
      frame(FRAME.reset, 0, 1, Buffer.from([0, 0, 0, 8])),
    ];
    await once(connection.socket, 'connect');
    connection.write(Buffer.concat(bytes));
    await once(connection.socket, 'data');
    // Nothing was thrown, which would have ended the process.
    expect((await post(address, ONE, '{}')).status).toBe(200);
  },
);

test('several requests on one connection', async () => {
  const { address } = await createServiceFixture();
  const asked = `${HEAD}Content-Length: 2\r\n\r\n{}`;
  const last = `${HEAD}Connection: close\r\nContent-Length: 2\r\n\r\n{}`;
  const [host, port] = address.split(':');
  const socket = dial(Number(port), host);
  onTestFinished(() => void socket.destroy());
  for (const one of [asked, asked]) {
    socket.write(one);
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 200 OK/);
  }
  const answer = text(socket);
  socket.write(last);
  expect(await answer).toMatch(/^HTTP\/1\.1 200 OK/);
});

test('a request before the answer to the last one ends the connection', async () => {
  const { address, engine } = await createServiceFixture();
  vi.spyOn(engine, 'resolve').mockReturnValue(new Promise(() => {}));
  const body = '{"context":{"targetingKey":"a"}}';
  const asked = `${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`;
  expect(await speak(address, asked + asked)).toBe('');
});

test.for([
  ['Origin', { origin: 'http://localhost' }],
  ['Origin of a file', { origin: 'null' }],
  ['Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin' }],
  ['Host of another name', { host: 'evil.example:50051' }],
  ['Host of another address', { host: '10.0.0.1' }],
  ['an odd Host', { host: '[::1' }],
] as const)('a request of a web page is refused: %s', async ([, headers]) => {
  const { address, engine } = await createServiceFixture();
  const resolve = vi.spyOn(engine, 'resolve');
  const asked = request(`http://${address}${ONE}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  });
  asked.end('{"context":{"targetingKey":"a"}}');
  const [response] = await once(asked, 'response');
  expect([response.statusCode, resolve.mock.calls]).toEqual([403, []]);
});

test.for(['localhost', 'LOCALHOST:1', '127.0.0.1:50051', '127.9.9.9', '[::1]:50051'])(
  'a request of a program is served: Host %s',
  async (host) => {
    const { address } = await createServiceFixture();
    const headers = { 'content-type': 'application/json', host };
    const asked = request(`http://${address}${ONE}`, { method: 'POST', headers }).end('{}');
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(200);
  },
);

test.for([
  ['another path', '/', 'POST', {}, 404],
  ['a path of another protocol', '/v1/traces', 'POST', {}, 404],
  ['another method', ONE, 'PUT', {}, 405],
  ['a form', ONE, 'POST', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['plain text', ONE, 'POST', { 'content-type': 'text/plain' }, 415],
  ['no type', ONE, 'POST', { 'content-type': '' }, 415],
  ['another encoding', ONE, 'POST', { 'content-encoding': 'br' }, 415],
  ['a parameter of the type', ONE, 'POST', { 'content-type': 'Application/JSON; charset=x' }, 200],
] as const)('%s: %s', async ([, path, method, headers, expected]) => {
  const { address } = await createServiceFixture();
  const init = { method, headers: { 'content-type': 'application/json', ...headers }, body: '{}' };
  expect((await fetch(`http://${address}${path}`, init)).status).toBe(expected);
});

test('gzip is unpacked, within the bound', async () => {
  const { address, service } = await createServiceFixture();
  const ask = (bytes: Buffer, path = ONE, type = 'application/json') =>
    post(address, path, Uint8Array.from(bytes), type, { 'content-encoding': 'gzip' });
  expect((await ask(gzipSync('{"context":{}}'))).status).toBe(200);
  const nearly = `{"context":{"a":"${'x'.repeat(4 * MEBIBYTE - 100)}"}}`;
  expect((await ask(gzipSync(nearly))).status).toBe(200);
  const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE));
  expect((await ask(bomb)).status).toBe(413);
  const bad = await ask(Buffer.from('{}'));
  expect([bad.status, JSON.parse(await bad.text()).errorCode]).toEqual([400, 'PARSE_ERROR']);
  await vi.waitFor(() => expect(service.requestBytes()).toBe(0));
});

test('a body over 4 MiB is refused, whether or not it says how long it is', async () => {
  const { address, service } = await createServiceFixture();
  const length = `${HEAD}Content-Length: ${4 * MEBIBYTE + 1}\r\n\r\n`;
  expect(await speak(address, length)).toMatch(/^HTTP\/1\.1 413 .*Connection: close/is);
  const part = 'x'.repeat(MEBIBYTE);
  const chunk = `${MEBIBYTE.toString(16)}\r\n${part}\r\n`;
  const [host, port] = address.split(':');
  const socket = dial(Number(port), host);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 5; i += 1) socket.write(chunk);
  expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1\.1 413 /);
  await vi.waitFor(() => expect(service.requestBytes()).toBe(0));
  expect(service.pendingCalls()).toBe(0);
});

test('calls beyond the limit, and during a drain, get 503', async () => {
  const { address, engine, service, refusals } = await createServiceFixture(
    'limits: { max_pending_calls: 1 }',
  );
  const held = Promise.withResolvers<never>();
  vi.spyOn(engine, 'resolve').mockReturnValue(held.promise);
  const waiting = post(address, ONE, '{"context":{"targetingKey":"a"}}');
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(1));
  const refused = await post(address, ONE, '{}');
  expect([refused.status, JSON.parse(await refused.text()).errorCode]).toEqual([503, 'GENERAL']);
  const drained = service.drain();
  expect((await post(address, ONE, '{}')).status).toBe(503);
  held.reject(new Error('a fault of ours'));
  const failed = await waiting;
  expect(failed.status).toBe(500);
  await drained;
  expect(refusals).toEqual(['OVERLOADED', 'DRAINING']);
});

test('connections that are idle, silent or busy end with the listeners', async () => {
  const { service, engine } = await createServiceFixture();
  const listeners = new Listeners(service.server, { http1: service.http });
  const address = await listeners.open(parseListenAddress('127.0.0.1:0'));
  const [host, port] = address.split(':');
  const open = () => {
    const socket = dial(Number(port), host);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  const [idle, silent, busy] = [open(), open(), open()];
  idle.write(`${HEAD}Content-Length: 2\r\n\r\n{}`);
  await once(idle, 'data');
  const held = Promise.withResolvers<never>();
  vi.spyOn(engine, 'resolve').mockReturnValue(held.promise);
  const body = '{"context":{"targetingKey":"a"}}';
  busy.write(`${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`);
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(1));
  const ends = [idle, silent].map((socket) => once(socket.resume(), 'close'));
  const closed = listeners.close();
  await Promise.all(ends);
  const answer = text(busy);
  held.reject(new Error('a fault of ours'));
  expect(await answer).toMatch(/^HTTP\/1\.1 500 /);
  await closed;
});

test('a client that goes in the middle of its request is forgotten', async () => {
  const { address, service } = await createServiceFixture();
  const [host, port] = address.split(':');
  const socket = dial(Number(port), host);
  socket.write(`${HEAD}Content-Length: 1000\r\n\r\n{`);
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(1));
  socket.destroy();
  await vi.waitFor(() => expect(service.pendingCalls()).toBe(0));
});
