import { expect, test } from 'vitest';
import { Service as FlagsV1 } from '../../../src/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { TrialFixture, trialYaml } from '../../support/trials/trial-fixture.ts';
import { connect } from '../wire.ts';
import { post, ROADS, V1 } from './roads.ts';

const ALL = '/ofrep/v1/evaluate/flags';

const VALUES = `
parameters:
  whole: { initial: 3 }
  one: { initial: 1, type: number }
  large: { initial: 1.0e+21, type: number }
  list: { initial: [1] }
  none: { initial: null }
rules: []
`;

test('a float is written as one, and an integer as one', async () => {
  const { address } = await createServiceFixture(VALUES);
  const text = async (name: string) => (await post(address, `${ALL}/${name}`, '{}')).text();
  expect(await text('whole')).toMatch(/^\{"value":3,"key":"whole","reason":"TARGETING_MATCH",/);
  expect(await text('one')).toMatch(/^\{"value":1\.0,/);
  expect(await text('large')).toMatch(/^\{"value":1e\+21,/);
  expect(await text('list')).toMatch(/^\{"value":\[1\],/);
  expect(JSON.parse(await text('none'))).toMatchObject({ key: 'none', reason: 'DEFAULT' });
});

test('all at once, and again only where something has changed', async () => {
  const fixture = await createServiceFixture(VALUES);
  const { address } = fixture;
  const first = await post(address, ALL, '{"context":{"targetingKey":"a"}}');
  expect(first.headers.get('content-type')).toBe('application/json');
  const { flags, metadata } = JSON.parse(await first.text());
  expect(flags.map(({ key }: { key: string }) => key)).toEqual([
    'whole',
    'one',
    'large',
    'list',
    'none',
  ]);
  expect(flags[0]).toMatchObject({ value: 3, variant: 'baseline', reason: 'TARGETING_MATCH' });
  expect(metadata).toMatchObject({ version: '0', flagSetId: 'learning' });
  const etag = first.headers.get('etag') ?? '';
  const again = () =>
    post(address, ALL, '{"context":{}}', 'application/json', { 'if-none-match': etag });
  const same = await again();
  expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', etag]);
  await new TrialFixture(fixture).setLevel(4, 'whole');
  const changed = await again();
  expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false]);
});

test.for([
  ['{', 400, 'PARSE_ERROR'],
  ['', 400, 'PARSE_ERROR'],
  ['[]', 400, 'PARSE_ERROR'],
  ['null', 400, 'PARSE_ERROR'],
] as const)('a request that is no object: %s', async ([body, code, errorCode]) => {
  const { address } = await createServiceFixture(VALUES);
  const response = await post(address, `${ALL}/whole`, body);
  expect(response.status).toBe(code);
  expect(JSON.parse(await response.text())).toMatchObject({ key: 'whole', errorCode });
  expect((await post(address, ALL, body)).status).toBe(code);
});

test('a key that cannot be decoded, and a context that is no object', async () => {
  const { address } = await createServiceFixture(VALUES);
  expect((await post(address, `${ALL}/%ff`, '{}')).status).toBe(400);
  for (const context of ['null', '5', '[]', '"x"', '{"targetingKey":{}}']) {
    const response = await post(address, `${ALL}/whole`, `{"context":${context}}`);
    expect([context, response.status]).toEqual([context, 200]);
  }
});

test('bulk answers assign no arms, and repeat those that there are', async () => {
  const fixture = await createServiceFixture(trialYaml());
  const trials = new TrialFixture(fixture);
  await trials.news();
  await trials.begin();
  const { address } = fixture;
  const { flags } = await connect(FlagsV1, address).resolveAll({
    context: { targetingKey: 'bulk' },
  });
  expect(flags.level).toMatchObject({ variant: 'baseline', reason: 'TARGETING_MATCH' });
  await post(address, ALL, '{"context":{"targetingKey":"bulk"}}');
  expect(trials.trial?.dispatched).toBe(0);
  const { variant } = await V1.ask(address, 'Float', 'level', { targetingKey: 'single' });
  const all = await connect(FlagsV1, address).resolveAll({ context: { targetingKey: 'single' } });
  expect(all.flags.level).toMatchObject({ variant, reason: 'SPLIT' });
  const body = await (await post(address, ALL, '{"context":{"targetingKey":"single"}}')).text();
  expect(JSON.parse(body).flags[0]).toMatchObject({ key: 'level', variant });
});

test.for([...ROADS.map((road) => [road.name, road] as const), ['bulk', undefined] as const])(
  '%s: tasks that ask by their ids count as such for mode auto',
  async ([, road]) => {
    const fixture = await createServiceFixture(
      trialYaml({ assignment: 'auto', rules: [{ more: 'mode: auto' }] }),
    );
    const { address, engine, clock } = fixture;
    const trials = new TrialFixture(fixture);
    for (let i = 0; i < 30; i += 1) {
      const context = { targetingKey: `t${i}` };
      if (road === undefined) await post(address, ALL, JSON.stringify({ context }));
      else await road.ask(address, 'Float', 'other', context);
      const task = { taskId: `t${i}`, agentId: 'a', status: 'success', latencyMs: 5 } as const;
      const rest = { labels: {}, measurements: {}, deltaSequence: 0, finishTimeMs: clock.now() };
      await engine.recordTasks([{ ...task, ...rest }]);
    }
    await trials.begin();
    expect(trials.trial?.plan.assignment).toBe('task');
  },
);
