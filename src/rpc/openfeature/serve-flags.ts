import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../../domain/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import { Service as FlagsV1 } from '../../gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../gen/flagd/sync/v1/sync_pb.ts';
import { addService } from '../../wire/codec.ts';
import type { Admission } from '../admission/admission.ts';
import type { HandlerEnvironment } from '../handlers.ts';
import type { FindRoute } from '../http/route.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import { connectRoutes } from './connect-routes.ts';
import { Evaluator } from './evaluation.ts';
import { FlagFeed } from './flag-feed.ts';
import { ofrepRoutes } from './ofrep.ts';
import { flagSyncHandlers, flagsV1Handlers, flagsV2Handlers } from './services.ts';

/** The services of gRPC by which OpenFeature's clients read parameters. */
export const FLAG_SERVICES = [FlagsV1, FlagsV2, FlagSyncService] as const;

export interface FlagOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly environment: HandlerEnvironment;
  readonly openStreams: OpenStreams;
  /** Has the rules of the methods of `FLAG_SERVICES`. */
  readonly admission: Admission;
}

/** Serves parameters as OpenFeature's flags: over gRPC, and by the routes that are returned. */
export function serveFlags(server: Server, options: FlagOptions): readonly FindRoute[] {
  const { engine, clock, environment, openStreams, admission } = options;
  const { state } = engine.ledger;
  const evaluator = new Evaluator(engine);
  const feed = new FlagFeed(clock);
  engine.ledger.onCommit((note) => feed.committed(note));
  const parts = { environment, evaluator, feed, openStreams, state };
  addService(server, FlagsV1, flagsV1Handlers(parts));
  addService(server, FlagsV2, flagsV2Handlers(parts));
  addService(server, FlagSyncService, flagSyncHandlers(parts));
  return [
    connectRoutes(parts, (method) => admission.ruleOf(method)),
    ofrepRoutes(evaluator, (path) => admission.clientRule(path)),
  ];
}
