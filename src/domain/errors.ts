/** What can go wrong with a request. Each reason has one gRPC code: see learning_service.proto. */
export type ErrorReason =
  | 'INVALID_FIELD'
  | 'MALFORMED'
  | 'DELTA_NOT_FOUND'
  | 'PARAMETER_NOT_FOUND'
  | 'SEQUENCE_AHEAD'
  | 'EPOCH_CHANGED'
  | 'DELTA_STATE'
  | 'OVERLOADED'
  | 'DRAINING'
  | 'LEDGER_UNAVAILABLE'
  | 'TOO_MANY_STREAMS'
  | 'NO_TOKEN'
  | 'NOT_ALLOWED';

/** One field at fault: its path in the request and what was expected. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** A refusal that is sent to the caller. */
export class LearningError extends Error {
  override readonly name = 'LearningError';
  readonly reason: ErrorReason;
  readonly violations: readonly FieldViolation[];

  constructor(
    reason: ErrorReason,
    message: string,
    options: { violations?: readonly FieldViolation[]; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.violations = options.violations ?? [];
  }
}

/** A request whose fields are out of bounds. */
export function invalidFields(violations: readonly FieldViolation[]): LearningError {
  const text = violations.map((v) => `${v.field}: ${v.description}`).join('; ');
  return new LearningError('INVALID_FIELD', text, { violations });
}

/** A request that cannot be decoded. */
export function malformed(message: string, cause?: unknown): LearningError {
  return new LearningError('MALFORMED', message, { cause });
}

/** An error in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system error, such as `ENOENT`; `undefined` of other errors. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
