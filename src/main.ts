#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Before anything else is loaded, since both are about that. A young generation that grows with
// the garbage of the start keeps that size: 30 MB for as long as the service idles.
enableCompileCache();
setFlagsFromString('--semi-space-growth-factor=1');
// An old generation that may multiply between collections takes what memory there is, and keeps it.
setFlagsFromString('--heap-growing-percent=50');

const { run } = await import('./cli/command.ts');
process.exitCode = await run(process.argv);

// V8's default: under load, a young generation that may grow is worth its memory.
setFlagsFromString('--semi-space-growth-factor=2');
// Not left to the end of the process, which a service that is killed does not see.
flushCompileCache();
