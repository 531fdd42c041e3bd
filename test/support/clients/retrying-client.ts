import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { createClient } from '../../../src/wire/client.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { taskOfId } from '../load/task-book.ts';

// A client as docs/integration.md describes it: a service config, and a loop around it that keeps the
// task's id. Records so many tasks, and prints what it met with.

const [address = '', prefix = '', count = '0', lanes = '1'] = process.argv.slice(2);

const SERVICE_CONFIG = {
  methodConfig: [
    {
      name: [{ service: 'learning.v1.LearningService', method: 'RecordTask' }],
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: '0.2s',
        maxBackoff: '1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
};
const DEADLINE_MS = 600_000;
const RETRIED = new Set<status>([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL]);

const client = createClient(LearningService, address, credentials.createInsecure(), {
  'grpc.service_config': JSON.stringify(SERVICE_CONFIG),
  'grpc.max_reconnect_backoff_ms': 1000,
});
const failures: Record<string, number> = {};
let next = 0;
let recorded = 0;
let duplicates = 0;
let withoutRetry = 0;

async function record(taskId: string): Promise<void> {
  for (;;) {
    try {
      const metadata = new Metadata({ waitForReady: true });
      const options = { deadlineMs: DEADLINE_MS, metadata };
      const { duplicate } = await client.recordTask({ task: taskOfId(taskId) }, options);
      recorded += 1;
      if (duplicate) duplicates += 1;
      return;
    } catch (error) {
      const failure = error as ServiceError; // Nothing else is thrown by a call.
      const { reason, retryDelayMs } = readStatusDetails(failure);
      const name = `${status[failure.code]} ${reason}`;
      failures[name] = (failures[name] ?? 0) + 1;
      if (reason !== '' && retryDelayMs === undefined) withoutRetry += 1;
      if (!RETRIED.has(failure.code)) throw error;
      const delayMs = retryDelayMs ?? 200 + 800 * Math.random();
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

async function lane(): Promise<void> {
  while (next < Number(count)) {
    next += 1;
    await record(`${prefix}-${next}`);
  }
}

await Promise.all(Array.from({ length: Number(lanes) }, lane));
console.log(JSON.stringify({ recorded, duplicates, failures, withoutRetry }));
client.close();
