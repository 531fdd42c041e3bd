import { type ServiceError, status } from '@grpc/grpc-js';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { connect } from '../../rpc/wire.ts';
import { type AdminClient, type LearningClient, learningClient } from '../clients/clients.ts';
import { taskOfId } from './task-book.ts';

/** What became of calls while a sidecar drained. */
export class DrainLedger {
  /** Ids of tasks that were answered, and of those that may have been recorded without an answer. */
  readonly acknowledged = new Set<string>();
  /** How unary calls failed, by code and reason. */
  readonly failures = new Map<string, number>();
  /** How streams ended. */
  readonly ends: string[] = [];
  /** Refusals as DRAINING that do not say when to try again. */
  withoutRetry = 0;

  fail(error: ServiceError): void {
    const name = describeFailure(error);
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
    if (!hasRetryDelay(error) && name.endsWith('DRAINING')) this.withoutRetry += 1;
  }
}

/** `CODE REASON`; or what the transport says, where there is no reason. */
function describeFailure(error: ServiceError): string {
  return `${status[error.code]} ${readStatusDetails(error).reason || whatOf(error)}`;
}

/** Without the address, which differs from run to run. */
function whatOf({ details }: ServiceError): string {
  return /ECONN\w+|Connection dropped/.exec(details)?.[0] ?? details;
}

function hasRetryDelay(error: ServiceError): boolean {
  return readStatusDetails(error).retryDelayMs !== undefined;
}

/** Calls until `isOver`, one after the other, whatever becomes of them. */
async function callUntil(
  isOver: () => boolean,
  ledger: DrainLedger,
  call: (place: number) => Promise<void>,
): Promise<void> {
  for (let place = 0; !isOver(); place += 1) {
    try {
      await call(place);
    } catch (error) {
      ledger.fail(error as ServiceError); // Nothing else is thrown by a call.
      // A refusal at once would spin, and starve the rest of this process.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Records single tasks until `isOver`; goes on when it is refused, as impatient clients do. */
export function recordSingles(
  address: string,
  name: string,
  ledger: DrainLedger,
  isOver: () => boolean,
): Promise<void> {
  const client = learningClient(address);
  return callUntil(isOver, ledger, async (place) => {
    const taskId = `${name}-${place}`;
    await client.recordTask({ task: taskOfId(taskId) });
    ledger.acknowledged.add(taskId);
  });
}

/** Changes a parameter all the time, so that streams have something to say. */
export function changeParameter(admin: AdminClient, ledger: DrainLedger, isOver: () => boolean) {
  return callUntil(isOver, ledger, async (place) => {
    const target = 'max_cpu_per_agent';
    const value = 10 + (place % 90);
    await admin.setParameter({ target, value: { kind: { case: 'numberValue', value } } });
  });
}

/** A batch for each answer, until the stream ends. */
export function recordBatches(client: LearningClient, name: string, ledger: DrainLedger) {
  const stream = client.recordTasks();
  let sent: string[] = [];
  let counted = 0;
  let batches = 0;
  const send = () => {
    sent = Array.from({ length: 20 }, (_, i) => `${name}-${batches}-${i}`);
    batches += 1;
    stream.write({ tasks: sent.map(taskOfId) });
  };
  stream.on('data', ({ recordedCount }) => {
    if (Number(recordedCount) === counted) return;
    counted = Number(recordedCount);
    for (const id of sent) ledger.acknowledged.add(id);
    send();
  });
  send();
  return ended(stream, `RecordTasks`, ledger);
}

/** Watches health; what it was told is part of how it ended. */
export async function watchHealth(address: string, ledger: DrainLedger): Promise<void> {
  const stream = connect(Health, address).watch({});
  const seen: Serving[] = [];
  stream.on('data', (response) => seen.push(response.status));
  await ended(stream, 'Watch', ledger, () => ` ${seen.map(nameOf).join(',')}`);
}

function nameOf(serving: Serving): string {
  return serving === Serving.SERVING ? 'SERVING' : 'NOT_SERVING';
}

interface FailingStream {
  once(event: 'error', listener: (error: ServiceError) => void): unknown;
}

/** Notes how a stream ends. */
export function ended(
  stream: FailingStream,
  name: string,
  ledger: DrainLedger,
  more: () => string = () => '',
): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', (error) => {
      ledger.ends.push(`${name} ${describeFailure(error)}${more()}`);
      resolve();
    });
  });
}
