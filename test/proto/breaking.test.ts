import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** What buf ends with where it has found something. */
const FOUND = 100;

/** Changes after which clients of the last release would no longer be understood. */
const BREAKS = [
  ['a field renumbered', 'string agent_id = 2', 'string agent_id = 20', 'agent_id'],
  ['a type changed', 'double latency_ms = 4', 'float latency_ms = 4', 'latency_ms'],
  ['absence no longer told', 'optional double latency_ms', 'double latency_ms', 'latency_ms'],
  ['a field taken away', '  uint64 delta_sequence = 8;', '  // Taken away.', 'delta_sequence'],
  ['an enum value renamed', 'TASK_STATUS_TIMEOUT = 3', 'TASK_STATUS_LATE = 3', 'TASK_STATUS_LATE'],
] as const;

/** Runs the check of `npm run check` in a copy of the contract. */
function checkCopy(change: (text: string) => string): Promise<{ code: unknown; output: string }> {
  const copy = tempDir();
  for (const part of ['proto', 'test/proto', 'buf.yaml']) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  const file = join(copy, 'proto/learning/v1/task.proto');
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, change(before));
  const [node = '', tool = '', ...args] = String(scripts.breaking).split(' ');
  return new Promise((resolve) => {
    execFile(node, [join(ROOT, tool), ...args], { cwd: copy }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}

test('the contract can be read by clients of the last release', async () => {
  expect(scripts.check).toContain('npm run breaking');
  expect(await checkCopy((text) => text)).toEqual({ code: 0, output: '' });
});

test('what is added is no break', async () => {
  const added = (text: string) =>
    text.replace('  uint64 delta_sequence = 8;', '$&\n  // More.\n  string more = 99;');
  expect(await checkCopy(added)).toEqual({ code: 0, output: '' });
});

test.each(BREAKS)('%s is caught', async (_, from, to, named) => {
  const { code, output } = await checkCopy((text) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  });
  expect({ code, output }).toEqual({ code: FOUND, output: expect.stringContaining(named) });
});
