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

/** The standard health service. Either all services serve, or none. */
export interface HealthService {
  readonly handlers: ServiceHandlers<typeof Health>;
  /** Sets the status, and sends it to the clients that watch. Not serving before the first call. */
  setServing(serving: boolean): void;
}

type WatchCall = ServerWritableStream<
  Decoded<typeof HealthCheckRequestSchema>,
  Encodable<typeof HealthCheckResponseSchema>
>;

/** @param services full names; "" stands for the server as a whole */
export function createHealth(services: readonly string[], openStreams: OpenStreams): HealthService {
  const known = new Set(services);
  /** A function for each Watch stream: it sends the status, unless that was the last one sent. */
  const updates = new Set<() => void>();
  let current: ServingStatus = ServingStatus.NOT_SERVING;

  const watch = (call: WatchCall) => {
    const { request } = call;
    if (request instanceof Malformed) return void call.emit('error', refusalStatus(request.error));
    if (!openStreams.admit(call)) return;
    let sent: ServingStatus | undefined;
    // A slow reader gets the newest status only.
    let isWritable = true;
    const update = () => {
      const newest = known.has(request.service) ? current : ServingStatus.SERVICE_UNKNOWN;
      if (!isWritable || newest === sent) return;
      sent = newest;
      isWritable = call.write({ status: newest });
    };
    updates.add(update);
    call.on('drain', () => {
      isWritable = true;
      update();
    });
    for (const event of ['cancelled', 'close']) call.once(event, () => updates.delete(update));
    update();
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
      for (const update of updates) update();
    },
  };
}
