import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Parameters } from '../../domain/value.ts';
import type { Resolved } from '../../engine/resolve.ts';
import { Arm, ResolveParametersResponseSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { encode } from '../../wire/codec.ts';
import { toProtoParameters } from '../../wire/value.ts';

const ARMS = { old: Arm.OLD, new: Arm.NEW } as const;

/**
 * The answers of ResolveParameters, encoded. Task after task is given the same values, and encoding
 * them takes longer than all else about such a call: so the newest answer of each arm is kept.
 */
export class ResolvedAnswers {
  readonly #epoch: string;
  /** By arm; of no arm, by `undefined`. */
  readonly #newest = new Map<
    keyof typeof ARMS | undefined,
    { readonly resolved: Resolved; readonly bytes: Uint8Array }
  >();

  /** @param epoch the ledger's */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** Throws where a value cannot be encoded. */
  answer(resolved: Resolved): Uint8Array {
    const arm = resolved.trial?.arm;
    const newest = this.#newest.get(arm);
    if (newest !== undefined && isSame(newest.resolved, resolved)) return newest.bytes;
    const bytes = encode(ResolveParametersResponseSchema, toProtoResolved(resolved, this.#epoch));
    this.#newest.set(arm, { resolved, bytes });
    return bytes;
  }
}

function toProtoResolved(
  { parameters, deltaSequence, trial }: Resolved,
  epoch: string,
): MessageInitShape<typeof ResolveParametersResponseSchema> {
  const values = {
    parameters: toProtoParameters(parameters),
    deltaSequence: BigInt(deltaSequence),
  };
  if (trial === undefined) return { ...values, epoch };
  return { ...values, epoch, trialDeltaId: trial.deltaId, arm: ARMS[trial.arm] };
}

/** Of the same arm. */
function isSame(one: Resolved, other: Resolved): boolean {
  return (
    one.deltaSequence === other.deltaSequence &&
    one.trial?.deltaId === other.trial?.deltaId &&
    haveSameValues(one.parameters, other.parameters)
  );
}

/** Nothing changes a value in place: a list or an object that is the same one has not changed. */
function haveSameValues(one: Parameters, other: Parameters): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && Object.is(one[name], other[name]))
  );
}
