import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('../../faults/python/', import.meta.url));
const PROTO = fileURLToPath(new URL('../../../proto/', import.meta.url));
const PROTO_FILES = [
  'buf/validate/validate.proto',
  ...['task', 'delta', 'cycle', 'gains', 'learning_service'].map(
    (name) => `learning/v1/${name}.proto`,
  ),
];

/** What a client that retries has met with. */
export interface RetryResult {
  readonly recorded: number;
  /** Tasks that were known when they were answered: an answer before had been lost. */
  readonly duplicates: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly withoutRetry: number;
}

/**
 * Makes an environment with grpcio and the generated stubs; kept for later runs. Rejects where
 * there is no Python, or no package index.
 */
export async function preparePython(): Promise<string> {
  const requirements = readFileSync(join(HERE, 'requirements.txt'), 'utf8');
  const versions = requirements.trim().replaceAll(/\W+/g, '-');
  const home = join(tmpdir(), `learning-sidecar-python-${versions}`);
  if (!existsSync(home)) {
    const making = `${home}-${process.pid}`;
    rmSync(making, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', making]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(making, 'bin/python'), [...pip, '-r', join(HERE, 'requirements.txt')]);
    // Scripts in it name their folder; the interpreter alone is used, and does not.
    renameSync(making, home);
  }
  const stubs = join(home, 'stubs');
  mkdirSync(stubs, { recursive: true });
  await run(join(home, 'bin/python'), [
    ...['-m', 'grpc_tools.protoc', '-I', PROTO],
    ...[`--python_out=${stubs}`, `--grpc_python_out=${stubs}`],
    ...PROTO_FILES.map((file) => join(PROTO, file)),
  ]);
  return home;
}

/** Runs the client; answers what it met with. */
export async function runPythonClient(
  home: string,
  address: string,
  { prefix, count, lanes }: { prefix: string; count: number; lanes: number },
): Promise<RetryResult> {
  const script = join(HERE, 'retrying_client.py');
  const args = [script, address, prefix, String(count), String(lanes)];
  const env = { ...process.env, PYTHONPATH: join(home, 'stubs') };
  const { stdout } = await run(join(home, 'bin/python'), args, { env });
  return JSON.parse(stdout);
}
