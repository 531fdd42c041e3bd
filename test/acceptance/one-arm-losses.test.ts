import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Delta, DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { Arm } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { clientsOf } from '../support/clients/clients.ts';
import { deltaOf, startTrial, WARM_UP_TASKS } from '../support/load/work-ports.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** A world of the case: 30 % of its tasks are hard, and take four times as long. */
interface World {
  readonly world: number;
  readonly latencyMs: readonly number[];
  /** Places of the hard ones. */
  readonly hard: readonly number[];
}

const WORLDS: readonly World[] = JSON.parse(
  readFileSync(new URL('../data/one-arm-losses.json', import.meta.url), 'utf8'),
);

/** As the case has it. */
const CONFIG = {
  cycle: { enabled: false },
  curation: { mode: 'trial', cooldown_seconds: 0, max_deltas_per_hour: 1000 },
  parameters: { knob: { initial: 'a' } },
  rules: [
    {
      id: 'try-b',
      when: 'window.count >= 30.0',
      type: 'strategy',
      operation: 'adjust',
      target: 'knob',
      new_value: "'b'",
      reasoning: "'observed because 100% system'",
      confidence: 0.9,
      impact: 'positive',
    },
  ],
};

/** Where so many in a row are given no arm, the trial only waits for what never comes. */
const IDLE_TASKS = 20;

/** All there is in the data is harm: by chance one such world in twenty. */
const MOST_PROMOTED = 1;

test.each([
  ['cancelled', TaskStatus.CANCELLED],
  ['never reported', undefined],
] as const)('a value whose hard tasks are %s is not promoted', async (name, status) => {
  expect(WORLDS.length).toBe(12);
  const deltas: Delta[] = [];
  for (const world of WORLDS) deltas.push(await play(world, status));
  const found = deltas.map(({ state, effect }) => `${stateName(state)}: ${effect?.summary}`);
  const promoted = deltas.filter(({ sequence }) => sequence > 0n);
  console.log(`one-arm-losses: ${name}: ${promoted.length} of 12 promoted\n${found.join('\n')}`);
  expect(promoted.length).toBeLessThanOrEqual(MOST_PROMOTED);
  for (const { effect } of deltas.filter((one) => one.effect?.verdict === Verdict.INVALID)) {
    expect(effect?.summary).toMatch(/of the old value .* of the new value/);
  }
});

/** One task after the other, until the trial is over, or takes no more. */
async function play({ world, latencyMs, hard }: World, lost?: TaskStatus): Promise<Delta> {
  const dataDir = tempDir();
  const config = join(dataDir, 'config.json');
  const trial = { assignment: 'task', seed: `world-${world}` };
  writeFileSync(config, JSON.stringify({ ...CONFIG, trial }));
  const sidecar = await startSidecar({ dataDir: join(dataDir, 'data'), config });
  const clients = clientsOf(sidecar.address);
  const { client } = clients;
  const record = (taskId: string, status: TaskStatus, latency: number) =>
    client.recordTask({ task: { taskId, status, latencyMs: latency } });
  for (let i = 0; i < WARM_UP_TASKS; i += 1) await record(`w${i}`, TaskStatus.SUCCESS, 400 + i);
  const deltaId = await startTrial(clients);
  let idle = 0;
  for (const [task, latency] of latencyMs.entries()) {
    const taskId = `t${task}`;
    const { arm } = await client.resolveParameters({ taskId });
    idle = arm === Arm.UNSPECIFIED ? idle + 1 : 0;
    if (idle > IDLE_TASKS) break;
    const status = arm === Arm.NEW && hard.includes(task) ? lost : TaskStatus.SUCCESS;
    if (status !== undefined) await record(taskId, status, latency);
    if ((await deltaOf(client, deltaId)).state !== DeltaState.TRIAL) break;
  }
  const delta = await deltaOf(client, deltaId);
  await sidecar.kill();
  return delta;
}

function stateName(state: DeltaState): string {
  const [name = ''] = Object.entries(DeltaState).find(([, value]) => value === state) ?? [];
  return name;
}
