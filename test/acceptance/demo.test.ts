import { readdirSync, readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from '../support/sidecar/child.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const STORY = [
  /^ .* tasks {2}TRIAL {10}max_agents 4 -> 8, by rule more_at_once: /m,
  /^ .* tasks {2}HARMED {9}max_agents is 4 for every task again\. Harmed, in \d+ tasks: /m,
  /^ .* tasks {2}TRIAL {10}model "large" -> "medium", by rule smaller_model: /m,
  /^ .* tasks {2}PROVISIONAL {4}Helped, in \d+ tasks: /m,
  /^ .* tasks {2}CONFIRMED {6}Helped and confirmed at 200 to 1, in /m,
  /^\$ learning-sidecar report$/m,
  /^Since .*: 1 confirmed change .*saved [\d.]+ of cost_usd /m,
  /^Not kept\n {2}max_agents 4 -> 8 by rule more_at_once \(\S+\): HARMED after \d+ tasks$/m,
  /^What the report says, and what was planted$/m,
];

function startDemo(...args: readonly string[]) {
  const TMPDIR = tempDir();
  const demo = runScript('scripts/demo.ts', args, { TMPDIR });
  onTestFinished(async () => void (await demo.end('SIGTERM')));
  // Node keeps a cache of its own there.
  const left = () => readdirSync(TMPDIR).filter((name) => name.startsWith('learning-sidecar'));
  return { demo, left };
}

/** The number in a text's first match, lines taken for spaces. */
function numberIn(text: string, pattern: RegExp): number {
  const number = pattern.exec(text.replaceAll(/\s+/g, ' '))?.[1];
  if (number === undefined) throw new Error(`${pattern} is not in:\n${text}`);
  return Number(number);
}

test('the demo tells its story within a minute, README claims no more, and it leaves nothing', async () => {
  const { demo, left } = startDemo();
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  const text = demo.lines.join('\n');
  const places = STORY.map((pattern) => ({ pattern, at: text.search(pattern) }));
  expect(places.filter(({ at }) => at < 0)).toEqual([]);
  expect(places.toSorted((a, b) => a.at - b.at)).toEqual(places);
  expect(numberIn(text, /([\d.]+) s\. Rules: /)).toBeLessThan(60);
  expect(numberIn(text, /HARMED after (\d+) tasks/)).toBeLessThanOrEqual(
    numberIn(README, /harms is taken back within (\d+) tasks/),
  );
  expect(numberIn(text, /task-hours instead of [\d.]+, (\d+) % less;/)).toBeGreaterThanOrEqual(
    numberIn(README, /take at least (\d+) % less time/),
  );
  expect(numberIn(text, /USD instead of [\d,.]+, (\d+) % less\./)).toBeGreaterThanOrEqual(
    numberIn(README, /cost at least (\d+) % less/),
  );
  expect(demo.errorLines).toEqual([]);
  expect(left()).toEqual([]);
});

test('Ctrl-C ends the demo, and leaves nothing', async () => {
  const { demo, left } = startDemo();
  await demo.find((line) => (line.includes('  TRIAL  ') ? line : undefined));
  expect(await demo.end('SIGINT')).toEqual({ code: 130, signal: null });
  expect(demo.lines.at(-1)).toBe('ended, and cleaned up');
  expect(left()).toEqual([]);
});
