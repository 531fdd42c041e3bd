import { compareLives, type Row, ratioAtMost } from './lives.ts';
import { type Process, runToEnd, startProcess } from './processes.ts';
import type { Scale } from './scale.ts';
import { createScratch } from './scratch.ts';
import { SIDECAR, sidecarFlags } from './servers.ts';

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

/** Milliseconds from spawning a process to serving. */
interface Figures {
  readonly built: number;
  readonly source: number;
  readonly grpc: number;
  /** Until it ends. */
  readonly node: number;
}

/** Starts each kind in turns, on all cores. */
export async function measureStartUp({ starts }: Scale): Promise<Row[]> {
  const all: Figures[] = [];
  // The first process of each kind writes the compile cache when it ends, and is not counted.
  for (let i = -1; i < starts; i += 1) {
    const figures = {
      built: await startSidecarOnce(SIDECAR),
      source: await startSidecarOnce('src/main.ts'),
      grpc: await startOnce(GRPC_ONLY),
      node: await runToEnd(NODE_ONLY),
    };
    if (i >= 0) all.push(figures);
  }
  const row = (measure: string, side: keyof Figures, baseline: keyof Figures) =>
    compareLives(
      { section: 'Start-up, from spawning to serving', measure, unit: 'ms' },
      all.map((figures) => figures[side]),
      all.map((figures) => figures[baseline]),
    );
  const built = row('built (node dist/main.js), by an empty grpc-js server', 'built', 'grpc');
  const source = row('source (node src/main.ts), by an empty grpc-js server', 'source', 'grpc');
  return [
    // 250 ms, and 350 ms, where the empty server takes 80 ms.
    { ...built, target: ratioAtMost(3.1)(built) },
    { ...source, target: ratioAtMost(4.4)(source) },
    row('built, by node --eval 0', 'built', 'node'),
  ];
}

async function startSidecarOnce(main: string): Promise<number> {
  const scratch = createScratch();
  const ms = await startOnce([main, ...sidecarFlags(scratch.directory)]);
  scratch.remove();
  return ms;
}

async function startOnce(args: readonly string[]): Promise<number> {
  const server: Process = await startProcess(args, { onAllCores: true });
  await server.stop();
  return server.startMs;
}
