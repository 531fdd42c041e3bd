import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Cores {
  readonly server: number;
  readonly client: number;
  readonly all: readonly number[];
}

/** `undefined` where there is one core only, or no `taskset`: nothing is pinned then. */
const CORES = chooseCores();

/** Pins this process, the client, to a core that no server runs on. */
export function pinClient(): void {
  if (CORES === undefined) return;
  const args = ['--all-tasks', '--cpu-list', '--pid', String(CORES.client), String(process.pid)];
  execFileSync('taskset', args, { stdio: 'ignore' });
}

export function describePinning(): string {
  return CORES === undefined
    ? 'nothing pinned'
    : `servers pinned to core ${CORES.server}, the client to core ${CORES.client}`;
}

/** The command that runs Node with these arguments: on the servers' core, or on all cores. */
export function nodeCommand(
  args: readonly string[],
  { onAllCores = false } = {},
): readonly [file: string, args: readonly string[]] {
  if (CORES === undefined) return [process.execPath, args];
  const list = onAllCores ? CORES.all.join(',') : String(CORES.server);
  return ['taskset', ['--cpu-list', list, process.execPath, ...args]];
}

function chooseCores(): Cores | undefined {
  const all = allowedCores();
  const [client, server] = [all[0], all.at(-1)];
  const canPin = spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;
  if (client === undefined || server === undefined || client === server || !canPin)
    return undefined;
  return { server, client, all };
}

/** The kernel's list, for example 0-3,8. */
function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
