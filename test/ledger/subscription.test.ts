import { describe, expect, test } from 'vitest';
import type { DeltaType } from '../../src/domain/delta.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { MAX_BACKLOG } from '../../src/ledger/state.ts';
import { MAX_LAG_MS, Subscription } from '../../src/ledger/subscription.ts';
import { createEngineFixture } from '../support/engine/engine-fixture.ts';

/** An engine that has put `count` overrides in force. */
async function withDeltas(count: number, yaml = '') {
  const { engine, clock } = await createEngineFixture(yaml);
  const set = (target: string, value: number | string) =>
    engine.decide(setParameter({ target, value, reason: '', holdSeconds: 0 }));
  const change = async (times: number) => {
    const changes = Array.from({ length: times }, (_, i) =>
      set('max_cpu_per_agent', 10 + (i % 90)),
    );
    await Promise.all(changes);
  };
  await change(count);
  return { clock, state: engine.ledger.state, change, set };
}

const REQUEST = { epoch: '', afterSequence: undefined, types: [] as DeltaType[] };

/** What a reader is told now, as `kind sequence`. */
function readAll(subscription: Subscription, nowMs = 0): string[] {
  const told: string[] = [];
  for (let item = subscription.next(nowMs); item; item = subscription.next(nowMs)) {
    told.push(`${item.kind === 'delta' ? 'delta' : item.outcome} ${item.sequence}`);
  }
  return told;
}

describe('without after_sequence', () => {
  test('a snapshot, then what comes', async () => {
    const { state, change } = await withDeltas(3);
    const subscription = new Subscription(state, REQUEST);
    expect(readAll(subscription)).toEqual(['initial 3']);
    await change(2);
    expect(readAll(subscription)).toEqual(['delta 4', 'delta 5']);
  });
});

describe('with after_sequence', () => {
  test('0 is every delta, without a snapshot', async () => {
    const { state } = await withDeltas(3);
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    expect(readAll(subscription)).toEqual(['delta 1', 'delta 2', 'delta 3']);
  });

  test('the newest is nothing yet', async () => {
    const { state } = await withDeltas(3);
    expect(readAll(new Subscription(state, { ...REQUEST, afterSequence: 3n }))).toEqual([]);
  });

  test.each([4n, 2n ** 64n - 1n])('%d is beyond the ledger', async (afterSequence) => {
    const { state } = await withDeltas(3);
    expect(() => new Subscription(state, { ...REQUEST, afterSequence })).toThrow(
      expect.objectContaining({ reason: 'SEQUENCE_AHEAD' }),
    );
  });

  test('the epoch is compared first', async () => {
    const { state } = await withDeltas(3);
    const other = { ...REQUEST, epoch: 'other', afterSequence: 99n };
    expect(readAll(new Subscription(state, other))).toEqual(['reset_epoch 3']);
    const same = { ...REQUEST, epoch: 'epoch-1', afterSequence: 2n };
    expect(readAll(new Subscription(state, same))).toEqual(['delta 3']);
  });

  test('history that is no longer there is a snapshot that says so', async () => {
    const { state } = await withDeltas(10, 'ledger: { retain_deltas: 4 }');
    expect(state.head.compactedThrough).toBe(6);
    const gone = new Subscription(state, { ...REQUEST, afterSequence: 5n });
    expect(readAll(gone)).toEqual(['reset_compacted 10']);
    const there = new Subscription(state, { ...REQUEST, afterSequence: 6n });
    expect(readAll(there)).toEqual(['delta 7', 'delta 8', 'delta 9', 'delta 10']);
  });
});

describe('types', () => {
  test('other deltas are passed over, and counted as read; snapshots are not filtered', async () => {
    const { state, set } = await withDeltas(2);
    const types: DeltaType[] = ['coordination'];
    const subscription = new Subscription(state, { ...REQUEST, types });
    expect(readAll(subscription)).toEqual(['initial 2']);
    await set('primary_coordination_strategy', 'adaptive');
    await set('max_cpu_per_agent', 50);
    expect(readAll(subscription)).toEqual(['delta 3']);
    expect(subscription.sequence).toBe(4);
  });
});

describe('a slow reader', () => {
  test('is told all it owes up to the bound', async () => {
    const { state, change } = await withDeltas(0);
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    await change(MAX_BACKLOG);
    expect(readAll(subscription)).toHaveLength(MAX_BACKLOG);
  });

  test('past it and late, is told the values instead, and goes on', async () => {
    const { state, change, clock } = await withDeltas(0);
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    await change(MAX_BACKLOG + 1);
    await clock.advance(MAX_LAG_MS + 1);
    expect(readAll(subscription, clock.now())).toEqual([`reset_slow ${MAX_BACKLOG + 1}`]);
    await change(1);
    expect(readAll(subscription, clock.now())).toEqual([`delta ${MAX_BACKLOG + 2}`]);
  });

  test('a burst makes nobody slow', async () => {
    const { state, change, clock } = await withDeltas(0);
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    await change(3 * MAX_BACKLOG);
    await clock.advance(MAX_LAG_MS);
    expect(readAll(subscription, clock.now())).toHaveLength(3 * MAX_BACKLOG);
  });

  test('what it asked to have repeated is not its backlog', async () => {
    const { state, change, clock } = await withDeltas(2 * MAX_BACKLOG);
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    expect(subscription.next(clock.now())).toMatchObject({ kind: 'delta', sequence: 1 });
    await change(MAX_BACKLOG);
    await clock.advance(10 * MAX_LAG_MS);
    expect(readAll(subscription, clock.now())).toHaveLength(3 * MAX_BACKLOG - 1);
  });

  test('whom compaction overtakes by far is reset too, and not before', async () => {
    const { state, change } = await withDeltas(10, 'ledger: { retain_deltas: 10 }');
    const subscription = new Subscription(state, { ...REQUEST, afterSequence: 0n });
    expect(subscription.next(0)).toMatchObject({ sequence: 1 });
    await change(1014);
    expect(subscription.next(0)).toMatchObject({ kind: 'delta', sequence: 2 });
    await change(10);
    expect(readAll(subscription)).toEqual(['reset_slow 1034']);
  });
});
