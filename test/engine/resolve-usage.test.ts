import { describe, expect, test } from 'vitest';
import { Askers } from '../../src/engine/resolve-usage.ts';
import { taskOf } from '../support/engine-fixture.ts';

const UP_MS = 1000;

/** Whether it is still known that a task had asked, once so many others have asked after it. */
function isRemembered(others: number): boolean | undefined {
  const askers = new Askers(false);
  askers.noteAsked('first');
  for (let i = 0; i < others; i += 1) askers.noteAsked(`other/${i}`);
  askers.noteRecorded([taskOf({ taskId: 'first' })], UP_MS);
  return askers.areMany();
}

describe('who asked', () => {
  test.each([0, 1, 4999])('is remembered while %i others ask', (others) => {
    expect(isRemembered(others)).toBe(true);
  });

  test('is forgotten when 10,000 others have asked since', () => {
    expect(isRemembered(10_000)).toBe(false);
  });

  test('asked once, however often', () => {
    const askers = new Askers(false);
    // Once among the newest, and once among those before.
    for (let i = 0; i < 5001; i += 1) askers.noteAsked(i === 0 || i === 5000 ? 'twice' : `${i}`);
    for (let i = 0; i < 3; i += 1) askers.noteRecorded([taskOf({ taskId: 'twice' })], UP_MS);
    expect(askers.areMany()).toBe(false);
  });
});
