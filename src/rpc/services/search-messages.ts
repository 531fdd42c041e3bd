import type { MessageInitShape } from '@bufbuild/protobuf';
import { clip } from '../../domain/clip.ts';
import type { Value } from '../../domain/value.ts';
import type { Engine } from '../../engine/engine.ts';
import { SearchStatusSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { toProtoValue } from '../../wire/value.ts';
import { fill } from './bounded-list.ts';

/** Maximum bytes of all searches of an answer, and of the text of one. */
const MAX_SEARCHES_BYTES = 512 * 1024;
const MAX_DOING_BYTES = 1024;

/** The searches of the config, as many as an answer has room for. */
export function searchMessages(engine: Engine) {
  const searches = engine.searches();
  const bounds = { count: searches.length, bytes: MAX_SEARCHES_BYTES };
  return fill(searches, { schema: SearchStatusSchema, toMessage }, bounds).messages;
}

type Search = ReturnType<Engine['searches']>[number];

function toMessage(search: Search): MessageInitShape<typeof SearchStatusSchema> {
  const { target, state, step = 0, bounds, restTasks, doing } = search;
  const { below, above } = bounds ?? { below: Number.NaN, above: Number.NaN };
  return {
    target,
    champion: toValue(state?.champion),
    start: toValue(state?.start),
    proven: toValue(state?.proven),
    challenger: toValue(state?.challenger),
    step,
    isDownward: bounds !== undefined && state?.direction === -1,
    above: Number.isFinite(below) ? below : undefined,
    below: Number.isFinite(above) ? above : undefined,
    round: BigInt(state?.round ?? 0),
    races: BigInt(state?.races ?? 0),
    restTasks: BigInt(restTasks),
    doing: clip(doing, MAX_DOING_BYTES),
  };
}

function toValue(value: Value | undefined) {
  return value === undefined ? undefined : toProtoValue(value);
}
