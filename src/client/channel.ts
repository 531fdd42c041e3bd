import type { DescService } from '@bufbuild/protobuf';
import type { ClientOptions } from '@grpc/grpc-js';
import type { LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../wire/client.ts';
import type { Target } from './target.ts';

/** A client of LearningService. */
export type LearningClient = ServiceClient<typeof LearningService>;

const CHANNEL: ClientOptions = {
  // Reconnect soon after an outage: the default goes up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // Detects an unreachable host, also while no call is open. Servers may refuse more frequent pings.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  // A sidecar is local, never behind a proxy.
  'grpc.enable_http_proxy': 0,
};

/** gRPC retries these calls by itself, and waits as long as the sidecar asks for in `grpc-retry-pushback-ms`. */
export const RETRIES: ClientOptions = {
  'grpc.service_config': JSON.stringify({
    methodConfig: [
      {
        name: ['RecordTask', 'AckDelta'].map((method) => ({
          service: 'learning.v1.LearningService',
          method,
        })),
        retryPolicy: {
          maxAttempts: 5,
          initialBackoff: '0.2s',
          maxBackoff: '1s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  }),
};

/** A client of one of a sidecar's services. It connects at the first call. */
export function openClient<S extends DescService>(
  service: S,
  { address, credentials, options }: Target,
  more: ClientOptions = {},
): ServiceClient<S> {
  return createClient(service, address, credentials, { ...CHANNEL, ...options, ...more });
}
