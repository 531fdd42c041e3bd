import { afterAll, describe, test } from 'vitest';
import { Agent } from './agent.ts';
import { chosenLanguages, missingBuild } from './languages.ts';
import { SCENARIOS } from './scenarios.ts';
import { World } from './world.ts';

const languages = chosenLanguages();
const cells = new Map<string, string>();
const figures: string[] = [];
const versions = new Map<string, string>();

describe.each(languages)('$name', (language) => {
  const { name } = language;

  test('is built, and says what it is', async () => {
    const missing = missingBuild(language);
    if (missing !== undefined) throw new Error(missing);
    const agent = new Agent(language, { target: '127.0.0.1:1' });
    const said = await agent.tell<Record<string, string>>('versions');
    versions.set(name, [said.language, said.grpc, said.protobuf].join(', '));
  });

  test.each(SCENARIOS)('$name', async (scenario) => {
    const cell = `${name} ${scenario.name}`;
    cells.set(cell, 'FAILED');
    const missing = missingBuild(language);
    if (missing !== undefined) throw new Error(missing);
    const startMs = performance.now();
    const figure = await scenario.run(new World(language));
    cells.set(cell, `ok ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    if (figure !== undefined) figures.push(`${name}: ${scenario.name}: ${figure}`);
  });
});

afterAll(() => {
  const names = languages.map(({ name }) => name);
  const rows = SCENARIOS.map(({ name }) => [
    name,
    ...names.map((language) => cells.get(`${language} ${name}`) ?? '-'),
  ]);
  const table = [['conformance', ...names], ...rows];
  const widths =
    table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? [];
  const lines = table.map((row) => row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  '));
  const told = languages.map((language) => {
    const { name } = language;
    return `${name}: ${missingBuild(language) ?? versions.get(name) ?? 'not asked for its versions'}`;
  });
  console.log([...lines, ...told, ...figures].join('\n'));
});
