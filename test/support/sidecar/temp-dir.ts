import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory, until the test ends. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'learning-sidecar-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
