import { clip } from '../domain/clip.ts';
import type { Delta } from '../gen/learning/v1/delta_pb.ts';
import type { SnapshotOutcome } from '../gen/learning/v1/learning_service_pb.ts';
import type { Values } from './values.ts';

/** Bytes that the contract has room for in why a delta is refused. */
const MAX_REASON_BYTES = 256;
const MAX_MESSAGE_BYTES = 1024;

/** New settings to be put in force. */
export interface Change {
  /** `defaults`: the sidecar has not answered yet. */
  readonly source: 'defaults' | 'snapshot' | 'delta';
  /** All settings, as they are after it. */
  readonly parameters: Values;
  /** Of the ledger; empty for defaults. */
  readonly epoch: string;
  /** The newest delta in them; 0 for defaults. */
  readonly sequence: bigint;
  /** Why there is a snapshot. */
  readonly outcome: SnapshotOutcome | undefined;
  readonly delta: Delta | undefined;
}

/** What `onChange` throws to say why a delta is refused. Whatever else it throws refuses as well. */
export class DeltaRefusal extends Error {
  override readonly name = 'DeltaRefusal';
  /** A short constant, such as `UNSUPPORTED_VALUE`. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What the sidecar is told of why a delta is refused. */
export function refusalOf(error: unknown): { reason: string; message: string } {
  const reason = error instanceof DeltaRefusal ? error.reason : 'NOT_PUT_IN_FORCE';
  const message = error instanceof Error ? error.message : String(error);
  return { reason: clip(reason, MAX_REASON_BYTES), message: clip(message, MAX_MESSAGE_BYTES) };
}
