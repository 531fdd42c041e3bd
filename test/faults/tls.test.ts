import { writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { failureOf } from '../rpc/wire.ts';
import { createAuthority, LOCAL_NAMES, type Pair } from '../support/sidecar/certificates.ts';
import { runScript } from '../support/sidecar/child.ts';
import {
  callers,
  hasLogged,
  logged,
  namedAddress,
  startConfigured,
} from '../support/sidecar/secure-sidecar.ts';
import { spawnSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { MountedFiles, tlsCredentials } from '../support/sidecar/tls.ts';

const ANSWER = { deadlineMs: 10_000 };
const READ_AGAIN = 'certificates were read again';
const REFUSED_FILES = 'new certificates were refused';
const REFUSED = 'a connection was refused';

/** An authority, and a sidecar's certificates of it in files that can be exchanged. */
function createFiles({ clientCa = '' } = {}) {
  const ca = createAuthority('an authority');
  const directory = tempDir();
  const files = new MountedFiles(join(directory, 'tls'));
  const issue = () => ca.issue({ commonName: 'sidecar', names: LOCAL_NAMES });
  const mount = ({ cert, key } = issue(), clients = clientCa || ca.cert) =>
    files.mount({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': clients });
  mount();
  const tls = { certificate_file: files.path('tls.crt'), key_file: files.path('tls.key') };
  const mutual = { ...tls, client_ca_file: files.path('ca.crt') };
  return { ca, directory, files, issue, mount, tls, mutual };
}

test('who shows no certificate, or a wrong one, is refused, and the log says why', async () => {
  const { ca, directory, mutual } = createFiles();
  const tls = { ...mutual, allowed_names: ['orchestrator.test', 'spiffe://test/orchestrator'] };
  const { sidecar } = await startConfigured(directory, { tls });
  const allowed = { names: ['orchestrator.test'] };
  const cases: { kind: string; own: Pair | undefined; says: RegExp }[] = [
    { kind: 'no_certificate', own: undefined, says: /showed no certificate/ },
    {
      kind: 'unknown_ca',
      own: createAuthority('another authority').issue(allowed),
      says: /not of a CA in tls.client_ca_file/,
    },
    { kind: 'expired', own: ca.issue({ ...allowed, days: -1 }), says: /has expired/ },
    {
      kind: 'name',
      own: ca.issue({ commonName: 'x', names: ['evil.test', '*.test', 'orchestrator.test.evil'] }),
      says: /in tls.allowed_names: DNS:evil.test, DNS:\*.test, DNS:orchestrator.test.evil, CN:x/,
    },
  ];
  for (const [index, { kind, own, says }] of cases.entries()) {
    const { client } = callers(namedAddress(sidecar), tlsCredentials(ca.cert, own));
    const failure = await failureOf(client.resolveParameters({}, ANSWER));
    expect(failure.code, kind).toBe(14);
    const line = (await hasLogged(sidecar, REFUSED, index + 1))[index];
    expect(line).toMatchObject({ kind, reason: expect.stringMatching(says), level: 40 });
    expect(line?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
  }
  const admitted = [ca.issue(allowed), ca.issue({ names: ['spiffe://test/orchestrator'] })];
  for (const own of [...admitted, ca.issue({ commonName: 'orchestrator.test' })]) {
    const { client } = callers(namedAddress(sidecar), tlsCredentials(ca.cert, own));
    await client.resolveParameters({}, ANSWER);
  }
  expect(logged(sidecar, REFUSED)).toHaveLength(cases.length);
  const kinds = cases.map(({ kind }) => kind).join(', ');
  console.log(
    `tls: refused, each with its log line: ${kinds}; admitted by DNS name, URI and CN: 3`,
  );
});

test('an expired CA of the clients, and a client that does not trust us, are told apart', async () => {
  const expired = createAuthority('an expired authority', -1);
  const { ca, directory, mutual } = createFiles({ clientCa: expired.cert });
  const { sidecar } = await startConfigured(directory, { tls: mutual });
  const own = expired.issue();
  const other = createAuthority('another authority');
  const cases: [string, string, Pair | undefined, RegExp][] = [
    ['expired', ca.cert, own, /^the CA in tls\.client_ca_file has expired$/],
    ['client', other.cert, own, /^the client broke the handshake off when it had seen .*trust/],
    ['client', other.cert, undefined, /^the client broke the handshake off when it had seen/],
  ];
  for (const [index, [kind, trusted, pair, says]] of cases.entries()) {
    const { client } = callers(namedAddress(sidecar), tlsCredentials(trusted, pair));
    expect((await failureOf(client.getStatus({}, ANSWER))).code).toBe(14);
    const line = (await hasLogged(sidecar, REFUSED, index + 1))[index];
    expect(line).toMatchObject({ kind, reason: expect.stringMatching(says) });
  }
  const { port } = new URL(`tls://${sidecar.address}`);
  const probe = connect(Number(port), '127.0.0.1').on('error', () => {});
  probe.end();
  const probed = (await hasLogged(sidecar, REFUSED, cases.length + 1))[cases.length];
  expect(probed).toMatchObject({ kind: 'broken' });
});

test('a wrong server name, and a certificate not trusted, are shown at the client', async () => {
  const { ca, directory, tls } = createFiles();
  const { sidecar } = await startConfigured(directory, { tls });
  const caFile = join(directory, 'authority.pem');
  const otherFile = join(directory, 'other.pem');
  writeFileSync(caFile, ca.cert);
  writeFileSync(otherFile, createAuthority('another authority').cert);
  const watch = async (...flags: string[]) => {
    const child = runScript('src/main.ts', ['watch', '--target', sidecar.address, ...flags]);
    onTestFinished(async () => void (await child.end('SIGKILL')));
    const { code } = await child.exited;
    return `${code}: ${child.errorLines.join('\n')}`;
  };
  const wrongName = await watch('--tls-ca', caFile, '--tls-server-name', 'elsewhere.test');
  expect(wrongName).toMatch(/^1: .*another name.*elsewhere\.test/);
  expect(await watch('--tls-ca', otherFile)).toMatch(/^1: .*not trusted \(--tls-ca\)/);
  expect(await watch()).toMatch(/^1: .*it may want TLS/);
  expect(await watch('--tls-ca', join(directory, 'none.pem'))).toMatch(/^2: --tls-ca: cannot read/);
  console.log(`tls: wrong server name, as watch says it: ${wrongName.slice(3)}`);
});

test('certificates are exchanged under load, and no call fails', async () => {
  const ROTATIONS = 10;
  const LANES = 16;
  const { ca, directory, mount, mutual } = createFiles();
  const { sidecar } = await startConfigured(directory, { tls: mutual });
  const address = namedAddress(sidecar);
  const own = ca.issue();
  const secret = tlsCredentials(ca.cert, own);
  const failures: unknown[] = [];
  let [calls, connections, over] = [0, 0, false];
  // One client keeps its connection over all exchanges; the others open one for every few calls.
  const lasting = callers(address, secret);
  const lane = async (index: number) => {
    while (!over) {
      const { client, close } = index === 0 ? lasting : callers(address, secret);
      connections += 1;
      for (let i = 0; i < 3; i += 1) {
        await client.recordTask({ task: { latencyMs: 1 } }, ANSWER).then(
          () => {
            calls += 1;
          },
          (error: unknown) => failures.push(error),
        );
      }
      if (index > 0) close();
    }
  };
  const lanes = Array.from({ length: LANES }, (_, index) => lane(index));
  for (let i = 1; i <= ROTATIONS; i += 1) {
    mount();
    await hasLogged(sidecar, READ_AGAIN, i);
  }
  over = true;
  await Promise.all(lanes);
  expect(failures).toEqual([]);
  expect(logged(sidecar, REFUSED_FILES)).toEqual([]);
  const { totalTasksRecorded } = await lasting.client.getStatus({}, ANSWER);
  expect(totalTasksRecorded).toBe(BigInt(calls));
  const open = () => metric(sidecar.adminUrl, ca.cert, 'learning_connections', own);
  await expect.poll(open, { timeout: 10_000 }).toBe('1');
  console.log(
    `tls: ${ROTATIONS} exchanges of the certificate, ${LANES} calls in flight: ${calls} calls over ` +
      `${connections} connections, 0 failed`,
  );
});

test('a bad pair is refused, and the last good one kept', async () => {
  const { ca, directory, files, issue, mount, tls } = createFiles();
  const { sidecar } = await startConfigured(directory, { tls });
  const call = async () => {
    const { client, close } = callers(namedAddress(sidecar), tlsCredentials(ca.cert));
    const { configError } = await client.getStatus({}, ANSWER);
    close();
    return configError;
  };
  const good = issue();
  const bad: [Record<string, string>, RegExp][] = [
    [{ 'tls.crt': good.cert, 'tls.key': issue().key }, /tls\.key is not the key of the cert/],
    [{ 'tls.crt': 'nonsense', 'tls.key': good.key }, /tls\.crt holds no certificate/],
    [{ 'tls.crt': good.cert.slice(0, 400), 'tls.key': good.key }, /tls\.crt holds no certificate/],
    [{ 'tls.crt': good.cert, 'tls.key': '' }, /tls\.key holds no private key/],
    [{ 'tls.crt': good.cert }, /cannot read .*tls\.key/],
  ];
  for (const [index, [broken, says]] of bad.entries()) {
    files.mount(broken);
    const line = (await hasLogged(sidecar, REFUSED_FILES, index + 1))[index];
    expect(line?.reason).toMatch(says);
    expect(await call()).toMatch(says);
  }
  expect(await metric(sidecar.adminUrl, ca.cert, 'learning_access_files_refused')).toBe('1');
  mount(good);
  await hasLogged(sidecar, READ_AGAIN);
  expect(await call()).toBe('');
  expect(await metric(sidecar.adminUrl, ca.cert, 'learning_access_files_refused')).toBe('0');
  console.log(`tls: ${bad.length} bad pairs refused, each with its log line; served throughout`);
});

test('the authority of the clients is exchanged as well', async () => {
  const [former, later] = [createAuthority('former'), createAuthority('later')];
  const { ca, directory, mount, mutual } = createFiles({ clientCa: former.cert });
  const { sidecar } = await startConfigured(directory, { tls: mutual });
  const clientOf = (authority: typeof former) =>
    callers(namedAddress(sidecar), tlsCredentials(ca.cert, authority.issue())).client;
  const lasting = clientOf(former);
  await lasting.getStatus({}, ANSWER);
  expect((await failureOf(clientOf(later).getStatus({}, ANSWER))).code).toBe(14);
  mount(undefined, former.cert + later.cert);
  await hasLogged(sidecar, READ_AGAIN, 1);
  for (const authority of [former, later]) await clientOf(authority).getStatus({}, ANSWER);
  mount(undefined, later.cert);
  await hasLogged(sidecar, READ_AGAIN, 2);
  await clientOf(later).getStatus({}, ANSWER);
  expect((await failureOf(clientOf(former).getStatus({}, ANSWER))).code).toBe(14);
  await lasting.getStatus({}, ANSWER);
  console.log('tls: client CA exchanged by way of both: new connections by the new one alone');
});

test('a config that is read again may change names and paths, not whether there is TLS', async () => {
  const { ca, directory, mutual, files } = createFiles();
  const tls = { ...mutual, allowed_names: ['a.test'] };
  const { sidecar, configFile } = await startConfigured(directory, { tls });
  const own = ca.issue({ names: ['b.test'] });
  const client = () => callers(namedAddress(sidecar), tlsCredentials(ca.cert, own)).client;
  const reload = (config: object) => writeFileSync(configFile, JSON.stringify(config));
  expect((await failureOf(client().getStatus({}, ANSWER))).code).toBe(14);
  reload({ version: '2', tls: { ...tls, allowed_names: ['a.test', 'b.test'] } });
  await hasLogged(sidecar, 'the config was read again');
  const lasting = client();
  expect(await lasting.getStatus({}, ANSWER)).toMatchObject({ configVersion: '2' });
  const refused: [object, RegExp][] = [
    [{ version: '3' }, /tls was taken away: that takes a restart/],
    [{ tls: { ...tls, client_ca_file: undefined, allowed_names: [] } }, /client_ca_file was taken/],
    [{ tls, tokens: { admin_file: files.path('ca.crt') } }, /tokens was added/],
    [{ tls: { ...tls, key_file: files.path('none') } }, /tls.key_file: cannot read/],
  ];
  for (const [index, [config, says]] of refused.entries()) {
    reload(config);
    const line = (await hasLogged(sidecar, 'the new config was refused', index + 1))[index];
    expect(line?.reason).toMatch(says);
  }
  expect(await lasting.getStatus({}, ANSWER)).toMatchObject({ configVersion: '2' });
  await client().getStatus({}, ANSWER);
  console.log(
    `tls: names taken up by a reload; ${refused.length} reloads refused, nothing changed`,
  );
});

test('HTTP has TLS as well: probes are for everybody, metrics for who shows a certificate', async () => {
  const { ca, directory, mutual } = createFiles();
  const { sidecar } = await startConfigured(directory, { tls: mutual });
  const status = async (path: string, own?: Pair) =>
    (await fetchPage(sidecar.adminUrl, path, ca.cert, own)).status;
  const stranger = createAuthority('another authority').issue();
  for (const own of [undefined, stranger, ca.issue({ days: -1 })]) {
    expect(await status('/healthz', own)).toBe(200);
    expect(await status('/readyz', own)).toBe(200);
    expect(await status('/metrics', own)).toBe(403);
  }
  expect(await status('/metrics', ca.issue())).toBe(200);
});

test('a flood of bad handshakes fills neither the log nor the process', async () => {
  const SILENT = 100;
  const FLOOD = 1000;
  const { ca, directory, mutual } = createFiles();
  const { sidecar } = await startConfigured(directory, { tls: mutual });
  const { port } = new URL(`tls://${sidecar.address}`);
  // What is not read never ends.
  const dial = () =>
    connect(Number(port), '127.0.0.1')
      .on('error', () => {})
      .resume();
  const silent = Array.from({ length: SILENT }, () => dial());
  const closed = silent.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (let i = 0; i < FLOOD; i += 1) {
    const socket = dial();
    await new Promise((resolve) => socket.once('close', resolve).end('GET / HTTP/1.1\r\n\r\n'));
  }
  await Promise.all(closed);
  await hasLogged(sidecar, 'more connections or calls were refused');
  const left = () =>
    logged(sidecar, 'more connections or').reduce((sum, { count }) => sum + Number(count), 0);
  await sidecar.find(() =>
    logged(sidecar, REFUSED).length + left() >= FLOOD + SILENT ? 1 : undefined,
  );
  const lines = logged(sidecar, REFUSED).length;
  expect(lines).toBeLessThan(FLOOD / 5);
  const { client } = callers(namedAddress(sidecar), tlsCredentials(ca.cert, ca.issue()));
  await client.getStatus({}, ANSWER);
  console.log(
    `tls: ${FLOOD} bad and ${SILENT} silent handshakes: all ended, ${lines} lines logged`,
  );
});

test('what cannot be served securely is not served: exit 2, and which file is at fault', async () => {
  const { directory, files, issue, tls } = createFiles();
  files.mount({ 'tls.crt': issue().cert, 'tls.key': issue().key });
  const config = join(directory, 'config.json');
  const ends = async (settings: object, ...flags: string[]) => {
    writeFileSync(config, JSON.stringify(settings));
    const child = spawnSidecar({ dataDir: ':memory:', config, flags });
    const { code } = await child.exited;
    return `${code}: ${child.errorLines.join('\n')}`;
  };
  expect(await ends({ tls })).toMatch(/^2: tls\.key_file: .*tls\.key is not the key/);
  expect(await ends({ tls: { ...tls, key_file: '/nowhere' } })).toMatch(/^2: .*\/nowhere/);
  expect(await ends({}, '--listen', '0.0.0.0:0')).toMatch(
    /^2: --listen 0\.0\.0\.0:0: .*--insecure/,
  );
  expect(await ends({}, '--admin-listen', '[::]:0')).toMatch(/^2: --admin-listen \[::\]:0: /);
  expect(await ends({}, '--listen', 'tls:127.0.0.1:0')).toMatch(/^2: .*there is no certificate/);
});

test('plain and TLS beside each other, where the address says so', async () => {
  const { ca, directory, tls } = createFiles();
  const socket = `unix:${directory}/sidecar.sock`;
  const flags = [
    '--listen',
    'plain:127.0.0.1:0',
    '--listen',
    socket,
    '--listen',
    `tls:${socket}-tls`,
  ];
  const { sidecar } = await startConfigured(directory, { tls }, flags);
  const line = await sidecar.find((text) => /"listen":\[(?<all>[^\]]*)\]/.exec(text)?.groups?.all);
  const [, plain = ''] = line.replaceAll('"', '').split(',');
  for (const address of [plain, socket]) {
    await callers(address, credentials.createInsecure()).client.getStatus({}, ANSWER);
  }
  const named = { 'grpc.ssl_target_name_override': 'localhost' };
  const secured = callers(`${socket}-tls`, tlsCredentials(ca.cert), named);
  await secured.client.getStatus({}, ANSWER);
});

function fetchPage(url: string, path: string, ca: string, own?: Pair) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const request = get(new URL(path, url), { ca, ...own, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject);
  });
}

async function metric(
  url: string,
  ca: string,
  name: string,
  own?: Pair,
): Promise<string | undefined> {
  const { text } = await fetchPage(url, '/metrics', ca, own);
  return new RegExp(`^${name} (?<value>\\S+)$`, 'm').exec(text)?.groups?.value;
}
