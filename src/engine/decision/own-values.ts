import { ownValues, type Place, placeName } from '../../domain/cohort.ts';
import type { Value } from '../../domain/value.ts';
import { encodedBytes } from '../../domain/value-size.ts';
import type { Head } from '../../ledger/head.ts';

/**
 * The maximum bytes of the cohorts' own values and their names: a Snapshot holds all of them beside the parameters, and
 * these leave 85,304 bytes of a message. See `MAX_PARAMETERS`.
 */
const MAX_OWN_BYTES = 65_536;

/** Bytes that a value takes in a Snapshot besides its name and itself: tags, lengths, and the label's name. */
const OVERHEAD_BYTES = 96;

/** Why a cohort may not have a value of its own, in words; `undefined` if it may. */
export function excessOfOwn(
  head: Pick<Head, 'cohortValues'>,
  place: Place,
  value: Value | undefined,
): string | undefined {
  if (place.cohort === undefined || value === undefined) return undefined;
  const others = ownValues(head).filter((one) => placeName(one) !== placeName(place));
  const bytes = [...others, { ...place, value }].reduce((sum, one) => sum + bytesOf(one), 0);
  if (bytes <= MAX_OWN_BYTES) return undefined;
  return `expected at most ${MAX_OWN_BYTES} bytes of values of cohorts, got ${bytes}`;
}

function bytesOf({ value, ...place }: Place & { readonly value: Value }): number {
  return OVERHEAD_BYTES + Buffer.byteLength(placeName(place)) + encodedBytes(value);
}
