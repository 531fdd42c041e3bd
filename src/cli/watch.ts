import { toJson, toJsonString } from '@bufbuild/protobuf';
import type { LearningClient } from '../client/channel.ts';
import { withSidecar } from '../client/dial.ts';
import type { TargetOptions } from '../client/target.ts';
import type { DeltaType } from '../domain/delta.ts';
import { printable } from '../domain/printable.ts';
import { DeltaSchema, type DeltaType as ProtoDeltaType } from '../gen/learning/v1/delta_pb.ts';
import { StreamDeltasResponseSchema } from '../gen/learning/v1/learning_service_pb.ts';
import { TYPES } from '../wire/to-proto.ts';
import { endWhenUnread, printError, printJson, printLine } from './output.ts';
import { describeBreak, describeMessage, describeTrial } from './watch-lines.ts';
import { readStream } from './watch-stream.ts';
import { type TrialEvent, TrialFollower } from './watch-trials.ts';

/** Options of `watch`. */
export interface WatchFlags extends TargetOptions {
  readonly clientId: string;
  /** All if empty. */
  readonly types: readonly DeltaType[];
  readonly fromStart: boolean | undefined;
  readonly json: boolean | undefined;
}

/**
 * Prints applied deltas as they arrive, the beginning and end of trials and probations, and refusals, until
 * `ended` fires. Reconnects when the connection breaks.
 */
export async function watch(options: WatchFlags, ended = endingSignal()): Promise<void> {
  endWhenUnread();
  await withSidecar(options, async (client) => {
    const types = options.types.map((type) => TYPES[type]);
    const onEvent = (event: TrialEvent) =>
      options.json ? printJson(trialJson(event)) : printLine(printable(describeTrial(event)));
    const trials = new TrialFollower({ client, types, onEvent });
    const over = new AbortController();
    const following = trials.run(AbortSignal.any([ended, over.signal]));
    try {
      await printStream(client, types, trials, options, ended);
    } finally {
      over.abort();
      await following;
    }
  });
}

async function printStream(
  client: LearningClient,
  types: readonly ProtoDeltaType[],
  trials: TrialFollower,
  { clientId, fromStart, json }: WatchFlags,
  signal: AbortSignal,
): Promise<void> {
  const afterSequence = fromStart ? 0n : undefined;
  for await (const event of readStream(client, { clientId, types, afterSequence, signal })) {
    if (event.kind !== 'message') {
      printError(printable(describeBreak(event)));
      continue;
    }
    const { message } = event;
    const line = json ? undefined : describeMessage(message);
    if (json) await printJson(toJsonString(StreamDeltasResponseSchema, message));
    else if (line !== undefined) await printLine(printable(line));
    trials.note(message);
  }
}

/** An event as JSON. Its field differs from those of stream messages, which are printed in between. */
function trialJson(event: TrialEvent): string {
  const delta = toJson(DeltaSchema, event.delta);
  return JSON.stringify(event.kind === 'refused' ? { refused: delta } : { trial: delta });
}

/** Fires on SIGINT and SIGTERM, which then do not end the process at once. */
function endingSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}
