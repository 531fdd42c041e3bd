import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';

export interface CallResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What grpcurl exits with where the call's deadline passes: 64 and the gRPC code. */
export const DEADLINE_EXIT = 64 + 4;

/** The folder of the real grpcurl, which `.ci/run` builds and names in GRPCURL. */
function grpcurlFolder(): string {
  const path = process.env.GRPCURL;
  if (path === undefined || path === '') {
    throw new Error('GRPCURL must be the path of a grpcurl: .ci/run builds one');
  }
  return dirname(path);
}

/** Runs grpcurl with these arguments, and `input` for its standard input. */
export function grpcurl(args: readonly string[], input = ''): Promise<CallResult> {
  return run(`${grpcurlFolder()}/grpcurl`, args, input, process.cwd());
}

/** Runs a line of shell that calls grpcurl, in a directory. */
export function runLine(line: string, directory: string): Promise<CallResult> {
  return run('bash', ['-c', line], '', directory);
}

function run(
  command: string,
  args: readonly string[],
  input: string,
  cwd: string,
): Promise<CallResult> {
  const env = { ...process.env, PATH: `${grpcurlFolder()}${delimiter}${process.env.PATH}` };
  const child = spawn(command, args, { cwd, env });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
}

/** The calls that docs/grpcurl.md shows, in order: the lines of its block marked `sh grpcurl`. */
export function documentedCalls(): string[] {
  const text = readFileSync(new URL('../../../docs/grpcurl.md', import.meta.url), 'utf8');
  const block = /^```sh grpcurl\n(.*?)^```$/ms.exec(text)?.[1] ?? '';
  return block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
