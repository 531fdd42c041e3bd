import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { type Clients, clientsOf } from '../support/clients/clients.ts';
import { seededRandom } from '../support/engine/seed.ts';
import { createAuthority, LOCAL_NAMES } from '../support/sidecar/certificates.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { Agent, type AgentOptions, WAIT } from './agent.ts';
import type { Language } from './languages.ts';

/** Nothing happens unless a scenario asks for it. */
const CONFIG = {
  cycle: { enabled: false },
  curation: { cooldown_seconds: 0 },
  parameters: { level: { initial: 0 }, text: { initial: '' } },
};

type Kind =
  | { readonly case: 'numberValue'; readonly value: number }
  | { readonly case: 'stringValue'; readonly value: string };

export interface StartOptions {
  /** Sections to merge over the scenarios' config. */
  readonly config?: Readonly<Record<string, object>>;
  readonly listen?: string;
  readonly flags?: readonly string[];
  readonly dataDir?: string;
}

/** What a scenario plays in: a language's agents, and sidecars that come and go at one address. */
export class World {
  readonly language: Language;
  readonly directory = tempDir();
  /** Of the sidecars, unless one is told otherwise. */
  dataDir = join(this.directory, 'data');
  #address: string | undefined;
  #sidecar: Sidecar | undefined;
  #operator: Clients | undefined;

  constructor(language: Language) {
    this.language = language;
  }

  /** Where sidecars serve, one after the other. */
  async address(): Promise<string> {
    this.#address ??= `127.0.0.1:${await freePort()}`;
    return this.#address;
  }

  get sidecar(): Sidecar {
    if (this.#sidecar === undefined) throw new Error('no sidecar has been started');
    return this.#sidecar;
  }

  /** The scenario's own way to the sidecar. */
  get operator(): Clients {
    this.#operator ??= clientsOf(this.sidecar.address);
    return this.#operator;
  }

  async start({ config = {}, listen, flags = [], dataDir }: StartOptions = {}): Promise<Sidecar> {
    const file = join(this.directory, 'config.json');
    const merged: Record<string, object> = { ...CONFIG };
    for (const [key, section] of Object.entries(config))
      merged[key] = { ...merged[key], ...section };
    writeFileSync(file, JSON.stringify(merged));
    this.#sidecar = await startSidecar({
      dataDir: dataDir ?? this.dataDir,
      config: file,
      listen: listen ?? (await this.address()),
      flags,
    });
    this.#operator?.client.close();
    this.#operator?.admin.close();
    this.#operator = undefined;
    return this.#sidecar;
  }

  /** A client of the sidecar. */
  async agent(options: Partial<AgentOptions> = {}): Promise<Agent> {
    const target = options.target ?? this.#sidecar?.address ?? (await this.address());
    return new Agent(this.language, { ...options, target });
  }

  /** One that follows the deltas, and has had its first snapshot. */
  async follower(options: Partial<AgentOptions> = {}): Promise<Agent> {
    const agent = await this.agent(options);
    await agent.tell('follow');
    await agent.inForce(0);
    return agent;
  }

  /** Puts a value in force; answers its sequence. */
  async change(level: number): Promise<number> {
    return Number((await this.delta(level)).sequence);
  }

  delta(level: number) {
    return this.#set('level', { case: 'numberValue', value: level });
  }

  text(text: string) {
    return this.#set('text', { case: 'stringValue', value: text });
  }

  async #set(target: string, kind: Kind) {
    const { delta } = await this.operator.admin.setParameter({ target, value: { kind } });
    if (delta === undefined) throw new Error('there is no delta');
    return delta;
  }

  file(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** An authority, and a sidecar's certificates of it. */
  certificates(names: readonly string[] = LOCAL_NAMES) {
    const authority = createAuthority('an authority');
    const { cert, key } = authority.issue({ commonName: 'sidecar', names });
    return {
      authority,
      caFile: this.file('ca.crt', authority.cert),
      tls: {
        certificate_file: this.file('tls.crt', cert),
        key_file: this.file('tls.key', key),
      },
    };
  }
}

/** Resolves when the sidecar has heard that so much is in force. */
export function acknowledged({ operator }: World, clientId: string, sequence: number) {
  return vi.waitFor(async () => {
    const { subscribers } = await operator.client.getStatus({});
    expect(subscribers).toMatchObject([{ clientId, ackedSequence: BigInt(sequence) }]);
  }, WAIT);
}

/**
 * Ports that the system gives to nobody who asks for any, and other languages do not use: one is to be
 * free after a restart, too.
 */
const PORTS_OF_WORKER = 2500;
const FIRST_PORT = 20_000 + PORTS_OF_WORKER * (Number(process.env.VITEST_POOL_ID ?? 1) % 4);

const random = seededRandom(process.pid ^ Date.now());

async function freePort(): Promise<number> {
  for (;;) {
    const port = random.between(FIRST_PORT, FIRST_PORT + PORTS_OF_WORKER - 1);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}
