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
  // Detects an unreachable host. Servers may refuse more frequent pings.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // A sidecar is local, never behind a proxy.
  'grpc.enable_http_proxy': 0,
};

/** A client of one of a sidecar's services. It connects at the first call. */
export function openClient<S extends DescService>(service: S, target: Target): ServiceClient<S> {
  const { address, credentials, options } = target;
  return createClient(service, address, credentials, { ...CHANNEL, ...options });
}
