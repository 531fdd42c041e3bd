import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startSidecar } from '../support/sidecar/sidecar.ts';

// Loopback has many addresses: each is another client.
const ADDRESSES = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
const PER_ADDRESS = 100;

test('HTTP clients that send a header byte by byte are cut off, and probes are answered', async () => {
  const sidecar = await startSidecar({ dataDir: ':memory:' });
  const port = Number(new URL(sidecar.adminUrl).port);
  const open = new Set<Socket>();
  const closed: Promise<unknown>[] = [];
  for (const localAddress of ADDRESSES) {
    for (let i = 0; i < PER_ADDRESS; i += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress }).resume();
      socket.on('error', () => {});
      open.add(socket);
      closed.push(
        new Promise((resolve) => socket.once('close', resolve)).then(() => open.delete(socket)),
      );
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    }
  }
  onTestFinished(() => open.forEach((socket) => void socket.destroy()));
  const startMs = performance.now();
  const drip = setInterval(() => open.forEach((socket) => void socket.write('x')), 500);
  onTestFinished(() => clearInterval(drip));
  let [probes, slowestMs] = [0, 0];
  const all = Promise.all(closed).then(() => true);
  while ((await Promise.race([all, probe()])) !== true) probes += 1;
  const seconds = (performance.now() - startMs) / 1000;
  expect(seconds).toBeLessThan(20);
  expect(probes).toBeGreaterThan(10);
  const large = await fetch(`${sidecar.adminUrl}/healthz`, { headers: { x: 'x'.repeat(9000) } });
  expect(large.status).toBe(431);
  console.log(
    `http: ${ADDRESSES.length * PER_ADDRESS} slow clients cut off within ${seconds.toFixed(1)} s; ` +
      `${probes} probes answered meanwhile, the slowest in ${slowestMs.toFixed(0)} ms`,
  );

  async function probe(): Promise<void> {
    const beganMs = performance.now();
    const headers = { connection: 'close' };
    expect((await fetch(`${sidecar.adminUrl}/readyz`, { headers })).status).toBe(200);
    slowestMs = Math.max(slowestMs, performance.now() - beganMs);
    // As a kubelet with little patience.
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
