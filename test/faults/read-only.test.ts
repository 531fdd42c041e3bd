import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientsOf } from '../support/clients.ts';
import { assembleImage, canShut, runReadOnly, volume } from '../support/read-only.ts';
import { readServingLine } from '../support/sidecar.ts';
import { taskOfId } from '../support/task-book.ts';
import { tempDir } from '../support/temp-dir.ts';

const TASKS = 500;

test('what the image holds serves where nothing but its volume can be written', async () => {
  if (!canShut()) {
    console.log('read-only: not shown: no process here may have mounts of its own');
    return;
  }
  const directory = tempDir();
  const data = volume(directory);
  const image = assembleImage(directory);

  const places = ['/', '/tmp', directory, image, process.cwd()];
  const touch = places.map((place) => `touch ${join(place, 'learning-touched')} 2>&1; `).join('');
  const probe = runReadOnly(data, ['sh', '-c', `${touch} touch ${join(data, 'touched')} && id -u`]);
  expect(await probe.exited).toEqual({ code: 0, signal: null });
  expect(probe.lines.filter((line) => line.includes('Read-only file system'))).toHaveLength(
    places.length,
  );

  for (const expected of [TASKS, 2 * TASKS]) {
    const sidecar = runReadOnly(data, [
      ...[process.execPath, join(image, 'dist/main.js'), '--data-dir', data],
      ...['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'],
    ]);
    const { address, adminUrl } = await sidecar.find(readServingLine);
    const { client, admin } = clientsOf(address);
    const calls = Array.from({ length: TASKS }, (_, i) =>
      client.recordTask({ task: taskOfId(`${expected}-${i}`) }),
    );
    await Promise.all(calls);
    await admin.runCycle({});
    sidecar.process.kill('SIGHUP');
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    expect((await client.getStatus({})).totalTasksRecorded).toBe(BigInt(expected));
    expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(sidecar.errorLines).toEqual([]);
    expect(sidecar.lines.filter((line) => /"level":[456]0/.test(line))).toEqual([]);
  }

  const megabytes = execFileSync('du', ['-sm', join(image, 'node_modules')], { encoding: 'utf8' });
  const owners = new Set(readdirSync(data).map((name) => statSync(join(data, name)).uid));
  console.log(
    `read-only: ${2 * TASKS} tasks recorded over a restart as user ${[...owners].join()}, with ` +
      `${readdirSync(data).join(', ')} written and nothing else; production tree ` +
      `${Number.parseInt(megabytes, 10)} MB, installed without scripts`,
  );
});
