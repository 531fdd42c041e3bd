import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from '../support/child.ts';
import { tempDir } from '../support/temp-dir.ts';

function startDemo(...args: readonly string[]) {
  const TMPDIR = tempDir();
  const demo = runScript('scripts/demo.ts', args, { TMPDIR });
  onTestFinished(async () => void (await demo.end('SIGTERM')));
  // Node keeps a cache of its own there.
  const left = () => readdirSync(TMPDIR).filter((name) => name.startsWith('learning-sidecar'));
  return { demo, left };
}

test('the demo shows each rule at work, then a status, and leaves nothing', async () => {
  const { demo, left } = startDemo();
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  const text = demo.lines.join('\n');
  for (const rule of ['coordination', 'fallback', 'cpu']) {
    expect(text).toMatch(new RegExp(`^watch {2}\\| .* by ${rule}: `, 'm'));
  }
  expect(text).toMatch(/^replay \| 1,412 tasks read, 1,412 recorded, 0 duplicates/m);
  expect(text).toMatch(/^ {2}tasks recorded {6}1412 \(100 retained\)$/m);
  expect(text).toMatch(/^ {2}deltas applied {6}\d+, the newest is #\d+$/m);
  expect(demo.errorLines).toEqual([]);
  expect(left()).toEqual([]);
});

test('Ctrl-C ends the demo, and leaves nothing', async () => {
  const { demo, left } = startDemo();
  await demo.find((line) => (line.startsWith('watch  |') ? line : undefined));
  expect(await demo.end('SIGINT')).toEqual({ code: 130, signal: null });
  expect(demo.lines.at(-1)).toBe('ended, and cleaned up');
  expect(left()).toEqual([]);
});
