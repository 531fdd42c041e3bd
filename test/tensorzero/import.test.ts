import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { expectFailure, runHere } from '../cli/command-line.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const GATEWAY = join(import.meta.dirname, 'gateway.toml');

/** Imports a text as a file `tensorzero.toml`: its config, what is said on standard error, and the exit code. */
async function importText(text: string) {
  const file = join(tempDir(), 'tensorzero.toml');
  writeFileSync(file, text);
  const { code, out, err } = await runHere(['import-tensorzero', file]);
  return { code, config: parseYaml(out), said: err.replaceAll(file, 'FILE').split('\n') };
}

/** A function `draft` with variants a, b and c, and what its experiment says. */
const draft = (experiment: string, weights: Readonly<Record<string, number>> = {}) => `
[metrics.liked]
type = "boolean"
level = "inference"
optimize = "max"
${['a', 'b', 'c']
  .map((name) => {
    const weight = weights[name] === undefined ? '' : `weight = ${weights[name]}`;
    return `[functions.draft.variants.${name}]\nmodel = "m"\n${weight}`;
  })
  .join('\n')}
${experiment === '' ? '' : `[functions.draft.experimentation]\n${experiment}`}
`;

test('adaptive experiments become parameters with a search and an objective', async () => {
  const { out } = await runHere(['import-tensorzero', GATEWAY]);
  const { parameters, rules } = parseYaml(out);
  expect(rules).toEqual([]);
  expect(Object.keys(parameters)).toEqual([
    'triage_variant',
    'write_reply_variant',
    'summarise_variant',
  ]);
  expect(parameters.triage_variant).toEqual({
    type: 'string',
    initial: 'plain',
    search: { values: ['plain', 'stepwise'] },
    objective: { maximise: 'solved', subject_to: { success: -0.05 } },
  });
  expect(parameters.write_reply_variant).toMatchObject({
    initial: 'v1.0',
    search: { values: ['v1.0', 'v1.1'] },
    objective: { minimise: 'edits' },
  });
});

test.each([
  ['no experiment', '', {}, 'a', ['a', 'b', 'c']],
  ['weights of variants', '', { a: 1, b: 3 }, 'b', ['a', 'b']],
  ['a variant of weight 0', '', { a: 0, b: 1, c: 1 }, 'b', ['b', 'c']],
  ['static, by names', 'type = "static"\ncandidate_variants = ["c", "b"]', {}, 'c', ['c', 'b']],
  [
    'static, by weights',
    'type = "static"\ncandidate_variants = { a = 0.1, b = 0.9, c = 0 }',
    {},
    'b',
    ['a', 'b'],
  ],
  [
    'static_weights',
    'type = "static_weights"\ncandidate_variants = { b = 1, c = 2 }',
    {},
    'c',
    ['b', 'c'],
  ],
  ['uniform', 'type = "uniform"', {}, 'a', ['a', 'b', 'c']],
  ['uniform, of some', 'type = "uniform"\ncandidate_variants = ["b", "a"]', {}, 'b', ['b', 'a']],
])(
  'a fixed split keeps its value, and its search is a comment: %s',
  async (_, experiment, weights, initial, values) => {
    const file = join(tempDir(), 'tensorzero.toml');
    writeFileSync(file, draft(experiment, weights));
    const { out, err } = await runHere(['import-tensorzero', file]);
    expect(parseYaml(out).parameters).toEqual({ draft_variant: { type: 'string', initial } });
    expect(err).toMatch(
      /draft.*: the split \(.*\) is not kept up: all tasks get [abc] until its search/,
    );
    // What a person takes in.
    const switchedOn = parseYaml(out.replaceAll(/# (search|objective):/g, '$1:'));
    expect(switchedOn.parameters.draft_variant).toEqual({
      type: 'string',
      initial,
      search: { values },
      objective: { maximise: 'liked', subject_to: { success: -0.05 } },
    });
  },
);

test('a split says its shares', async () => {
  const { said } = await importText(draft('', { a: 1, b: 3, c: 0 }));
  expect(said.join('\n')).toContain('the split (a 25 %, b 75 %)');
});

test('one candidate is nothing to choose from', async () => {
  const { config, said } = await importText(draft('', { b: 1 }));
  expect(config).toEqual({ parameters: {}, rules: [] });
  expect(said).toContain('FILE: functions.draft: no parameter: b is its only candidate');
});

test('a metric that nothing defines leaves the search out', async () => {
  const { config, said } = await importText(
    draft('type = "adaptive"\ncandidate_variants = ["a", "b"]\nmetric = "lked"'),
  );
  expect(config.parameters).toEqual({ draft_variant: { type: 'string', initial: 'a' } });
  expect(said.join('\n')).toMatch(/experimentation\.metric: \[metrics\] has no lked/);
});

test('a metric with a name that means something else here gets another', async () => {
  const { out } = await runHere(['import-tensorzero', GATEWAY]);
  expect(out).toContain('report it as the measurement metric_latency');
});

/** Keys down to the fields of an experiment, as paths with dots. */
function pathsOf(value: unknown, path: readonly string[] = []): string[] {
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTable || path.length === 4) return [path.join('.')];
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]));
}

test('whatever is not carried over is said, on standard error and in the file', async () => {
  const { out, err } = await runHere(['import-tensorzero', GATEWAY]);
  const said = err
    .replaceAll(`${GATEWAY}: `, '')
    .replaceAll(/\["([^"]+)"\]/g, '.$1')
    .split('\n');
  const toml = readFileSync(GATEWAY, 'utf8');
  const all = pathsOf(parseToml(toml, { integersAsBigInt: 'asNeeded' }));
  // What the parameters are made of.
  const carried =
    /^(?:metrics\.(?:solved|edits)\.|functions\.[^.]+\.experimentation\.(?:type|candidate_variants|metric|fallback_variants)$|.*\.weight$)/;
  const isSaid = (path: string) =>
    said.some((line) => {
      const [place = '', text = ''] = line.split(/: (.*)/);
      const last = path.slice(path.lastIndexOf('.') + 1);
      return (
        path === place ||
        place.startsWith(`${path}.`) ||
        (path.startsWith(`${place}.`) && (text.includes(last) || !/^functions/.test(place)))
      );
    });
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter((path) => !carried.test(path) && !isSaid(path))).toEqual([]);
  const inFile = out.split('\n').filter((line) => line.startsWith('# - '));
  expect(inFile.map((line) => line.slice(4))).toEqual(
    err.split('\n').map((line) => line.replace(`${GATEWAY}: `, '')),
  );
});

test.each([
  ['what is no TOML', 'a = 1\nb = = 2\n', /toml:2: expected TOML: .* \(at column 5\)/],
  ['a table twice', '[a]\n[a]\n', /toml:2: expected TOML: /],
  [
    'an experiment of another kind',
    draft('type = "thompson"'),
    /functions\.draft\.experimentation\.type: expected a type: static, adaptive/,
  ],
  [
    'a candidate that is no variant',
    draft('type = "static"\ncandidate_variants = ["a", "d"]'),
    /functions\.draft\.experimentation\.candidate_variants: expected variants of draft, found "d"/,
  ],
  [
    'a metric without a direction',
    '[metrics.liked]\ntype = "boolean"\nlevel = "inference"\n',
    /metrics\.liked\.optimize: expected max or min/,
  ],
])('%s is refused, and nothing is written', async (_, text, says) => {
  const file = join(tempDir(), 'tensorzero.toml');
  const outFile = join(tempDir(), 'sidecar.yaml');
  writeFileSync(file, text);
  await expectFailure(['import-tensorzero', file, '--out', outFile], { code: 2, says });
  expect(existsSync(outFile)).toBe(false);
});

test('--out writes a file, and replaces one only if told to', async () => {
  const outFile = join(tempDir(), 'sidecar.yaml');
  const args = ['import-tensorzero', GATEWAY, '--out', outFile];
  expect(await runHere(args)).toMatchObject({ code: 0, out: '' });
  const written = readFileSync(outFile, 'utf8');
  expect(parseYaml(written).rules).toEqual([]);
  writeFileSync(outFile, 'mine\n');
  await expectFailure(args, { code: 1, says: /EEXIST/ });
  expect(readFileSync(outFile, 'utf8')).toBe('mine\n');
  expect((await runHere([...args, '--force'])).code).toBe(0);
  expect(readFileSync(outFile, 'utf8')).toBe(written);
});

test('a file that is not there is named', async () => {
  await expectFailure(['import-tensorzero', '/nowhere/tensorzero.toml'], {
    code: 2,
    says: /expected a readable file/,
  });
});

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'tensorzero');
const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs/from-tensorzero.md'), 'utf8');

test.each(['tensorzero.toml', 'sidecar.yaml', 'orchestrator.py'])('the page shows %s', (name) => {
  expect(PAGE).toContain(`\n${readFileSync(join(EXAMPLE, name), 'utf8')}\`\`\``);
});

test('the config on the page is what the command makes', async () => {
  const { out } = await runHere(['import-tensorzero', join(EXAMPLE, 'tensorzero.toml')]);
  const made = out.replace(join(EXAMPLE, 'tensorzero.toml'), 'tensorzero.toml');
  expect(`${made}\n`).toBe(readFileSync(join(EXAMPLE, 'sidecar.yaml'), 'utf8'));
});
