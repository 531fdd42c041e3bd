import { type ServiceError, status } from '@grpc/grpc-js';
import type { Cycle } from '../../../src/gen/learning/v1/cycle_pb.ts';
import type { Delta } from '../../../src/gen/learning/v1/delta_pb.ts';
import type { AdminClient, LearningClient } from '../clients/clients.ts';
import type { Follower } from '../clients/follower.ts';
import type { SeededRandom } from '../engine/seed.ts';
import type { TaskBook, TaskFields } from './task-book.ts';

/** What clients of one sidecar were told before it was killed. */
export class Ledgerbook {
  readonly cycles: Cycle[] = [];
  /** Answers to SetParameter. */
  readonly overrides: Delta[] = [];
  /** The highest sequence that each client has acknowledged, by its name. */
  readonly acknowledged = new Map<string, bigint>();
  /** Deltas that a client refused. */
  readonly refused: string[] = [];
  /** Answers that no kill explains. */
  readonly faults: string[] = [];
}

export interface LoadParts {
  readonly client: LearningClient;
  readonly admin: AdminClient;
  readonly followers: readonly Follower[];
  readonly tasks: TaskBook;
  readonly book: Ledgerbook;
  readonly random: SeededRandom;
}

const SINGLES = 12;
const MAX_BATCH = 40;
const MAX_BATCHES_IN_FLIGHT = 6;

/** Calls everything there is to call until the sidecar is gone; resolves when all have noticed. */
export async function loadUntilGone(parts: LoadParts): Promise<void> {
  await Promise.all([
    ...Array.from({ length: SINGLES }, () => untilGone(parts, () => recordOne(parts))),
    recordBatches(parts),
    untilGone(parts, () => runCycle(parts)),
    untilGone(parts, () => override(parts)),
    ...parts.followers.map((follower) => acknowledgeAll(parts, follower)),
  ]);
}

async function untilGone({ book }: LoadParts, step: () => Promise<void>): Promise<void> {
  try {
    for (;;) await step();
  } catch (error) {
    noteEnd(book, error as ServiceError); // Nothing else is thrown by a call.
  }
}

function noteEnd(book: Ledgerbook, error: ServiceError): void {
  if (error.code !== status.UNAVAILABLE) book.faults.push(String(error));
}

async function recordOne({ client, tasks }: LoadParts): Promise<void> {
  const [task = {}] = tasks.take(1);
  try {
    await client.recordTask({ task });
    tasks.acknowledge([task]);
  } catch (error) {
    tasks.lose([task]);
    throw error;
  }
}

/** One stream; its counts say how much of what was sent is durable. */
function recordBatches({ client, tasks, book, random }: LoadParts): Promise<void> {
  const stream = client.recordTasks();
  const sizes: number[] = [];
  const sent: TaskFields[] = [];
  let durable = 0;
  const send = () => {
    while (sizes.length < MAX_BATCHES_IN_FLIGHT) {
      const batch = tasks.take(random.between(1, MAX_BATCH));
      sizes.push(batch.length);
      sent.push(...batch);
      stream.write({ tasks: batch });
    }
  };
  stream.on('data', ({ recordedCount, duplicateCount }) => {
    const through = Number(recordedCount + duplicateCount);
    for (let left = through - durable; left > 0; left -= sizes.shift() ?? left) {
      if ((sizes[0] ?? 0) > left) book.faults.push(`half a batch is durable: ${left}`);
    }
    tasks.acknowledge(sent.splice(0, through - durable));
    durable = through;
    send();
  });
  send();
  return new Promise((resolve) => {
    stream.once('error', (error: ServiceError) => {
      noteEnd(book, error);
      tasks.lose(sent);
      resolve();
    });
  });
}

/** Waits until all have read what it did: nobody shall be so slow as to be given a snapshot. */
async function runCycle({ admin, followers, book }: LoadParts): Promise<void> {
  const { cycle } = await admin.runCycle({});
  if (cycle === undefined) return;
  book.cycles.push(cycle);
  const sequence = cycle.deltas.at(-1)?.sequence ?? 0n;
  await Promise.all(followers.map((follower) => follower.until(sequence)));
}

async function override({ admin, followers, book, random }: LoadParts): Promise<void> {
  const value = random.between(10, 100);
  const { delta } = await admin.setParameter({
    target: 'max_cpu_per_agent',
    value: { kind: { case: 'numberValue', value } },
    reason: 'load',
  });
  if (delta === undefined) return;
  book.overrides.push(delta);
  await Promise.all(followers.map((follower) => follower.until(delta.sequence)));
}

/** Acknowledges what a follower was told, and now and then refuses it. */
async function acknowledgeAll(parts: LoadParts, follower: Follower): Promise<void> {
  const { client, book, random } = parts;
  let seen = follower.sequence ?? 0n;
  await untilGone(parts, async () => {
    await follower.until(seen + 1n);
    seen = follower.sequence ?? seen;
    // The newest is the likeliest to be overridden meanwhile.
    const delta = follower.arrivals.at(-random.between(1, 4))?.delta;
    if (delta === undefined) await client.getStatus({});
    else if (random.next() < 0.2) await refuse(parts, follower, delta);
    else {
      const { clientId, epoch } = follower;
      await client.ackDelta({ clientId, epoch, deltaId: delta.deltaId });
      const before = book.acknowledged.get(clientId) ?? 0n;
      book.acknowledged.set(clientId, delta.sequence > before ? delta.sequence : before);
    }
  });
}

async function refuse({ client, book }: LoadParts, follower: Follower, { deltaId }: Delta) {
  const { clientId, epoch } = follower;
  try {
    const error = { reason: 'LOAD', message: 'refused now and then' };
    await client.ackDelta({ clientId, epoch, deltaId, error });
    book.refused.push(deltaId);
  } catch (error) {
    // Its value has been replaced, or it was itself a revert: that may be.
    if ((error as ServiceError).code !== status.FAILED_PRECONDITION) throw error;
  }
}
