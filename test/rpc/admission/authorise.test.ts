import { Metadata, status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { LearningError } from '../../../src/domain/errors.ts';
import { Health } from '../../../src/gen/grpc/health/v1/health_pb.ts';
import { LearningAdminService } from '../../../src/gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { parseListenAddress } from '../../../src/net/address.ts';
import { Listeners } from '../../../src/net/listeners.ts';
import { Admission } from '../../../src/rpc/admission/admission.ts';
import { createGrpcServer } from '../../../src/rpc/grpc-js/server.ts';
import { addService } from '../../../src/wire/codec.ts';
import { ManualClock } from '../../support/engine/manual-clock.ts';
import { connect, failureOf } from '../wire.ts';

/** A server whose callers show a word of what they may do. It keeps which handlers were run. */
async function start() {
  const refused: string[] = [];
  const allowed = new Set(['client', 'admin']);
  const admission = new Admission({
    clock: new ManualClock(),
    maxPendingCalls: () => 1,
    onRefused: () => {},
    authority: {
      check(header, need) {
        if (header === undefined || !allowed.has(header)) throw new LearningError('NO_TOKEN', 'no');
        if (need === 'admin' && header !== 'admin') throw new LearningError('NOT_ALLOWED', 'not');
      },
      refused: (method, code, peer, { reason }) =>
        void refused.push(`${method} ${status[code]} ${peer.split(':')[0]} ${reason}`),
    },
    clients: LearningService.methods,
    operators: LearningAdminService.methods,
    probes: Health.methods,
    streams: [],
  });
  const ran: string[] = [];
  const server = createGrpcServer(admission);
  const unary =
    (name: string) => (call: { metadata: Metadata }, answer: (e: null, m: object) => void) => {
      ran.push(`${name} ${call.metadata.get('authorization').join()}`);
      answer(null, {});
    };
  // Only what is called here.
  const learning = {
    getStatus: unary('getStatus'),
    streamDeltas(call: {
      write(message: object): void;
      on(event: 'cancelled', f: () => void): void;
    }) {
      call.write({});
      call.on('cancelled', () => ran.push('cancelled'));
    },
  };
  addService(server, LearningService, learning as never);
  addService(server, LearningAdminService, { runCycle: unary('runCycle') } as never);
  addService(server, Health, { check: unary('check') } as never);
  const listeners = new Listeners(server);
  onTestFinished(async () => {
    server.forceShutdown();
    await listeners.close();
  });
  const address = await listeners.open(parseListenAddress('127.0.0.1:0'));
  return { address, admission, allowed, refused, ran };
}

function showing(word: string): { metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set('authorization', word);
  return { metadata };
}

test('a call is decided on when its headers come; no handler sees one that is refused', async () => {
  const { address, refused, ran } = await start();
  const client = connect(LearningService, address);
  const admin = connect(LearningAdminService, address);
  await connect(Health, address).check({});
  expect((await failureOf(client.getStatus({}))).code).toBe(status.UNAUTHENTICATED);
  expect((await failureOf(client.getStatus({}, showing('x')))).code).toBe(status.UNAUTHENTICATED);
  await client.getStatus({}, showing('client'));
  expect((await failureOf(admin.runCycle({}, showing('client')))).code).toBe(7);
  await admin.runCycle({}, showing('admin'));
  // Handlers are not shown the token.
  expect(ran).toEqual(['check ', 'getStatus ', 'runCycle ']);
  expect(refused).toEqual([
    '/learning.v1.LearningService/GetStatus UNAUTHENTICATED 127.0.0.1 NO_TOKEN',
    '/learning.v1.LearningService/GetStatus UNAUTHENTICATED 127.0.0.1 NO_TOKEN',
    '/learning.v1.LearningAdminService/RunCycle PERMISSION_DENIED 127.0.0.1 NOT_ALLOWED',
  ]);
});

test('a stream ends when its token does not hold any more, and others go on', async () => {
  const { address, admission, allowed, ran } = await start();
  const client = connect(LearningService, address);
  const open = async (word: string) => {
    const stream = client.streamDeltas({}, showing(word));
    const ended = new Promise<{ code: number }>((resolve) => stream.on('error', resolve));
    await new Promise((resolve) => stream.once('data', resolve));
    return { stream, ended };
  };
  const [first, second] = [await open('client'), await open('admin')];
  admission.recheck();
  allowed.delete('client');
  admission.recheck();
  expect((await first.ended).code).toBe(status.UNAUTHENTICATED);
  expect(ran).toEqual(['cancelled']);
  second.stream.cancel();
  expect((await second.ended).code).toBe(status.CANCELLED);
});
