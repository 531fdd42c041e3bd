import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BackupSchedule } from '../../src/runtime/backup-schedule.ts';
import { ManualClock, START_MS } from '../support/engine/manual-clock.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const HOUR_MS = 3_600_000;
const SUMMARY = { epoch: 'e', tasksRecorded: 1, cycles: 1, sequence: 1, bytes: 4096 };
const DAILY = { everyHours: 24, keep: 3, directory: undefined };

function createSchedule() {
  const dataDir = tempDir();
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const made: string[] = [];
  const disk = { isFull: false };
  const schedule = new BackupSchedule({
    dataDir,
    clock,
    log: pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    async backUp(file) {
      if (disk.isFull) throw new Error('the disk is full');
      writeFileSync(file, 'ledger');
      made.push(file);
      return SUMMARY;
    },
  });
  const names = () => readdirSync(join(dataDir, 'backups')).sort();
  return { schedule, dataDir, clock, lines, made, disk, names };
}

test('makes one at once where there is none, then one a period, and keeps the newest', async () => {
  const { schedule, clock, made, names, lines } = createSchedule();
  expect(schedule.newestMs).toBeUndefined();
  schedule.configure(DAILY);
  await clock.advance(0);
  expect(names()).toEqual(['ledger-2026-01-01T00-00-00Z.db']);
  expect(schedule.newestMs).toBe(START_MS);
  await clock.advance(24 * HOUR_MS - 1);
  expect(made).toHaveLength(1);
  await clock.advance(1);
  expect(made).toHaveLength(2);
  await clock.advance(72 * HOUR_MS);
  expect(made).toHaveLength(5);
  expect(names()).toEqual([3, 4, 5].map((day) => `ledger-2026-01-0${day}T00-00-00Z.db`));
  expect(lines.at(-1)).toMatchObject({ bytes: 4096, msg: 'the ledger was backed up' });
  schedule.configure(undefined);
  await clock.advance(72 * HOUR_MS);
  expect(made).toHaveLength(5);
  expect(clock.pending).toBe(0);
});

test('goes by what an earlier process made, and leaves what is not its own', async () => {
  const { schedule, dataDir, clock, made, names } = createSchedule();
  mkdirSync(join(dataDir, 'backups'));
  const others = ['ledger-mine.db', 'notes.txt'];
  const earlier = ['ledger-2025-12-31T06-00-00Z.db', 'ledger-2025-12-30T06-00-00Z.db.incomplete'];
  for (const name of [...others, ...earlier]) writeFileSync(join(dataDir, 'backups', name), '');
  schedule.configure({ ...DAILY, keep: 1 });
  await clock.advance(6 * HOUR_MS - 1);
  expect(made).toEqual([]);
  await clock.advance(1);
  expect(names()).toEqual(['ledger-2026-01-01T06-00-00Z.db', ...others]);
});

test('removes what an interrupted backup left when it is configured, and only that', () => {
  const { schedule, dataDir, lines, names } = createSchedule();
  schedule.configure(DAILY);
  expect(lines).toEqual([]);
  mkdirSync(join(dataDir, 'backups'));
  const unfinished = ['', '-wal', '-journal'].map(
    (suffix) => `ledger-2025-12-31T06-00-00Z.db.incomplete${suffix}`,
  );
  const others = ['ledger-2025-12-30T06-00-00Z.db', 'mine.db.incomplete'];
  for (const name of [...unfinished, ...others]) writeFileSync(join(dataDir, 'backups', name), '');
  schedule.configure(undefined);
  expect(names()).toHaveLength(5);
  schedule.configure(DAILY);
  expect(names()).toEqual(others);
});

test('leaves alone what the backup under way is writing', async () => {
  const { schedule, clock, made, dataDir, names } = createSchedule();
  let finish = () => {};
  const slow = new BackupSchedule({
    ...{ dataDir, clock, log: pino({ enabled: false }) },
    async backUp(file) {
      writeFileSync(`${file}.incomplete`, '');
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      renameSync(`${file}.incomplete`, file);
      made.push(file);
      return SUMMARY;
    },
  });
  slow.configure(DAILY);
  await clock.advance(0);
  slow.configure({ ...DAILY, keep: 2 });
  expect(names()).toEqual(['ledger-2026-01-01T00-00-00Z.db.incomplete']);
  finish();
  await clock.advance(0);
  expect(made).toHaveLength(1);
  schedule.stop();
  slow.stop();
});

test('says why one could not be made, and tries again soon', async () => {
  const { schedule, clock, made, disk, lines } = createSchedule();
  disk.isFull = true;
  schedule.configure(DAILY);
  await clock.advance(HOUR_MS - 1);
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatchObject({
    level: 50,
    msg: 'the ledger could not be backed up: the disk is full',
  });
  disk.isFull = false;
  await clock.advance(1);
  expect(made).toHaveLength(1);
  schedule.stop();
  expect(clock.pending).toBe(0);
});

test('goes on as usual after the clock was set back, and leaves what was made before', async () => {
  const { schedule, clock, made, names } = createSchedule();
  schedule.configure({ ...DAILY, keep: 2 });
  await clock.advance(24 * HOUR_MS);
  expect(made).toHaveLength(2);
  clock.jump(-72 * HOUR_MS);
  schedule.configure({ ...DAILY, keep: 2 });
  await clock.advance(72 * HOUR_MS - 1);
  expect(made).toHaveLength(5);
  expect(names()).toEqual(
    ['2025-12-31', '2026-01-01', '2026-01-02'].map((day) => `ledger-${day}T00-00-00Z.db`),
  );
});
