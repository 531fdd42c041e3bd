import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { describePinning } from './cores.ts';

/** The machine in one line; to be called before the run, whose own load is not to count. */
export function describeMachine(): string {
  const virtual = readFileSync('/proc/cpuinfo', 'utf8').includes(' hypervisor');
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()}-core ${virtual ? 'virtual machine' : 'machine'}`,
    cpus()[0]?.model.trim(),
    `${memoryGib} GiB of memory`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}`,
    describePinning(),
    `load average ${loadavg()[0]?.toFixed(1)} before the run`,
  ].join(', ');
}
