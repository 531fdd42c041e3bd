import { afterAll, describe, expect, test } from 'vitest';
import { LANGUAGES, Probe } from './probe.ts';
import { SCENARIOS, World } from './scenarios.ts';

/** Those that the environment names, or all. */
const wanted = (process.env.OPENFEATURE_LANGUAGES ?? '').split(',').filter(Boolean);
const languages = LANGUAGES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));

/** What the table says, by column and row. */
const cells = new Map<string, Map<string, string>>();
const versions: string[] = [];

for (const language of languages) {
  test(`${language.name} is set up, and says what it is`, async () => {
    const said = await new Probe(language).versions();
    versions.push(`${language.name}: ${said}`);
    expect(said).toMatch(/\d/);
  });

  describe.each(language.modes)(`${language.name}, %s`, (mode) => {
    const column = new Map<string, string>();
    cells.set(`${language.name} ${mode}`, column);

    test.each(SCENARIOS)('$name', async ({ name, run }) => {
      column.set(name, 'FAILED');
      const world = new World(language, mode, new Probe(language));
      await world.open();
      column.set(name, (await run(world)) ?? 'ok');
    });
  });
}

afterAll(() => {
  const columns = [...cells.entries()];
  const rows = [
    ['OpenFeature', ...SCENARIOS.map(({ name }) => name)],
    ...columns.map(([name, column]) => [
      name,
      ...SCENARIOS.map((scenario) => column.get(scenario.name) ?? '-'),
    ]),
  ];
  const width = (i: number) => Math.max(...rows.map((row) => row[i]?.length ?? 0));
  const lines = rows.map((row) => row.map((text, i) => text.padEnd(width(i))).join('  '));
  console.log([...lines, ...versions].join('\n'));
});
