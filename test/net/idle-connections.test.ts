import { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { IdleConnections } from '../../src/net/idle-connections.ts';

/** A connection of which so much is said to have been read. */
function fakeSocket() {
  const socket = new Socket();
  onTestFinished(() => void socket.destroy());
  const heard = { bytes: 0 };
  Object.defineProperty(socket, 'bytesRead', { get: () => heard.bytes });
  return { socket, heard };
}

test('a connection of which nothing is heard for fifteen checks is dropped, and no other', () => {
  const connections = new IdleConnections();
  const [silent, alive] = [fakeSocket(), fakeSocket()];
  for (const { socket } of [silent, alive]) connections.watch(socket);
  for (let i = 0; i < 14; i += 1) connections.check();
  expect(silent.socket.destroyed).toBe(false);
  alive.heard.bytes += 17;
  connections.check();
  expect(silent.socket.destroyed).toBe(true);
  expect(alive.socket.destroyed).toBe(false);
});
