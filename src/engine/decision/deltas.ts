import type { Delta, DeltaOperation } from '../../domain/delta.ts';
import { LearningError } from '../../domain/errors.ts';
import type { LedgerView } from '../../ledger/view.ts';

/** Throws `DELTA_NOT_FOUND` if the delta is not retained. */
export function known(view: LedgerView, deltaId: string): Delta {
  const delta = view.delta(deltaId);
  if (delta !== undefined) return delta;
  throw new LearningError('DELTA_NOT_FOUND', `there is no delta ${quote(deltaId)}`);
}

export function stateError(delta: Delta, text: string): LearningError {
  const state = delta.state.toUpperCase();
  return new LearningError('DELTA_STATE', `delta ${delta.deltaId} is ${state}: ${text}`);
}

export function withReason(text: string, reason: string): string {
  return reason === '' ? text : `${text}: ${reason}`;
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The operation that undoes another. */
export function inverseOf(operation: DeltaOperation): DeltaOperation {
  if (operation === 'add') return 'remove';
  return operation === 'remove' ? 'add' : operation;
}
