import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runScript } from '../support/sidecar/child.ts';
import { readServingLine } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { expectFailure, runHere } from './command-line.ts';

const ANY_PORT = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0'];

test('--version and --help', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await runHere(['--version'])).toEqual({ code: 0, out: version, err: '' });
  const help = await runHere(['--help']);
  expect(help.code).toBe(0);
  for (const name of [
    'serve',
    'healthcheck',
    'replay',
    'watch',
    'backtest',
    'audit',
    'backup',
    'restore',
  ]) {
    expect(help.out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect((await runHere([name, '--help'])).out).toContain(`Usage: learning-sidecar ${name}`);
  }
  const flags = (await runHere(['serve', '--help'])).out;
  for (const name of ['LISTEN', 'ADMIN_LISTEN', 'DATA_DIR', 'CONFIG', 'LOG_LEVEL']) {
    expect(flags).toContain(`LEARNING_SIDECAR_${name}`);
  }
});

test('--check-config says that a config is valid, or everything that is wrong with it', async () => {
  expect(await runHere(['--check-config'])).toMatchObject({
    code: 0,
    out: 'built-in defaults: valid',
  });
  const checked = await runHere(['--check-config'], {
    LEARNING_SIDECAR_CONFIG: 'config/reference.yaml',
  });
  expect(checked).toMatchObject({ code: 0, out: 'config/reference.yaml: valid' });

  const file = join(tempDir(), 'bad.yaml');
  writeFileSync(file, 'cycle:\n  interval_seconds: -1\n  colour: red\n');
  const refused = await runHere(['--check-config', '--config', file]);
  expect(refused.code).toBe(2);
  const lines = refused.err.split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/bad\.yaml:2: cycle\.interval_seconds: /);
  expect(lines[1]).toMatch(/bad\.yaml:3: cycle\.colour: /);
});

test('--check-config and backtest name the rules that can never pass', async () => {
  const file = join(tempDir(), 'never.yaml');
  const rule = 'when: "true", type: metric, operation: adjust, target: level, impact: positive';
  writeFileSync(
    file,
    `parameters: { level: { initial: 1 } }
rules:
  - { id: sound, ${rule}, new_value: '2.0', reasoning: '"observed"', confidence: 0.5 }
  - { id: plain, ${rule}, new_value: '3.0', reasoning: '"slow"', confidence: 0.45 }
`,
  );
  const warning = /^warning: rule plain: it can never pass: at best its score 63 is below .*$/;
  const checked = await runHere(['--check-config', '--config', file]);
  expect(checked).toMatchObject({ code: 0, out: `${file}: valid` });
  expect(checked.err).toMatch(warning);
  const trace = join(tempDir(), 'trace.ndjson');
  writeFileSync(trace, '{"status":"TASK_STATUS_FAILURE","finishTime":"2026-01-01T00:00:00Z"}');
  const played = await runHere(['backtest', '--config', file, '--json', trace]);
  expect(played.code).toBe(0);
  expect(played.err).toMatch(warning);
});

test('--print-config prints what can be loaded again', async () => {
  const { code, out } = await runHere(['--print-config', '--config', 'config/reference.yaml']);
  expect(code).toBe(0);
  const file = join(tempDir(), 'printed.yaml');
  writeFileSync(file, out);
  const [again, first] = [file, 'config/reference.yaml'].map((name) => loadConfig(name).config);
  expect(JSON.stringify(again)).toBe(JSON.stringify(first));
});

test.each([
  [['--listen', 'here'], /'--listen <address>' argument 'here'.*expected host:port/],
  [['--listen', '127.0.0.1:65536'], /port 0 to 65535/],
  [['--admin-listen', 'unix:/tmp/x'], /'--admin-listen.*Expected host:port/],
  [['--admin-listen', 'plain:unix:/tmp/x'], /'--admin-listen.*Expected host:port/],
  [['--data-dir', ''], /'--data-dir <dir>' argument ''.*Expected a path/],
  [['--log-level', 'loud'], /Allowed choices are trace, debug/],
  [['--drain-timeout', '-1'], /Expected seconds, from 0 to 3600/],
  [['--drain-timeout', '1h'], /Expected seconds, from 0 to 3600/],
  [['--colour'], /unknown option '--colour'/],
  [['serv'], /unknown command 'serv'/],
  [['replay'], /missing required argument 'file'/],
  [['replay', '--rate', '0', 'x'], /Expected a number above 0/],
  [['replay', '--target', 'localhost:0', 'x'], /port 1 to 65535/],
  [['watch', '--types', 'strategy,mood'], /Expected coordination, strategy, resource, metric/],
  [['watch', 'this'], /too many arguments/],
  [['--socket-mode', '999'], /Expected an octal mode/],
  [['--listen', '0.0.0.0:0'], /^--listen 0\.0\.0\.0:0: other machines reach this address/m],
  [['--admin-listen', '[::]:0'], /^--admin-listen \[::\]:0: other machines reach/m],
  [['--listen', 'tls:127.0.0.1:0'], /^--listen tls:127\.0\.0\.1:0: there is no certificate/m],
  [['watch', '--target', 'tls:127.0.0.1:1'], /Expected host:port/],
  [['watch', '--tls-key', 'x'], /expected --tls-certificate and --tls-key together/],
  [['watch', '--token-file', '/nowhere/t'], /^--token-file: cannot read \/nowhere\/t: ENOENT/m],
  [['--config', '/nowhere/c.yaml'], /c\.yaml:1: expected a readable file, found: ENOENT/],
  [['backtest', '--config', '/nowhere/c.yaml', 'x'], /expected a readable file/],
])('%j is refused with exit code 2', async (args, says) => {
  await expectFailure(args, { code: 2, says });
});

test.each([
  ['LISTEN', '127.0.0.1:0,here', /'127\.0\.0\.1:0,here' from env 'LEARNING_SIDECAR_LISTEN'/],
  ['ADMIN_LISTEN', 'here', /from env 'LEARNING_SIDECAR_ADMIN_LISTEN'/],
  ['LOG_LEVEL', 'loud', /from env 'LEARNING_SIDECAR_LOG_LEVEL' is invalid/],
  ['CONFIG', '/nowhere/c.yaml', /expected a readable file/],
])('LEARNING_SIDECAR_%s=%s is refused with exit code 2', async (name, value, says) => {
  await expectFailure([], { code: 2, says }, { [`LEARNING_SIDECAR_${name}`]: value });
});

test('an empty variable counts as none', async () => {
  const env = { LEARNING_SIDECAR_CONFIG: '', LEARNING_SIDECAR_LISTEN: '' };
  expect((await runHere(['--check-config'], env)).code).toBe(0);
});

test.each(['false', 'no', 'OFF', '0', ' false', 'No ', '  '])(
  'a switch whose variable says %s is off',
  async (value) => {
    const args = ['--listen', '0.0.0.0:0', '--log-level', 'silent'];
    const env = { LEARNING_SIDECAR_INSECURE: value };
    await expectFailure(args, { code: 2, says: /nothing keeps them out/ }, env);
  },
);

test.each(['n', 'nope', 'disabled', '0.0', "''", 'yes please'])(
  'a switch whose variable says %s is refused',
  async (value) => {
    for (const name of ['INSECURE', 'RECOVER', 'NO_REFLECTION']) {
      const variable = `LEARNING_SIDECAR_${name}`;
      const says = `error: ${variable} is '${value}': expected true, 1, yes or on, or false, 0, no or off`;
      await expectFailure(['--check-config'], { code: 2, says }, { [variable]: value });
      vi.unstubAllEnvs();
    }
    const env = { LEARNING_SIDECAR_INSECURE: value };
    // Other commands do not read it, and a flag wins over it.
    expect((await runHere(['--help'], env)).code).toBe(0);
    expect((await runHere(['--check-config', '--insecure'], env)).code).toBe(0);
  },
);

test.each(['true', '1', 'YES', ' on '])('a switch whose variable says %s is on', async (value) => {
  const env = { LEARNING_SIDECAR_INSECURE: value };
  expect((await runHere(['--check-config'], env)).code).toBe(0);
  const taken = [
    '--listen',
    '0.0.0.0:0',
    '--admin-listen',
    '192.0.2.1:0',
    '--data-dir',
    ':memory:',
  ];
  const says = /^cannot listen on "192\.0\.2\.1:0" \(--admin-listen\): .*EADDRNOTAVAIL/m;
  await expectFailure([...taken, '--log-level', 'silent'], { code: 1, says }, env);
});

test('a port that is taken, for gRPC or for HTTP', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number }; // It listens on TCP.
  const taken = `127.0.0.1:${port}`;
  const rest = ['--data-dir', ':memory:', '--log-level', 'silent'];
  for (const [where, ...args] of [
    ['', '--listen', taken, '--admin-listen', '127.0.0.1:0'],
    [' (--admin-listen)', '--listen', '127.0.0.1:0', '--admin-listen', taken],
  ]) {
    const why = `listen EADDRINUSE: address already in use ${taken}`;
    const says = `cannot listen on "${taken}"${where}: ${why}`;
    await expectFailure([...args, ...rest], { code: 1, says });
  }
});

test('a data directory that cannot be used', async () => {
  const file = join(tempDir(), 'file');
  writeFileSync(file, '');
  const args = [...ANY_PORT, '--log-level', 'silent', '--data-dir', join(file, 'below')];
  await expectFailure(args, { code: 1, says: /file\/below cannot be opened: ENOTDIR/ });
});

test('each --listen adds an address; flags replace those of the environment', async () => {
  const directory = tempDir();
  const socketOf = (name: string) => `unix:${join(directory, name)}`;
  const served = async (args: readonly string[]) => {
    const child = runScript(
      'src/main.ts',
      ['--admin-listen', '127.0.0.1:0', '--data-dir', ':memory:', ...args],
      { LEARNING_SIDECAR_LISTEN: `${socketOf('a')},${socketOf('b')}` },
    );
    onTestFinished(async () => void (await child.end('SIGKILL')));
    const line = await child.find((text) => readServingLine(text) && text);
    expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null });
    return JSON.parse(line).listen;
  };
  expect(await served([])).toEqual([socketOf('a'), socketOf('b')]);
  const flags = ['--listen', socketOf('c'), '--listen', socketOf('d')];
  expect(await served(flags)).toEqual([socketOf('c'), socketOf('d')]);
});

test('a pipe is refused where a file of secrets is named, and not waited for', async () => {
  const directory = tempDir();
  const fifo = join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const endOf = async (...args: string[]) => {
    const child = runScript('src/main.ts', args);
    onTestFinished(async () => void (await child.end('SIGKILL')));
    const { code } = await child.exited;
    return `${code}: ${child.errorLines.join('\n')}`;
  };
  const serve = (config: object) => {
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    return endOf('--config', file, '--data-dir', ':memory:', ...ANY_PORT);
  };
  const says = (what: string) => `2: ${what}: cannot read ${fifo}: expected a regular file`;
  expect(await endOf('watch', '--token-file', fifo)).toBe(says('--token-file'));
  expect(await endOf('watch', '--tls-ca', fifo)).toBe(says('--tls-ca'));
  expect(await serve({ tokens: { admin_file: fifo } })).toBe(says('tokens.admin_file'));
  const tls = { certificate_file: fifo, key_file: fifo };
  expect(await serve({ tls })).toBe(says('tls.certificate_file'));
});

test('a log file that is a pipe without a reader does not keep it from serving', async () => {
  const directory = tempDir();
  const [fifo, config] = [join(directory, 'fifo'), join(directory, 'config.json')];
  execFileSync('mkfifo', [fifo]);
  writeFileSync(config, JSON.stringify({ monitoring: { log_file: fifo } }));
  const args = ['--config', config, '--data-dir', ':memory:', ...ANY_PORT];
  const child = runScript('src/main.ts', args);
  onTestFinished(async () => void (await child.end('SIGKILL')));
  await child.find((text) => readServingLine(text));
  const warned = await child.find((text) => (text.includes('is done without') ? text : undefined));
  expect(JSON.parse(warned).err.message).toBe(`expected a regular file: ${fifo}`);
  expect(await child.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
