// Runs a tool of tools/, which is installed when it is first used: `node scripts/tool.ts NAME ARGUMENT...`;
// without a name, it is only installed. Nothing that starts the service needs these tools, nor does `npm test`, and
// they take more room than all that does but Node.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const TOOLS = join(import.meta.dirname, '..', 'tools');

/** Exit code of a command that cannot be run, as shells have it. */
const NOT_RUN = 127;

/** npm writes down what it has installed; older than what is asked for, it has to install again. */
function isInstalled(): boolean {
  const installed = join(TOOLS, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const asked = statSync(join(TOOLS, 'package-lock.json'));
  return statSync(installed).mtimeMs >= asked.mtimeMs;
}

function run(command: string, args: readonly string[], cwd: string, output: 'inherit' | 2): number {
  const stdio = ['inherit', output, 'inherit'] as const;
  const { error, status } = spawnSync(command, args, { cwd, stdio: [...stdio] });
  if (error !== undefined) console.error(error.message);
  return status ?? NOT_RUN;
}

const [name, ...args] = process.argv.slice(2);
let code = 0;
if (!isInstalled()) {
  console.error('installing tools/, once');
  code = run('npm', ['ci'], TOOLS, 2);
}
if (code === 0 && name !== undefined) {
  code = run(join(TOOLS, 'node_modules', '.bin', name), args, process.cwd(), 'inherit');
}
process.exitCode = code;
