import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { approve, setParameter } from '../../src/engine/curation.ts';
import { valuesOutOfBounds } from '../../src/engine/parameters.ts';
import { baseline } from '../../src/engine/resolve.ts';
import { revert } from '../../src/engine/revert.ts';
import type { LedgerEvent } from '../../src/ledger/event.ts';
import { Subscription } from '../../src/ledger/subscription.ts';
import { configOf, createEngineFixture, recordWindow } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { inStage } from '../support/trials/trial-stages.ts';

const KEPT = 'kept: { initial: 1 }';
const BOTH = `rules: []\nparameters: { ${KEPT}, left: { initial: 5 } }`;
const WITHOUT = `rules: []\nparameters: { ${KEPT} }`;

/** Without `level`, and why what was going on with it ends. */
const WITHOUT_LEVEL = trialYaml({ rules: [{ target: 'other' }] }).replace(/level: \{[^}]*\}, /, '');
const GONE = 'the config has no level any more';

/** How a config comes into force. */
const WAYS = {
  'a reload': async (fixture: TrialFixture, yaml: string) => {
    await fixture.engine.configure(configOf(yaml));
    return fixture;
  },
  'a restart': (fixture: TrialFixture, yaml: string) => fixture.reopen(yaml),
} as const;

async function withBoth(yaml = BOTH) {
  return new TrialFixture(await createEngineFixture(yaml));
}

/** Events of commits from now on, of a kind. */
function eventsOf<K extends LedgerEvent['kind']>({ engine }: TrialFixture, kind: K) {
  const found: LedgerEvent[] = [];
  engine.ledger.onCommit(({ events }) => found.push(...events.filter((one) => one.kind === kind)));
  return found;
}

function newestDelta({ state }: TrialFixture) {
  const [delta] = state.deltasNewestFirst();
  if (delta === undefined) throw new Error('there is no delta');
  return delta;
}

function deltaRule(operation: 'add' | 'remove', more = '') {
  const newValue = operation === 'add' ? "new_value: '1'," : '';
  return `rules: [{ id: r, when: 'true', type: resource, operation: ${operation}, target: left, ${newValue}
      reasoning: '"observed %"', confidence: 0.9, impact: positive${more} }]`;
}

describe.each(Object.entries(WAYS))('what left the config, by %s', (_, take) => {
  test('leaves what is in force, and stays in history', async () => {
    const fixture = await withBoth();
    await fixture.setLevel(7, 'left');
    const after = await take(fixture, WITHOUT);
    expect(baseline(after.engine.ledger.state)).toMatchObject({
      parameters: { kept: 1 },
      deltaSequence: 2,
    });
    expect(baseline(after.engine.ledger.state).parameters).not.toHaveProperty('left');
    expect([...after.state.deltasNewestFirst()]).toMatchObject([
      {
        target: 'left',
        operation: 'remove',
        oldValue: 7,
        newValue: undefined,
        reasoning: 'The config has it no more',
        state: 'applied',
        sequence: 2,
        ruleId: '',
        cycleNumber: 0,
      },
      { target: 'left', oldValue: 5, newValue: 7 },
    ]);
    await expect(after.setLevel(7, 'left')).rejects.toMatchObject({
      reason: 'PARAMETER_NOT_FOUND',
    });
    const { position } = after.state.head;
    const again = await take(after, WITHOUT);
    expect(again.state.head.position).toBe(position);
    expect(baseline(again.engine.ledger.state)).toEqual(baseline(after.engine.ledger.state));
  });

  test('declared again, has its initial value, of which streams are told', async () => {
    const fixture = await withBoth();
    await fixture.engine.decide(
      setParameter({ target: 'left', value: 7, reason: '', holdSeconds: 9999 }),
    );
    const gone = await take(fixture, WITHOUT);
    const back = await take(gone, BOTH.replace('5', '6'));
    expect(baseline(back.engine.ledger.state)).toMatchObject({
      parameters: { left: 6 },
      deltaSequence: 3,
    });
    expect(newestDelta(back)).toMatchObject({ operation: 'add', target: 'left', newValue: 6 });
    // What an operator held was the value before.
    expect(back.state.head.targets.left?.holdUntilMs).toBe(0);
    const { position } = back.state.head;
    expect((await take(back, BOTH)).state.head.position).toBe(position);
  });

  test('though a rule had taken it away, has its initial value when it is declared again', async () => {
    const fixture = await withBoth(`${BOTH.replace('rules: []', deltaRule('remove'))}`);
    await recordWindow(fixture.engine);
    const [delta] = await fixture.cycle();
    await fixture.engine.decide(approve(delta?.deltaId ?? '', ''));
    const gone = await take(fixture, WITHOUT);
    expect(gone.state.head).toMatchObject({ sequence: 1, parameters: { kept: 1 } });
    expect(baseline((await take(gone, BOTH)).engine.ledger.state).parameters).toEqual({
      kept: 1,
      left: 5,
    });
  });

  test('stays while a rule targets it', async () => {
    const adding = WITHOUT.replace('rules: []', deltaRule('add'));
    const fixture = await take(await withBoth(), adding);
    expect(baseline(fixture.engine.ledger.state).parameters).toEqual({ kept: 1, left: 5 });
    const after = await take(fixture, WITHOUT);
    expect(baseline(after.engine.ledger.state).parameters).toEqual({ kept: 1 });
  });

  test.each([
    ['trial', 'task', 'rule raise was changed'],
    ['trial', 'switchback', 'rule raise was changed'],
    ['provisional', 'task', GONE],
    ['provisional', 'switchback', GONE],
    ['confirmed', 'task', GONE],
  ] as const)('ends what is being proven of it: %s, by %s', async (state, assignment, why) => {
    const { fixture, deltaId } = await inStage(state, { assignment });
    const after = await take(fixture, WITHOUT_LEVEL);
    expect(after.state.trials).toEqual([]);
    expect(baseline(after.engine.ledger.state).parameters).toEqual({ other: 0 });
    expect(after.delta(deltaId)).toMatchObject({
      state: state === 'trial' ? 'reverted' : 'applied',
      summary: expect.stringContaining(why),
    });
    expect(newestDelta(after)).toMatchObject({ target: 'level', operation: 'remove' });
    for (let i = 0; i < 5; i += 1) await after.run(faster);
    expectAudited(after.store);
  });

  test.each([
    ['trial', 'rule second is no longer in mode trial'],
    ['recommend', GONE],
  ])('expires what waits, in mode %s', async (mode, why) => {
    const rules = [{ target: 'other' }, { id: 'second', more: `mode: ${mode}` }];
    const fixture = await createTrialFixture(trialYaml({ rules }));
    const [, waiting] = await fixture.cycle();
    expect(waiting).toMatchObject({ target: 'level', state: 'proposed' });
    const after = await take(fixture, WITHOUT_LEVEL);
    expect(after.delta(waiting?.deltaId ?? '')).toMatchObject({
      state: 'expired',
      summary: `Expired: ${why}`,
    });
    expect(after.trial?.plan.target).toBe('other');
  });
});

test('a stream that is open is told once, and so is the log', async () => {
  const fixture = await withBoth();
  const stream = new Subscription(fixture.state, {
    epoch: '',
    afterSequence: 0n,
    types: ['metric'],
  });
  const retired = eventsOf(fixture, 'parameters_retired');
  await fixture.engine.configure(configOf(WITHOUT));
  await fixture.engine.configure(configOf(WITHOUT));
  expect(stream.next(0)).toMatchObject({
    kind: 'delta',
    sequence: 1,
    delta: { target: 'left', operation: 'remove', newValue: undefined },
  });
  expect(stream.next(0)).toBeUndefined();
  expect(retired).toMatchObject([{ names: ['left'] }]);
});

test('a parameter that is declared for the first time is in the next Snapshot alone', async () => {
  const fixture = await withBoth(WITHOUT);
  await fixture.engine.configure(configOf(BOTH));
  expect(baseline(fixture.engine.ledger.state)).toMatchObject({
    parameters: { left: 5 },
    deltaSequence: 0,
  });
});

describe('no delta restores what left the config', () => {
  test('reverted or refused', async () => {
    const fixture = await withBoth();
    const set = await fixture.setLevel(7, 'left');
    await fixture.engine.configure(configOf(WITHOUT));
    const removal = newestDelta(fixture).deltaId;
    const refusal = { reason: 'UNSUPPORTED', message: '' };
    for (const call of [
      fixture.engine.decide(revert(set.deltaId, '')),
      fixture.engine.decide(revert(removal, '')),
      fixture.engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId: removal, refusal })),
    ]) {
      await expect(call).rejects.toMatchObject({
        reason: 'DELTA_STATE',
        message: expect.stringContaining('the config has no left any more'),
      });
    }
    expect(baseline(fixture.engine.ledger.state).parameters).toEqual({ kept: 1 });
  });

  test('for want of an acknowledgement', async () => {
    const acked = 'curation: { ack_timeout_seconds: 60 }\n';
    const yaml = acked + BOTH.replace('rules: []', deltaRule('remove'));
    const fixture = await withBoth(yaml);
    await recordWindow(fixture.engine);
    const [delta] = await fixture.cycle();
    await fixture.engine.decide(approve(delta?.deltaId ?? '', ''));
    await fixture.engine.configure(configOf(acked + WITHOUT));
    fixture.engine.start();
    fixture.engine.setActive(false);
    await fixture.clock.advance(120_000);
    expect(baseline(fixture.engine.ledger.state).parameters).toEqual({ kept: 1 });
  });
});

describe('a live value of another kind than the declared one', () => {
  const NAMED = BOTH.replace('initial: 5', 'initial: fast');

  test('is told of and kept, and an operator sets one of the declared kind', async () => {
    const fixture = await withBoth();
    await fixture.engine.configure(configOf(NAMED));
    const told = () => valuesOutOfBounds(fixture.state, fixture.engine.settings);
    expect(told()).toEqual(['left: expected a string, got 5']);
    expect(baseline(fixture.engine.ledger.state).parameters.left).toBe(5);
    await expect(fixture.setLevel(6, 'left')).rejects.toMatchObject({
      reason: 'INVALID_FIELD',
      violations: [{ field: 'value', description: 'expected a string, got 6' }],
    });
    await fixture.setLevel('slow', 'left');
    expect(baseline(fixture.engine.ledger.state).parameters.left).toBe('slow');
    expect(told()).toEqual([]);
  });

  test('ends what is being proven of it', async () => {
    const { fixture, deltaId } = await inStage('confirmed');
    await fixture.engine.configure(
      configOf(trialYaml({ initial: 'fast', rules: [{ target: 'other', value: '"slow"' }] })),
    );
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'applied',
      summary: expect.stringContaining('its value is no longer allowed: expected a string, got 0'),
    });
  });
});
