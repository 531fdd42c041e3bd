import { toJsonString } from '@bufbuild/protobuf';
import type { DeltaType } from '../domain/delta.ts';
import { DeltaType as ProtoDeltaType } from '../gen/learning/v1/delta_pb.ts';
import { StreamDeltasResponseSchema } from '../gen/learning/v1/learning_service_pb.ts';
import { readDeltas } from './delta-reader.ts';
import { endWhenUnread, printLine } from './output.ts';
import { withSidecar } from './sidecar-client.ts';
import { describeBreak, describeMessage } from './watch-lines.ts';

/** What `watch` is told. */
export interface WatchOptions {
  readonly target: string;
  readonly clientId: string;
  /** Empty: all. */
  readonly types: readonly DeltaType[];
  readonly fromStart: boolean | undefined;
  readonly json: boolean | undefined;
}

const PROTO_TYPES: Readonly<Record<DeltaType, ProtoDeltaType>> = {
  coordination: ProtoDeltaType.COORDINATION,
  strategy: ProtoDeltaType.STRATEGY,
  resource: ProtoDeltaType.RESOURCE,
  metric: ProtoDeltaType.METRIC,
};

/** Prints applied deltas as they come, over breaks of the connection, until `ended` says so. */
export async function watch(options: WatchOptions, ended = endingSignal()): Promise<void> {
  endWhenUnread();
  await withSidecar(options.target, async (client) => {
    const events = readDeltas(client, {
      clientId: options.clientId,
      types: options.types.map((type) => PROTO_TYPES[type]),
      place: options.fromStart ? { epoch: '', sequence: 0n } : undefined,
      signal: ended,
    });
    for await (const event of events) {
      if (event.kind !== 'message') {
        console.error(describeBreak(event));
        continue;
      }
      const line = options.json
        ? toJsonString(StreamDeltasResponseSchema, event.message)
        : describeMessage(event.message);
      if (line !== undefined) await printLine(line);
    }
  });
}

/** Fires when the process is asked to end, and keeps it from ending at once. */
function endingSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}
