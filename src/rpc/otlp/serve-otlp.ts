import type { Server } from '@grpc/grpc-js';
import { LogsService } from '../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts';
import { MetricsService } from '../../gen/opentelemetry/proto/collector/metrics/v1/metrics_service_pb.ts';
import { TraceService } from '../../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts';
import { addRawMethod } from '../../wire/codec.ts';
import type { Admission } from '../admission/admission.ts';
import { type HandlerEnvironment, rawHandler } from '../handlers.ts';
import type { FindRoute } from '../http/route.ts';
import { type OtlpParts, otlpExports } from './exports.ts';
import { otlpRoutes } from './http-routes.ts';

/** The services of OTLP. */
export const OTLP_SERVICES = [TraceService, LogsService, MetricsService] as const;

/** How OTLP is taken in. */
export type OtlpOptions = Omit<OtlpParts, 'engine'>;

interface ServeOptions extends OtlpParts {
  readonly environment: HandlerEnvironment;
  /** Knows the methods of `OTLP_SERVICES`. */
  readonly admission: Admission;
}

/** Takes in OTLP: over gRPC, and by the routes that are returned. */
export function serveOtlp(server: Server, options: ServeOptions): FindRoute {
  const { environment, admission } = options;
  const exports = otlpExports(options);
  for (const { method, run } of exports) {
    addRawMethod(server, method, rawHandler(environment, method, run));
  }
  return otlpRoutes(exports, (method) => admission.ruleOf(method));
}
