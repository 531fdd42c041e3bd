import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { allDeltas } from '../support/ledger/history.ts';
import { runScript } from '../support/sidecar/child.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { LongRun, TRIALS_CONFIG } from '../support/trials/long-run.ts';

const TRIALS = 60;

test('every verdict of a long run stands, while it is served from', async () => {
  const seed = chooseSeed('trial-audit');
  const dataDir = tempDir();
  const config = join(dataDir, 'config.yaml');
  writeFileSync(config, TRIALS_CONFIG);
  const sidecar = await startSidecar({ dataDir, config });
  const { address } = sidecar;
  const clients = { client: learningClient(address), admin: adminClient(address) };
  await new LongRun(clients, seed).play(TRIALS);
  const deltas = (await allDeltas(clients.client)).filter(({ effect }) => effect?.verdict);
  const states = countBy(deltas.map(({ state }) => nameIn(DeltaState, state)));
  const verdicts = countBy(deltas.map(({ effect }) => nameIn(Verdict, effect?.verdict)));
  const { code, lines } = await audit(dataDir);
  console.log(`trial-audit: ${lines.at(-1)}; ${states}; ${verdicts}`);
  expect(code).toBe(0);
  const counts = /^(\d+) trials, (\d+) verdicts stand, 0 do not(?:, (\d+) running so far)?$/;
  const [, trials, stand, running = 0] = counts.exec(lines.at(-1) ?? '') ?? [];
  expect(Number(trials)).toBeGreaterThanOrEqual(TRIALS);
  expect(Number(stand) + Number(running)).toBe(Number(trials));
  expect(states).toMatch(/CONFIRMED/);
});

function countBy(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

function nameIn(values: Readonly<Record<string, number>>, wanted: number | undefined): string {
  const [name = ''] = Object.entries(values).find(([, value]) => value === wanted) ?? [];
  return name;
}

async function audit(dataDir: string) {
  const { exited, lines } = runScript('src/main.ts', ['audit', '--all', '--data-dir', dataDir]);
  const { code } = await exited;
  return { code, lines };
}
