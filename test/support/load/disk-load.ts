import type { ServiceError } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import {
  Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { connect } from '../../rpc/wire.ts';
import { type Clients, clientsOf, type LearningClient } from '../clients/clients.ts';
import { Follower } from '../clients/follower.ts';
import type { Sidecar } from '../sidecar/sidecar.ts';
import { taskOfId } from './task-book.ts';

const LANES = 8;

/** A refusal that was seen, as a client is told it. */
interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly retryDelayMs: number | undefined;
}

/** Clients of a sidecar whose disk is about to fail: they go on, whatever they are told. */
export class DiskLoad {
  readonly acknowledged = new Set<string>();
  readonly refusals: Refusal[] = [];
  /** What the health service said, in order. */
  readonly health: string[] = [];
  readonly follower = new Follower({ clientId: 'follower', afterSequence: 0n });
  readonly clients: Clients;
  readonly #adminUrl: string;
  readonly #running: Promise<unknown>[] = [];
  #isOver = false;
  /** Why the stream ended; `undefined`: it is open. */
  streamEnd: string | undefined;

  constructor({ address, adminUrl }: Sidecar, name = 'disk') {
    this.clients = clientsOf(address);
    this.#adminUrl = adminUrl;
    const watch = connect(Health, address).watch({});
    watch.on('data', ({ status }: HealthCheckResponse) =>
      this.health.push(status === Serving.SERVING ? 'SERVING' : 'NOT_SERVING'),
    );
    watch.on('error', () => undefined);
    void this.follower.open(this.clients.client).then((error) => {
      this.streamEnd = error.message;
    });
    for (let lane = 0; lane < LANES; lane += 1) {
      this.#running.push(this.#repeat((i) => this.#record(`${name}-${lane}-${i}`)));
    }
    this.#running.push(this.#repeat((i) => this.#override(i)));
    onTestFinished(() => {
      this.#isOver = true;
    });
  }

  /** As many tasks as are known to be durable. */
  get count(): number {
    return this.acknowledged.size;
  }

  /** Whether the newest calls were answered so. */
  isRefused(): boolean {
    return this.health.at(-1) === 'NOT_SERVING';
  }

  async page(path: string): Promise<string> {
    const response = await fetch(`${this.#adminUrl}${path}`);
    return `${response.status} ${await response.text()}`;
  }

  /** Stops; every call has its answer then. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    this.follower.close();
  }

  async #repeat(call: (place: number) => Promise<void>): Promise<void> {
    for (let i = 0; !this.#isOver; i += 1) {
      try {
        await call(i);
      } catch (error) {
        // The client was closed: the test is over.
        if (!(error instanceof Error && 'metadata' in error)) throw error;
        const { code, details } = error as ServiceError; // Nothing else is thrown by a call.
        const { reason, retryDelayMs } = readStatusDetails(error as ServiceError);
        this.refusals.push({ reason: `${code} ${reason}`, message: details, retryDelayMs });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async #record(taskId: string): Promise<void> {
    await this.clients.client.recordTask({ task: taskOfId(taskId) });
    this.acknowledged.add(taskId);
  }

  async #override(place: number): Promise<void> {
    const value = { kind: { case: 'numberValue', value: 10 + (place % 90) } } as const;
    const { delta } = await this.clients.admin.setParameter({ target: 'max_cpu_per_agent', value });
    await this.follower.until(delta?.sequence ?? 0n);
  }
}

/** Sends tasks again; answers how many of them were not known. */
export async function countUnknown(
  client: LearningClient,
  ids: ReadonlySet<string>,
): Promise<number> {
  const all = [...ids];
  const stream = client.recordTasks();
  for (let from = 0; from < all.length; from += 1000) {
    stream.write({ tasks: all.slice(from, from + 1000).map(taskOfId) });
  }
  stream.end();
  let unknown = 0;
  for await (const { recordedCount } of stream) unknown = Number(recordedCount);
  return unknown;
}
