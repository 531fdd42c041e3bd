import type { ServiceError } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient } from '../../../src/wire/client.ts';

// A client in a process of its own, to be stopped and woken: follows StreamDeltas from where it
// was, over as many connections as it takes, and prints each event as a line of JSON.

const [address = '', clientId = ''] = process.argv.slice(2);
const client = createClient(LearningService, address, credentials.createInsecure(), {
  'grpc.max_reconnect_backoff_ms': 1000,
});
let epoch = '';
let sequence: bigint | undefined;

function print(event: Record<string, unknown>): void {
  console.log(JSON.stringify(event));
}

function open(): void {
  const from = sequence === undefined ? {} : { epoch, afterSequence: sequence };
  const stream = client.streamDeltas({ clientId, ...from });
  stream.on('data', (message) => {
    epoch = message.epoch;
    sequence = message.sequence;
    const { event } = message;
    const outcome = event.case === 'snapshot' ? event.value.outcome : undefined;
    print({ event: event.case, sequence: Number(sequence), outcome });
  });
  stream.once('error', (error: ServiceError) => {
    print({ event: 'broken', code: error.code });
    client
      .getStatus({}, { deadlineMs: 10_000 })
      .finally(open)
      .catch(() => {});
  });
}

open();
