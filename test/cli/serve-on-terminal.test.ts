import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { readServingLine, spawnSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** Has a process take its standard output for a terminal. */
const NODE_OPTIONS = '--import=data:text/javascript,process.stdout.isTTY=true';

test('on a terminal, five lines say what is served; the file gets the entry', async () => {
  const dataDir = tempDir();
  const log = join(tempDir(), 'log');
  const config = writeReferenceConfig(tempDir(), {
    curation: { mode: 'recommend' },
    monitoring: { log_file: log },
  });
  const sidecar = spawnSidecar({ dataDir, config, env: { NODE_OPTIONS, NO_COLOR: '1' } });
  await sidecar.find((line) => line.startsWith('next') || undefined);
  await sidecar.end('SIGTERM');
  expect(sidecar.errorLines).toEqual([]);
  const [serving, ...others] = sidecar.lines;
  const { groups: at } = /gRPC on (?<grpc>\S+); .* on (?<http>\S+)$/.exec(serving ?? '') ?? {};
  expect(others).toEqual([
    `ledger   ${dataDir}`,
    'mode     recommend: a change waits until a person approves it',
    `config   ${config}`,
    `next     connect an orchestrator (docs/integration.md); npm start -- watch --target ${at?.grpc}`,
    expect.stringMatching(/INFO: draining/),
    expect.stringMatching(/INFO: stopped/),
  ]);
  const [entry = ''] = readFileSync(log, 'utf8').split('\n');
  expect(readServingLine(entry)).toEqual({ address: at?.grpc, adminUrl: at?.http });
});
