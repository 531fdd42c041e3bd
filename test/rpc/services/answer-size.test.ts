import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { bornDelta, type Delta } from '../../../src/domain/delta.ts';
import type { ChangeGains } from '../../../src/domain/gains.ts';
import { MAX_PARAMETERS, MAX_VALUE_BYTES } from '../../../src/domain/parameters.ts';
import type { Value } from '../../../src/domain/value.ts';
import { encodedBytes } from '../../../src/domain/value-size.ts';
import { setParameter } from '../../../src/engine/curation.ts';
import { MAX_REFUSALS } from '../../../src/engine/decision/refusals.ts';
import type { Delta as ProtoDelta } from '../../../src/gen/learning/v1/delta_pb.ts';
import { DeltaSchema } from '../../../src/gen/learning/v1/delta_pb.ts';
import {
  GetGainsResponseSchema,
  GetStatusResponseSchema,
  ListDeltasResponseSchema,
  SnapshotSchema,
  type StreamDeltasResponse,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { getGains } from '../../../src/rpc/services/gains.ts';
import { getStatus } from '../../../src/rpc/services/queries.ts';
import { toProtoDelta } from '../../../src/wire/to-proto.ts';
import { toProtoParameters } from '../../../src/wire/value.ts';
import { createEngineFixture, recordWindow } from '../../support/engine/engine-fixture.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';

/** What a client takes that does not say otherwise. */
const DEFAULT_CLIENT_BYTES = 4 * 1024 * 1024;

const TEXT = 'x'.repeat(2048);

/** The longest text there may be. */
const LONGEST = 'x'.repeat(MAX_VALUE_BYTES - 3);

/** A config of so many parameters, as YAML. */
const parametersOf = (count: number, initial: Value, nameLength = 8) =>
  JSON.stringify({
    rules: [],
    parameters: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`p${i}`.padEnd(nameLength, '_'), { initial }]),
    ),
  });

describe('ListDeltas', () => {
  test('of 1,000 deltas with values of 2 KB ends its pages where they would be too long', async () => {
    const { engine, client } = await createServiceFixture(parametersOf(1, TEXT, 2));
    const set = (i: number) =>
      engine.decide(
        setParameter({
          ...{ target: 'p0', value: `${i} ${TEXT}`, reason: '', holdSeconds: 0 },
        }),
      );
    await Promise.all(Array.from({ length: 1000 }, (_, i) => set(i)));
    const pages: ProtoDelta[][] = [];
    let pageToken = '';
    do {
      const page = await client.listDeltas({ pageSize: 1000, pageToken });
      expect(toBinary(ListDeltasResponseSchema, page).length).toBeLessThan(2.1 * 2 ** 20);
      pages.push(page.deltas);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(pages.length).toBeGreaterThan(1);
    const sequences = pages.flat().map(({ sequence }) => Number(sequence));
    expect(sequences).toEqual(Array.from({ length: 1000 }, (_, i) => 1000 - i));
  });
});

describe('all parameters in one message', () => {
  test.each([
    ['990 of 2 KB', 990, TEXT, 8],
    ['as many and as long as may be', MAX_PARAMETERS, LONGEST, 128],
  ])('%s', async (_name, count, value, nameLength) => {
    const config = parametersOf(count, '', nameLength);
    const { engine, client } = await createServiceFixture(config);
    const names = Object.keys(engine.settings.parameters);
    const set = (target: string) =>
      engine.decide(setParameter({ target, value, reason: '', holdSeconds: 0 }));
    await Promise.all(names.map(set));
    const { parameters } = await client.resolveParameters({});
    expect(Object.keys(parameters)).toEqual(names);
    const stream = client.streamDeltas({}).on('error', () => {});
    const message: StreamDeltasResponse = await new Promise((resolve) =>
      stream.once('data', resolve),
    );
    const deltaIds = Object.fromEntries(
      names.map((name) => [name, engine.ledger.state.head.targets[name]?.deltaId]),
    );
    expect(message.event).toMatchObject({ case: 'snapshot', value: { parameters, deltaIds } });
    stream.cancel();
  });

  test('leaves room for the other fields', () => {
    expect(encodedBytes(LONGEST)).toBe(MAX_VALUE_BYTES);
    const parameters = Object.fromEntries(
      Array.from({ length: MAX_PARAMETERS }, (_, i) => [`${i}`.padEnd(128, '_'), LONGEST]),
    );
    const snapshot = create(SnapshotSchema, {
      parameters: toProtoParameters(parameters),
      deltaIds: Object.fromEntries(
        Object.keys(parameters).map((name) => [name, crypto.randomUUID()]),
      ),
    });
    expect(toBinary(SnapshotSchema, snapshot).length).toBe(4_109_000);
  });
});

describe('GetStatus', () => {
  test('tells of 4,000 subscribers page by page', async () => {
    const { engine } = await createEngineFixture();
    const subscribers = Array.from({ length: 4000 }, (_, i) => ({
      ...{ number: i + 1, clientId: `${i}`.padEnd(256, 'x'), sentSequence: i },
      ...{ snapshotSequence: 0, types: [] },
    }));
    const configError = 'x'.repeat(10_000_000);
    const sources = { engine, subscribers: () => subscribers, configError: () => configError };
    const found: bigint[] = [];
    let subscribersPageToken = '';
    do {
      const request = { subscribersPageSize: 0, subscribersPageToken };
      const status = create(GetStatusResponseSchema, getStatus(sources, request));
      expect(toBinary(GetStatusResponseSchema, status).length).toBeLessThan(400_000);
      expect(status.subscriberCount).toBe(4000n);
      expect(status.subscribers.length).toBe(1000);
      found.push(...status.subscribers.map(({ sentSequence }) => sentSequence));
      subscribersPageToken = status.nextSubscribersPageToken;
    } while (subscribersPageToken !== '');
    expect(found).toEqual(Array.from({ length: 4000 }, (_, i) => BigInt(3999 - i)));
  });

  test('pages of open streams go on where they ended; another token is refused', async () => {
    const { client } = await createServiceFixture();
    for (const clientId of ['a', 'b', 'c']) {
      const stream = client.streamDeltas({ clientId });
      await new Promise((resolve) => stream.once('data', resolve));
      stream.on('error', () => {});
    }
    const first = await client.getStatus({ subscribersPageSize: 2 });
    expect(first.subscribers.map(({ clientId }) => clientId)).toEqual(['c', 'b']);
    const second = await client.getStatus({
      ...{ subscribersPageSize: 2, subscribersPageToken: first.nextSubscribersPageToken },
    });
    expect(second.subscribers.map(({ clientId }) => clientId)).toEqual(['a']);
    expect(second).toMatchObject({ nextSubscribersPageToken: '', subscriberCount: 3n });
    await expect(client.getStatus({ subscribersPageToken: 'x' })).rejects.toThrow(
      'subscribers_page_token: expected the next_subscribers_page_token',
    );
  });

  test('says in a few words why a proposal is refused at length', async () => {
    const allowed = Array.from({ length: 20 }, (_, i) => `${i} ${TEXT}`);
    const rule = { type: 'metric', operation: 'modify', target: 'knob', when: 'true' };
    const rules = Array.from({ length: 2 }, (_, i) => ({
      ...{ ...rule, id: `r${i}`, impact: 'positive', confidence: 1 },
      ...{ new_value: JSON.stringify(TEXT), reasoning: '"observed because of performance"' },
    }));
    const parameters = { knob: { initial: allowed[0], allowed } };
    const { client } = await createServiceFixture(JSON.stringify({ rules, parameters }));
    const status = await client.getStatus({});
    expect(status.rules[0]?.waiting.length).toBeLessThan(1024);
    expect(status.rules[0]?.waiting).toContain('its new_value is refused: expected one of ["0 xxx');
  });
});

test('RunCycle tells the first deltas of very many', async () => {
  const parameters = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`p${i}`, { initial: 'x'.repeat(3700) }]),
  );
  const rules = Object.keys(parameters).map((target) => ({
    ...{ id: `r-${target}`, type: 'metric', operation: 'modify', target, when: 'true' },
    ...{
      impact: 'positive',
      confidence: 1,
      new_value: `parameters.${target} + "y"`,
      mode: 'apply',
    },
    reasoning: '"observed because of performance"',
  }));
  const yaml = JSON.stringify({ rules, parameters, curation: { max_deltas_per_hour: 0 } });
  const { engine, admin, client } = await createServiceFixture(yaml);
  await recordWindow(engine);
  const { cycle } = await admin.runCycle({});
  expect(cycle?.deltasProposed).toBe(300n);
  expect(cycle?.deltas.length).toBeGreaterThan(150);
  expect(cycle?.deltas.length).toBeLessThan(300);
  expect(cycle?.deltas[0]?.target).toBe('p0');
  expect((await client.getStatus({})).totalDeltasApplied).toBe(300n);
});

/** A delta of the longest values, refused by as many clients as are kept. */
function longDelta(): Delta {
  const value = LONGEST;
  const refusals = Array.from({ length: MAX_REFUSALS }, (_, client) => ({
    ...{ clientId: `${client}`.padEnd(256), reason: 'x'.repeat(256), message: 'x'.repeat(1024) },
    ...{ timeMs: 0, clients: 5000 },
  }));
  const proposal = {
    ...{ deltaId: 'delta', ruleId: 'r'.repeat(128), target: 'p'.repeat(128) },
    ...({ type: 'metric', operation: 'modify', oldValue: value, newValue: value } as const),
    ...({
      reasoning: 'x'.repeat(4096),
      confidence: 1,
      impact: 'positive',
      proposeTimeMs: 0,
    } as const),
    ...{ cycleNumber: 1, evaluation: undefined, expireTimeMs: undefined, waitsFor: undefined },
    ...{ revertsDeltaId: '', trialDeltaId: '', summary: 'x'.repeat(8000) },
  };
  return { ...bornDelta(proposal, 1), refusals };
}

test('a delta that all clients refuse tells the newest refusals, and how many there are', () => {
  const delta = toProtoDelta(longDelta());
  expect(delta.refusals).toHaveLength(100);
  expect(delta.refusals.at(-1)?.clientId).toBe('4095'.padEnd(256));
  expect(delta.refusalCount).toBe(MAX_REFUSALS);
  expect(toBinary(DeltaSchema, delta).length).toBeLessThan(200_000);
});

test('GetGains tells the newest changes that fit, in order, and how many there are', async () => {
  const { engine } = await createEngineFixture();
  const long = longDelta();
  const deltas = Array.from({ length: 1000 }, (_, i) => ({ ...long, deltaId: `delta-${i}` }));
  const changes = deltas.map((delta): ChangeGains => {
    const none = { gains: [], predictions: [], note: '' };
    return { delta, confirmedMs: 0, tasks: 1, tasksHeldBack: 0, isMeasuring: true, ...none };
  });
  const amounts = Array.from({ length: 9000 }, (_, i) => ({
    ...({
      metric: `${i}`.padEnd(64),
      better: 'lower',
      estimate: 0.1,
      lower: 0.1,
      upper: 0.1,
    } as const),
  }));
  const gains = {
    ...engine.gains(),
    ...{ changes, totals: amounts, exploring: { tasks: 1, amounts } },
    holdingBack: { tasks: 1, amounts },
    open: deltas.map((delta) => ({ delta, tasksUsed: 1 })),
    unkept: deltas.map((delta) => ({ delta, tasksConfirmed: 1 })),
  };
  const told = create(
    GetGainsResponseSchema,
    getGains(Object.assign(engine, { gains: () => gains })),
  );
  expect(toBinary(GetGainsResponseSchema, told).length).toBeLessThan(DEFAULT_CLIENT_BYTES);
  expect(told).toMatchObject({ changeCount: 1000n, openCount: 1000n, unkeptCount: 1000n });
  for (const list of [told.changes, told.open]) {
    expect(list.length).toBeGreaterThan(40);
    const ids = list.map(({ deltaId }) => Number(deltaId.slice('delta-'.length)));
    expect(ids).toEqual(Array.from(ids, (_, i) => 1000 - ids.length + i));
  }
  expect(told.unkept[0]?.deltaId).toBe('delta-0');
});
