import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { type ServiceError, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  LearningService,
  RecordTaskRequestSchema,
} from '../../src/gen/learning/v1/learning_service_pb.ts';
import { encode } from '../../src/wire/encode.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';
import { learningClient } from '../support/clients/clients.ts';
import { faultyFields, requests } from '../support/clients/hostile-requests.ts';
import { type RawCaller, rawCaller } from '../support/clients/raw-caller.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const RUNS = 1500;

type Fields = MessageInitShape<typeof RecordTaskRequestSchema>;

/** A sidecar, and what it should have recorded. */
class Victim {
  readonly sidecar: Sidecar;
  readonly call: RawCaller<typeof LearningService.method.recordTask>;
  readonly ids = new Set<string>();
  recorded = 0;
  readonly codes = new Map<string, number>();

  constructor(sidecar: Sidecar) {
    this.sidecar = sidecar;
    this.call = rawCaller(sidecar.address, LearningService.method.recordTask);
  }

  /** Sends bytes, and checks the answer against the contract. */
  async send(bytes: Uint8Array): Promise<void> {
    const expected = judge(bytes);
    const outcome = await this.call(bytes).catch((error: ServiceError) => error);
    if (outcome instanceof Error) {
      this.#count(outcome);
      const { fields, ...answer } = describe(outcome);
      const { fields: faulty = [], ...wanted } = expected ?? {};
      expect(answer).toEqual(wanted);
      // An answer has room for so many violations: beyond them, fields may go unnamed.
      if (hasRoom(outcome)) expect(fields).toEqual(faulty);
      else expect(faulty).toEqual(expect.arrayContaining([...fields]));
    } else {
      this.#count(undefined);
      expect(expected).toBeUndefined();
      this.#record(fromBinary(RecordTaskRequestSchema, bytes).task?.taskId ?? '', outcome);
    }
  }

  #record(id: string, { duplicate }: { readonly duplicate: boolean }): void {
    expect(duplicate).toBe(id !== '' && this.ids.has(id));
    if (!duplicate) this.recorded += 1;
    this.ids.add(id);
  }

  #count(error: ServiceError | undefined): void {
    const name = error === undefined ? 'OK' : readStatusDetails(error).reason;
    this.codes.set(name, (this.codes.get(name) ?? 0) + 1);
  }

  /** It serves, has counted what it took and nothing else, and complains of nothing. */
  async checkUnharmed(): Promise<void> {
    const { totalTasksRecorded } = await learningClient(this.sidecar.address).getStatus({});
    expect(Number(totalTasksRecorded)).toBe(this.recorded);
    const complaints = this.sidecar.lines.filter((line) => JSON.parse(line).level >= 50);
    expect([...complaints, ...this.sidecar.errorLines]).toEqual([]);
    expect((await fetch(`${this.sidecar.adminUrl}/readyz`)).status).toBe(200);
  }
}

interface Refusal {
  readonly code: status;
  readonly reason: string;
  readonly domain: string;
  /** At fault, without the keys of maps. */
  readonly fields: readonly string[];
}

/** What the contract says of a request; `undefined`: it is taken. */
function judge(bytes: Uint8Array): Refusal | undefined {
  const refuse = (reason: string, fields: readonly string[]) => ({
    code: status.INVALID_ARGUMENT,
    reason,
    domain: 'learning.v1',
    fields,
  });
  try {
    const fields = faultyFields(fromBinary(RecordTaskRequestSchema, bytes));
    return fields.length === 0 ? undefined : refuse('INVALID_FIELD', fields);
  } catch {
    return refuse('MALFORMED', []);
  }
}

function describe(error: ServiceError): Refusal {
  const { reason, domain, violations } = readStatusDetails(error);
  const fields = new Set(violations.map(({ field }) => field.replace(/\[.*$/s, '')));
  return { code: error.code, reason, domain, fields: [...fields].sort() };
}

/** Room in an answer's details for violations, in bytes and in number. */
const ROOM = { bytes: 2000, violations: 20 };

function hasRoom(error: ServiceError): boolean {
  const { violations } = readStatusDetails(error);
  const bytes = violations.reduce((sum, { field, description }) => {
    return sum + Buffer.byteLength(field + description);
  }, 0);
  return violations.length < ROOM.violations && bytes < ROOM.bytes;
}

async function startVictim(): Promise<Victim> {
  return new Victim(await startSidecar({ dataDir: tempDir() }));
}

test('hostile tasks get the code and details of the contract, and change nothing', async () => {
  const victim = await startVictim();
  const seed = chooseSeed('hostile tasks');
  const property = fc.asyncProperty(requests, async (request) => {
    await victim.send(encode(RecordTaskRequestSchema, request));
  });
  await fc.assert(property, { seed, numRuns: RUNS });
  await victim.checkUnharmed();
  console.log(`hostile tasks: ${JSON.stringify(Object.fromEntries(victim.codes))}`);
  expect([...victim.codes.keys()].sort()).toEqual(['INVALID_FIELD', 'OK']);
});

test('random and damaged bytes are refused as MALFORMED, or taken as what they are', async () => {
  const victim = await startVictim();
  const seed = chooseSeed('hostile bytes');
  const damaged = fc
    .tuple(requests, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([request, place, value]) => {
      const bytes = encode(RecordTaskRequestSchema, request);
      if (bytes.length > 0) bytes[place % bytes.length] = value;
      return new Uint8Array(bytes);
    });
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged);
  await fc.assert(
    fc.asyncProperty(bytes, async (raw) => victim.send(raw)),
    { seed, numRuns: RUNS },
  );
  await victim.checkUnharmed();
  console.log(`hostile bytes: ${JSON.stringify(Object.fromEntries(victim.codes))}`);
  expect(victim.codes.get('MALFORMED')).toBeGreaterThan(0);
});

test('text that is not UTF-8 is refused as MALFORMED, wherever it stands', async () => {
  const victim = await startVictim();
  const marker = 'MARK';
  const places: Fields[] = [
    { task: { taskId: marker } },
    { task: { agentId: marker } },
    { task: { labels: { [marker]: 'value' } } },
    { task: { labels: { key: marker } } },
    { task: { measurements: { [marker]: 1 } } },
    { task: {}, metrics: { values: { [marker]: 1 } } },
  ];
  const broken = [
    [0xff, 0xfe, 0xfd, 0xfc],
    [0xc0, 0x80, 0x41, 0x41],
    [0xed, 0xa0, 0x80, 0x41],
    [0x41, 0x41, 0x41, 0xc3],
  ];
  for (const place of places) {
    for (const text of broken) {
      const bytes = encode(RecordTaskRequestSchema, place);
      bytes.set(text, bytes.indexOf(marker));
      const error = await victim.call(bytes).catch((failure: ServiceError) => failure);
      expect(error instanceof Error && describe(error)).toEqual({
        code: status.INVALID_ARGUMENT,
        reason: 'MALFORMED',
        domain: 'learning.v1',
        fields: [],
      });
    }
  }
  await victim.checkUnharmed();
});

test('a message of 10 MB is refused by the transport, one of 3 MB by its field', async () => {
  const victim = await startVictim();
  const ofSize = (size: number) =>
    encode(RecordTaskRequestSchema, { task: { taskId: 'x'.repeat(size) } });
  for (const size of [10_000_000, 5_000_000]) {
    const error = await victim.call(ofSize(size)).catch((failure: ServiceError) => failure);
    expect(error instanceof Error && describe(error)).toEqual({
      code: status.RESOURCE_EXHAUSTED,
      reason: '',
      domain: '',
      fields: [],
    });
  }
  await victim.send(ofSize(3_000_000));
  await victim.checkUnharmed();
});

test('a bad batch is refused whole, after the counts of those before it', async () => {
  const { address } = await startSidecar({ dataDir: tempDir() });
  const client = learningClient(address);
  const good = { latencyMs: 1 };
  const cases = [
    { batch: [], fields: ['tasks'] },
    { batch: Array.from({ length: 1001 }, () => good), fields: ['tasks'] },
    { batch: [good, { latencyMs: Number.NaN }, good], fields: ['tasks[1].latency_ms'] },
  ];
  for (const { batch, fields } of cases) {
    const call = client.recordTasks();
    const counts: number[] = [];
    call.on('data', ({ recordedCount }) => counts.push(Number(recordedCount)));
    const error = new Promise<ServiceError>((resolve) => call.once('error', resolve));
    call.write({ tasks: [good, good] });
    call.write({ tasks: batch });
    const details = readStatusDetails(await error);
    expect(details.reason).toBe('INVALID_FIELD');
    expect([...new Set(details.violations.map(({ field }) => field))]).toEqual(fields);
    expect(counts.at(-1)).toBe(2);
  }
  const { totalTasksRecorded } = await client.getStatus({});
  expect(Number(totalTasksRecorded)).toBe(2 * cases.length);
});
