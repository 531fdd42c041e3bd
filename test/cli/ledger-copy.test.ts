import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { readLedgerFile } from '../support/ledger/read-ledger.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure, runHere } from './command-line.ts';

interface Served {
  readonly dataDir: string;
  readonly address: string;
  stop(): Promise<unknown>;
}

/** A sidecar with some tasks and a change in force. */
async function serveSomething(): Promise<Served> {
  const dataDir = tempDir();
  const sidecar = await startSidecar({ dataDir });
  const client = learningClient(sidecar.address);
  for (let i = 0; i < 20; i += 1) await client.recordTask({ task: taskOfId(`task-${i}`) });
  await adminClient(sidecar.address).setParameter({
    target: 'max_cpu_per_agent',
    value: { kind: { case: 'numberValue', value: 50 } },
  });
  return { dataDir, address: sidecar.address, stop: () => sidecar.end('SIGTERM') };
}

/** All that a ledger file holds. */
function contentOf(file: string) {
  const stored = readLedgerFile(file);
  if (stored === undefined) throw new Error(`${file} holds nothing`);
  const { epoch, ...head } = stored.head;
  return { epoch, head, events: [...stored.events] };
}

test('a backup while it serves and records is whole, verified, and restores', async () => {
  const { dataDir, address, stop } = await serveSomething();
  const file = join(tempDir(), 'ledger.backup');
  const load = recordOn(address);
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(50));
  const backedUp = await runHere(['backup', file, '--data-dir', dataDir]);
  expect(backedUp).toMatchObject({ code: 0, err: '' });
  expect(backedUp.out).toMatch(/is backed up to .* and verified: epoch \S+, [\d,]+ tasks recorded/);
  const atBackup = load.count;
  await vi.waitFor(() => expect(load.count).toBeGreaterThan(atBackup + 50));
  await load.stop();
  await stop();

  const copy = contentOf(file);
  const source = contentOf(join(dataDir, 'ledger.db'));
  expect(copy.epoch).toBe(source.epoch);
  const { position } = copy.head;
  expect(copy.events).toHaveLength(copy.head.storedEvents);
  // Ids have taken the place of tasks since.
  const of = ({ events }: typeof copy) =>
    events.filter((one) => one.position <= position && !one.event.kind.startsWith('task'));
  expect(of(copy)).toEqual(of(source));
  expect(position).toBeLessThan(source.head.position);
  expect(readdirSync(join(file, '..'))).toEqual(['ledger.backup']);

  const restoredDir = join(tempDir(), 'restored');
  const restored = await runHere(['restore', file, '--data-dir', restoredDir]);
  expect(restored).toMatchObject({ code: 0, err: '' });
  const again = contentOf(join(restoredDir, 'ledger.db'));
  expect(again.epoch).not.toBe(copy.epoch);
  expect(again).toEqual({ ...copy, epoch: again.epoch });

  const sidecar = await startSidecar({ dataDir: restoredDir });
  const client = learningClient(sidecar.address);
  const status = await client.getStatus({});
  expect(status.epoch).toBe(again.epoch);
  expect(status.latestSequence).toBe(1n);
  expect(status.totalTasksRecorded).toBe(BigInt(copy.head.counters.tasksRecorded));
  // Ids are known again, too.
  expect((await client.recordTask({ task: taskOfId('task-3') })).duplicate).toBe(true);
});

/** Records single tasks, one after the other, until stopped. */
function recordOn(address: string) {
  const client = learningClient(address);
  let isStopped = false;
  const load = { count: 0, stop };
  const running = (async () => {
    while (!isStopped) {
      await client.recordTask({ task: taskOfId(`load-${load.count}`) });
      load.count += 1;
    }
  })();
  function stop(): Promise<void> {
    isStopped = true;
    return running;
  }
  return load;
}

test('a backup of a ledger that nobody serves, also after kill -9', async () => {
  const dataDir = tempDir();
  const sidecar = await startSidecar({ dataDir });
  await learningClient(sidecar.address).recordTask({ task: taskOfId('task-1') });
  await sidecar.kill();
  const file = join(tempDir(), 'backup');
  expect((await runHere(['backup', file, '--data-dir', dataDir])).out).toContain(
    '1 tasks recorded',
  );
  const later = await startSidecar({ dataDir });
  expect((await learningClient(later.address).getStatus({})).totalTasksRecorded).toBe(1n);
});

test('what is there is not overwritten unless forced', async () => {
  const { dataDir } = await serveSomething();
  const file = join(tempDir(), 'backup');
  writeFileSync(file, 'precious');
  const backup = ['backup', file, '--data-dir', dataDir];
  await expectFailure(backup, { code: 1, says: /backup exists already: --force replaces it/ });
  expect(readFileSync(file, 'utf8')).toBe('precious');
  expect((await runHere([...backup, '--force'])).code).toBe(0);

  await expectFailure(['restore', file, '--data-dir', dataDir, '--force'], {
    code: 1,
    says: /is in use by another learning-sidecar/,
  });

  const other = tempDir();
  const restore = ['restore', file, '--data-dir', other];
  expect((await runHere(restore)).code).toBe(0);
  const first = contentOf(join(other, 'ledger.db'));
  await expectFailure(restore, { code: 1, says: /holds a ledger already: --force moves it aside/ });
  expect(contentOf(join(other, 'ledger.db'))).toEqual(first);
  const forced = await runHere([...restore, '--force']);
  expect(forced.code).toBe(0);
  const movedTo = /^the ledger that was there is now (.*)$/m.exec(forced.out)?.[1] ?? '';
  expect(contentOf(movedTo)).toEqual(first);
  expect(contentOf(join(other, 'ledger.db')).epoch).not.toBe(first.epoch);
});

test('a journal that a former ledger left is not taken for the restored one', async () => {
  const { dataDir } = await serveSomething();
  const file = join(tempDir(), 'backup');
  await runHere(['backup', file, '--data-dir', dataDir]);
  const other = tempDir();
  copyFileSync(join(dataDir, 'ledger.db-wal'), join(other, 'ledger.db-wal'));
  expect((await runHere(['restore', file, '--data-dir', other])).code).toBe(0);
  const names = ['ledger.db', expect.stringMatching(/^ledger\.db\.replaced-.*-wal$/), 'lock'];
  expect(readdirSync(other).sort()).toEqual(names);
  openSqliteStore(other).close();
});

test('a backup that is damaged, cut off, or none is refused, and nothing is touched', async () => {
  const { dataDir, stop } = await serveSomething();
  const directory = tempDir();
  const file = join(directory, 'backup');
  await runHere(['backup', file, '--data-dir', dataDir]);
  await stop();
  const target = join(tempDir(), 'target');
  const refuse = async (name: string, change: (copy: string) => void, says: RegExp) => {
    const copy = join(directory, name);
    copyFileSync(file, copy);
    change(copy);
    await expectFailure(['restore', copy, '--data-dir', target], { code: 1, says });
    expect(existsSync(join(target, 'ledger.db'))).toBe(false);
  };
  const sql = (text: string) => (copy: string) => {
    const db = new DatabaseSync(copy);
    db.exec(text);
    db.close();
  };
  await refuse('a', sql("UPDATE events SET body = body || ' ' WHERE position = 2"), /2 .*damaged/);
  await refuse('b', sql('DELETE FROM events WHERE position = 2'), /should hold \d+ events, but/);
  await refuse('c', sql('DELETE FROM events; DELETE FROM head'), /holds no ledger/);
  await refuse('d', sql('PRAGMA user_version = 99'), /newer learning-sidecar \(schema 99/);
  await refuse('e', (copy) => writeFileSync(copy, readFileSync(copy).subarray(0, 5000)), /corrupt/);
  await refuse('f', (copy) => writeFileSync(copy, 'x'.repeat(5000)), /not a database/);
  await refuse('g', (copy) => writeFileSync(copy, ''), /holds no ledger/);
});

test('a ledger that is damaged is not backed up', async () => {
  const { dataDir, stop } = await serveSomething();
  await stop();
  const db = new DatabaseSync(join(dataDir, 'ledger.db'));
  db.exec("UPDATE events SET body = body || ' ' WHERE position = 2");
  db.close();
  const directory = tempDir();
  const args = ['backup', join(directory, 'backup'), '--data-dir', dataDir];
  await expectFailure(args, { code: 1, says: /event 2 .* is damaged/ });
  expect(readdirSync(directory)).toEqual([]);
});

test('what is not there is named', async () => {
  const directory = tempDir();
  const target = join(directory, 'target');
  await expectFailure(['backup', target, '--data-dir', directory], {
    code: 1,
    says: `${directory} holds no ledger`,
  });
  await expectFailure(['restore', target, '--data-dir', directory], {
    code: 1,
    says: `there is no backup ${target}`,
  });
  for (const command of ['backup', 'restore']) {
    const says = /--data-dir :memory: is no directory/;
    await expectFailure([command, target, '--data-dir', ':memory:'], { code: 1, says });
  }
  const { dataDir } = await serveSomething();
  await expectFailure(['backup', join(directory, 'no', 'x'), '--data-dir', dataDir], {
    code: 1,
    says: /no\/x cannot be written/,
  });
  mkdirSync(target);
  for (const args of [[], ['--force']]) {
    const says = /target is there already, and no regular file/;
    await expectFailure(['backup', target, '--data-dir', dataDir, ...args], { code: 1, says });
  }
  for (const name of ['ledger.db', 'lock', 'new.db']) {
    const says = /in the ledger's own directory/;
    const inside = join(dataDir, name);
    await expectFailure(['backup', inside, '--data-dir', dataDir, '--force'], { code: 1, says });
  }
  expect(readdirSync(directory)).toEqual(['target']);
});
