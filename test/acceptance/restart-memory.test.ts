import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { emptyHead } from '../../src/ledger/head.ts';
import { encodeRow } from '../../src/store/sqlite/encoded-commit.ts';
import { rowWriter } from '../../src/store/sqlite/rows.ts';
import { type LearningClient, learningClient } from '../support/clients/clients.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { limitMemory } from '../support/sidecar/memory-limit.ts';
import { residentBytes, type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** The limit in deploy/kubernetes. */
const LIMIT_MIB = 512;

/** In one message. */
const BATCH = 100;

/** Retained by the built-in defaults. */
const TASKS_RETAINED = 100;
const IDS_RETAINED = 100_000;

/** As ids are stored: 36 characters, and their punctuation. */
const ID_BYTES = 39;

interface Load {
  readonly tasks: number;
  /** Labels and measurements. */
  readonly pairs: number;
  /** Characters of a name, and of the value of a label. */
  readonly name: number;
  readonly value: number;
}

function taskAt(place: number, { pairs, name, value }: Load) {
  const names = Array.from({ length: pairs }, (_, i) => `n${i}`.padEnd(name, '_'));
  const labelAt = (i: number) => `${place}/${i}`.padEnd(value, 'q');
  return {
    taskId: `0190f3c2-7a1e-7c3b-9d2e-${place.toString().padStart(12, '0')}`,
    agentId: 'researcher-1',
    status: TaskStatus.SUCCESS,
    latencyMs: 1000,
    labels: Object.fromEntries(names.map((one, i) => [one, labelAt(i)])),
    measurements: Object.fromEntries(names.map((one, i) => [one, place + i])),
  };
}

async function record(client: LearningClient, load: Load): Promise<void> {
  const stream = client.recordTasks();
  stream.on('data', () => {});
  for (let from = 0; from < load.tasks; from += BATCH) {
    const tasks = Array.from({ length: BATCH }, (_, i) => taskAt(from + i, load));
    if (!stream.write({ tasks })) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'end');
}

function ledgerBytes(dataDir: string): number {
  const sizes = ['ledger.db', 'ledger.db-wal'].map(
    (name) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Of what is retained, as the tasks were sent. */
function retainedBytes(load: Load): number {
  const ids = Math.min(load.tasks, IDS_RETAINED) * ID_BYTES;
  return ids + TASKS_RETAINED * JSON.stringify(taskAt(load.tasks, load)).length;
}

/** Starts again with little memory, prints what that took, and looks whether all is known. */
async function restart(
  name: string,
  dataDir: string,
  load: Load,
): Promise<{ readonly sidecar: Sidecar; readonly ms: number }> {
  const { by, ...limit } = limitMemory(LIMIT_MIB);
  const beginMs = performance.now();
  const sidecar = await startSidecar({ dataDir, ...limit });
  const ms = performance.now() - beginMs;
  const client = learningClient(sidecar.address);
  const { totalTasksRecorded } = await client.getStatus({});
  expect(totalTasksRecorded).toBe(BigInt(load.tasks));
  for (const place of [0, load.tasks >> 1, load.tasks - 1]) {
    const { duplicate } = await client.recordTask({ task: taskAt(place, load) });
    expect(duplicate).toBe(place >= load.tasks - IDS_RETAINED);
  }
  console.log(
    `restart: ${name}: ${load.tasks} tasks, ${LIMIT_MIB} MiB by ${by}: serves after ` +
      `${Math.round(ms)} ms with ${mebibytes(residentBytes(sidecar.process.pid ?? 0))}`,
  );
  return { sidecar, ms };
}

const LOADS: readonly (readonly [string, Load])[] = [
  ['2.2 KB each', { tasks: 100_000, pairs: 10, name: 8, value: 190 }],
  ['26 KB each', { tasks: 40_000, pairs: 64, name: 64, value: 256 }],
  ['small', { tasks: 1_000_000, pairs: 0, name: 0, value: 0 }],
];

test.each(LOADS)(
  'after tasks of %s, it comes back with the memory of a container',
  async (name, load) => {
    const dataDir = join(tempDir(), 'data');
    const first = await startSidecar({ dataDir });
    await record(learningClient(first.address), load);
    await first.end('SIGTERM');
    const bytes = ledgerBytes(dataDir);
    console.log(
      `restart: ${name}: ledger ${mebibytes(bytes)}, retained ${mebibytes(retainedBytes(load))}`,
    );
    expect(bytes).toBeLessThan(3 * retainedBytes(load));
    const { sidecar, ms } = await restart(name, dataDir, load);
    expect(ms).toBeLessThan(5000);
    expect((await sidecar.end('SIGTERM')).code).toBe(0);
  },
);

/** Writes a ledger as earlier releases did: each id with all that its task carried, in a file that never shrinks. */
function writeAsBefore(dataDir: string, load: Load): void {
  mkdirSync(dataDir);
  const db = new DatabaseSync(join(dataDir, 'ledger.db'));
  db.exec(
    `CREATE TABLE events (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL,
       checksum INTEGER NOT NULL) STRICT;
     CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL,
       checksum INTEGER NOT NULL) STRICT;
     PRAGMA application_id = ${0x4c534c47}; PRAGMA user_version = 1; BEGIN`,
  );
  const writer = rowWriter(db);
  const rows = load.tasks / BATCH;
  for (let row = 0; row < rows; row += 1) {
    const tasks = Array.from({ length: BATCH }, (_, i) =>
      taskOf({ ...taskAt(row * BATCH + i, load), status: 'success', finishTimeMs: 1 }),
    );
    writer.writeEvents([
      encodeRow({ position: row + 1, event: { kind: 'tasks_recorded', tasks } }),
    ]);
  }
  const head = { ...emptyHead('before', 'secret'), position: rows, storedEvents: rows };
  head.counters.tasksRecorded = load.tasks;
  writer.writeHead(JSON.stringify(head));
  db.exec('COMMIT');
  db.close();
}

test.each(LOADS.slice(0, 2))(
  'a ledger of earlier releases opens, and shrinks; %s',
  async (name, load) => {
    const dataDir = join(tempDir(), 'data');
    writeAsBefore(dataDir, load);
    const before = ledgerBytes(dataDir);
    const { sidecar } = await restart(`${name}, of an earlier release`, dataDir, load);
    const client = learningClient(sidecar.address);
    let commits = 0;
    while (ledgerBytes(dataDir) > 3 * retainedBytes(load)) {
      await client.recordTask({ task: { ...taskAt(0, load), taskId: `more-${commits}` } });
      commits += 1;
      expect(commits).toBeLessThan(1000);
    }
    console.log(
      `restart: ${name}: ledger ${mebibytes(before)}, after ${commits} more commits ` +
        `${mebibytes(ledgerBytes(dataDir))}`,
    );
    expect((await sidecar.end('SIGTERM')).code).toBe(0);
  },
);
