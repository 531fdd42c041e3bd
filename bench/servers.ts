import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Process, startProcess } from './processes.ts';
import { createScratch } from './scratch.ts';

export const SIDECAR = 'dist/main.js';
const EMPTY_SERVER = fileURLToPath(new URL('./empty-server.ts', import.meta.url));

/** A process that serves on a TCP port and on a unix socket. */
export interface BenchServer extends Process {
  readonly tcp: string;
  readonly unix: string;
}

/** The sidecar as shipped, with a ledger on disk. `config` is merged over its defaults. */
export function startSidecar(config: object = {}): Promise<BenchServer> {
  return startServer((directory) => {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    return [SIDECAR, ...sidecarFlags(directory), '--config', file];
  });
}

/** The flags by which a sidecar takes free ports and a fresh directory. */
export function sidecarFlags(directory: string): string[] {
  return ['--listen=127.0.0.1:0', '--admin-listen=127.0.0.1:0', `--data-dir=${directory}/data`];
}

/**
 * What it is measured against: the same codec on grpc-js, and handlers that do nothing.
 *
 * @param wave what it broadcasts at once, ready encoded
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

/** Runs `use` with a sidecar and an empty server, and ends both. */
export async function withServers<T>(
  config: object,
  use: (sidecar: BenchServer, empty: BenchServer) => Promise<T>,
): Promise<T> {
  const sidecar = await startSidecar(config);
  try {
    const empty = await startEmptyServer();
    try {
      return await use(sidecar, empty);
    } finally {
      await empty.stop();
    }
  } finally {
    await sidecar.stop();
  }
}
