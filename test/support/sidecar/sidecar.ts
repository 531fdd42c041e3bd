import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { type Child, type Exit, runScript } from './child.ts';

const MAIN = new URL('../../../src/main.ts', import.meta.url);

export interface SidecarOptions {
  /** `:memory:` for none. */
  readonly dataDir: string;
  /** A file; without it, the built-in defaults. */
  readonly config?: string;
  readonly listen?: string;
  /** More flags. */
  readonly flags?: readonly string[];
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** As `RunOptions.through`. */
  readonly through?: readonly string[];
}

/** A sidecar in a process of its own, ended with the test at the latest. */
export interface Sidecar extends Child {
  /** Where it serves gRPC. */
  readonly address: string;
  /** Where it serves HTTP: a URL without a path. */
  readonly adminUrl: string;
  /** Ends it as a power cut would. */
  kill(): Promise<Exit>;
}

/** Starts one on free ports and answers when it serves. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const child = spawnSidecar(options);
  const { address, adminUrl } = await child.find(readServingLine);
  return { ...child, address, adminUrl, kill: () => child.end('SIGKILL') };
}

/** Starts one, which may refuse to serve. */
export function spawnSidecar(options: SidecarOptions): Child {
  const {
    dataDir,
    config,
    listen = '127.0.0.1:0',
    flags: more = [],
    env = {},
    through = [],
  } = options;
  const flags = [
    ...['--listen', listen, '--admin-listen', '127.0.0.1:0'],
    ...['--data-dir', dataDir, '--log-level', 'info'],
    ...(config === undefined ? [] : ['--config', config]),
    ...more,
  ];
  const child = runScript(MAIN, flags, env, { through });
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  return child;
}

/** Where a line says that the sidecar serves. */
export function readServingLine(line: string): { address: string; adminUrl: string } | undefined {
  const record: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
  if (!isServing(record)) return undefined;
  const [address = ''] = record.listen;
  return { address, adminUrl: record.admin };
}

function isServing(record: unknown): record is { listen: string[]; admin: string } {
  return typeof record === 'object' && record !== null && 'listen' in record && 'admin' in record;
}

/** Memory that a process holds now, in bytes. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}
