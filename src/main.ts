#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// A young generation that grows with the garbage of the start keeps that size: 30 MB for as long
// as the service idles. It may grow under load. This has to come before anything is loaded.
setFlagsFromString('--semi-space-growth-factor=1');
const { run } = await import('./cli/command.ts');
process.exitCode = await run(process.argv);
setFlagsFromString('--semi-space-growth-factor=2');
