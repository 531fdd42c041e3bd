#!/usr/bin/env node
import { run } from './cli/command.js';
process.exitCode = await run(process.argv);
//# sourceMappingURL=main.js.map