import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import { Agent } from './agent.ts';
import { chosenLanguages, missingBuild } from './languages.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Column, RESULTS } from './table.ts';
import { World } from './world.ts';

/** Plays every scenario with the client of one language, if it is among those that are wanted. */
export function conform(name: string): void {
  const language = chosenLanguages().find((one) => one.name === name);
  describe.skipIf(language === undefined)(name, () => {
    if (language === undefined) return;
    const column: Column = { name, versions: '', cells: {}, figures: [] };

    test('is built, and says what it is', async () => {
      const missing = missingBuild(language);
      column.versions = missing ?? 'not known';
      if (missing !== undefined) throw new Error(missing);
      const agent = new Agent(language, { target: '127.0.0.1:1' });
      const said = await agent.tell<Record<string, string>>('versions');
      column.versions = [said.language, said.grpc, said.protobuf].join(', ');
    });

    test.each(SCENARIOS)('$name', async (scenario) => {
      column.cells[scenario.name] = 'FAILED';
      const missing = missingBuild(language);
      if (missing !== undefined) throw new Error(missing);
      const startMs = performance.now();
      const figure = await scenario.run(new World(language));
      const seconds = (performance.now() - startMs) / 1000;
      column.cells[scenario.name] = `ok ${seconds.toFixed(1)} s`;
      if (typeof figure === 'string') column.figures.push(`${name}: ${scenario.name}: ${figure}`);
    });

    afterAll(() => {
      const folder = process.env[RESULTS];
      if (folder !== undefined) writeFileSync(join(folder, `${name}.json`), JSON.stringify(column));
    });
  });
}
