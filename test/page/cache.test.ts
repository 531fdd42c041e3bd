import { expect, test } from 'vitest';
import { Cache } from '../../src/page/api/cache.ts';

/** A cache whose readings the test answers, and whose time it moves. */
function startCache() {
  const asked: { path: string; answer: (value: unknown) => Promise<void> }[] = [];
  const timers: { run: () => void; delayMs: number }[] = [];
  let nowMs = 0;
  const read = (path: string) =>
    new Promise<unknown>((resolve) => {
      asked.push({
        path,
        async answer(value) {
          resolve(value);
          await Promise.resolve();
        },
      });
    });
  const cache = new Cache(read, {
    nowMs: () => nowMs,
    schedule: (run, delayMs) => void timers.push({ run, delayMs }),
  });
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { cache, asked, timers, pass };
}

test('a resource is read once for all that watch it, and again when its topic has changed', async () => {
  const { cache, asked, timers } = startCache();
  let changes = 0;
  cache.watch('deltas', { topics: ['deltas'] }, () => (changes += 1));
  cache.watch('deltas', { topics: ['deltas'] }, () => (changes += 1));
  await asked[0]?.answer(1);
  expect([cache.known('deltas').value, changes, asked.length]).toEqual([1, 2, 1]);
  for (const { run } of timers.splice(0)) run();
  await asked[1]?.answer(1);
  for (const { run } of timers.splice(0)) run();
  cache.changed(['cycles']);
  const before = asked.length;
  cache.changed(['deltas']);
  expect(asked.length).toBe(before + 1);
});

test('a change while a resource is read, or rests, has it read once more, and not sooner', async () => {
  const { cache, asked, timers, pass } = startCache();
  cache.watch('gains', { topics: ['gains'] }, () => {});
  cache.changed(['gains']);
  pass(200);
  await asked[0]?.answer('old');
  cache.changed(['gains']);
  expect(asked.length).toBe(1);
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([400]);
  timers[0]?.run();
  expect(asked.length).toBe(2);
});

test('what nobody watches is not read, and what failed keeps its value and says why', async () => {
  let fails = false;
  const timers: (() => void)[] = [];
  const cache = new Cache(() => (fails ? Promise.reject(new Error('gone')) : Promise.resolve(1)), {
    nowMs: () => 0,
    schedule: (run) => void timers.push(run),
  });
  const watched = Promise.withResolvers<void>();
  const end = cache.watch('status', { topics: ['status'] }, watched.resolve);
  await watched.promise;
  timers.pop()?.();
  fails = true;
  cache.changed(['status']);
  await expect.poll(() => cache.known('status')).toEqual({ value: 1, error: 'gone' });
  end();
  cache.changed(['status']);
  expect(cache.known('status')).toEqual({ value: undefined, error: undefined });
});
