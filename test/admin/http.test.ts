import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createAdminServer } from '../../src/admin/http.ts';
import { probeRoutes } from '../../src/admin/probes.ts';
import { HttpError } from '../../src/admin/web/answers.ts';

async function start() {
  const pages: (() => void)[] = [];
  const routes = probeRoutes({
    notReady: () => undefined,
    metrics: () =>
      new Promise((resolve) =>
        pages.push(() => resolve({ contentType: 'text/plain', text: 'a page' })),
      ),
  });
  const failure = (error: unknown) => new HttpError(500, 'INTERNAL', String(error));
  const server = createAdminServer({ routes, gate: { check: () => {} }, failure });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  onTestFinished(() => server.closeAllConnections());
  // It listens on a host and a port.
  const { port } = server.address() as AddressInfo;
  let requests = 0;
  server.on('request', () => {
    requests += 1;
  });
  return { port, pages, requests: () => requests };
}

async function ask(port: number, path: string, agent?: Agent): Promise<string> {
  const [response] = (await once(get({ port, path, agent }), 'response')) as [IncomingMessage];
  return text(response);
}

test('who asks again before the answer has left is cut off', async () => {
  const { port, requests } = await start();
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000));
  await new Promise((resolve) => socket.resume().once('close', resolve));
  // What is read at once is parsed at once.
  expect(requests()).toBeLessThan(4000);
  expect(await ask(port, '/healthz')).toBe('ok\n');
});

test('one request after the other may use the same connection', async () => {
  const { port } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let i = 0; i < 10; i += 1) expect(await ask(port, '/readyz', agent)).toBe('ready\n');
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
});

test('the page of metrics is made once for all who wait for it', async () => {
  const { port, pages, requests } = await start();
  const answers = Array.from({ length: 5 }, () => ask(port, '/metrics'));
  while (requests() < 5) await new Promise(setImmediate);
  expect(pages).toHaveLength(1);
  pages[0]?.();
  expect(await Promise.all(answers)).toEqual(Array.from({ length: 5 }, () => 'a page'));
  const later = ask(port, '/metrics');
  while (pages.length < 2) await new Promise(setImmediate);
  pages[1]?.();
  await later;
});
