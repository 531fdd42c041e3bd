import { chmodSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildImage } from '../../scripts/image-check/build.ts';
import { canIsolate } from '../../scripts/image-check/container.ts';
import { createVolume, Service } from '../../scripts/image-check/service.ts';
import { clientsOf } from '../support/clients/clients.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const TASKS = 500;

test('what the image holds serves where nothing but its volume can be written', async () => {
  if (!canIsolate()) {
    console.log('read-only: not shown: no process here may have mounts of its own');
    return;
  }
  const directory = tempDir();
  // Test directories are their owner's alone.
  chmodSync(directory, 0o755);
  const image = buildImage(process.cwd(), { below: directory });
  const data = createVolume(image, directory, 'volume');

  for (const expected of [TASKS, 2 * TASKS]) {
    const service = await Service.run(image, data);
    onTestFinished(() => service.kill());
    await service.serving();
    for (const place of ['/', '/app', '/tmp', '/var', '/dev']) {
      const { text } = await service.inside('touch', join(place, 'touched'));
      expect(text).toContain('Read-only file system');
    }
    const { client, admin } = clientsOf(service.addresses.grpc);
    const calls = Array.from({ length: TASKS }, (_, i) =>
      client.recordTask({ task: taskOfId(`${expected}-${i}`) }),
    );
    await Promise.all(calls);
    await admin.runCycle({});
    process.kill(await service.pid(), 'SIGHUP');
    expect((await fetch(`http://${service.addresses.http}/readyz`)).status).toBe(200);
    expect((await client.getStatus({})).totalTasksRecorded).toBe(BigInt(expected));
    expect(await service.end('SIGTERM')).toMatchObject({ code: 0 });
    expect(service.errorLines).toEqual([]);
    expect(service.lines.filter((line) => /"level":[456]0/.test(line))).toEqual([]);
  }

  const files = readdirSync(data);
  const owners = new Set(files.map((name) => lstatSync(join(data, name)).uid));
  console.log(
    `read-only: ${2 * TASKS} tasks recorded over a restart as user ${[...owners].join()}, with ` +
      `${files.join(', ')} written and nothing else`,
  );
});
