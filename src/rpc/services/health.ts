import { type ServerWritableStream, status } from '@grpc/grpc-js';
import {
  type Health,
  type HealthCheckRequestSchema,
  type HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../gen/grpc/health/v1/health_pb.ts';
import { type Decoded, type Encodable, Malformed, type ServiceHandlers } from '../../wire/codec.ts';
import { refusalStatus } from '../../wire/status.ts';
import type { OpenStreams } from '../streams/open-streams.ts';

/** The standard health service. All its services serve, or none does. */
export interface HealthService {
  readonly handlers: ServiceHandlers<typeof Health>;
  /** Tells who watches. Not serving before the first call. */
  setServing(serving: boolean): void;
}

type WatchCall = ServerWritableStream<
  Decoded<typeof HealthCheckRequestSchema>,
  Encodable<typeof HealthCheckResponseSchema>
>;

/** @param services Full names; "" stands for the server as a whole. */
export function createHealth(services: readonly string[], openStreams: OpenStreams): HealthService {
  const known = new Set(services);
  const watchers = new Set<Watcher>();
  let current: ServingStatus = ServingStatus.NOT_SERVING;

  const watch = (call: WatchCall) => {
    const { request } = call;
    if (request instanceof Malformed) {
      call.emit('error', refusalStatus(request.error));
      return;
    }
    if (!openStreams.admit(call)) return;
    const isKnown = known.has(request.service);
    const watcher = createWatcher(call, isKnown ? () => current : () => UNKNOWN);
    watchers.add(watcher);
    for (const event of ['cancelled', 'close']) call.once(event, () => watchers.delete(watcher));
    watcher.update();
  };
  return {
    handlers: {
      check({ request }, callback) {
        if (request instanceof Malformed) return callback(refusalStatus(request.error));
        if (known.has(request.service)) return callback(null, { status: current });
        callback({ code: status.NOT_FOUND, details: 'unknown service' });
      },
      watch,
    },
    setServing(serving) {
      current = serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
      for (const watcher of watchers) watcher.update();
    },
  };
}

const UNKNOWN = ServingStatus.SERVICE_UNKNOWN;

/** One Watch stream. */
interface Watcher {
  readonly call: WatchCall;
  /** Sends the status, unless it is the one sent last. A slow reader gets the newest only. */
  update(): void;
}

function createWatcher(call: WatchCall, statusNow: () => ServingStatus): Watcher {
  let sent: ServingStatus | undefined;
  let full = false;
  const update = () => {
    if (full || sent === statusNow()) return;
    sent = statusNow();
    full = !call.write({ status: sent });
  };
  call.on('drain', () => {
    full = false;
    update();
  });
  return { call, update };
}
