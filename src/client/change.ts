import { clip } from '../domain/clip.ts';
import type { Delta } from '../gen/learning/v1/delta_pb.ts';
import type { SnapshotOutcome } from '../gen/learning/v1/learning_service_pb.ts';
import type { Values } from './values.ts';

/** The contract's limits for a refusal, in bytes. */
const MAX_REASON_BYTES = 256;
const MAX_MESSAGE_BYTES = 1024;

/** New settings to apply. */
export interface Change {
  /** `defaults` before the first answer of the sidecar. */
  readonly source: 'defaults' | 'snapshot' | 'delta';
  /** All settings after the change. */
  readonly parameters: Values;
  /** The ledger's epoch; empty for defaults. */
  readonly epoch: string;
  /** The sequence of the newest delta; 0 for defaults. */
  readonly sequence: bigint;
  /** The reason of a snapshot. */
  readonly outcome: SnapshotOutcome | undefined;
  readonly delta: Delta | undefined;
}

/** Throw it from `onChange` to refuse a delta with a reason. Any other error refuses it, too. */
export class DeltaRefusal extends Error {
  override readonly name = 'DeltaRefusal';
  /** A short constant, such as `UNSUPPORTED_VALUE`. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The refusal sent to the sidecar. */
export function refusalOf(error: unknown): { reason: string; message: string } {
  const reason = error instanceof DeltaRefusal ? error.reason : 'NOT_PUT_IN_FORCE';
  const message = error instanceof Error ? error.message : String(error);
  return { reason: clip(reason, MAX_REASON_BYTES), message: clip(message, MAX_MESSAGE_BYTES) };
}
