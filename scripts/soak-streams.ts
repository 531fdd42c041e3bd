// A process of the soak: follows the deltas on many streams, some of which break off and come back at
// random, and prints each minute how long deltas took to arrive, and whether any did not.

import { timestampMs } from '@bufbuild/protobuf/wkt';
import { type ClientReadableStream, credentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  LearningService,
  type StreamDeltasResponse,
} from '../src/gen/learning/v1/learning_service_pb.ts';
import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { createClient } from '../src/wire/client.ts';

const [address = '', streams = '50', restless = '13'] = process.argv.slice(2);
const MINUTE_MS = 60_000;
/** How long a restless stream lasts. */
const STAY_MS = { least: 200, most: 10_000 };
/** How long it is away: it has missed something by then. */
const AWAY_MS = { least: 0, most: 2000 };
const RETRY_MS = 500;

let delaysMs: number[] = [];
let gaps = 0;
let resets = 0;
let deltas = 0;
let reconnects = 0;
const failures: Record<string, number> = {};

class Follower {
  readonly #client = createClient(LearningService, address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  readonly #clientId: string;
  readonly #isRestless: boolean;
  #epoch = '';
  #sequence: bigint | undefined;
  /** What comes after a break is as old as the break. */
  #isCaughtUp = false;

  constructor(clientId: string, isRestless: boolean) {
    this.#clientId = clientId;
    this.#isRestless = isRestless;
    this.#open();
  }

  #open(): void {
    const from =
      this.#sequence === undefined ? {} : { epoch: this.#epoch, afterSequence: this.#sequence };
    const openedMs = Date.now();
    this.#isCaughtUp = false;
    const stream = this.#client.streamDeltas({ clientId: this.#clientId, ...from });
    stream.on('data', (message) => this.#take(message, openedMs));
    stream.once('error', (error: ServiceError) => this.#broke(error));
    if (this.#isRestless) setTimeout(() => this.#leave(stream), between(STAY_MS));
  }

  #take({ epoch, sequence, event }: StreamDeltasResponse, openedMs: number): void {
    if (event.case === 'snapshot' && this.#sequence !== undefined) resets += 1;
    if (event.case === 'delta') {
      if (sequence !== (this.#sequence ?? 0n) + 1n) gaps += 1;
      deltas += 1;
      const { applyTime } = event.value;
      const appliedMs = applyTime === undefined ? 0 : timestampMs(applyTime);
      this.#isCaughtUp ||= appliedMs > openedMs;
      if (this.#isCaughtUp) delaysMs.push(Date.now() - appliedMs);
    }
    this.#epoch = epoch;
    this.#sequence = sequence;
  }

  #leave(stream: ClientReadableStream<StreamDeltasResponse>): void {
    reconnects += 1;
    stream.cancel();
  }

  #broke(error: ServiceError): void {
    if (error.code === status.CANCELLED) {
      setTimeout(() => this.#open(), between(AWAY_MS));
      return;
    }
    failures[status[error.code]] = (failures[status[error.code]] ?? 0) + 1;
    setTimeout(() => this.#open(), RETRY_MS);
  }
}

function between({ least, most }: { least: number; most: number }): number {
  return least + Math.random() * (most - least);
}

function report(): void {
  const at = (share: number) => quantileOf(delaysMs, share);
  const times = { p50Ms: at(0.5), p99Ms: at(0.99) };
  console.log(JSON.stringify({ deltas, gaps, resets, reconnects, failures, ...times }));
  delaysMs = [];
}

for (let i = 0; i < Number(streams); i += 1) new Follower(`soak-${i}`, i < Number(restless));
setInterval(report, MINUTE_MS);
