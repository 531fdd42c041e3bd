import { compareLives, type Row, ratioAtMost } from './lives.ts';
import { runToEnd, startProcess } from './processes.ts';
import type { Scale } from './scale.ts';
import { createScratch } from './scratch.ts';
import { SIDECAR, SOURCE, SOURCE_ENV, sidecarFlags } from './servers.ts';

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
      source: await startSidecarOnce(SOURCE, SOURCE_ENV),
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
  const source = row('source (npm start), by an empty grpc-js server', 'source', 'grpc');
  return [
    // 250 ms, and 350 ms, where the empty server takes 80 ms.
    { ...built, target: ratioAtMost(3.1)(built) },
    { ...source, target: ratioAtMost(4.4)(source) },
    row('built, by node --eval 0', 'built', 'node'),
  ];
}

async function startSidecarOnce(main: string, env: Record<string, string> = {}): Promise<number> {
  const scratch = createScratch();
  const ms = await startOnce([main, ...sidecarFlags(scratch.directory)], env);
  scratch.remove();
  return ms;
}

async function startOnce(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<number> {
  const server = await startProcess(args, { onAllCores: true, env });
  await server.stop();
  return server.startMs;
}
