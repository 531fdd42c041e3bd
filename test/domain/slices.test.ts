import { expect, test } from 'vitest';
import { runAtOnce, runInSlices, type Sliced } from '../../src/domain/slices.ts';

/** Steps of some milliseconds each, which end with their sum. */
function* stepsOf(clock: { ms: number }, ...steps: number[]): Sliced<number> {
  for (const ms of steps) {
    if (ms < 0) throw new Error('no time');
    clock.ms += ms;
    yield;
  }
  return steps.reduce((sum, ms) => sum + ms, 0);
}

function start(...steps: number[]) {
  const clock = { ms: 0 };
  const waiting: (() => void)[] = [];
  const defer = (run: () => void) => void waiting.push(run);
  const answer = runInSlices(stepsOf(clock, ...steps), () => clock.ms, defer);
  return { clock, waiting, answer };
}

test('what fits into one slice is done at once', () => {
  const { waiting, answer } = start(0, 0.5, 1);
  expect(answer).toBe(1.5);
  expect(waiting).toEqual([]);
  expect(runAtOnce(stepsOf({ ms: 0 }, 10, 20))).toBe(30);
});

test('others have their turn after each slice', async () => {
  const { clock, waiting, answer } = start(1, 1, 50, 1);
  expect(clock.ms).toBe(2);
  waiting.shift()?.();
  expect(clock.ms).toBe(52);
  waiting.shift()?.();
  expect(await answer).toBe(53);
  expect(waiting).toEqual([]);
});

test('what a later step throws is told', async () => {
  const { waiting, answer } = start(5, -1);
  waiting.shift()?.();
  await expect(answer).rejects.toThrow('no time');
});
