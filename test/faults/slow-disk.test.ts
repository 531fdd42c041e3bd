import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { Promptness } from '../support/clients/promptness.ts';
import { countUnknown, DiskLoad } from '../support/load/disk-load.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** How long another process holds the ledger locked. */
const LOCK_MS = Number(process.env.LOCK_SECONDS ?? 10) * 1000;

const SYNC_MS = 300;

const WAIT = { timeout: 60_000, interval: 20 };
const TASKS = 300;

/** In milliseconds, less than one wait for the disk: what is printed is for people, this is for busy machines. */
const PROMPT_MS = 250;

/** As `PROMPT_MS`, of a call that is refused because it would change the ledger. */
const REFUSED_MS = 2000;

function expectPrompt(p99: Readonly<Record<string, number>>): void {
  for (const [name, ms] of Object.entries(p99))
    expect([name, ms < PROMPT_MS]).toEqual([name, true]);
}

function shown(p99: Readonly<Record<string, number>>): string {
  return Object.entries(p99)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)} ms`)
    .join(', ');
}

test('while another process holds the ledger locked, only what would change it is refused', async () => {
  const options = { dataDir: tempDir() };
  const sidecar = await startSidecar(options);
  const load = new DiskLoad(sidecar);
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(TASKS), WAIT);
  const other = new DatabaseSync(join(options.dataDir, 'ledger.db'), { timeout: 5000 });
  other.exec('BEGIN IMMEDIATE');
  const lockedMs = performance.now();
  const promptness = new Promptness(sidecar.adminUrl, load.clients);
  await vi.waitFor(() => expect(load.health.at(-1)).toBe('NOT_SERVING'), WAIT);
  const noticedMs = performance.now() - lockedMs;
  const { count } = load;
  let slowestMs = 0;
  while (performance.now() < lockedMs + LOCK_MS) {
    const startMs = performance.now();
    await expect(load.clients.admin.runCycle({})).rejects.toMatchObject({
      code: 14,
      details: 'the ledger cannot be written: another process holds it locked',
    });
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    await delay(50);
  }
  const p99 = await promptness.stop();
  expect(load.count).toBe(count);
  expect(load.streamEnd).toBeUndefined();
  expect([noticedMs, slowestMs].map((ms) => ms < REFUSED_MS)).toEqual([true, true]);
  expectPrompt(p99);
  other.exec('ROLLBACK');
  other.close();
  await vi.waitFor(() => expect(load.health.at(-1)).toBe('SERVING'), WAIT);
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(count + TASKS), WAIT);
  await load.stop();
  expect(await countUnknown(load.clients.client, load.acknowledged)).toBe(0);
  console.log(
    `lock: held for ${LOCK_MS / 1000} s, refused after ${noticedMs.toFixed(0)} ms and then within ` +
      `${slowestMs.toFixed(0)} ms; p99 meanwhile: ${shown(p99)}; ${load.count} tasks acknowledged, none lost`,
  );
});

test('a disk whose fsync is slow slows down nothing but commits', async () => {
  const library = join(tempDir(), 'slow-sync.so');
  const source = new URL('../support/sidecar/slow-sync.c', import.meta.url).pathname;
  const compiled = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  expect(`${compiled.stderr}`).toBe('');
  const env = { LD_PRELOAD: library, SYNC_MS: String(SYNC_MS) };
  const sidecar = await startSidecar({ dataDir: tempDir(), env });
  const load = new DiskLoad(sidecar);
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(0), WAIT);
  const promptness = new Promptness(sidecar.adminUrl, load.clients);
  const { count } = load;
  const startMs = performance.now();
  await delay(20 * SYNC_MS);
  const p99 = await promptness.stop();
  const perSecond = ((load.count - count) * 1000) / (performance.now() - startMs);
  expectPrompt(p99);
  await load.stop();
  expect(await countUnknown(load.clients.client, load.acknowledged)).toBe(0);
  console.log(
    `slow disk: fsync of ${SYNC_MS} ms; p99: ${shown(p99)}; ${perSecond.toFixed(0)} tasks/s acknowledged`,
  );
});
