import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthority, LOCAL_NAMES } from '../support/sidecar/certificates.ts';
import { expectFailure, runHere } from './command-line.ts';

const page: RequestListener = (request, response) => {
  if (request.url === '/healthz') response.end('ok\n');
  else response.writeHead(503).end('the disk is full\n');
};

const { cert, key } = createAuthority('someone').issue({ names: LOCAL_NAMES });

/** The port that a server has taken until the test ends. */
async function portOf(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  // Not a pipe: it listens on a host and a port.
  return (server.address() as AddressInfo).port;
}

test('says how the sidecar is that its environment describes', async () => {
  const port = await portOf(createServer(page));
  const env = { LEARNING_SIDECAR_ADMIN_LISTEN: `127.0.0.1:${port}` };
  expect(await runHere(['healthcheck'], env)).toEqual({ code: 0, out: 'ok', err: '' });
  const says = `http://127.0.0.1:${port}/readyz: 503 the disk is full`;
  await expectFailure(['healthcheck', '--ready'], { code: 1, says }, env);
});

test('asks on the loopback address where the sidecar listens on all', async () => {
  const port = await portOf(createServer(page), '0.0.0.0');
  const asked = await runHere(['healthcheck', '--admin-listen', `0.0.0.0:${port}`]);
  expect(asked).toMatchObject({ code: 0, out: 'ok' });
});

test('finds out whether there is TLS where a config may say so', async () => {
  const plain = await portOf(createServer(page));
  const secure = await portOf(createHttpsServer({ cert, key }, page));
  const config = ['--config', 'not read'];
  for (const args of [
    ['--admin-listen', `127.0.0.1:${secure}`, ...config],
    ['--admin-listen', `127.0.0.1:${plain}`, ...config],
    ['--admin-listen', `tls:127.0.0.1:${secure}`],
    ['--admin-listen', `plain:127.0.0.1:${plain}`, ...config],
  ]) {
    expect(await runHere(['healthcheck', ...args])).toEqual({ code: 0, out: 'ok', err: '' });
  }
  await expectFailure(['healthcheck', '--admin-listen', `tls:127.0.0.1:${plain}`], {
    code: 1,
    says: /^https:.*healthz: /,
  });
});

test('fails where nobody answers, in words', async () => {
  const port = await portOf(createTcpServer());
  const silent = ['--admin-listen', `127.0.0.1:${port}`, '--timeout', '0.05'];
  await expectFailure(['healthcheck', ...silent], { code: 1, says: /healthz: no answer in time$/ });
  const unused = ['--admin-listen', '127.0.0.1:1'];
  await expectFailure(['healthcheck', ...unused], { code: 1, says: /ECONNREFUSED/ });
  const unknown = ['--admin-listen', '127.0.0.1:0'];
  await expectFailure(['healthcheck', ...unknown], { code: 1, says: 'port 0' });
});
