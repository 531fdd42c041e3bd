import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Process, startProcess } from './processes.ts';
import { createScratch } from './scratch.ts';

export const SIDECAR = 'dist/main.js';
export const SOURCE = 'src/main.ts';
/** For `SOURCE`, as `npm start` has it. */
export const SOURCE_ENV = { NODE_COMPILE_CACHE: '.cache/compile' };
const EMPTY_SERVER = fileURLToPath(new URL('./empty-server.ts', import.meta.url));

/** A process that serves on a TCP port and on a unix socket. */
export interface BenchServer extends Process {
  readonly tcp: string;
  readonly unix: string;
}

/** The sidecar as shipped, with a ledger on disk. `config` is merged over the defaults. */
export function startSidecar(config: object = {}): Promise<BenchServer> {
  return startServer((directory) => {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    return [SIDECAR, ...sidecarFlags(directory), '--config', file];
  });
}

/** Flags for free ports and a fresh data directory. */
export function sidecarFlags(directory: string): string[] {
  return ['--listen=127.0.0.1:0', '--admin-listen=127.0.0.1:0', `--data-dir=${directory}/data`];
}

/**
 * The baseline: the same codec on grpc-js, and handlers that do nothing.
 *
 * @param wave encoded messages, which it broadcasts together
 */
export function startEmptyServer(wave: readonly Buffer[] = []): Promise<BenchServer> {
  return startServer((directory) => {
    const file = join(directory, 'wave.json');
    writeFileSync(file, JSON.stringify(wave.map((bytes) => bytes.toString('base64'))));
    return [EMPTY_SERVER, '--listen=127.0.0.1:0', `--wave=${file}`];
  });
}

async function startServer(argsIn: (directory: string) => string[]): Promise<BenchServer> {
  const scratch = createScratch();
  const unix = `unix:${join(scratch.directory, 'grpc.sock')}`;
  const server = await startProcess([...argsIn(scratch.directory), `--listen=${unix}`]);
  return {
    ...server,
    tcp: server.addresses[0] ?? '',
    unix,
    async stop() {
      await server.stop();
      scratch.remove();
    },
  };
}

/** Starts servers one after the other, runs `use` with them, and stops them all. */
export async function withServers<T>(
  starts: readonly (() => Promise<BenchServer>)[],
  use: (servers: readonly BenchServer[]) => Promise<T>,
): Promise<T> {
  const servers: BenchServer[] = [];
  try {
    for (const start of starts) servers.push(await start());
    return await use(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** The sidecar, and two empty servers. */
export function threeServers(config: object = {}, wave: readonly Buffer[] = []) {
  const empty = () => startEmptyServer(wave);
  return [() => startSidecar(config), empty, empty];
}
