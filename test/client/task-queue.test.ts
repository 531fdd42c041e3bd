import type { ServiceError } from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { type RecordOutcome, TaskQueue } from '../../src/client/task-queue.ts';
import { createStatus, type WireReason } from '../../src/wire/status.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

function failure(reason: WireReason): ServiceError {
  return Object.assign(new Error(reason), createStatus(reason, reason));
}

/** A queue of names, and a sidecar that does to each what it is told to. */
function createQueue(
  answer: (name: string) => Promise<{ duplicate: boolean }>,
  limit = 3,
  onFull = () => {},
) {
  const clock = new ManualClock();
  const sent: string[] = [];
  let told = 0;
  const queue = new TaskQueue<string>({
    send: (name) => {
      sent.push(name);
      return answer(name);
    },
    onWaiting: () => {},
    onFull: () => {
      told += 1;
      onFull();
    },
    limit,
    workers: 1,
    environment: { clock, random: () => 0.5 },
  });
  return { clock, sent, queue, timesFull: () => told };
}

const never = () => new Promise<never>(() => {});

test('it is sent until the sidecar has it, and not before the sidecar wants it', async () => {
  const answers = [failure('OVERLOADED'), failure('LEDGER_UNAVAILABLE'), { duplicate: true }];
  const { clock, sent, queue } = createQueue(async () => {
    const next = answers.shift();
    if (next === undefined || next instanceof Error) throw next;
    return next;
  });
  const outcome = queue.add('one');
  await vi.waitFor(() => expect(clock.pending).toBe(1));
  // The sidecar asks for half a second at least; by itself it would come after a tenth.
  await clock.advance(499);
  expect(sent).toHaveLength(1);
  await clock.advance(1001);
  expect(sent).toHaveLength(2);
  await clock.advance(1500);
  expect(await outcome).toEqual({ kind: 'duplicate' });
  expect(sent).toEqual(['one', 'one', 'one']);
  expect([queue.size, queue.dropped, clock.pending]).toEqual([0, 0, 0]);
});

test('what is refused is told, and not sent again', async () => {
  const { sent, queue } = createQueue(async (name) => {
    if (name === 'bad') throw failure('INVALID_FIELD');
    if (name === 'odd') throw new TypeError('cannot be encoded');
    return { duplicate: false };
  });
  const [bad, odd, good] = await Promise.all(['bad', 'odd', 'good'].map((name) => queue.add(name)));
  expect(bad).toMatchObject({ kind: 'refused', failure: { reason: 'INVALID_FIELD' } });
  expect(odd).toMatchObject({ kind: 'refused', failure: { message: 'cannot be encoded' } });
  expect(good).toEqual({ kind: 'recorded' });
  expect(sent).toEqual(['bad', 'odd', 'good']);
});

test('where there is no room, the oldest that waits goes', async () => {
  const { queue } = createQueue(never);
  const outcomes = new Map<string, RecordOutcome>();
  for (const name of ['under way', 'a', 'b', 'c', 'd', 'e']) {
    void queue.add(name).then((outcome) => outcomes.set(name, outcome));
  }
  await vi.waitFor(() => expect(outcomes.size).toBe(2));
  expect([...outcomes.keys()]).toEqual(['a', 'b']);
  expect([queue.size, queue.dropped]).toEqual([4, 2]);
});

test('that there is no room is told once, until nothing has waited', async () => {
  const answers: (() => void)[] = [];
  const { queue, timesFull } = createQueue(
    () => new Promise((resolve) => answers.push(() => resolve({ duplicate: false }))),
    1,
  );
  const add = (count: number) => {
    for (let i = 0; i < count; i += 1) void queue.add('task');
  };
  add(2);
  expect(timesFull()).toBe(0);
  add(3);
  expect(timesFull()).toBe(1);
  answers.shift()?.();
  await vi.waitFor(() => expect(answers).toHaveLength(1));
  add(2);
  expect([timesFull(), queue.dropped]).toEqual([1, 4]);
  for (const size of [1, 0]) {
    answers.shift()?.();
    await vi.waitFor(() => expect(queue.size).toBe(size));
    await vi.waitFor(() => expect(answers).toHaveLength(size));
  }
  add(3);
  expect(timesFull()).toBe(2);
});

test('closing waits so long for what is left, and drops it', async () => {
  const { clock, queue } = createQueue(async () => {
    throw failure('DRAINING');
  });
  const outcomes = [queue.add('one'), queue.add('two')];
  const closed = queue.close(5000);
  await vi.waitFor(() => expect(clock.pending).toBe(2));
  await clock.advance(5000);
  await closed;
  expect(await Promise.all(outcomes)).toEqual([{ kind: 'dropped' }, { kind: 'dropped' }]);
  expect(await queue.add('too late')).toEqual({ kind: 'dropped' });
  expect(queue.dropped).toBe(3);
  expect(clock.pending).toBe(0);
});

test('closing does not wait where nothing is left', async () => {
  const { clock, queue } = createQueue(async () => ({ duplicate: false }));
  const recorded = queue.add('one');
  await queue.close(5000);
  expect(await recorded).toEqual({ kind: 'recorded' });
  expect(clock.pending).toBe(0);
});

test('what is told that it is full may add a task, and is told once', () => {
  const { queue, timesFull } = createQueue(never, 3, () => void queue.add('of the callback'));
  for (let i = 0; i < 10; i += 1) void queue.add(`task-${i}`);
  expect(timesFull()).toBe(1);
});
