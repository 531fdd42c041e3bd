import { toJsonString } from '@bufbuild/protobuf';
import type { DeltaType } from '../domain/delta.ts';
import { DeltaType as ProtoDeltaType } from '../gen/learning/v1/delta_pb.ts';
import {
  type Snapshot,
  SnapshotOutcome,
  type StreamDeltasResponse,
  StreamDeltasResponseSchema,
} from '../gen/learning/v1/learning_service_pb.ts';
import { describeDelta, describeParameters, showTime } from './delta-line.ts';
import { type ReaderEvent, readDeltas } from './delta-reader.ts';
import { endWhenUnread, printLine } from './output.ts';
import { withSidecar } from './sidecar-client.ts';

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

/** Prints applied deltas as they come, until a signal ends it. */
export async function watch(options: WatchOptions): Promise<void> {
  endWhenUnread();
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.abort());
  }
  await withSidecar(options.target, async (client) => {
    const events = readDeltas(client, {
      clientId: options.clientId,
      types: options.types.map((type) => PROTO_TYPES[type]),
      place: options.fromStart ? { epoch: '', sequence: 0n } : undefined,
      signal: ended.signal,
    });
    for await (const event of events) {
      if (event.kind !== 'message') console.error(describeBreak(event));
      else if (options.json)
        await printLine(toJsonString(StreamDeltasResponseSchema, event.message));
      else await printMessage(event.message);
    }
  });
}

async function printMessage({ epoch, sequence, event }: StreamDeltasResponse): Promise<void> {
  if (event.case === 'delta') {
    const { value: delta } = event;
    await printLine(`${showTime(delta.applyTime)} #${sequence} ${describeDelta(delta)}`);
  }
  if (event.case === 'snapshot') await printLine(describeSnapshot(event.value, epoch, sequence));
}

/** Why the values are told, and what they are. */
function describeSnapshot(
  { outcome, parameters }: Snapshot,
  epoch: string,
  sequence: bigint,
): string {
  const values = `values at #${sequence}: ${describeParameters(parameters)}`;
  switch (outcome) {
    case SnapshotOutcome.RESET_EPOCH:
      return `the ledger is another one, of epoch ${epoch}; ${values}`;
    case SnapshotOutcome.RESET_COMPACTED:
      return `the deltas asked for are no longer retained; ${values}`;
    case SnapshotOutcome.RESET_SLOW:
      return `this reader fell too far behind; ${values}`;
    default:
      return `ledger of epoch ${epoch}; ${values}`;
  }
}

function describeBreak(event: Exclude<ReaderEvent, { kind: 'message' }>): string {
  switch (event.kind) {
    case 'lost':
      return `the connection broke (${event.reason}): trying again`;
    case 'resumed':
      return event.place === undefined
        ? 'connected again'
        : `connected again, going on after #${event.place.sequence}`;
    case 'ahead':
      return `the ledger has not come to #${event.place.sequence}: starting over with its values`;
  }
}
