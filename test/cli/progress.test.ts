import { expect, test } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';

function fixture(terminal: { isTTY?: true; columns?: number }) {
  let nowMs = 0;
  const written: string[] = [];
  const sink = { ...terminal, write: (text: string) => written.push(text) > 0 };
  const progress = createProgress(sink, () => nowMs);
  return { progress, written, pass: (ms: number) => (nowMs += ms) };
}

const HALF = { tasks: 1234, tasksPerSecond: 99.6, share: 0.5 };

test('a line on a terminal, redrawn now and then, gone at the end', () => {
  const { progress, written, pass } = fixture({ isTTY: true, columns: 60 });
  progress.update(HALF);
  progress.update(HALF);
  expect(written).toEqual(['\r50 %, 1,234 tasks recorded, 100 tasks/s\u001b[K']);
  progress.note('something happened');
  expect(written.slice(1).join('')).toMatch(/^\r.*something happened\n50 %.*$/s);
  pass(100);
  progress.update({ ...HALF, share: undefined });
  expect(written.at(-1)).toBe('\r1,234 tasks recorded, 100 tasks/s\u001b[K');
  progress.end();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('a narrow terminal has no line that breaks', () => {
  const { progress, written } = fixture({ isTTY: true, columns: 20 });
  progress.update(HALF);
  expect(written).toEqual(['\r50 %, 1,234 tasks r\u001b[K']);
});

test('plain lines elsewhere, rarely', () => {
  const { progress, written, pass } = fixture({});
  progress.update(HALF);
  pass(2000);
  progress.update(HALF);
  progress.note('something happened');
  progress.end();
  expect(written).toEqual(['50 %, 1,234 tasks recorded, 100 tasks/s\n', 'something happened\n']);
});
