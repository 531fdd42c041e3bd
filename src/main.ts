#!/usr/bin/env node
import * as nodeModule from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Until the service serves, SIGHUP has nothing to reload. SIGUSR1 would open a debugger, and SIGUSR2 end the process.
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

// A signal without a handler does not end the first process of a container: until the service serves, these do. The
// exit code is 128 and the signal's number, as shells report a process that a signal has ended.
if (process.pid === 1) {
  process.on('SIGTERM', () => process.exit(128 + 15));
  process.on('SIGINT', () => process.exit(128 + 2));
}

// These settings come before anything else is loaded, since they concern the loading. A young generation that grows
// with the garbage of the start keeps its size: 30 MB for as long as the service idles.
nodeModule.enableCompileCache();
setFlagsFromString('--semi-space-growth-factor=1');
// By default, V8 lets the old generation quadruple between collections, and keeps its size. At 120 %, the size levels
// off; a lower percentage made calls cost more where it was measured.
setFlagsFromString('--heap-growing-percent=120');
// The middle compiler leaves 15 MB behind from the start; the optimizing compiler compiles hot code anyhow.
setFlagsFromString('--no-maglev');

const { run } = await import('./cli/command.ts');
process.exitCode = await run(process.argv);

// V8's default: under load, a young generation that may grow is worth its memory.
setFlagsFromString('--semi-space-growth-factor=2');
