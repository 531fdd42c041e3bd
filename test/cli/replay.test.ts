import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test, vi } from 'vitest';
import { TaskSchema } from '../../src/gen/learning/v1/task_pb.ts';
import type { TaskBatch } from '../../src/trace/batches.ts';
import { TaskUpload } from '../../src/trace/upload.ts';
import { learningClient } from '../support/clients/clients.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { runScript } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure, runHere } from './command-line.ts';

const TRACES = ['auto-gpt', 'babyagi', 'gpt-engineer', 'mini-agi', 'smol-developer'].map(
  (name) => `test/data/${name}.ndjson`,
);

function fileOf(...lines: readonly string[]): string {
  const file = join(tempDir(), 'trace.ndjson');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

test('all tasks are recorded once, however often they are replayed', async () => {
  const { address, client } = await createServiceFixture();
  const first = await runHere(['replay', '--target', address, ...TRACES]);
  expect(first.code).toBe(0);
  expect(first.out).toMatch(
    /^5,167 tasks read, 5,167 recorded, 0 duplicates, 0 bad lines; \d+\.\d\d s, [\d,]+ tasks\/s$/,
  );
  const again = await runHere(['replay', ...TRACES], { LEARNING_SIDECAR_TARGET: address });
  expect(again.out).toMatch(/^5,167 tasks read, 0 recorded, 5,167 duplicates,/);
  expect((await client.getStatus({})).totalTasksRecorded).toBe(5167n);
});

test('tasks without an id are new ones each time', async () => {
  const { address, client } = await createServiceFixture();
  const file = fileOf('{"latencyMs":1}', '{"latencyMs":2}');
  for (let i = 0; i < 2; i += 1) await runHere(['replay', '--target', address, file]);
  expect((await client.getStatus({})).totalTasksRecorded).toBe(4n);
});

test('a bad line ends it, after what came before is recorded', async () => {
  const { address, client } = await createServiceFixture();
  const file = fileOf('{"taskId":"a"}', '{"taskId":"b"}', '{"latency":1}', '{"taskId":"c"}');
  const { code, out, err } = await runHere(['replay', '--target', address, file]);
  expect(code).toBe(1);
  expect(err).toContain(`${file}:3: expected the fields of a Task; there is no "latency"`);
  expect(out).toMatch(/^2 tasks read, 2 recorded, 0 duplicates, 1 bad lines/);
  expect((await client.getStatus({})).totalTasksRecorded).toBe(2n);

  const skipping = await runHere(['replay', '--skip-bad-lines', '--target', address, file]);
  expect(skipping.code).toBe(0);
  expect(skipping.err).toMatch(/:3: expected/);
  expect(skipping.out).toMatch(/^3 tasks read, 1 recorded, 2 duplicates, 1 bad lines/);
});

test('what comes through a pipe is recorded before the pipe ends', async () => {
  const { address, client } = await createServiceFixture();
  const child = spawn(process.execPath, ['src/main.ts', 'replay', '--target', address, '-']);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.write('{"taskId":"a"}\n{"taskId":"b"}\n');
  await vi.waitFor(async () => expect((await client.getStatus({})).totalTasksRecorded).toBe(2n), {
    timeout: 10_000,
  });
  const closed = once(child, 'close');
  child.stdin.end('{"taskId":"c"}\n');
  expect(await closed).toEqual([0, null]);
  expect((await client.getStatus({})).totalTasksRecorded).toBe(3n);
});

test('a rate is kept to', async () => {
  const { address } = await createServiceFixture();
  const file = fileOf(...Array.from({ length: 60 }, (_, i) => `{"taskId":"${i}"}`));
  const { out } = await runHere(['replay', '--rate', '100', '--target', address, file]);
  // Ten at once, the next ten 100 ms later, and so on: 0.5 s.
  expect(Number(/([\d.]+) s,/.exec(out)?.[1])).toBeGreaterThanOrEqual(0.49);
});

test('a sidecar that is not there, and files that are not, are named', async () => {
  const [file] = TRACES;
  const says = 'cannot reach a sidecar at 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1';
  await expectFailure(['replay', '--target', '127.0.0.1:1', `${file}`], { code: 1, says });
  const missing = ['replay', '--target', '127.0.0.1:1', `${file}`, '/nowhere/x'];
  await expectFailure(missing, { code: 1, says: 'cannot read /nowhere/x: ENOENT' });
});

test('a reader of its output that goes away ends it without a word', async () => {
  const { address } = await createServiceFixture();
  const child = runScript('src/main.ts', ['replay', '--target', address, ...TRACES]);
  child.process.stdout?.destroy();
  expect(await child.exited).toEqual({ code: 0, signal: null });
  const progress = / tasks recorded, /;
  expect(child.errorLines.filter((line) => !progress.test(line))).toEqual([]);
});

const BATCH = 50;

function batchOf(index: number): TaskBatch {
  const tasks = Array.from({ length: BATCH }, (_, i) =>
    create(TaskSchema, taskOfId(`task-${index * BATCH + i}`)),
  );
  return { tasks, places: [], bytesThrough: index };
}

test('kill -9 in the middle: it connects again, and nothing is lost or counted twice', async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const listen = first.address;
  const notices: string[] = [];
  const upload = new TaskUpload({
    client: learningClient(listen),
    giveUpAfterMs: 20_000,
    onProgress: () => {},
    onNotice: (text) => notices.push(text),
  });
  let restarted: Promise<unknown> | undefined;
  await upload.run(
    (async function* () {
      for (let index = 0; index < 40; index += 1) {
        if (index === 20) {
          // It has some of what was sent, and nobody knows which.
          await first.kill();
          restarted = startSidecar({ dataDir, listen });
        }
        yield batchOf(index);
      }
    })(),
  );
  await restarted;
  const { read, recorded, duplicates, sentAgain } = upload.counts;
  const { totalTasksRecorded } = await learningClient(listen).getStatus({});
  expect(totalTasksRecorded).toBe(BigInt(40 * BATCH));
  expect(read).toBe(40 * BATCH);
  expect(recorded + duplicates).toBe(40 * BATCH);
  expect(duplicates).toBeLessThanOrEqual(sentAgain);
  expect(notices[0]).toMatch(/^the connection broke \(.*\): trying again$/);
  expect(notices.at(-1)).toBe('connected again');
});

test('a sidecar that stays away: it gives up, and says how far it came', async () => {
  const sidecar = await startSidecar({ dataDir: ':memory:' });
  const args = ['--rate', '1000', '--give-up-after', '0.5', '--target', sidecar.address];
  const child = runScript('src/main.ts', ['replay', ...args, ...TRACES]);
  const client = learningClient(sidecar.address);
  await vi.waitFor(
    async () => expect((await client.getStatus({})).totalTasksRecorded).toBeGreaterThan(100n),
    { timeout: 10_000 },
  );
  await sidecar.kill();
  expect(await child.exited).toEqual({ code: 1, signal: null });
  expect(child.lines.at(-1)).toMatch(/tasks read, .*[\d,]+ not acknowledged; /);
  expect(child.errorLines.join('\n')).toMatch(/the connection broke/);
  expect(child.errorLines.at(-1)).toMatch(/^gave up after 0\.5 s without the sidecar: /);
});

test('a batch that the sidecar refuses is named by its line', async () => {
  const { address } = await createServiceFixture();
  const upload = new TaskUpload({
    client: learningClient(address),
    giveUpAfterMs: 0,
    onProgress: () => {},
    onNotice: () => {},
  });
  const tasks = [create(TaskSchema), create(TaskSchema, { latencyMs: Number.NaN })];
  const places = [1, 7].map((line) => ({ file: 'x', line }));
  const run = upload.run(
    (async function* () {
      yield batchOf(0);
      yield { tasks, places, bytesThrough: 0 };
    })(),
  );
  await expect(run).rejects.toThrow(/INVALID_FIELD\nx:7: latency_ms: must be/);
  expect(upload.counts.recorded).toBe(BATCH);
});
