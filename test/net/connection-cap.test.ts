import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseListenAddress } from '../../src/net/address.ts';
import { ConnectionCap } from '../../src/net/connection-cap.ts';
import { Listeners } from '../../src/net/listeners.ts';
import { createGrpcServer } from '../../src/rpc/grpc-js/server.ts';

test('connections over the cap are closed at once, and those that end make room', async () => {
  const dropped: string[] = [];
  let limit = 2;
  const cap = new ConnectionCap(
    () => limit,
    (peer) => void dropped.push(peer),
  );
  const server = createGrpcServer();
  const listeners = new Listeners(server, { cap });
  onTestFinished(async () => {
    server.forceShutdown();
    await listeners.close();
  });
  const address = await listeners.open(parseListenAddress('127.0.0.1:0'));
  const open = async () => {
    const socket = dial(Number(address.split(':')[1]), '127.0.0.1').resume();
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const first = await open();
  // HTTP/2 begins: the server has taken it.
  await once(first, 'data');
  await once(await open(), 'data');
  expect(cap.open).toBe(2);
  const [hadError] = await once(await open(), 'close');
  expect([hadError, cap.open, dropped]).toEqual([false, 2, ['127.0.0.1']]);
  limit = 3;
  await once(await open(), 'data');
  expect(cap.open).toBe(3);
  first.destroy();
  await expect.poll(() => cap.open).toBe(2);
});
