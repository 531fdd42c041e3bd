import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { adminClient } from '../support/clients/clients.ts';
import { readServingLine } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Each is a line of the log, of 1 KB: more than a pipe holds and what may wait for it. */
const CHANGES = 3000;
const LANES = 16;
const PATIENCE = { timeout: 20_000 };

test('a reader of the log that has stalled does not stall the service', async () => {
  const fifo = join(tempDir(), 'log');
  execFileSync('mkfifo', [fifo]);
  // Both ends, so that opening it does not wait for the other.
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  onTestFinished(() => closeSync(fd));
  const free = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
  const output = openSync(fifo, 'w');
  const child = spawn(process.execPath, [MAIN, ...free, '--data-dir', ':memory:'], {
    stdio: ['ignore', output, 'inherit'],
  });
  closeSync(output);
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  const read = () => {
    text += readAll(fd);
    return text.split('\n');
  };
  const address = await vi.waitFor(() => {
    const found = read().find((line) => line.endsWith('}') && readServingLine(line) !== undefined);
    return readServingLine(found ?? '')?.address ?? Promise.reject(new Error('not serving yet'));
  }, PATIENCE);

  const admin = adminClient(address);
  let slowestMs = 0;
  let next = 0;
  const lane = async () => {
    while (next < CHANGES) {
      next += 1;
      const startMs = performance.now();
      const value = { kind: { case: 'numberValue' as const, value: 10 + (next % 90) } };
      const change = { target: 'max_cpu_per_agent', value, reason: 'r'.repeat(1000) };
      await admin.setParameter(change, { deadlineMs: 5000 });
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));

  const dropped = await vi.waitFor(() => {
    const line = read().find((one) => one.includes('lines of this log were dropped'));
    return line === undefined
      ? Promise.reject(new Error('not said yet'))
      : JSON.parse(line).dropped;
  }, PATIENCE);
  console.log(
    `log: nobody read it while ${CHANGES} changes were made, the slowest in ${slowestMs.toFixed(0)} ms; ` +
      `${dropped} lines were dropped, and said to be`,
  );
  expect(dropped).toBeGreaterThan(0);
  child.kill('SIGTERM');
  await vi.waitFor(
    () => expect(read().some((line) => line.includes('"stopped"'))).toBe(true),
    PATIENCE,
  );
});

/** What a pipe holds now. */
function readAll(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  try {
    for (let count = readSync(fd, buffer); count > 0; count = readSync(fd, buffer)) {
      text += buffer.toString('utf8', 0, count);
    }
  } catch (error) {
    // It is empty.
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
  }
  return text;
}
