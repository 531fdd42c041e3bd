import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { splitProtocol } from '../../src/net/protocol-split.ts';

/** A client, and what was decided of its connection: with all that it has sent until then. */
async function start() {
  const decided: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    splitProtocol(socket, (isHttp2) => {
      socket.on('data', (bytes) => decided.push(`${isHttp2} ${bytes}`));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Not a pipe: it listens on a host and a port.
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
  client.on('error', () => {});
  onTestFinished(() => {
    for (const socket of [client, ...sockets]) socket.destroy();
    server.close();
  });
  return { client, decided, sockets };
}

test.for([
  ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'true PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['POST / HTTP/1.1\r\n', 'false POST / HTTP/1.1\r\n'],
  ['PR', undefined],
  ['PUT', 'false PUT'],
  ['x', 'false x'],
  ['\0', 'false \0'],
] as const)('%j at once, and byte by byte', async ([text, expected]) => {
  for (const parts of [[text], [...text]]) {
    const { client, decided } = await start();
    for (const part of parts) {
      await new Promise((resolve) => client.write(part, resolve));
      await new Promise(setImmediate);
    }
    if (expected === undefined) {
      client.end();
      await once(client.resume(), 'close');
      expect(decided).toEqual([]);
    } else
      await expect
        .poll(() => decided.join('').replaceAll(/(?<=.)(?:true|false) /gs, ''))
        .toBe(expected);
  }
});

test('a client that goes before it has said anything', async () => {
  const { client, decided, sockets } = await start();
  await once(client, 'connect');
  client.resetAndDestroy();
  await expect.poll(() => sockets[0]?.destroyed).toBe(true);
  expect(decided).toEqual([]);
});
