import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createAuthority, LOCAL_NAMES } from '../support/sidecar/certificates.ts';
import { namedAddress, startConfigured } from '../support/sidecar/secure-sidecar.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const BUF = resolve('tools/node_modules/.bin/buf');
const CHECK = 'grpc.health.v1.Health/Check';
const STATUS = 'learning.v1.LearningService/GetStatus';
const TOKEN = 'a-token-of-operators';
const SERVING = /SERVING/;
const EPOCH = /"epoch"/;

/** A tool takes longer than this only where nobody answers it. */
const TIMEOUT_MS = 20_000;

/** What a test reaches a sidecar by. */
interface Way {
  readonly sidecar: Sidecar;
  /** Each tool's words for it, before what is called. */
  readonly grpcurl: readonly string[];
  readonly probe: readonly string[];
  readonly bufCurl: readonly string[];
  /** What buf curl puts before the path. */
  readonly url: string;
}

/** The path of a tool that `.ci/run` builds, and names in the environment. */
function built(variable: string): string {
  const path = process.env[variable];
  if (path === undefined || path === '') throw new Error(`${variable}: .ci/run builds it`);
  return path;
}

async function overTcp(): Promise<Way> {
  const sidecar = await startSidecar({ dataDir: ':memory:' });
  const { address } = sidecar;
  return {
    sidecar,
    grpcurl: ['-plaintext', address],
    probe: ['-addr', address],
    bufCurl: ['--http2-prior-knowledge'],
    url: `http://${address}`,
  };
}

async function overUnixSocket(): Promise<Way> {
  const path = join(tempDir(), 'sidecar.sock');
  const sidecar = await startSidecar({ dataDir: ':memory:', listen: `unix:${path}` });
  return {
    sidecar,
    grpcurl: ['-plaintext', `unix:${path}`],
    probe: ['-addr', `unix:${path}`],
    bufCurl: ['--http2-prior-knowledge', '--unix-socket', path],
    url: 'http://localhost',
  };
}

/** With tokens; health is open all the same. */
async function overTlsWithToken(): Promise<Way> {
  const file = join(tempDir(), 'tokens');
  writeFileSync(file, `${TOKEN}\n`);
  const way = await overTls({ tokens: { admin_file: file } });
  const header = ['-H', `authorization: Bearer ${TOKEN}`];
  return {
    ...way,
    grpcurl: [...header, ...way.grpcurl],
    bufCurl: [...header, '--reflect-header', '*', ...way.bufCurl],
  };
}

async function overTls(more: object = {}): Promise<Way> {
  const directory = tempDir();
  const authority = createAuthority('an authority');
  const { cert, key } = authority.issue({ commonName: 'sidecar', names: LOCAL_NAMES });
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const ca = write('ca.crt', authority.cert);
  const tls = {
    certificate_file: write('tls.crt', cert),
    key_file: write('tls.key', key),
  };
  const { sidecar } = await startConfigured(directory, { tls, ...more });
  const address = namedAddress(sidecar);
  return {
    sidecar,
    grpcurl: ['-cacert', ca, address],
    probe: ['-tls', '-tls-ca-cert', ca, '-addr', address],
    bufCurl: ['--cacert', ca],
    url: `https://${address}`,
  };
}

const WAYS = [
  { name: 'TCP', open: overTcp },
  { name: 'unix socket', open: overUnixSocket },
  { name: 'TLS', open: () => overTls() },
  { name: 'TLS and token', open: overTlsWithToken },
] as const;

/** The last of the tools' words; `says` is what has to be in the answer. */
const CALLS = [
  {
    tool: 'grpc_health_probe',
    says: SERVING,
    command: ({ probe }: Way) => [built('GRPC_HEALTH_PROBE'), ...probe],
  },
  {
    tool: 'grpcurl, health',
    says: SERVING,
    command: ({ grpcurl }: Way) => [built('GRPCURL'), ...grpcurl, CHECK],
  },
  {
    tool: 'grpcurl, status',
    says: EPOCH,
    command: ({ grpcurl }: Way) => [built('GRPCURL'), ...grpcurl, STATUS],
  },
  {
    tool: 'buf curl, health',
    says: SERVING,
    command: ({ bufCurl, url }: Way) => bufCurlOf(bufCurl, url, CHECK),
  },
  {
    tool: 'buf curl, status',
    says: EPOCH,
    command: ({ bufCurl, url }: Way) => bufCurlOf(bufCurl, url, STATUS),
  },
] as const;

function bufCurlOf(flags: readonly string[], url: string, method: string): string[] {
  return [BUF, 'curl', '--protocol', 'grpc', ...flags, `${url}/${method}`];
}

function run([file = '', ...args]: readonly string[]): Promise<{ code: unknown; output: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}

const cells = new Map<string, string>();

describe.each(WAYS)('over $name', ({ name, open }) => {
  test('each tool gets its answer, and none once nobody is there', async () => {
    const way = await open();
    for (const { tool, says, command } of CALLS) {
      const startMs = performance.now();
      const { code, output } = await run(command(way));
      expect({ tool, code, output }).toEqual({
        tool,
        code: 0,
        output: expect.stringMatching(says),
      });
      cells.set(`${tool} ${name}`, `ok ${(performance.now() - startMs).toFixed(0)} ms`);
    }
    await way.sidecar.kill();
    for (const { tool, command } of CALLS) {
      const { code } = await run(command(way));
      expect(code, tool).not.toBe(0);
    }
  });
});

afterAll(() => {
  const rows = CALLS.map(({ tool }) => [
    tool,
    ...WAYS.map(({ name }) => cells.get(`${tool} ${name}`) ?? 'FAILED'),
  ]);
  const table = [['probes', ...WAYS.map(({ name }) => name)], ...rows];
  console.log(table.map((row) => row.map((cell) => cell.padEnd(18)).join('')).join('\n'));
});
