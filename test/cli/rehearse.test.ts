import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure, runHere } from './command-line.ts';

const page = readFileSync(new URL('../../docs/rehearse.md', import.meta.url), 'utf8');

/** Writes the files of the page's example; returns the flags that name them. */
function example(change = (text: string) => text): string[] {
  const dir = tempDir();
  const blocks = [...page.matchAll(/```yaml\n# (\S+)\n(.*?)```/gs)];
  for (const [, name = '', text = ''] of blocks) writeFileSync(join(dir, name), change(text));
  return ['--config', join(dir, 'config.yaml'), '--orchestrator', join(dir, 'world.yaml')];
}

test('the example of docs/rehearse.md', async () => {
  const json = join(tempDir(), 'figures.json');
  const flags = [...example(), '--seeds', '2', '--tasks', '1500', '--json', json];
  const { code, out } = await runHere(['rehearse', ...flags]);
  expect(code).toBe(0);
  expect(out).toMatch(/^2 runs of 1,500 tasks \(0\.\d hours each\) against \S+world\.yaml; 95 %/);
  expect(out).toMatch(/^latency +7\.19 s +5\.53 s +\d\.\d+ s \[/m);
  expect(out).toMatch(
    /^goal of agents: outcome \(success first, then latency\)\n {2}regret .* of comp/m,
  );
  expect(out).toMatch(
    /^goal of model: lower cost \(total\)\n {2}regret x\d.* as much, mean of all/m,
  );
  expect(out).toMatch(/^first change after .* tasks, .* hours \(median; in 2 of 2 runs\)$/m);
  expect(out).toMatch(/^a run has \d+\.\d \[.*\] trials, puts .* back$/m);
  expect(out).toMatch(/^agents: start 4, best 8; ended at \d.* of 2 runs$/m);
  expect(out).toMatch(/^model: start "large", best "small"; ended at "/m);
  const figures = JSON.parse(readFileSync(json, 'utf8'));
  expect(figures).toMatchObject({ runs: 2, tasks: 1500, goals: [{}, {}] });
}, 60_000);

test('a world that does not fit the config is refused', async () => {
  const flags = example((text) => text.replace('agents:\n    curves', 'agent:\n    curves'));
  await expectFailure(['rehearse', ...flags], {
    code: 2,
    says: /world\.yaml:\d+: parameters\.agent: expected a parameter of the config \(agents, model\), found "agent" \(did you mean "agents"\?\)/,
  });
});

test('a world is needed', async () => {
  await expectFailure(['rehearse'], { code: 2, says: /required option '--orchestrator <file>'/ });
});

test.for(['0', '1.5', 'some'])('%s is no number of runs', async (text) => {
  await expectFailure(['rehearse', ...example(), '--seeds', text], {
    code: 2,
    says: /Expected a whole number above 0\./,
  });
});
