import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { armOf } from '../../../src/trial/assign.ts';
import { tasksOf } from '../../support/engine/engine-fixture.ts';
import { createServiceFixture } from '../../support/engine/service-fixture.ts';
import { TrialFixture, trialYaml } from '../../support/trials/trial-fixture.ts';
import { type Kind, OFREP, Refused, ROADS, TYPED, V1 } from './roads.ts';

const VALUES = `
parameters:
  text: { initial: a }
  whole: { initial: 3, min: 1, max: 10 }
  share: { initial: 0.5 }
  one: { initial: 1, type: number }
  isOn: { initial: true }
  object: { initial: { a: 1, b: [null, x] } }
  list: { initial: [1] }
  none: { initial: null }
rules: []
`;

/** A service of which a trial of `level` (0 or 1) has begun. */
async function onTrial(yaml = trialYaml()) {
  const fixture = await createServiceFixture(yaml);
  const trials = new TrialFixture(fixture);
  await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
  return { ...fixture, trials };
}

/** The code that an evaluation fails with, and whether clients are told not to repeat it. */
async function refusalOf(answer: Promise<unknown>): Promise<readonly unknown[]> {
  const error: unknown = await answer.then(
    () => 'answered',
    (refused) => refused,
  );
  return error instanceof Refused ? [error.code, error.pushback] : [error];
}

test.for(TYPED)('$name: a value of each type, and of no other', async (road) => {
  const { address } = await createServiceFixture(VALUES);
  const right = [
    ['String', 'text', 'a'],
    ['Int', 'whole', 3n],
    ['Float', 'whole', 3],
    ['Float', 'share', 0.5],
    ['Float', 'one', 1],
    ['Boolean', 'isOn', true],
    ['Object', 'object', { a: 1, b: [null, 'x'] }],
  ] as const;
  for (const [kind, name, value] of right) {
    const answer = await road.ask(address, kind, name);
    expect(answer).toMatchObject({ value, variant: 'baseline', reason: 'TARGETING_MATCH' });
    expect(answer.metadata).toEqual({
      delta_sequence: 0,
      epoch: 'epoch-1',
      version: '0',
      flagSetId: 'learning',
    });
  }
  const wrong = [
    ['Boolean', 'text'],
    ['String', 'whole'],
    ['Int', 'share'],
    ['Int', 'one'],
    ['Float', 'isOn'],
    ['Object', 'list'],
    ['Object', 'text'],
  ] as const;
  for (const [kind, name] of wrong) {
    expect([kind, name, ...(await refusalOf(road.ask(address, kind, name)))]).toEqual([
      kind,
      name,
      status.INVALID_ARGUMENT,
      '-1',
    ]);
  }
});

test.for(ROADS)('$name: a parameter that there is not', async (road) => {
  const { address } = await createServiceFixture(VALUES);
  for (const name of ['nothing', '', 'toString', '__proto__', 'a b/c?d']) {
    const [code, pushback] = await refusalOf(road.ask(address, 'String', name));
    expect(code).toBe(status.NOT_FOUND);
    if (road !== OFREP) expect(pushback).toBe('-1');
  }
});

test.for(ROADS)('$name: a parameter without a value is the default of its caller', async (road) => {
  const { address } = await createServiceFixture(VALUES);
  const asked = road.ask(address, 'String', 'none');
  // Clients of v1 would take the zero of its type.
  if (road.name.startsWith('v1')) {
    expect(await refusalOf(asked)).toEqual([status.NOT_FOUND, '-1']);
    return;
  }
  const answer = await asked;
  expect(answer.reason).toBe('DEFAULT');
  expect([answer.value, answer.variant]).toEqual([undefined, undefined]);
});

test.for(ROADS)(
  '$name: arms for tasks, half and half, of a trial that began later',
  async (road) => {
    const { address, trials, state } = await withState();
    const ask = (taskId: string, kind: Kind = 'Float') =>
      road.ask(address, kind, 'level', { targetingKey: taskId, kind: 'a' });
    // A running task keeps its value.
    expect(await ask('before')).toMatchObject({ value: 0, variant: 'baseline' });
    const deltaId = await trials.begin();
    expect(await ask('before')).toMatchObject({ value: 0, variant: 'baseline' });
    const counts = { old: 0, new: 0 };
    for (let i = 0; i < 20; i += 1) {
      const { value, variant = '', reason, metadata } = await ask(`task-${i}`);
      const arm = armOf(trials.trial ?? fail(), `task-${i}`) ?? fail();
      expect([variant, value, reason]).toEqual([arm, arm === 'new' ? 1 : 0, 'SPLIT']);
      expect(metadata).toMatchObject({ delta_id: deltaId, delta_sequence: state.head.sequence });
      counts[arm] += 1;
      expect(await ask(`task-${i}`)).toMatchObject({ value, variant });
    }
    expect(counts).toEqual({ old: 10, new: 10 });
    expect(trials.trial?.sets.at(-1)?.tasks[0]?.kind).toContain('a');

    async function withState() {
      const fixture = await onTrial(trialYaml({ trial: 'pair_by: [kind]' }));
      return { ...fixture, state: fixture.engine.ledger.state };
    }
  },
);

function fail(): never {
  throw new Error('there is none');
}

test.for(ROADS)('$name: no arm without the id of a task', async (road) => {
  const { address, trials } = await onTrial();
  await trials.begin();
  const contexts = [{}, { targetingKey: '' }, { targetingKey: null }, { targetingKey: 5 }];
  for (const context of [...contexts, { targetingKey: 'ä'.repeat(129) }, { other: 'x' }]) {
    const answer = await road.ask(address, 'Float', 'level', context);
    expect(answer).toMatchObject({ value: 0, variant: 'baseline', reason: 'TARGETING_MATCH' });
  }
  expect(trials.trial?.dispatched).toBe(0);
});

test.for(ROADS)('$name: no arm for a task that asks for another parameter', async (road) => {
  const { address, trials } = await onTrial();
  await trials.begin();
  const context = { targetingKey: 'task' };
  expect(await road.ask(address, 'Float', 'other', context)).toMatchObject({ variant: 'baseline' });
  expect(trials.trial?.dispatched).toBe(0);
  // It has one once it asks for this.
  const { variant = '' } = await road.ask(address, 'Float', 'level', context);
  expect(['old', 'new']).toContain(variant);
  expect(trials.trial?.dispatched).toBe(1);
});

test.for(TYPED)('$name: no arm for a task that asks for another type', async (road) => {
  const { address, trials } = await onTrial();
  await trials.begin();
  const context = { targetingKey: 'task' };
  const [code] = await refusalOf(road.ask(address, 'String', 'level', context));
  expect([code, trials.trial?.dispatched]).toEqual([status.INVALID_ARGUMENT, 0]);
});

test.for(ROADS)('$name: an evaluation does not fail for its context', async (road) => {
  const { address, trials } = await onTrial();
  await trials.begin();
  const deep = JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`);
  const context = {
    targetingKey: 'odd',
    number: 1.5,
    flag: true,
    nothing: null,
    list: [1, { a: 'b' }],
    deep,
    __proto__: 'x',
    ['k'.repeat(65)]: 'too long',
    long: 'x'.repeat(257),
    '': 'empty',
    ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, i])),
  };
  const { reason } = await road.ask(address, 'Float', 'level', context);
  expect(reason).toBe('SPLIT');
});

test.for(ROADS)('$name: a parameter that the arm of a task does not have', async (road) => {
  const yaml = trialYaml({
    rules: [{ id: 'add', target: 'extra', value: '1' }],
  }).replace('operation: adjust', 'operation: add');
  const { address, trials } = await onTrial(yaml);
  await trials.begin();
  const seen = new Set<string>();
  for (let i = 0; i < 20; i += 1) {
    const asked = road.ask(address, 'Float', 'extra', { targetingKey: `task-${i}` });
    const outcome = await asked.then(
      ({ value, variant, reason }) => `${value} ${variant} ${reason}`,
      (error) => `${status[error.code]} ${error.pushback}`,
    );
    seen.add(`${armOf(trials.trial ?? fail(), `task-${i}`)}: ${outcome}`);
  }
  const absent = road.name.startsWith('v1') ? 'NOT_FOUND -1' : 'undefined undefined DEFAULT';
  expect([...seen].sort()).toEqual(['new: 1 new SPLIT', `old: ${absent}`]);
});

test('in blocks a task is told the arm of its block, and bulk answers are, too', async () => {
  const { address, trials } = await onTrial(trialYaml({ assignment: 'switchback' }));
  await trials.begin();
  const arm = trials.block?.arm ?? fail();
  const { value, variant } = await V1.ask(address, 'Float', 'level', { targetingKey: 'task' });
  expect([value, variant]).toEqual([arm === 'new' ? 1 : 0, arm]);
});
