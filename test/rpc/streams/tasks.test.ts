import type { MessageInitShape } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test, vi } from 'vitest';
import type {
  RecordTasksRequestSchema,
  RecordTasksResponse,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { readStatusDetails } from '../../../src/wire/error-details.ts';
import { createServiceFixture, type ServiceFixture } from '../../support/engine/service-fixture.ts';

type Batch = MessageInitShape<typeof RecordTasksRequestSchema>;

/** Sends batches, ends, and tells what came back. */
async function send({ client }: ServiceFixture, batches: readonly Batch[]) {
  const stream = client.recordTasks();
  const answers: RecordTasksResponse[] = [];
  let error: ServiceError | undefined;
  stream.on('data', (answer: RecordTasksResponse) => answers.push(answer));
  stream.on('error', (failure: ServiceError) => {
    error = failure;
  });
  for (const batch of batches) stream.write(batch);
  stream.end();
  await new Promise((resolve) => stream.on('status', resolve));
  return { answers, error };
}

function batchOf(...ids: string[]): Batch {
  return { tasks: ids.map((taskId) => ({ taskId, latencyMs: 5 })) };
}

describe('RecordTasks', () => {
  test('counts cumulatively, and the last answer tells all', async () => {
    const fixture = await createServiceFixture();
    const { answers, error } = await send(fixture, [
      batchOf('a', 'b', 'a'),
      batchOf('c'),
      batchOf('b', '', ''),
    ]);
    expect(error).toBeUndefined();
    expect(answers.at(-1)).toMatchObject({
      recordedCount: 5n,
      duplicateCount: 2n,
      deltaSequence: 0n,
      epoch: 'epoch-1',
    });
    const counts = answers.map(({ recordedCount }) => recordedCount);
    expect(counts).toEqual([...new Set(counts)].sort());
    expect(await fixture.client.getStatus({})).toMatchObject({
      totalTasksRecorded: 5n,
      tasksInHistory: 5n,
    });
  });

  test('answers once even where nothing was sent', async () => {
    const fixture = await createServiceFixture();
    const { answers, error } = await send(fixture, []);
    expect(error).toBeUndefined();
    expect(answers).toMatchObject([{ recordedCount: 0n, duplicateCount: 0n, epoch: 'epoch-1' }]);
  });

  test('metrics come along', async () => {
    const fixture = await createServiceFixture();
    await send(fixture, [
      { tasks: [{ taskId: 'a' }], metrics: { subAgentCount: 4, values: { depth: 2 } } },
    ]);
    const { metrics } = await fixture.client.getStatus({});
    expect(metrics).toMatchObject({ subAgentCount: 4, values: { depth: 2 } });
  });

  test('who reports is the client of tasks and metrics that name none', async () => {
    const fixture = await createServiceFixture();
    const record = vi.spyOn(fixture.engine, 'recordTasks');
    const tasks = [{ taskId: 'a' }, { taskId: 'b', clientId: 'own' }];
    await send(fixture, [{ tasks, metrics: {}, clientId: 'pod-1' }]);
    const [reported, metrics] = record.mock.calls[0] ?? [];
    expect(reported?.map(({ clientId }) => clientId)).toEqual(['pod-1', 'own']);
    expect(metrics?.clientId).toBe('pod-1');
  });

  test.each<[string, Batch, string]>([
    ['empty', { tasks: [] }, 'tasks'],
    ['of a client with a long name', { tasks: [{}], clientId: 'x'.repeat(257) }, 'client_id'],
    ['too large', batchOf(...Array.from({ length: 1001 }, () => '')), 'tasks'],
    ['bad in one place', { tasks: [{}, {}, { latencyMs: -1 }] }, 'tasks[2].latency_ms'],
    ['with bad metrics', { tasks: [{}], metrics: { cpuPercent: -1 } }, 'metrics.cpu_percent'],
  ])(
    'a batch that is %s is refused whole, after the counts before it',
    async (_name, bad, field) => {
      const fixture = await createServiceFixture();
      const { answers, error } = await send(fixture, [batchOf('a', 'b'), bad, batchOf('c')]);
      expect(answers.at(-1)).toMatchObject({ recordedCount: 2n });
      expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
      if (error === undefined) throw new Error('no error');
      const { reason, violations } = readStatusDetails(error);
      expect(reason).toBe('INVALID_FIELD');
      expect(violations.map((one) => one.field)).toEqual([field]);
      expect((await fixture.client.getStatus({})).totalTasksRecorded).toBe(2n);
    },
  );

  test('a ledger that cannot be written ends the stream with what was durable', async () => {
    const fixture = await createServiceFixture();
    const commit = fixture.store.commit.bind(fixture.store);
    fixture.store.commit = () => {
      throw new Error('no space left');
    };
    const { answers, error } = await send(fixture, [batchOf('a')]);
    expect(answers).toMatchObject([{ recordedCount: 0n }]);
    if (error === undefined) throw new Error('no error');
    expect(error.code).toBe(status.UNAVAILABLE);
    expect(readStatusDetails(error)).toMatchObject({ reason: 'LEDGER_UNAVAILABLE' });
    fixture.store.commit = commit;
    await fixture.engine.ledger.check();
    expect((await send(fixture, [batchOf('a')])).answers).toMatchObject([{ recordedCount: 1n }]);
  });

  test('a stream in the middle of things drains: counts first, then UNAVAILABLE', async () => {
    const { client, service } = await createServiceFixture();
    const stream = client.recordTasks();
    const answers: RecordTasksResponse[] = [];
    const failed = new Promise<ServiceError>((resolve) => stream.on('error', resolve));
    const answered = new Promise<void>((resolve) => {
      stream.on('data', (answer: RecordTasksResponse) => {
        answers.push(answer);
        resolve();
      });
    });
    stream.write(batchOf('a', 'b'));
    await answered;
    void service.drain();
    expect(await failed).toMatchObject({ code: status.UNAVAILABLE });
    expect(answers.at(-1)).toMatchObject({ recordedCount: 2n });
  });

  test('many streams with many small batches lose nothing', async () => {
    const fixture = await createServiceFixture();
    const sent = await Promise.all(
      Array.from({ length: 8 }, (_, s) =>
        send(
          fixture,
          Array.from({ length: 400 }, (_unused, i) => batchOf(`${s}/${i}`)),
        ),
      ),
    );
    for (const { answers, error } of sent) {
      expect(error).toBeUndefined();
      expect(answers.at(-1)).toMatchObject({ recordedCount: 400n });
    }
    expect((await fixture.client.getStatus({})).totalTasksRecorded).toBe(3200n);
  });
});
