import { expect, test, vi } from 'vitest';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { startService } from '../support/sidecar/running-service.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

type Service = Awaited<ReturnType<typeof startService>>;

const rule = (assignment: string) => `
curation: { mode: trial, cooldown_seconds: 0 }
trial: { assignment: ${assignment}, block_tasks: 2, seed: s }
parameters: { level: { initial: 0 } }
rules:
  - { id: raise, when: 'true', type: resource, operation: adjust, target: level, new_value: '1',
      reasoning: '"why %"', confidence: 0.9, impact: positive, guards: [] }
`;

const error = { reason: 'UNSUPPORTED', message: 'no such level' };
const SAID = '"c1": UNSUPPORTED: no such level';

async function record({ client }: Service, taskId: string, level: unknown, sequence: bigint) {
  const status = TaskStatus.SUCCESS;
  const latencyMs = level === 1 ? 50 : 100;
  await client.recordTask({ task: { taskId, status, latencyMs, deltaSequence: sequence } });
}

/** Runs a task with the values that it is given. */
async function run(service: Service, taskId: string): Promise<void> {
  const { parameters, deltaSequence } = await service.client.resolveParameters({ taskId });
  const { kind } = parameters.level ?? {};
  await record(service, taskId, kind?.case === 'numberValue' ? kind.value : 0, deltaSequence);
}

async function begin(service: Service): Promise<string> {
  for (let i = 0; i < 30; i += 1) await record(service, `before-${i}`, 0, 0n);
  const { cycle } = await service.admin.runCycle({});
  const [delta] = cycle?.deltas ?? [];
  expect(delta?.state).toBe(DeltaState.TRIAL);
  return delta?.deltaId ?? '';
}

async function deltaOf({ client }: Service, deltaId: string) {
  const { delta } = await client.getDeltaStatus({ deltaId });
  if (delta === undefined) throw new Error('expected a delta');
  return delta;
}

/** Tries a change until it is confirmed; answers its delta's id. */
async function confirmed(service: Service): Promise<string> {
  const deltaId = await begin(service);
  for (let i = 0; ; i += 1) {
    expect(i).toBeLessThan(400);
    await run(service, `t${i}`);
    if ((await deltaOf(service, deltaId)).state === DeltaState.CONFIRMED) return deltaId;
  }
}

/** Opens a stream for each of these clients. */
async function subscribe({ client }: Service, ...clientIds: string[]): Promise<void> {
  for (const clientId of clientIds) client.streamDeltas({ clientId }).on('error', () => {});
  const ids = async () => (await client.getStatus({})).subscribers.map((one) => one.clientId);
  await vi.waitFor(async () => expect((await ids()).sort()).toEqual(clientIds));
}

const refused = (service: Service) =>
  service.lines.filter(({ msg }) => String(msg).startsWith('a client refuses a delta'));

test('of two clients one refuses what is confirmed: it stays, and everyone can see who', async () => {
  const service = await startService(rule('task'));
  const deltaId = await confirmed(service);
  await subscribe(service, 'c1', 'c2');
  await service.client.ackDelta({ clientId: 'c1', deltaId, error });
  const delta = await deltaOf(service, deltaId);
  expect(delta).toMatchObject({
    state: DeltaState.CONFIRMED,
    refusals: [{ clientId: 'c1', ...error }],
  });
  expect(Number(delta.refusals[0]?.refuseTime?.seconds)).toBeGreaterThan(1.7e9);
  expect(delta.effect?.summary).toMatch(
    new RegExp(`Refused by 1 of 2 clients, which is not enough: ${SAID}$`),
  );
  expect(refused(service)).toMatchObject([
    {
      ...{ level: 40, delta: deltaId, client: 'c1', ...error, refused_by: 1, clients: 2 },
      msg: 'a client refuses a delta, which stays: it takes more than half of the clients',
    },
  ]);
  const text = await (await service.get('/metrics')).text();
  expect(text).toContain('learning_deltas_refused_total{outcome="stays"} 1');
  expect((await service.client.resolveParameters({})).parameters.level?.kind.value).toBe(1);

  // What it runs has no arm any more, whatever the other one's has.
  const asked = { taskId: 'mine', clientId: 'c1' };
  expect((await service.client.resolveParameters(asked)).assignments).toEqual([]);
});

test('of three clients two refuse it, with a restart between: it is taken back, and rests', async () => {
  const dataDir = tempDir();
  const first = await startService(rule('task'), openSqliteStore(dataDir));
  const deltaId = await confirmed(first);
  await subscribe(first, 'c1', 'c2', 'c3');
  await first.client.ackDelta({ clientId: 'c1', deltaId, error });
  await first.stop();
  const second = await startService(rule('task'), openSqliteStore(dataDir));
  await subscribe(second, 'c1', 'c2', 'c3');
  expect(await deltaOf(second, deltaId)).toMatchObject({
    state: DeltaState.CONFIRMED,
    refusals: [{ clientId: 'c1' }],
  });
  await second.client.ackDelta({ clientId: 'c3', deltaId, error });
  const delta = await deltaOf(second, deltaId);
  expect(delta).toMatchObject({
    state: DeltaState.REVERTED,
    refusals: [{ clientId: 'c1' }, { clientId: 'c3' }],
  });
  expect(delta.effect?.summary).toMatch(new RegExp(`^Refused by 2 of 3 clients: ${SAID}; "c3": `));
  expect(refused(second)).toMatchObject([
    { level: 40, client: 'c3', refused_by: 2, clients: 3, msg: /taken back$/ },
  ]);
  expect((await second.client.resolveParameters({})).parameters.level?.kind.value).toBe(0);
  const { deltaSequence } = await second.client.resolveParameters({});
  for (let i = 0; i < 30; i += 1) await record(second, `after-${i}`, 0, deltaSequence);
  expect((await second.admin.runCycle({})).cycle?.deltas).toEqual([]);
  expect((await second.client.getStatus({})).rules[0]?.restingUntil).toBeDefined();
  // The third one finds done what it wants; a revert cannot be refused.
  await second.client.ackDelta({ clientId: 'c2', deltaId, error });
  const { deltas } = await second.client.listDeltas({});
  const reversal = deltas.find(({ revertsDeltaId }) => revertsDeltaId === deltaId)?.deltaId ?? '';
  const refusal = second.client.ackDelta({ clientId: 'c2', deltaId: reversal, error });
  await expect(refusal).rejects.toThrow(/a revert cannot be refused/);
});

test('a switch that leaves the value as it is, is no line of the log', async () => {
  const service = await startService(rule('switchback'));
  await begin(service);
  for (let i = 0; i < 400; i += 1) {
    const { latestSequence } = await service.client.getStatus({});
    if (latestSequence >= 20n) break;
    await record(service, '', 0, latestSequence);
  }
  const told = service.lines.filter(({ msg }) => String(msg).includes('(Block of the '));
  const kinds = told.map(({ level, msg }) => [
    level,
    /adjust (\d) -> (\d)/.exec(String(msg))?.slice(1),
  ]);
  expect(kinds).toHaveLength(20);
  for (const [level, values] of kinds) {
    const [before, after] = values as string[];
    expect(level).toBe(before === after ? 20 : 30);
  }
  expect(new Set(kinds.map(([level]) => level))).toEqual(new Set([20, 30]));
});
