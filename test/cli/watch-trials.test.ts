import { create, fromJson, type MessageInitShape } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { describeTrial } from '../../src/cli/watch-lines.ts';
import { type TrialEvent, TrialFollower } from '../../src/cli/watch-trials.ts';
import type { LearningClient } from '../../src/client/channel.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { baseline } from '../../src/engine/resolve.ts';
import {
  DeltaEffectSchema,
  DeltaSchema,
  DeltaState,
  DeltaType,
  type Refusal,
  RefusalSchema,
  Verdict,
} from '../../src/gen/learning/v1/delta_pb.ts';
import { StreamDeltasResponseSchema } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { createServiceFixture, type ServiceFixture } from '../support/engine/service-fixture.ts';
import { runScript } from '../support/sidecar/child.ts';

const YAML = `
curation: { mode: trial }
trial: { assignment: switchback, block_tasks: 2, seed: s }
parameters: { level: { initial: 0 } }
rules:
  - { id: raise, when: 'true', type: resource, operation: adjust, target: level,
      new_value: '1', reasoning: '"why"', confidence: 0.9, impact: positive }
`;

function startWatch(...args: readonly string[]) {
  const child = runScript('src/main.ts', ['watch', ...args]);
  onTestFinished(async () => void (await child.end('SIGKILL')));
  return { ...child, says: (pattern: RegExp) => child.find((line) => pattern.exec(line)?.[0]) };
}

async function startTrial(engine: Engine): Promise<string> {
  await engine.recordTasks(tasksOf(30));
  const { deltas } = await engine.runCycle();
  expect(deltas).toMatchObject([{ state: 'trial' }]);
  return deltas[0]?.deltaId ?? '';
}

/** Runs tasks until harm is found. */
async function finishTrial({ engine, clock }: ServiceFixture): Promise<void> {
  while (engine.ledger.state.trials.length > 0) {
    const { parameters, deltaSequence } = baseline(engine.ledger.state);
    await clock.advance(5000);
    const latencyMs = parameters.level === 1 ? 200 : 50;
    await engine.recordTasks([taskOf({ latencyMs, deltaSequence })]);
  }
}

test('a trial that begins and ends, and its switches', async () => {
  const fixture = await createServiceFixture(YAML);
  const { engine, address } = fixture;
  const watch = startWatch('--target', address);
  await watch.says(/^ledger of epoch/);
  const deltaId = await startTrial(engine);
  await watch.says(
    new RegExp(`^trial of ${deltaId}: level 0 -> 1 by raise: On trial, in blocks of 2: how long`),
  );
  await finishTrial(fixture);
  const switched = `\\(switch, trial of ${deltaId}\\) Block of the (old|new) value`;
  await watch.says(new RegExp(`^\\S+ #\\d+ level adjust (0 -> 1|1 -> 0) ${switched}`));
  const end = await watch.says(
    new RegExp(`^trial of ${deltaId} ended: HARMED: Harmed, in \\d+ tasks: outcome.*`),
  );
  // Two blocks of the same value that follow each other are no change.
  const { state } = engine.ledger;
  const switches = [...state.deltasNewestFirst()].filter(
    (delta) => delta.trialDeltaId !== '' && delta.revertsDeltaId === '',
  );
  const idle = switches.filter(({ oldValue, newValue }) => oldValue === newValue).length;
  expect(idle).toBeGreaterThan(1);
  expect(end).toMatch(
    new RegExp(` \\(${idle} switches that left the value as it was not shown\\)$`),
  );
  await vi.waitFor(() =>
    expect(watch.lines.filter((line) => line.includes('(switch,'))).toHaveLength(
      switches.length - idle,
    ),
  );
  expect(await watch.end('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(watch.lines.filter((line) => line.startsWith('trial of'))).toHaveLength(2);
  expect(watch.errorLines).toEqual([]);
});

test('what is in force and compared is told as a trial', async () => {
  const fixture = await createServiceFixture(YAML.replace('trial', 'auto'));
  const { engine, address } = fixture;
  const watch = startWatch('--target', address);
  await watch.says(/^ledger of epoch/);
  await engine.recordTasks(tasksOf(30));
  const [delta] = (await engine.runCycle()).deltas;
  await watch.says(/^\S+ #1 level adjust 0 -> 1 \(score=\d+\) by raise: why$/);
  const summary = 'In force, compared in blocks of 2: how long 1,000 tasks take';
  await watch.says(new RegExp(`^trial of ${delta?.deltaId}: level 0 -> 1 by raise: ${summary}`));
  await finishTrial(fixture);
  await watch.says(new RegExp(`^trial of ${delta?.deltaId} ended: HARMED: Harmed, in \\d+ tasks`));
});

test('--json: a trial that it finds on, apart from the messages of the stream', async () => {
  const fixture = await createServiceFixture(YAML);
  const { engine, address } = fixture;
  const deltaId = await startTrial(engine);
  const watch = startWatch('--target', address, '--json');
  const trial = (line: string) =>
    line.startsWith('{"trial"') ? JSON.parse(line).trial : undefined;
  const on = fromJson(DeltaSchema, await watch.find(trial));
  expect(on).toMatchObject({ deltaId, state: DeltaState.TRIAL, effect: { tasksUsed: 0n } });
  await finishTrial(fixture);
  const isOver = (line: string) =>
    trial(line)?.state === 'DELTA_STATE_REVERTED' ? line : undefined;
  const ended = fromJson(DeltaSchema, trial(await watch.find(isOver)));
  expect(ended).toMatchObject({ deltaId, effect: { verdict: Verdict.HARMED } });
  const stream = watch.lines
    .filter((line) => trial(line) === undefined)
    .map((line) => JSON.parse(line));
  for (const message of stream) fromJson(StreamDeltasResponseSchema, message);
  expect(stream[0].snapshot).toBeDefined();
  // Nothing is left out of what programs read: not even switches that leave the value as it is.
  const count = engine.ledger.state.head.sequence - Number(stream[0].sequence ?? 0);
  await vi.waitFor(() =>
    expect(watch.lines.filter((line) => line.includes('"trialDeltaId"'))).toHaveLength(count),
  );
});

test('--types: trials of other types are left out', async () => {
  const fixture = await createServiceFixture(YAML);
  const { engine, address } = fixture;
  await startTrial(engine);
  const others = startWatch('--target', address, '--types', 'strategy');
  await others.says(/^ledger of epoch/);
  const same = startWatch('--target', address, '--types', 'resource');
  await same.says(/^trial of .* by raise/);
  await finishTrial(fixture);
  await same.says(/^trial of .* ended/);
  expect(others.lines).toHaveLength(1);
});

const ON = create(DeltaSchema, { deltaId: 'd', state: DeltaState.TRIAL, type: DeltaType.RESOURCE });
const OVER = create(DeltaSchema, { ...ON, state: DeltaState.APPLIED });
const SNAPSHOT = messageOf({ event: { case: 'snapshot', value: {} } });

function messageOf(init: MessageInitShape<typeof StreamDeltasResponseSchema>) {
  return create(StreamDeltasResponseSchema, init);
}

function failure(code: status) {
  return Object.assign(new Error('no'), { code, details: 'no', metadata: {} });
}

/** A follower of a sidecar that answers as it is told to. */
function followed() {
  const listDeltas = vi.fn(async (_: { states: DeltaState[] }, __: object) => ({ deltas: [ON] }));
  const getDeltaStatus = vi.fn(async ({ deltaId }) => ({ delta: { ...ON, deltaId } }));
  const events: [string, string][] = [];
  const lines: string[] = [];
  const follower = new TrialFollower({
    // Two methods are all that it calls.
    client: { listDeltas, getDeltaStatus } as unknown as LearningClient,
    types: [],
    onEvent: async (event: TrialEvent) => {
      const who = event.kind === 'refused' ? `${event.refusal.clientId} of ` : '';
      events.push([event.kind, who + event.delta.deltaId]);
      lines.push(describeTrial(event));
    },
  });
  const ended = new AbortController();
  const running = follower.run(ended.signal);
  onTestFinished(async () => {
    ended.abort();
    await running;
  });
  return { follower, listDeltas, getDeltaStatus, events, lines };
}

test('a sidecar that is away: what has ended meanwhile is told later', async () => {
  const { follower, listDeltas, getDeltaStatus, events } = followed();
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(events).toEqual([['on', 'd']]));
  listDeltas.mockRejectedValueOnce(failure(status.UNAVAILABLE)).mockResolvedValue({ deltas: [] });
  getDeltaStatus.mockResolvedValue({ delta: OVER });
  // The first look fails, the next one comes of itself.
  follower.note(SNAPSHOT);
  await vi.waitFor(
    () =>
      expect(events).toEqual([
        ['on', 'd'],
        ['ended', 'd'],
      ]),
    5000,
  );
  expect(listDeltas).toHaveBeenCalledTimes(3);
});

test('a trial that was over before it was seen on, and one that nobody knows any more', async () => {
  const { follower, listDeltas, getDeltaStatus, events } = followed();
  listDeltas.mockResolvedValue({ deltas: [] });
  getDeltaStatus.mockImplementation(async ({ deltaId }) => {
    if (deltaId === 'gone') throw failure(status.NOT_FOUND);
    return { delta: { ...OVER, deltaId } };
  });
  for (const trialDeltaId of ['gone', 'quick', 'quick']) {
    follower.note(messageOf({ event: { case: 'delta', value: { deltaId: 'x', trialDeltaId } } }));
  }
  await vi.waitFor(() => expect(events).toEqual([['ended', 'quick']]));
  follower.note(
    messageOf({ event: { case: 'delta', value: { deltaId: 'y', trialDeltaId: 'quick' } } }),
  );
  follower.note(messageOf({ event: { case: 'heartbeat', value: {} } }));
  expect(getDeltaStatus).toHaveBeenCalledTimes(2);
});

test('the delta that a trial puts in force, or takes back, brings a look', async () => {
  for (const end of [{ deltaId: 'd' }, { deltaId: 'x', trialDeltaId: 'd', revertsDeltaId: 'd' }]) {
    const { follower, listDeltas, getDeltaStatus, events } = followed();
    follower.note(SNAPSHOT);
    await vi.waitFor(() => expect(events).toEqual([['on', 'd']]));
    listDeltas.mockResolvedValue({ deltas: [] });
    getDeltaStatus.mockResolvedValue({ delta: OVER });
    follower.note(messageOf({ event: { case: 'delta', value: end } }));
    await vi.waitFor(() => expect(events).toHaveLength(2), 1000);
  }
});

const PROVISIONAL = create(DeltaSchema, {
  ...ON,
  state: DeltaState.PROVISIONAL,
  target: 'level',
  ruleId: 'raise',
  effect: create(DeltaEffectSchema, { verdict: Verdict.HELPED, summary: 'why' }),
});
const ended = (state: DeltaState) => create(DeltaSchema, { ...PROVISIONAL, state });

test('a delta that helped is followed through its probation', async () => {
  const { follower, listDeltas, getDeltaStatus, lines } = followed();
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  listDeltas.mockResolvedValue({ deltas: [PROVISIONAL] });
  const inForce = messageOf({ event: { case: 'delta', value: { deltaId: 'd' } } });
  for (let i = 0; i < 2; i += 1) {
    follower.note(inForce);
    await vi.waitFor(() => expect(listDeltas).toHaveBeenCalledTimes(2 + i));
  }
  expect(lines.slice(1)).toEqual(['trial of d ended: HELPED, on probation: why']);
  listDeltas.mockResolvedValue({ deltas: [] });
  getDeltaStatus.mockResolvedValue({ delta: ended(DeltaState.CONFIRMED) });
  follower.note(inForce);
  await vi.waitFor(() => expect(lines).toHaveLength(3));
  expect(lines[2]).toBe('probation of d ended: CONFIRMED: why');
  // It is over: the delta that takes it back much later is no news of it.
  follower.note(messageOf({ event: { case: 'delta', value: { revertsDeltaId: 'd' } } }));
  expect(getDeltaStatus).toHaveBeenCalledTimes(1);
});

test.each([
  [DeltaState.APPLIED, 'APPLIED'],
  [DeltaState.REVERTED, 'REVERTED'],
  [DeltaState.PROPOSED, 'PROPOSED'],
])('a probation that it finds on, and how it ended', async (state, name) => {
  const { follower, listDeltas, getDeltaStatus, lines } = followed();
  listDeltas.mockResolvedValue({ deltas: [PROVISIONAL] });
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(lines).toHaveLength(1));
  listDeltas.mockResolvedValue({ deltas: [] });
  getDeltaStatus.mockResolvedValue({ delta: ended(state) });
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  expect(lines).toEqual([
    'probation of d: level nothing -> nothing by raise: why',
    `probation of d ended: ${name}: why`,
  ]);
  expect(listDeltas).toHaveBeenCalledWith(
    { states: [DeltaState.TRIAL, DeltaState.PROVISIONAL, DeltaState.CONFIRMED] },
    expect.anything(),
  );
});

test('who refuses a delta that stays, each once', async () => {
  const { follower, listDeltas, getDeltaStatus, events, lines } = followed();
  const refusal = (clientId: string, reason: string, message: string) =>
    create(RefusalSchema, { clientId, reason, message });
  const confirmed = (...refusals: Refusal[]) =>
    create(DeltaSchema, { ...ended(DeltaState.CONFIRMED), refusals });
  const first = refusal('c 1', 'UNSUPPORTED', 'no such level');
  listDeltas.mockResolvedValue({ deltas: [confirmed(first)] });
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(events).toEqual([['refused', 'c 1 of d']]));
  listDeltas.mockResolvedValue({ deltas: [confirmed(first, refusal('c2', '', ''))] });
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(events).toHaveLength(2));
  expect(lines).toEqual([
    'd is refused by client "c 1", and stays: level nothing -> nothing: UNSUPPORTED: no such level',
    'd is refused by client "c2", and stays: level nothing -> nothing',
  ]);
  // One that is confirmed is not followed to an end.
  listDeltas.mockResolvedValue({ deltas: [] });
  follower.note(SNAPSHOT);
  await vi.waitFor(() => expect(listDeltas).toHaveBeenCalledTimes(3));
  expect(getDeltaStatus).not.toHaveBeenCalled();
});

test('a refusal is told, in words and as JSON', async () => {
  const { engine, address, client } = await createServiceFixture(
    YAML.replace('mode: trial', 'mode: trial, refusals: majority'),
  );
  const deltaId = await startTrial(engine);
  client.streamDeltas({ clientId: 'other' }).on('error', () => {});
  await vi.waitFor(async () => expect((await client.getStatus({})).subscribers).toHaveLength(1));
  await client.ackDelta({ clientId: 'me', deltaId, error: { reason: 'UNSUPPORTED' } });
  const words = startWatch('--target', address);
  await words.says(
    new RegExp(`^${deltaId} is refused by client "me", and stays: level 0 -> 1: UNSUPPORTED$`),
  );
  const json = startWatch('--target', address, '--json');
  const line = await json.find((text) => (text.startsWith('{"refused"') ? text : undefined));
  expect(fromJson(DeltaSchema, JSON.parse(line).refused)).toMatchObject({
    deltaId,
    refusals: [{ clientId: 'me', reason: 'UNSUPPORTED' }],
  });
});
