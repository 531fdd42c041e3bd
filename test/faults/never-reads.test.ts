import { expect, onTestFinished, test, vi } from 'vitest';
import { clientsOf } from '../support/clients/clients.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { runScript } from '../support/sidecar/child.ts';
import { residentBytes, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const NEVER_READS = new URL('../support/clients/never-reads.ts', import.meta.url);
const CONNECTIONS = 4;
/** Of each connection, a page of the history each: far more than it may have waiting. */
const CALLS = 4000;
const DELTAS = 60;
const ORDINARY_CALLS = 200;
const MAX_GROWTH_BYTES = 256 * 2 ** 20;

test('clients that ask and never read take a bounded part of memory, and nobody else pays', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const { client, admin } = clientsOf(sidecar.address);
  for (let i = 0; i < DELTAS; i += 1) {
    const value = { kind: { case: 'numberValue' as const, value: 10 + i } };
    await admin.setParameter({ target: 'max_cpu_per_agent', value, reason: 'r'.repeat(1000) });
  }
  const before = residentBytes(sidecar.pid);
  const { length: pageBytes } = JSON.stringify((await client.listDeltas({})).deltas, (_, value) =>
    typeof value === 'bigint' ? Number(value) : value,
  );
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const frozen = runScript(NEVER_READS, [sidecar.address, 'ListDeltas', String(CALLS)]);
    onTestFinished(async () => {
      await frozen.end('SIGKILL');
    });
    await frozen.find((line) => (line === 'frozen' ? line : undefined));
  }
  let most = before;
  let slowestMs = 0;
  await vi.waitFor(async () => expect(await answered(sidecar.adminUrl)).toBeGreaterThan(100), {
    timeout: 20_000,
  });
  for (let i = 0; i < ORDINARY_CALLS; i += 1) {
    const startMs = performance.now();
    await client.recordTask({ task: taskOfId(`task-${i}`) }, { deadlineMs: 10_000 });
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    most = Math.max(most, residentBytes(sidecar.pid));
  }
  const asked = (CONNECTIONS * CALLS * pageBytes) / 2 ** 20;
  console.log(
    `never reads: ${CONNECTIONS} connections asked for ${asked.toFixed(0)} MiB and read none: memory ` +
      `${mebibytes(before)} MiB before, ${mebibytes(most)} MiB at most; ${ORDINARY_CALLS} ordinary ` +
      `calls answered, the slowest in ${slowestMs.toFixed(0)} ms`,
  );
  expect(most - before).toBeLessThan(MAX_GROWTH_BYTES);
});

async function answered(adminUrl: string): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^learning_rpc_duration_seconds_count\{.*ListDeltas.*\} (\d+)$/m.exec(text)?.[1]);
}
