import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../../../src/wire/client.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';

// Many subscribers in one process, each with a connection of its own. Each follows from where it
// was, over as many streams as it takes. Prints how far all have got whenever asked, by a line.

const [address = '', prefix = '', count = '0'] = process.argv.slice(2);
const RETRY_MS = { least: 200, most: 1000 };

class Subscriber {
  sequence: bigint | undefined;
  gaps = 0;
  resets = 0;
  isOpen = false;
  readonly #client: ServiceClient<typeof LearningService>;
  readonly #clientId: string;
  #epoch = '';

  constructor(clientId: string) {
    this.#clientId = clientId;
    this.#client = createClient(LearningService, address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 200,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  open(): void {
    const at =
      this.sequence === undefined ? {} : { epoch: this.#epoch, afterSequence: this.sequence };
    const stream = this.#client.streamDeltas({ clientId: this.#clientId, ...at });
    stream.on('data', ({ epoch, sequence, event }) => {
      this.isOpen = true;
      if (event.case === 'delta' && sequence !== (this.sequence ?? 0n) + 1n) this.gaps += 1;
      if (event.case === 'snapshot' && this.sequence !== undefined) this.resets += 1;
      this.#epoch = epoch;
      this.sequence = sequence;
    });
    stream.once('error', (error: ServiceError) => {
      this.isOpen = false;
      const { reason, retryDelayMs } = readStatusDetails(error);
      const name = `${status[error.code]} ${reason}`;
      failures[name] = (failures[name] ?? 0) + 1;
      if (reason !== '' && retryDelayMs === undefined) withoutRetry += 1;
      const { least, most } = RETRY_MS;
      const delayMs = retryDelayMs ?? least + Math.random() * (most - least);
      setTimeout(() => this.open(), delayMs);
    });
  }
}

const failures: Record<string, number> = {};
let withoutRetry = 0;
const subscribers = Array.from(
  { length: Number(count) },
  (_, i) => new Subscriber(`${prefix}-${i}`),
);
for (const subscriber of subscribers) subscriber.open();

process.stdin.on('data', () => {
  const sequences = subscribers.map(({ sequence }) => Number(sequence ?? -1n));
  const sum = (of: (subscriber: Subscriber) => number) =>
    subscribers.reduce((total, subscriber) => total + of(subscriber), 0);
  console.log(
    JSON.stringify({
      lowest: Math.min(...sequences),
      gaps: sum(({ gaps }) => gaps),
      resets: sum(({ resets }) => resets),
      open: sum(({ isOpen }) => Number(isOpen)),
      failures,
      withoutRetry,
    }),
  );
});
