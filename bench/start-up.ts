import { type Process, runToEnd, startProcess } from './processes.ts';
import { atMost, type Row } from './row.ts';
import type { Scale } from './scale.ts';
import { createScratch } from './scratch.ts';
import { SIDECAR, sidecarFlags } from './servers.ts';
import { spreadOf } from './statistics.ts';

/** grpc-js and nothing else: no codec, and no TypeScript to strip. */
export const GRPC_ONLY = [
  '--input-type=module',
  '--eval',
  `import { Server, ServerCredentials } from '@grpc/grpc-js';
   const server = new Server();
   server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), () =>
     console.log('serving on'));`,
];

const NODE_ONLY = ['--eval', '0'];

/** From spawning a process to its word that it serves, of each kind by turns. */
export async function measureStartUp({ starts }: Scale): Promise<Row[]> {
  const times = { built: [], source: [], grpc: [], node: [] } as Record<string, number[]>;
  // The first process of each writes the compile cache when it ends, and is not counted.
  for (let i = -1; i < starts; i += 1) {
    const round = {
      built: await startSidecarOnce(SIDECAR),
      source: await startSidecarOnce('src/main.ts'),
      grpc: await ofServer(startProcess(GRPC_ONLY)),
      node: await runToEnd(NODE_ONLY),
    };
    if (i < 0) continue;
    for (const [kind, ms] of Object.entries(round)) times[kind]?.push(ms);
  }
  const { built = [], source = [], grpc = [], node = [] } = times;
  const rows = [
    row('built (node dist/main.js), by an empty grpc-js server', built, grpc),
    row('source (node src/main.ts), by an empty grpc-js server', source, grpc),
  ];
  const withTargets = rows.map((figures) => ({ ...figures, target: atMost(500)(figures) }));
  return [...withTargets, row('built, by node --eval 0', built, node)];
}

function row(measure: string, sidecar: readonly number[], baseline: readonly number[]): Row {
  return {
    section: 'Start-up, from spawning to serving',
    measure,
    unit: 'ms',
    sidecar: spreadOf(sidecar).median,
    baseline: spreadOf(baseline).median,
    ratio: spreadOf(sidecar.map((ms, i) => ms / (baseline[i] ?? Number.NaN))),
  };
}

async function startSidecarOnce(main: string): Promise<number> {
  const scratch = createScratch();
  const ms = await ofServer(startProcess([main, ...sidecarFlags(scratch.directory)]));
  scratch.remove();
  return ms;
}

async function ofServer(starting: Promise<Process>): Promise<number> {
  const server = await starting;
  await server.stop();
  return server.startMs;
}
