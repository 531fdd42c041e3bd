import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FileWatch, watchFiles } from '../../src/runtime/file-watch.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

function watching(...paths: string[]) {
  let changes = 0;
  const watch = new FileWatch(paths, () => {
    changes += 1;
  });
  /** Changes reported by this many looks. */
  const changesIn = async (looks: number) => {
    const before = changes;
    for (let i = 0; i < looks; i += 1) await watch.look();
    return changes - before;
  };
  return { watch, changesIn };
}

function fileOf(text: string): string {
  const path = join(tempDir(), 'file');
  writeFileSync(path, text);
  return path;
}

describe('a change', () => {
  test('is reported once, when one more look finds the file as it is', async () => {
    const path = fileOf('one');
    const { changesIn } = watching(path);
    expect(await changesIn(3)).toBe(0);
    writeFileSync(path, 'two two');
    expect(await changesIn(1)).toBe(0);
    expect(await changesIn(1)).toBe(1);
    expect(await changesIn(3)).toBe(0);
  });

  test('that goes on is not reported', async () => {
    const path = fileOf('');
    const { changesIn } = watching(path);
    for (let size = 1; size < 10; size += 1) {
      writeFileSync(path, 'x'.repeat(size));
      expect(await changesIn(1)).toBe(0);
    }
    expect(await changesIn(1)).toBe(1);
  });

  test('before the first look is seen', async () => {
    const path = fileOf('one');
    const { changesIn } = watching(path);
    writeFileSync(path, 'changed');
    expect(await changesIn(2)).toBe(1);
  });

  test('by a file that takes its place is seen', async () => {
    const path = fileOf('one');
    const { changesIn } = watching(path);
    writeFileSync(`${path}.new`, 'one');
    renameSync(`${path}.new`, path);
    expect(await changesIn(2)).toBe(1);
  });

  test('of any of several files is seen, when all of them stand still', async () => {
    const [key, certificate] = [fileOf('key'), fileOf('certificate')];
    const { changesIn } = watching(key, certificate);
    writeFileSync(key, 'new key');
    expect(await changesIn(1)).toBe(0);
    writeFileSync(certificate, 'new certificate');
    expect(await changesIn(1)).toBe(0);
    expect(await changesIn(1)).toBe(1);
  });
});

test('the swap of a link to a directory is seen, as Kubernetes mounts do it', async () => {
  const root = tempDir();
  const version = (name: string, text: string) => {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'config.yaml'), text);
    symlinkSync(name, join(root, '..data_tmp'));
    renameSync(join(root, '..data_tmp'), join(root, '..data'));
  };
  version('..2026_one', 'version: one');
  symlinkSync('..data/config.yaml', join(root, 'config.yaml'));
  const { changesIn } = watching(join(root, 'config.yaml'));
  version('..2026_two', 'version: one');
  rmSync(join(root, '..2026_one'), { recursive: true });
  expect(await changesIn(1)).toBe(0);
  expect(await changesIn(1)).toBe(1);
  expect(await changesIn(2)).toBe(0);
});

test('a file that is gone, and one that is back, have changed', async () => {
  const path = fileOf('one');
  const { changesIn } = watching(path);
  rmSync(path);
  expect(await changesIn(1)).toBe(0);
  expect(await changesIn(1)).toBe(1);
  expect(await changesIn(2)).toBe(0);
  writeFileSync(path, 'one');
  expect(await changesIn(2)).toBe(1);
});

test('a file that was never there is waited for', async () => {
  const path = join(tempDir(), 'later');
  const { changesIn } = watching(path);
  expect(await changesIn(2)).toBe(0);
  writeFileSync(path, '');
  expect(await changesIn(2)).toBe(1);
});

test('a watch looks by itself, again and again, and not once it is stopped', async () => {
  const path = fileOf('one');
  for (const text of ['two', 'three!']) {
    const changed = Promise.withResolvers<void>();
    const stop = watchFiles([path], { intervalMs: 1, onChange: () => changed.resolve() });
    onTestFinished(stop);
    writeFileSync(path, text);
    await changed.promise;
    stop();
  }
  const { watch, changesIn } = watching(path);
  writeFileSync(path, 'four');
  watch.stop();
  expect(await changesIn(3)).toBe(0);
});
