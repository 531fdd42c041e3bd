import { percentile } from '../load/percentile.ts';
import type { Clients } from './clients.ts';

const EVERY_MS = 20;

/** Asks the probes and GetStatus again and again, and keeps how long each answer took. */
export class Promptness {
  readonly #taken = new Map<string, number[]>();
  readonly #running: Promise<unknown>[];
  #isOver = false;

  constructor(adminUrl: string, { client }: Pick<Clients, 'client'>) {
    const asked: Readonly<Record<string, () => Promise<unknown>>> = {
      '/healthz': () => fetch(`${adminUrl}/healthz`).then((answer) => answer.text()),
      '/readyz': () => fetch(`${adminUrl}/readyz`).then((answer) => answer.text()),
      GetStatus: () => client.getStatus({}),
    };
    this.#running = Object.entries(asked).map(([name, ask]) => this.#repeat(name, ask));
  }

  /** Stops; answers the p99 of each in milliseconds. */
  async stop(): Promise<Readonly<Record<string, number>>> {
    this.#isOver = true;
    await Promise.all(this.#running);
    return Object.fromEntries(
      [...this.#taken].map(([name, taken]) => [name, percentile(taken, 0.99)]),
    );
  }

  async #repeat(name: string, ask: () => Promise<unknown>): Promise<void> {
    const taken: number[] = [];
    this.#taken.set(name, taken);
    while (!this.#isOver) {
      const startMs = performance.now();
      await ask();
      taken.push(performance.now() - startMs);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }
}
