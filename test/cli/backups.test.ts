import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { restoreLedger } from '../../src/store/backup.ts';
import { clientsOf } from '../support/clients/clients.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

test('a sidecar backs its ledger up once its config asks for it, and what it made restores', async () => {
  const dataDir = join(tempDir(), 'data');
  const config = join(tempDir(), 'config.yaml');
  writeFileSync(config, '{}');
  const sidecar = await startSidecar({ dataDir, config });
  const { client } = clientsOf(sidecar.address);
  await client.recordTask({ task: { taskId: 'before' } });
  expect(existsSync(join(dataDir, 'backups'))).toBe(false);
  writeFileSync(config, 'ledger: { backup: {} }');
  sidecar.process.kill('SIGHUP');
  await sidecar.find((line) => line.includes('the ledger was backed up') || undefined);
  const [name = ''] = readdirSync(join(dataDir, 'backups'));
  await vi.waitFor(async () => {
    const page = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
    expect(page).toMatch(/\nlearning_ledger_backup_timestamp_seconds 1\d{9}\n/);
  });
  const restored = join(tempDir(), 'restored');
  const options = { force: false, newEpoch: 'restored', now: new Date() };
  const summary = restoreLedger(join(dataDir, 'backups', name), restored, options);
  expect(summary).toMatchObject({ epoch: 'restored', tasksRecorded: 1 });
  expect((await sidecar.end('SIGTERM')).code).toBe(0);
});
