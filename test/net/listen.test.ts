import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts';
import { parseListenAddress } from '../../src/net/address.ts';
import { Listeners } from '../../src/net/listeners.ts';
import { createGrpcServer } from '../../src/rpc/grpc-js/server.ts';
import { createHealth } from '../../src/rpc/services/health.ts';
import { OpenStreams } from '../../src/rpc/streams/open-streams.ts';
import { addService } from '../../src/wire/codec.ts';
import { connect, STREAM_LIMITS } from '../rpc/wire.ts';

function startServer() {
  const server = createGrpcServer();
  addService(server, Health, createHealth([''], new OpenStreams(() => STREAM_LIMITS)).handlers);
  const listeners = new Listeners(server);
  const close = () => {
    void listeners.close();
    server.forceShutdown();
  };
  onTestFinished(close);
  const closed = () => listeners.close();
  return { close, closed, open: async (text: string) => listeners.open(parseListenAddress(text)) };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'listen-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test.each([
  ['127.0.0.1:50051', { kind: 'tcp', host: '127.0.0.1', port: 50051 }],
  ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
  ['[::1]:65535', { kind: 'tcp', host: '::1', port: 65535 }],
  ['tls:[::1]:1', { kind: 'tcp', host: '::1', port: 1, security: 'tls' }],
  ['plain:localhost:1', { kind: 'tcp', host: 'localhost', port: 1, security: 'plain' }],
  ['tls:unix:/run/a', { kind: 'unix', path: '/run/a', security: 'tls' }],
  ['unix:/run/sidecar.sock', { kind: 'unix', path: '/run/sidecar.sock' }],
  ['unix:sidecar.sock', { kind: 'unix', path: 'sidecar.sock' }],
  ['unix:///run/sidecar.sock', { kind: 'unix', path: '/run/sidecar.sock' }],
])('reads %s', (text, address) => {
  expect(parseListenAddress(text)).toEqual({ security: undefined, ...address });
});

test.each([
  '',
  '50051',
  ':50051',
  'localhost',
  'localhost:',
  'localhost:http',
  'localhost:65536',
  '::1:50051',
  '[::1]',
  'http://localhost:50051',
  'unix:',
  'unix://host/run/sidecar.sock',
  `unix:/${'x'.repeat(103)}`,
])('refuses "%s"', async (text) => {
  const refused = startServer().open(text);
  await expect(refused).rejects.toThrow(/^cannot listen on ".*": expected/);
});

test.each(['127.0.0.1:0', '[::1]:0', 'localhost:0'])('listens on %s', async (text) => {
  const address = await startServer().open(text);
  expect(address).toMatch(/:[1-9]\d*$/);
  await connect(Health, address).check({});
});

test('listens on several addresses at once', async () => {
  const { open } = startServer();
  const folder = temporaryFolder();
  const texts = ['127.0.0.1:0', `unix:${folder}/a`, '127.0.0.1:0', `unix:${folder}/b`];
  const before = process.umask();
  const addresses = await Promise.all(texts.map(open));
  expect(process.umask()).toBe(before);
  expect(new Set(addresses).size).toBe(4);
  for (const address of addresses) await connect(Health, address).check({});
});

test('says that a port is taken', async () => {
  const address = await startServer().open('127.0.0.1:0');
  const refused = startServer().open(address);
  await expect(refused).rejects.toThrow(/^cannot listen on "127.0.0.1:\d+": listen EADDRINUSE/);
});

test('says that a host is not known or not here', async () => {
  await expect(startServer().open('nowhere.invalid:0')).rejects.toThrow(/^cannot listen on/);
  await expect(startServer().open('192.0.2.1:0')).rejects.toThrow(/EADDRNOTAVAIL/);
});

test('a unix socket is for its owner and group', async () => {
  const path = join(temporaryFolder(), 'sidecar.sock');
  const before = process.umask(0);
  onTestFinished(() => {
    process.umask(before);
  });
  const address = await startServer().open(`unix:${path}`);
  expect(process.umask()).toBe(0);
  expect(address).toBe(`unix:${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o660);
  await connect(Health, address).check({});
});

test('a socket that a killed process has left is replaced', async () => {
  const path = join(temporaryFolder(), 'sidecar.sock');
  const child = fork(new URL('socket-holder.ts', import.meta.url), [path]);
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(statSync(path).isSocket()).toBe(true);
  await connect(Health, await startServer().open(`unix:${path}`)).check({});
});

test('a socket in use is left alone', async () => {
  const path = join(temporaryFolder(), 'sidecar.sock');
  const address = await startServer().open(`unix:${path}`);
  await expect(startServer().open(`unix:${path}`)).rejects.toThrow(/another process listens on it/);
  await connect(Health, address).check({});
});

test('another kind of file is left alone', async () => {
  const path = join(temporaryFolder(), 'notes.txt');
  writeFileSync(path, 'notes');
  const refused = startServer().open(`unix:${path}`);
  await expect(refused).rejects.toThrow(/is a file that is not a socket/);
});

test('says that a folder is missing', async () => {
  const path = join(temporaryFolder(), 'missing', 'sidecar.sock');
  const before = process.umask();
  await expect(startServer().open(`unix:${path}`)).rejects.toThrow(/^cannot listen on "unix:/);
  expect(process.umask()).toBe(before);
});

test('the socket goes with the server', async () => {
  const path = join(temporaryFolder(), 'sidecar.sock');
  const { open, close } = startServer();
  await open(`unix:${path}`);
  close();
  const again = createServer().listen(path);
  await once(again, 'listening');
  again.close();
});

test('a socket that another process has put in its place stays', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'sidecar.sock');
  const first = startServer();
  const second = startServer();
  await first.open(`unix:${path}`);
  rmSync(path);
  await second.open(`unix:${path}`);
  const { ino } = statSync(path);
  await first.closed();
  expect(statSync(path).ino).toBe(ino);
  expect(readdirSync(folder)).toEqual(['sidecar.sock']);
  await connect(Health, `unix:${path}`).check({});
  second.close();
  expect(existsSync(path)).toBe(false);
});
