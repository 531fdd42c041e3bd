import type { MessageInitShape } from '@bufbuild/protobuf';
import { nameOf } from '../../domain/cohort.ts';
import type { Parameters } from '../../domain/value.ts';
import type { Resolved } from '../../engine/resolve.ts';
import { Arm, ResolveParametersResponseSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { encode } from '../../wire/encode.ts';
import { toProtoParameters } from '../../wire/value.ts';

const ARMS = { old: Arm.OLD, new: Arm.NEW } as const;

/** Number of combinations kept: those of eight trials at once. */
const KEPT = 256;

/**
 * A cache of encoded answers to ResolveParameters, the newest for each combination of assignments.
 * Successive tasks get the same values, and encoding them takes longer than the rest of the call.
 */
export class ResolvedAnswers {
  readonly #epoch: string;
  /** The newest answers by their assignments, in order of creation. */
  readonly #newest = new Map<string, { readonly resolved: Resolved; readonly bytes: Uint8Array }>();

  /** @param epoch of the ledger */
  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** Throws if a value cannot be encoded. */
  answer(resolved: Resolved): Uint8Array {
    const key = keyOf(resolved);
    const newest = this.#newest.get(key);
    if (newest !== undefined && isSame(newest.resolved, resolved)) return newest.bytes;
    const bytes = encode(ResolveParametersResponseSchema, toProtoResolved(resolved, this.#epoch));
    this.#newest.delete(key);
    this.#newest.set(key, { resolved, bytes });
    for (const first of this.#newest.keys()) {
      if (this.#newest.size <= KEPT) break;
      this.#newest.delete(first);
    }
    return bytes;
  }
}

/** The key of a combination of assignments and a cohort. Spaces separate its parts, as ids have none. */
function keyOf({ assignments, cohort }: Resolved): string {
  const arms = assignments.map(({ deltaId, arm, stage }) => `${deltaId} ${arm} ${stage}`);
  return [...arms, cohort === undefined ? '' : nameOf(cohort)].join(' ');
}

function toProtoResolved(
  { parameters, deltaSequence, assignments }: Resolved,
  epoch: string,
): MessageInitShape<typeof ResolveParametersResponseSchema> {
  const foremost = assignments.find(({ stage }) => stage === 'trial') ?? assignments[0];
  return {
    parameters: toProtoParameters(parameters),
    deltaSequence: BigInt(deltaSequence),
    epoch,
    ...(foremost === undefined ? {} : { trialDeltaId: foremost.deltaId, arm: ARMS[foremost.arm] }),
    assignments: assignments.map(({ deltaId, arm }) => ({ deltaId, arm: ARMS[arm] })),
  };
}

/** Whether two answers with the same assignments are the same. */
function isSame(one: Resolved, other: Resolved): boolean {
  return (
    one.deltaSequence === other.deltaSequence && haveSameValues(one.parameters, other.parameters)
  );
}

/** Values are immutable: a list or an object that is identical has not changed. */
function haveSameValues(one: Parameters, other: Parameters): boolean {
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && Object.is(one[name], other[name]))
  );
}
