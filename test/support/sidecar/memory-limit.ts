import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** How a process is given so much memory and no more. */
export interface MemoryLimit {
  readonly through: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** In words. */
  readonly by: string;
}

/** Where groups are, and the file that bounds one. */
const CGROUPS = [
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ['/sys/fs/cgroup', 'memory.max'],
] as const;

let groups = 0;

/** A control group until the test ends or, where none can be had, the heap that Node would choose in one. */
export function limitMemory(mebibytes: number): MemoryLimit {
  groups += 1;
  for (const [root, bound] of CGROUPS) {
    const group = join(root, `learning-sidecar-${process.pid}-${groups}`);
    try {
      mkdirSync(group);
      onTestFinished(() => rmdirSync(group));
      writeFileSync(join(group, bound), `${mebibytes * 2 ** 20}`);
      const enter = `echo $$ > ${group}/cgroup.procs && exec "$@"`;
      return { through: ['sh', '-c', enter, 'sh'], env: {}, by: 'a control group' };
    } catch {}
  }
  const heap = Math.floor(mebibytes / 2);
  const env = { NODE_OPTIONS: `--max-old-space-size=${heap}` };
  return { through: [], env, by: `a heap of ${heap} MiB` };
}
