import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { buildContext, copyInto, stageSource } from '../../scripts/image-check/context.ts';
import { readDockerfile } from '../../scripts/image-check/dockerfile.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** What one stage does, without the words it is written in. */
function stepsOf(text: string) {
  return readDockerfile(`FROM node:26-slim\n${text}`)[0]?.steps.map(({ step }) => step);
}

test('the Dockerfile of this repository has nothing that the check does not know', () => {
  const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'));
  expect(stages.map(({ image, name }) => [image, name])).toEqual([
    ['node:26-slim', 'build'],
    ['node:26-slim', 'dependencies'],
    ['node:26-slim', undefined],
  ]);
  const last = stages.at(-1)?.steps.map(({ step }) => step);
  expect(last).toContainEqual({
    does: 'entrypoint',
    command: ['node', '--initial-old-space-size=32', '/app/dist/main.js'],
  });
});

test('reads what an instruction says', () => {
  expect(
    stepsOf(`COPY --from=build /app/dist a/ \\
        ./dist
ENV ONE=1 TWO="a b"
RUN first && \\
    second
HEALTHCHECK --interval=10s CMD ["node", "main.js", "a b"]
CMD ["--help"]
STOPSIGNAL SIGINT
`),
  ).toEqual([
    { does: 'copy', from: 'build', sources: ['/app/dist', 'a/'], target: './dist' },
    { does: 'env', pairs: { ONE: '1', TWO: 'a b' } },
    { does: 'run', command: expect.stringMatching(/^first && +second$/) },
    { does: 'healthcheck', command: ['node', 'main.js', 'a b'] },
    { does: 'cmd', command: ['--help'] },
    { does: 'stopsignal', signal: 'SIGINT' },
  ]);
});

test.each([
  'ADD a b',
  'ARG VERSION=1',
  'SHELL ["sh"]',
  'ONBUILD RUN true',
  'MAINTAINER somebody',
  'COPY --chown=1000 a b',
  'COPY --link a b',
  'COPY *.json ./',
  'COPY ["a", "b"]',
  'COPY a',
  'RUN --mount=type=cache,target=/root npm ci',
  'RUN ["npm", "ci"]',
  'RUN <<EOF\nnpm ci\nEOF',
  'WORKDIR $HOME',
  'ENV A=$B',
  'ENTRYPOINT node main.js',
  'CMD []',
  'HEALTHCHECK CMD node main.js',
  'HEALTHCHECK NONE',
  'NONSENSE',
])('refuses what it does not know: %s', (line) => {
  expect(() => stepsOf(line)).toThrow('Dockerfile:2: ');
});

/** A folder with files that say their own paths. */
function folderWith(paths: readonly string[]): string {
  const root = tempDir();
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path);
  }
  return root;
}

function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

test('copies files, folders and links as COPY does', () => {
  const root = folderWith(['one.txt', 'two.txt', 'src/a.ts', 'src/deep/b.ts']);
  symlinkSync('a.ts', join(root, 'src/link'));
  const source = stageSource(root);
  const copied = (paths: string[], target: string, before: string[] = []) => {
    const stage = folderWith(before);
    copyInto(stage, { source, paths, target });
    return { stage, files: filesIn(stage) };
  };
  expect(copied(['one.txt'], '/app/other').files).toEqual(['/app/other']);
  expect(copied(['one.txt'], '/app/').files).toEqual(['/app/one.txt']);
  expect(copied(['one.txt'], '/app', ['app/x']).files).toEqual(['/app/one.txt', '/app/x']);
  expect(copied(['one.txt', './two.txt'], '/app').files).toEqual(['/app/one.txt', '/app/two.txt']);
  const { stage, files } = copied(['/src/'], '/app/src');
  expect(files).toEqual(['/app/src/a.ts', '/app/src/deep/b.ts', '/app/src/link']);
  expect(readlinkSync(join(stage, 'app/src/link'))).toBe('a.ts');
  expect(() => copied(['three.txt'], '/app/')).toThrow('three.txt is not in what is copied from');
});

test('what .dockerignore leaves out is not there to be copied', () => {
  const root = folderWith(['src/a.ts', 'src/a.log', 'src/keep.log', 'secret/key', 'other']);
  writeFileSync(join(root, '.dockerignore'), '*\n!src\n# a comment\n**/*.log\n!src/keep.log\n');
  const source = buildContext(root);
  const stage = tempDir();
  copyInto(stage, { source, paths: ['src'], target: '/src' });
  expect(filesIn(stage)).toEqual(['/src/a.ts', '/src/keep.log']);
  for (const path of ['secret', 'other', '.dockerignore']) {
    expect(() => copyInto(stage, { source, paths: [path], target: '/x/' })).toThrow(path);
  }
});
