import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { learningClient } from '../support/clients/clients.ts';
import { runScript } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const CLIENT = new URL('../../src/client/public.ts', import.meta.url).href;

/** What README.md leaves to the reader: an agent, and tasks. */
const YOURS = `
async function runAgent(settings: Readonly<Record<string, unknown>>): Promise<boolean> {
  return settings.primary_coordination_strategy === 'sequential';
}
await runTask('task-1');
await sidecar.close();
`;

test('the integration in README.md records a task as it stands', async () => {
  const { address } = await startSidecar({ dataDir: ':memory:' });
  const block = /^```ts\n(.*?)^```$/ms.exec(README)?.[1] ?? '';
  const printed = ['learning-sidecar/client', '127.0.0.1:50051'];
  for (const text of printed) expect(block).toContain(text);
  const code = block.replace('learning-sidecar/client', CLIENT).replace('127.0.0.1:50051', address);
  const file = join(tempDir(), 'orchestrator.ts');
  writeFileSync(file, `${code}${YOURS}`);
  const orchestrator = runScript(pathToFileURL(file), []);
  expect(await orchestrator.exited).toEqual({ code: 0, signal: null });
  expect(orchestrator.errorLines).toEqual([]);
  const { totalTasksRecorded } = await learningClient(address).getStatus({});
  expect(totalTasksRecorded).toBe(1n);
});
