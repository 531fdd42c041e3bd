// A process of the soak: records tasks at a steady rate, whatever comes back, and prints each minute
// how long the calls took. One that is refused is made again, with its id, when it was told to.
import { setInterval as ticks } from 'node:timers/promises';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { LearningService } from '../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../src/gen/learning/v1/task_pb.ts';
import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { createClient } from '../src/wire/client.ts';
import { readStatusDetails } from '../src/wire/error-details.ts';

const [address = '', rate = '1000'] = process.argv.slice(2);
const TICK_MS = 5;
const MINUTE_MS = 60_000;
const DEADLINE_MS = 5000;
const RETRY_MS = 1000;
/** Calls at a time. What is due beyond waits, and its time counts: a client that is choked by its own
 * calls measures nothing. */
const MAX_OPEN = 500;

interface Due {
  readonly taskId: string;
  readonly dueMs: number;
}

const client = createClient(LearningService, address, credentials.createInsecure());
const waiting: Due[] = [];
let latenciesMs: number[] = [];
let sent = 0;
let open = 0;
let recorded = 0;
let failed = 0;

async function record({ taskId, dueMs }: Due): Promise<void> {
  open += 1;
  try {
    const number = Number(taskId.slice('soak-'.length));
    const status = number % 5 === 0 ? TaskStatus.FAILURE : TaskStatus.SUCCESS;
    const task = { taskId, agentId: 'soak', status, latencyMs: 100 + (number % 400) };
    await client.recordTask({ task }, { deadlineMs: DEADLINE_MS });
    latenciesMs.push(performance.now() - dueMs);
    recorded += 1;
  } catch (error) {
    failed += 1;
    // Nothing else is thrown by a call.
    const { retryDelayMs = RETRY_MS } = readStatusDetails(error as ServiceError);
    setTimeout(() => waiting.push({ taskId, dueMs }), retryDelayMs);
  } finally {
    open -= 1;
  }
}

function report(): void {
  const at = (share: number) => quantileOf(latenciesMs, share);
  console.log(JSON.stringify({ sent, recorded, failed, p50Ms: at(0.5), p99Ms: at(0.99) }));
  latenciesMs = [];
}

setInterval(report, MINUTE_MS);
const startMs = performance.now();
for await (const _ of ticks(TICK_MS)) {
  const nowMs = performance.now();
  const due = ((nowMs - startMs) / 1000) * Number(rate);
  for (; sent < due; sent += 1) waiting.push({ taskId: `soak-${sent}`, dueMs: nowMs });
  for (const one of waiting.splice(0, MAX_OPEN - open)) void record(one);
}
