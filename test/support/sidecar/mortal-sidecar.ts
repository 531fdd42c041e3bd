import { setImmediate } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { type Clients, clientsOf } from '../clients/clients.ts';
import { type Sidecar, type SidecarOptions, startSidecar } from './sidecar.ts';

/** When, around a call, the sidecar is killed. */
export type Death =
  | { readonly moment: 'before' | 'after' }
  | { readonly moment: 'during'; readonly delayMs: number };

/**
 * A sidecar that is killed at chosen calls, and started anew on the same ledger. A call that was
 * not answered is made again.
 */
export class MortalSidecar {
  /** Names of the calls so far; one that is made again counts once. */
  readonly calls: string[] = [];
  /** Kills so far, and how many of them left a call without an answer. */
  kills = 0;
  unanswered = 0;
  readonly #options: SidecarOptions;
  readonly #deaths: ReadonlyMap<number, Death>;
  #sidecar: Sidecar;
  #clients: Clients;

  /** @param deaths by the call's place among all calls, from 0 */
  static async start(
    options: SidecarOptions,
    deaths: ReadonlyMap<number, Death> = new Map(),
  ): Promise<MortalSidecar> {
    return new MortalSidecar(options, deaths, await startSidecar(options));
  }

  private constructor(
    options: SidecarOptions,
    deaths: ReadonlyMap<number, Death>,
    sidecar: Sidecar,
  ) {
    this.#options = options;
    this.#deaths = deaths;
    this.#sidecar = sidecar;
    this.#clients = clientsOf(sidecar.address);
  }

  get clients(): Clients {
    return this.#clients;
  }

  async call<T>(name: string, make: (clients: Clients) => Promise<T>): Promise<T> {
    const death = this.#deaths.get(this.calls.length);
    this.calls.push(name);
    if (death === undefined) return make(this.#clients);
    if (death.moment === 'before') await this.kill();
    const answer = make(this.#clients).catch(unlessGone);
    if (death.moment === 'after') await answer;
    if (death.moment === 'during') await pass(death.delayMs);
    if (death.moment !== 'before') await this.kill();
    const answered = await answer;
    await this.restart();
    if (answered !== GONE) return answered;
    this.unanswered += 1;
    return make(this.#clients);
  }

  async kill(): Promise<void> {
    this.kills += 1;
    await this.#sidecar.kill();
  }

  async restart(): Promise<void> {
    this.#clients.client.close();
    this.#clients.admin.close();
    this.#sidecar = await startSidecar(this.#options);
    this.#clients = clientsOf(this.#sidecar.address);
  }
}

const GONE = Symbol('the sidecar was killed before it answered');

function unlessGone(error: ServiceError): typeof GONE {
  if (error.code !== status.UNAVAILABLE) throw error;
  return GONE;
}

/** Lets fractions of a millisecond pass, which timers do not know. */
async function pass(ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) await setImmediate();
}
