import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { clientsOf } from '../support/clients/clients.ts';
import { countUnknown, DiskLoad } from '../support/load/disk-load.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { failingDisk, fillUp, frailDisk, memoryDisk } from '../support/sidecar/fault-disk.ts';
import { type Sidecar, type SidecarOptions, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const TASKS = 300;

/** Far longer than between two looks at the ledger. */
const WAIT = { timeout: 60_000, interval: 20 };

/** How long a disk stays broken: some looks at it, none of which may take it for healed. */
const BROKEN_MS = 3500;

interface Fault {
  started?(sidecar: Sidecar): void;
  breakIt(): void;
  mend(): void;
  /** What clients and readiness are told. */
  readonly says: RegExp;
}

/** Serving → UNAVAILABLE → serving, some times over, with no restart; then what is durable. */
async function goThrough(name: string, options: SidecarOptions, fault: Fault, times: number) {
  const sidecar = await startSidecar(options);
  fault.started?.(sidecar);
  const load = new DiskLoad(sidecar);
  const healedMs: number[] = [];
  for (let round = 1; round <= times; round += 1) {
    const before = load.count;
    await vi.waitFor(() => expect(load.count).toBeGreaterThan(before + TASKS), WAIT);
    fault.breakIt();
    await vi.waitFor(() => expect(load.health.at(-1)).toBe('NOT_SERVING'), WAIT);
    await checkWhileBroken(load, fault.says);
    const mendedMs = performance.now();
    fault.mend();
    await vi.waitFor(() => expect(load.health.at(-1)).toBe('SERVING'), WAIT);
    healedMs.push(performance.now() - mendedMs);
    expect(load.health).toHaveLength(2 * round + 1);
    expect(await load.page('/readyz')).toBe('200 ready\n');
    expect(await load.page('/metrics')).toContain('\nlearning_ledger_writable 1\n');
  }
  const before = load.count;
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(before + TASKS), WAIT);
  await checkAfterwards(load, sidecar, options);
  const slowest = (Math.max(...healedMs) / 1000).toFixed(1);
  console.log(
    `disk: ${name}: serving, UNAVAILABLE, serving ${times} times, no restart; healed within ` +
      `${slowest} s; ${load.count} acknowledged tasks and ${load.follower.arrivals.length} deltas, ` +
      `none missing after kill -9; ${load.refusals.length} calls refused, all to be retried`,
  );
}

async function checkWhileBroken(load: DiskLoad, says: RegExp): Promise<void> {
  const { client, admin } = load.clients;
  const refused = { code: 14, details: expect.stringMatching(says) };
  const count = load.count;
  for (const untilMs = performance.now() + BROKEN_MS; performance.now() < untilMs; ) {
    await expect(admin.runCycle({})).rejects.toMatchObject(refused);
    await expect(client.reportMetrics({ metrics: {} })).rejects.toMatchObject(refused);
  }
  const { totalTasksRecorded, latestSequence } = await client.getStatus({});
  expect(Number(totalTasksRecorded)).toBeGreaterThanOrEqual(count);
  expect((await client.listDeltas({ pageSize: 1 })).deltas[0]?.sequence).toBe(latestSequence);
  expect((await client.resolveParameters({})).deltaSequence).toBe(latestSequence);
  expect(load.health.at(-1)).toBe('NOT_SERVING');
  expect(await load.page('/readyz')).toMatch(/^503 the ledger cannot be written: /);
  expect(await load.page('/metrics')).toContain('\nlearning_ledger_writable 0\n');
}

/** Nothing that was acknowledged or streamed is missing, even if the process has no time to end. */
async function checkAfterwards(
  load: DiskLoad,
  sidecar: Sidecar,
  options: SidecarOptions,
): Promise<void> {
  await load.stop();
  expect(load.streamEnd).toBeUndefined();
  expect(load.follower.faults).toEqual([]);
  expect(load.follower.snapshots).toEqual([]);
  for (const { reason, retryDelayMs } of load.refusals) {
    expect(reason).toBe('14 LEDGER_UNAVAILABLE');
    expect(retryDelayMs).toBeGreaterThan(0);
  }
  const log = sidecar.lines.filter((line) => line.includes('"msg":"the ledger can'));
  await sidecar.kill();
  const again = await startSidecar(options);
  const { client } = clientsOf(again.address);
  const { totalTasksRecorded, latestSequence } = await client.getStatus({});
  expect(Number(totalTasksRecorded)).toBeGreaterThanOrEqual(load.count);
  expect(latestSequence).toBeGreaterThanOrEqual(load.follower.sequence ?? 0n);
  expect(await countUnknown(client, load.acknowledged)).toBe(0);
  expect((await again.end('SIGTERM')).code).toBe(0);
  // Said on change, not at every look.
  expect(log.length).toBeLessThan(4 * load.health.length);
}

test('a full disk', async () => {
  const disk = await memoryDisk(24);
  if (disk === undefined) return console.log('disk: full: no tmpfs in a namespace can be had here');
  const filler = join(disk.outside(disk.path), 'filler');
  const fault: Fault = {
    breakIt: () => fillUp(filler),
    mend: () => rmSync(filler),
    says: /^the ledger cannot be written: the disk is full$/,
  };
  const options = { dataDir: join(disk.path, 'data'), through: disk.through };
  await goThrough('full (a tmpfs of 24 MB in a namespace)', options, fault, 3);
});

test('a file that may not grow, as under a quota', async () => {
  const options = { dataDir: join(tempDir(), 'data') };
  let pid = 0;
  const limit = (bytes: string) => {
    const { status } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
    expect(status).toBe(0);
  };
  await goThrough(
    'a file that may not grow (RLIMIT_FSIZE)',
    options,
    {
      started: (sidecar) => {
        pid = sidecar.pid;
      },
      breakIt: () => limit('8192'),
      mend: () => limit('unlimited'),
      says: /^the ledger cannot be written: its file may not grow$/,
    },
    2,
  );
});

test('a disk that fails when it is to keep what it took', async () => {
  const disk = await failingDisk(40);
  if (disk === undefined) return console.log('disk: fsync: no loop device can be had here');
  const filler = join(disk.outside(`${disk.path}.back`), 'filler');
  const fault: Fault = {
    breakIt: () => fillUp(filler),
    mend: () => rmSync(filler),
    says: /^the ledger cannot be written: (the disk is full|the disk answers with an I\/O error)$/,
  };
  const options = { dataDir: join(disk.path, 'data'), through: disk.through };
  await goThrough('fsync fails (ext4 on a loop device without room)', options, fault, 2);
});

test('a disk that turns read-only: what is known is told, and kept', async () => {
  const disk = await frailDisk();
  if (disk === undefined) return console.log('disk: read-only: no loop device can be had here');
  const options = { dataDir: join(disk.path, 'data'), through: disk.through };
  const sidecar = await startSidecar(options);
  const load = new DiskLoad(sidecar);
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(TASKS), WAIT);
  const device = '$(basename $(findmnt -no SOURCE "$DISK"))';
  expect(disk.run(`echo 1 > /sys/fs/ext4/${device}/trigger_fs_error`)).toBe(true);
  await vi.waitFor(() => expect(load.health.at(-1)).toBe('NOT_SERVING'), WAIT);
  await checkWhileBroken(load, /^the ledger cannot be written: the disk is read-only$/);
  await load.stop();
  expect((await sidecar.end('SIGTERM')).code).toBe(0);
  // Such a disk is checked and mounted anew before anything writes to it again.
  expect(disk.run('umount "$DISK" && mount -o loop "$DISK.back/image" "$DISK"')).toBe(true);
  const again = await startSidecar(options);
  expect(await countUnknown(clientsOf(again.address).client, load.acknowledged)).toBe(0);
  await again.end('SIGTERM');
  console.log(
    `disk: read-only (ext4 after an error): ${load.count} acknowledged tasks, none missing after ` +
      'it was mounted anew; reads, health and the stream went on',
  );
});

test('the directory deleted, and the sidecar stopped: the loss is not passed over', async () => {
  const dataDir = join(tempDir(), 'data');
  const sidecar = await startSidecar({ dataDir });
  const { client } = clientsOf(sidecar.address);
  for (let i = 0; i < 200; i += 1) await client.recordTask({ task: taskOfId(`task-${i}`) });
  rmSync(dataDir, { recursive: true });
  const { code } = await sidecar.end('SIGTERM');
  expect(code).toBe(1);
  const log = sidecar.lines.join('\n');
  expect(log).toContain('what was recorded is lost: its directory was removed');
  expect(log).not.toMatch(/What was recorded is safe|"msg":"stopped"/);
  console.log(
    'disk: the directory deleted, and stopped: exit code 1, and the log says what is lost',
  );
});

const REMOVED = /^the ledger cannot be written: (its directory|its file) was removed$/;

test('the directory deleted, and put back', async () => {
  const dataDir = join(tempDir(), 'data');
  const fault: Fault = {
    breakIt: () => rmSync(dataDir, { recursive: true }),
    mend: () => mkdirSync(dataDir),
    says: REMOVED,
  };
  await goThrough('the directory deleted and made again', { dataDir }, fault, 3);
});

test('the directory moved away, and back', async () => {
  const dataDir = join(tempDir(), 'data');
  const fault: Fault = {
    breakIt: () => renameSync(dataDir, `${dataDir}.away`),
    mend: () => renameSync(`${dataDir}.away`, dataDir),
    says: REMOVED,
  };
  await goThrough('the directory moved away and back', { dataDir }, fault, 2);
});

test('another file put in its place is not touched, and goes on where that is taken away', async () => {
  const dataDir = join(tempDir(), 'data');
  const file = join(dataDir, 'ledger.db');
  const fault: Fault = {
    breakIt: () => {
      rmSync(file);
      writeFileSync(file, 'precious');
    },
    mend: () => {
      expect(readFileSync(file, 'utf8')).toBe('precious');
      rmSync(file);
    },
    says: /^the ledger cannot be written: another file was put in its place$/,
  };
  await goThrough('another file in its place', { dataDir }, fault, 2);
});

test.each(['ledger.db', 'ledger.db-wal', 'ledger.db-shm', 'lock'])(
  'under load, %s deleted',
  async (name) => {
    const options = { dataDir: join(tempDir(), 'data') };
    const sidecar = await startSidecar(options);
    const load = new DiskLoad(sidecar);
    const path = join(options.dataDir, name);
    for (let round = 1; round <= 3; round += 1) {
      const before = load.count;
      await vi.waitFor(() => expect(load.count).toBeGreaterThan(before + TASKS), WAIT);
      rmSync(path);
      await vi.waitFor(() => expect(existsSync(path)).toBe(true), WAIT);
      await vi.waitFor(() => expect(load.health.at(-1)).toBe('SERVING'), WAIT);
    }
    await checkAfterwards(load, sidecar, options);
    console.log(
      `disk: ${name} deleted 3 times under load: made again; ${load.count} acknowledged tasks, ` +
        'none missing after kill -9',
    );
  },
);
