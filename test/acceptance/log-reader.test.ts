import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

test('a sidecar whose log nobody reads any more still stops when it is told to', async () => {
  const free = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, [MAIN, ...free, '--data-dir', ':memory:'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
