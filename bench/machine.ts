import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the figures are taken on, in a line; before the run, so that its own load is not in it. */
export function describeMachine(): string {
  const virtual = readFileSync('/proc/cpuinfo', 'utf8').includes(' hypervisor');
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()}-core ${virtual ? 'virtual machine' : 'machine'}`,
    cpus()[0]?.model.trim(),
    `${memoryGib} GiB of memory`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}`,
    `load average ${loadavg()[0]?.toFixed(1)} before the run`,
  ].join(', ');
}
