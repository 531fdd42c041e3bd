import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { learningClient } from '../support/clients/clients.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { spawnSidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

test('a second process on the same directory is refused, and the first goes on', async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const second = spawnSidecar({ dataDir });
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.errorLines.join('\n')).toContain('in use by another learning-sidecar');
  expect(second.errorLines.join('\n')).toContain(dataDir);
  const client = learningClient(first.address);
  await client.recordTask({ task: taskOfId('task-1') });
  expect((await client.getStatus({})).totalTasksRecorded).toBe(1n);
  await first.kill();
  const third = await startSidecar({ dataDir });
  const { totalTasksRecorded } = await learningClient(third.address).getStatus({});
  expect(totalTasksRecorded).toBe(1n);
});

test('a ledger of a newer schema is refused and left as it is', async () => {
  const dataDir = tempDir();
  const sidecar = await startSidecar({ dataDir });
  await learningClient(sidecar.address).recordTask({ task: taskOfId('task-1') });
  await sidecar.end('SIGTERM');
  const file = join(dataDir, 'ledger.db');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 1000');
  db.close();
  const before = readFileSync(file);
  const refused = spawnSidecar({ dataDir });
  expect(await refused.exited).toEqual({ code: 1, signal: null });
  expect(refused.errorLines.join('\n')).toMatch(/newer learning-sidecar \(schema 1000/);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a unix socket that a kill has left is replaced', async () => {
  const dataDir = tempDir();
  const socket = join(dataDir, 'sidecar.sock');
  const listen = `unix:${socket}`;
  const killed = await startSidecar({ dataDir, listen });
  await learningClient(killed.address).recordTask({ task: taskOfId('task-1') });
  await killed.kill();
  expect(statSync(socket).isSocket()).toBe(true);
  const sidecar = await startSidecar({ dataDir, listen });
  expect(sidecar.address).toBe(listen);
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  const client = learningClient(listen);
  expect((await client.getStatus({})).totalTasksRecorded).toBe(1n);
});

test('health, readiness and metrics over HTTP', async () => {
  const { address, adminUrl } = await startSidecar({ dataDir: tempDir() });
  await learningClient(address).recordTask({ task: taskOfId('task-1') });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`${adminUrl}${path}`, { method });
    return { code: response.status, text: await response.text() };
  };
  expect(await get('/healthz')).toEqual({ code: 200, text: 'ok\n' });
  expect(await get('/readyz')).toEqual({ code: 200, text: 'ready\n' });
  expect((await get('/nowhere')).code).toBe(404);
  expect((await get('/metrics', 'POST')).code).toBe(405);
  const metrics = await get('/metrics');
  expect(metrics.code).toBe(200);
  for (const line of [
    'learning_tasks_recorded_total 1',
    'learning_tasks_in_history 1',
    'learning_latest_sequence 0',
    'learning_active 1',
    'learning_rpc_duration_seconds_count{method="/learning.v1.LearningService/RecordTask",code="OK"} 1',
  ]) {
    expect(metrics.text.split('\n')).toContain(line);
  }
});
