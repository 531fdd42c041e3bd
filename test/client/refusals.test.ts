import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test, vi } from 'vitest';
import { MACHINE } from '../../src/client/environment.ts';
import { LearningSidecar, type LearningSidecarOptions } from '../../src/client/public.ts';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { serviceCodec } from '../../src/wire/codec.ts';
import { serve } from '../rpc/wire.ts';
import { createServiceFixture } from '../support/engine/service-fixture.ts';

type Done = (error: Partial<ServiceError> | null, answer?: object) => void;

const WAIT = { timeout: 10_000, interval: 20 };

/** A sidecar that refuses everything with a code, until it is told another or none. */
async function createRefuser(code: status | undefined) {
  const { streamDeltas, resolveParameters, recordTask, ackDelta } = serviceCodec(LearningService);
  const sidecar = { code, calls: 0, address: '' };
  const answer = (_: unknown, done: Done) => {
    sidecar.calls += 1;
    if (sidecar.code === undefined) done(null, {});
    else done({ code: sidecar.code, details: 'no' });
  };
  sidecar.address = await serve((server) =>
    server.addService(
      { streamDeltas, resolveParameters, recordTask, ackDelta },
      {
        streamDeltas(call: {
          write(message: object): void;
          emit(event: 'error', error: object): boolean;
        }) {
          sidecar.calls += 1;
          if (sidecar.code !== undefined) {
            call.emit('error', { code: sidecar.code });
            return;
          }
          const delta = { deltaId: 'd', target: 't', sequence: 2n };
          call.write({ epoch: 'e', sequence: 1n, event: { case: 'snapshot', value: {} } });
          call.write({ epoch: 'e', sequence: 2n, event: { case: 'delta', value: delta } });
        },
        resolveParameters: answer,
        recordTask: answer,
        ackDelta: answer,
      },
    ),
  );
  return sidecar;
}

function createClient(target: string, options: Partial<LearningSidecarOptions> = {}) {
  const told: string[] = [];
  const sidecar = new LearningSidecar({
    target,
    clientId: 'client',
    onProblem: (what) => void told.push(what),
    onDisconnected: (failure) => void told.push(`disconnected: ${failure?.code}`),
    ...options,
  });
  onTestFinished(() => sidecar.close({ timeoutMs: 0 }));
  return { sidecar, told };
}

test.each<[string, object, RegExp]>([
  ['half a character', { clientId: 'a\ud800' }, /^clientId: /],
  ['too long', { clientId: '\u00e4'.repeat(129) }, /^clientId: .*at most 256 bytes, found 258$/],
  ['no text', { clientId: 7 }, /^clientId: /],
  ['missing', { clientId: undefined }, /^clientId: /],
  ['no room', { queueLimit: 0 }, /^queueLimit: .*found 0$/],
  ['no number', { queueLimit: Number.NaN }, /^queueLimit: .*found NaN$/],
])('an option that cannot be taken is told at once: %s', (_, options, message) => {
  expect(() => createClient('127.0.0.1:1', options)).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) }),
  );
});

test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'UNIMPLEMENTED'] as const)(
  'a stream that is refused is told once, and taken up when it no longer is: %s',
  async (name) => {
    const refuser = await createRefuser(status[name]);
    const { sidecar, told } = createClient(refuser.address);
    sidecar.follow();
    await vi.waitFor(() => expect(refuser.calls).toBeGreaterThan(4), WAIT);
    const refused = `the stream is refused, and tried again: ${name} `;
    expect(told).toEqual([`disconnected: ${name}`, refused]);
    refuser.code = undefined;
    await vi.waitFor(() => expect(sidecar.sequence).toBe(2n), WAIT);
    expect(told).toHaveLength(2);
  },
);

test('an outage that becomes a refusal is told again', async () => {
  const refuser = await createRefuser(status.UNAVAILABLE);
  const { sidecar, told } = createClient(refuser.address);
  sidecar.follow();
  await vi.waitFor(() => expect(refuser.calls).toBeGreaterThan(2), WAIT);
  expect(told).toEqual(['disconnected: UNAVAILABLE']);
  refuser.code = status.UNAUTHENTICATED;
  const more = ['disconnected: UNAUTHENTICATED', expect.stringContaining('is refused')];
  await vi.waitFor(() => expect(told.slice(1)).toEqual(more), WAIT);
});

test('what sends no more often than each second is no flood', async () => {
  const refuser = await createRefuser(status.UNIMPLEMENTED);
  const { sidecar } = createClient(refuser.address, {
    // Always the whole delay: 0.2, 0.4, 0.8, 1 s.
    environment: { ...MACHINE, random: () => 1 },
  });
  sidecar.follow();
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(refuser.calls).toBeGreaterThan(1);
  expect(refuser.calls).toBeLessThanOrEqual(4);
});

test('a task and an acknowledgement that wait for a token are told of once', async () => {
  const refuser = await createRefuser(undefined);
  const { sidecar, told } = createClient(refuser.address, {
    onChange({ source }) {
      if (source === 'delta') refuser.code = status.UNAUTHENTICATED;
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(refuser.code).toBe(status.UNAUTHENTICATED), WAIT);
  const recorded = sidecar.record({ taskId: 'one' });
  await vi.waitFor(() => expect(refuser.calls).toBeGreaterThan(8), WAIT);
  refuser.code = undefined;
  expect(await recorded).toEqual({ kind: 'recorded' });
  const waits = ['an acknowledgement waits for a token', 'one waits for a token'];
  expect(told.sort()).toEqual(waits);
});

test('settings that are refused are told of, and the last ones serve', async () => {
  const refuser = await createRefuser(status.UNAUTHENTICATED);
  const { sidecar, told } = createClient(refuser.address, { defaults: { level: 1 } });
  expect(await sidecar.resolve()).toMatchObject({ parameters: { level: 1 }, isFallback: true });
  expect(told).toEqual(['no settings for a task']);
});

test('a task that nobody there knows of is refused', async () => {
  const address = await serve(() => {});
  const { sidecar, told } = createClient(address);
  const outcome = await sidecar.record({ taskId: 'one' });
  expect(outcome).toMatchObject({ kind: 'refused', failure: { code: 'UNIMPLEMENTED' } });
  expect(told).toEqual(['one was refused']);
});

test('what cannot be sent of metrics is told; a sidecar that is away is not, nor what comes after the end', async () => {
  const { sidecar, told } = createClient('127.0.0.1:1');
  expect(await sidecar.reportMetrics({ subAgentCount: 1 })).toBe(false);
  expect(told).toEqual([]);
  expect(await sidecar.reportMetrics({ subAgentCount: -1 })).toBe(false);
  expect(told).toEqual(['metrics were not reported']);
  await sidecar.close({ timeoutMs: 0 });
  expect(await sidecar.reportMetrics({ subAgentCount: 1 })).toBe(false);
  expect(told).toHaveLength(1);
});

test('that defaults could not be put in force is told as such', async () => {
  const { sidecar, told } = createClient('127.0.0.1:1', {
    onChange: () => {
      throw new Error('a bug');
    },
  });
  sidecar.follow();
  await vi.waitFor(() => expect(told).toContain('the defaults could not be put in force'), WAIT);
});

test('without an onProblem, problems are lines of console.warn', async () => {
  const { address } = await createRefuser(undefined);
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  onTestFinished(() => warn.mockRestore());
  const sidecar = new LearningSidecar({
    target: '127.0.0.1:1',
    clientId: 'client',
    queueLimit: 1,
    onChange() {
      throw new Error('a bug\n  of two lines');
    },
  });
  const other = new LearningSidecar({ target: address, clientId: 'client' });
  sidecar.follow();
  for (let i = 0; i < 30; i += 1) void sidecar.record({});
  await other.resolve({ labels: { n: '\ud800' } });
  await other.reportMetrics({});
  await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(3), WAIT);
  await Promise.all([sidecar, other].map((one) => one.close({ timeoutMs: 0 })));
  expect(warn.mock.calls.flat().sort()).toEqual([
    expect.stringMatching(/^learning-sidecar: metrics were not reported: UNIMPLEMENTED .+/),
    'learning-sidecar: more than 1 tasks wait: the oldest are dropped',
    'learning-sidecar: the defaults could not be put in force: a bug of two lines',
  ]);
});

test('two of one name both follow, and both acknowledge', async () => {
  const { address, client, admin } = await createServiceFixture();
  const both = [createClient(address), createClient(address)];
  for (const { sidecar } of both) sidecar.follow();
  await vi.waitFor(async () => {
    expect((await client.getStatus({})).subscribers).toHaveLength(2);
  }, WAIT);
  const value = { kind: { case: 'numberValue', value: 50 } } as const;
  await admin.setParameter({ target: 'max_cpu_per_agent', value });
  for (const { sidecar, told } of both) {
    await vi.waitFor(() => expect(sidecar.parameters.max_cpu_per_agent).toBe(50), WAIT);
    const { kind } = await sidecar.record({ taskId: 'of both' });
    expect(kind).toMatch(/recorded|duplicate/);
    expect(told).toEqual([]);
  }
});

test('200 clients, one after the other, leave nothing behind', async () => {
  const { address } = await createServiceFixture();
  const open = () => process.getActiveResourcesInfo().sort();
  const once = async () => {
    const { sidecar } = createClient(address);
    sidecar.follow();
    await sidecar.record({});
    await vi.waitFor(() => expect(sidecar.parameters).not.toEqual({}), { ...WAIT, interval: 1 });
    await sidecar.close();
  };
  await once();
  const before = open().length;
  for (let i = 0; i < 200; i += 1) await once();
  await vi.waitFor(() => expect(open().length).toBeLessThanOrEqual(before + 2), WAIT);
});
