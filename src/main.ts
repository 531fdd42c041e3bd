#!/usr/bin/env node
import * as nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';

// SIGUSR1 opens no debugger. SIGHUP is for what there is to read again, which nothing is before it serves.
for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2']) process.on(signal, () => {});

/** What `node:sqlite` and the syntax of the sources need; `engines` says the same. */
const OLDEST_NODE = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  const isClone = import.meta.url.endsWith('.ts');
  const advice = isClone
    ? 'npm start uses the one that npm ci has installed, node_modules/.bin/node'
    : `install a newer one, or beside this package another, by npm install node@${OLDEST_NODE}, which npx uses then`;
  process.stderr.write(
    `learning-sidecar needs Node ${OLDEST_NODE} or newer, and this is ${process.version}: ${advice}\n`,
  );
  process.exit(1);
}

// The first process of a container is not ended by a signal that it has no answer to: before it
// serves, it leaves. 128 and the signal's number is what shells say of one that was ended.
if (process.pid === 1) {
  process.on('SIGTERM', () => process.exit(128 + 15));
  process.on('SIGINT', () => process.exit(128 + 2));
}

// All before anything else is loaded, since it is about that. A young generation that grows with
// the garbage of the start keeps that size: 30 MB for as long as the service idles.
nodeModule.enableCompileCache();
setFlagsFromString('--semi-space-growth-factor=1');
// V8 lets an old generation quadruple between collections, and keeps that. 120 % more levels off; less
// cost more of each call where it was measured.
setFlagsFromString('--heap-growing-percent=120');
// The middle compiler leaves 15 MB behind from the start; hot code gets the optimizing one anyhow.
setFlagsFromString('--no-maglev');

const { run } = await import('./cli/command.ts');
process.exitCode = await run(process.argv);

// V8's default: under load, a young generation that may grow is worth its memory.
setFlagsFromString('--semi-space-growth-factor=2');
