import { describe, expect, test } from 'vitest';
import { ResolveUsage } from '../../src/engine/resolve-usage.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { START_MS } from '../support/engine/manual-clock.ts';

/** The process has been up for a second. */
const at = (monotonicMs: number, upMs = 1000) => ({
  monotonicMs,
  wallMs: START_MS + upMs,
  upMs,
});

/** Whether it is still known that a task had asked, once so many others have asked after it. */
function isRemembered(others: number): boolean | undefined {
  const usage = new ResolveUsage(false);
  usage.noteAsked('first', 0);
  for (let i = 0; i < others; i += 1) usage.noteAsked(`other/${i}`, 0);
  usage.noteRecorded([taskOf({ taskId: 'first' })], at(0));
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
    for (let i = 0; i < 3; i += 1) usage.noteRecorded(twice, at(0));
    expect(usage.isMajority()).toBe(false);
  });
});

describe('who asks for one parameter after the other', () => {
  test('does so for the first time once each, and not once it has asked for all', () => {
    const usage = new ResolveUsage(false);
    const asked = ['a', 'a', 'b', undefined, 'c'].map((name) => usage.noteAsked('task', 0, name));
    expect(asked).toEqual([true, false, true, false, false]);
    expect(usage.noteAsked('other', 0)).toBe(true);
    expect(usage.noteAsked('other', 0, 'a')).toBe(false);
  });

  test('has asked for all after 64', () => {
    const usage = new ResolveUsage(false);
    const asked = Array.from({ length: 70 }, (_, i) => usage.noteAsked('task', 0, `p${i}`));
    expect(asked.lastIndexOf(true)).toBe(64);
  });
});

describe('the time that a report took', () => {
  test('is reckoned from the first time that its task asked', () => {
    const usage = new ResolveUsage(false);
    usage.noteAsked('a', 1000);
    usage.noteAsked('a', 5000);
    const [a, b] = usage.noteRecorded([taskOf({ taskId: 'a' }), taskOf({ taskId: 'b' })], at(8000));
    expect(a?.reportMs).toBe(7000);
    expect(b).not.toHaveProperty('reportMs');
  });

  test('is told once, of the report that came first', () => {
    const usage = new ResolveUsage(false);
    usage.noteAsked('a', 0);
    usage.noteRecorded([taskOf({ taskId: 'a' })], at(10));
    const [again] = usage.noteRecorded([taskOf({ taskId: 'a' })], at(20));
    expect(again).not.toHaveProperty('reportMs');
  });
});

describe('a task that had not asked, after a restart,', () => {
  const HOUR_MS = 3_600_000;

  /** Whether it is known then how the orchestrator works; times are since the process started. */
  function isCounted(finishMs: number, latencyMs: number, upMs: number): boolean {
    const usage = new ResolveUsage(true);
    const finishTimeMs = START_MS + finishMs;
    usage.noteRecorded([taskOf({ taskId: 'a', finishTimeMs, latencyMs })], at(0, upMs));
    return usage.isMajority() !== undefined;
  }

  test.each([
    ['counts if it began after it', 101, 100, 2000, true],
    ['may have asked if it began before, and ended after', 99, 100, 2000, false],
    ['may have asked if it was short, and its report waited', -500, 100, 2000, false],
    ['counts in an hour, whatever its clock says', -90 * HOUR_MS, 100, HOUR_MS + 100, true],
    ['may have asked if it takes longer than that', -500, HOUR_MS, HOUR_MS + 1000, false],
  ])('%s', (_, finishMs, latencyMs, upMs, expected) => {
    expect(isCounted(finishMs, latencyMs, upMs)).toBe(expected);
  });
});
