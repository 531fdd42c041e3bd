import { describe, expect, test } from 'vitest';
import { ResolveUsage } from '../../src/engine/resolve-usage.ts';
import { taskOf } from '../support/engine-fixture.ts';

const UP_MS = 1000;

/** Whether it is still known that a task had asked, once so many others have asked after it. */
function isRemembered(others: number): boolean | undefined {
  const usage = new ResolveUsage(false);
  usage.noteAsked('first', 0);
  for (let i = 0; i < others; i += 1) usage.noteAsked(`other/${i}`, 0);
  usage.noteRecorded([taskOf({ taskId: 'first' })], UP_MS, 0);
  return usage.isMajority();
}

describe('who asked', () => {
  test.each([0, 1, 4999])('is remembered while %i others ask', (others) => {
    expect(isRemembered(others)).toBe(true);
  });

  test('is forgotten when 10,000 others have asked since', () => {
    expect(isRemembered(10_000)).toBe(false);
  });

  test('asked once, however often', () => {
    const usage = new ResolveUsage(false);
    // Once among the newest, and once among those before.
    const firsts = Array.from({ length: 5001 }, (_, i) =>
      usage.noteAsked(i === 0 || i === 5000 ? 'twice' : `${i}`, 0),
    );
    expect(firsts.lastIndexOf(false)).toBe(5000);
    expect(firsts.filter((isFirst) => !isFirst)).toHaveLength(1);
    const twice = [taskOf({ taskId: 'twice' })];
    for (let i = 0; i < 3; i += 1) usage.noteRecorded(twice, UP_MS, 0);
    expect(usage.isMajority()).toBe(false);
  });
});

describe('the time that a report took', () => {
  test('is reckoned from the first time that its task asked', () => {
    const usage = new ResolveUsage(false);
    usage.noteAsked('a', 1000);
    usage.noteAsked('a', 5000);
    const [a, b] = usage.noteRecorded(
      [taskOf({ taskId: 'a' }), taskOf({ taskId: 'b' })],
      UP_MS,
      8000,
    );
    expect(a?.reportMs).toBe(7000);
    expect(b).not.toHaveProperty('reportMs');
  });

  test('is told once, of the report that came first', () => {
    const usage = new ResolveUsage(false);
    usage.noteAsked('a', 0);
    usage.noteRecorded([taskOf({ taskId: 'a' })], UP_MS, 10);
    const [again] = usage.noteRecorded([taskOf({ taskId: 'a' })], UP_MS, 20);
    expect(again).not.toHaveProperty('reportMs');
  });
});
