import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAuthority, LOCAL_NAMES } from '../../test/support/sidecar/certificates.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Of Linux, everywhere. */
const JIFFIES_PER_SECOND = 100;

/** What clients show, and whom they trust. */
export interface Secrets {
  readonly ca: string;
  readonly clientTokens: string;
  readonly adminTokens: string;
}

/** The sidecar of `deploy/kubernetes/shared`: its config, TLS and tokens, on this machine's files. */
export class SharedSidecar {
  readonly secrets: Secrets;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #address = '127.0.0.1:0';
  readonly #told = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    this.secrets = writeSecrets(directory);
    const shared = join(ROOT, 'deploy', 'kubernetes', 'shared', 'config.yaml');
    const text = readFileSync(shared, 'utf8')
      .replaceAll('/etc/learning-sidecar-tls', join(directory, 'tls'))
      .replaceAll('/etc/learning-sidecar-tokens', join(directory, 'tokens'));
    writeFileSync(join(directory, 'config.yaml'), text);
  }

  get address(): string {
    return this.#address;
  }

  /** Starts it, where it was before; resolves when it serves. */
  async start(): Promise<void> {
    const flags = ['--listen', this.#address, '--admin-listen', '127.0.0.1:0'];
    const files = ['--config', join(this.#directory, 'config.yaml'), '--data-dir', this.#dataDir];
    const main = join(ROOT, 'src', 'main.ts');
    const child = spawn(process.execPath, [main, ...flags, ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    this.#address = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the sidecar ended (${code})`)));
      createInterface(child.stdout).on('line', (line) => {
        const { listen, level, msg } = JSON.parse(line);
        if (listen !== undefined) resolve(listen[0].replace(/^\w+:(?=[\d[])/, ''));
        else if (level > 30) this.#tell(msg);
      });
    });
  }

  /** Tells it to stop; resolves with its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    return code;
  }

  /** Ends it whatever it does. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  get residentMebibytes(): number {
    return this.#statusOf('VmRSS');
  }

  /** The most that was resident at once. */
  get peakMebibytes(): number {
    return this.#statusOf('VmHWM');
  }

  /** Of all its threads. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child?.pid}/stat`, 'utf8');
    const [user = '', system = ''] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11);
    return (Number(user) + Number(system)) / JIFFIES_PER_SECOND;
  }

  /** Each message once: some are said of thousands of connections. */
  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    console.log(`shared: the sidecar says: ${message}`);
  }

  get #dataDir(): string {
    return join(this.#directory, 'data');
  }

  #statusOf(field: string): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  }
}

function writeSecrets(directory: string): Secrets {
  const authority = createAuthority('shared');
  const { cert, key } = authority.issue({ names: LOCAL_NAMES });
  const files = {
    'tls/tls.crt': cert,
    'tls/tls.key': key,
    'tls/ca.crt': authority.cert,
    'tokens/client': `${'c'.repeat(32)}\n`,
    'tokens/admin': `${'a'.repeat(32)}\n`,
  };
  for (const folder of ['tls', 'tokens']) mkdirSync(join(directory, folder));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  }
  const at = (name: keyof typeof files) => join(directory, name);
  return {
    ca: at('tls/ca.crt'),
    clientTokens: at('tokens/client'),
    adminTokens: at('tokens/admin'),
  };
}
