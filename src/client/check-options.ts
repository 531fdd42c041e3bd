/** As much as the sidecar takes. */
const MAX_CLIENT_ID_BYTES = 256;

/** Throws a `TypeError` for what would otherwise be refused for ever, or never be noticed. */
export function checkOptions({
  clientId,
  queueLimit,
}: {
  readonly clientId: unknown;
  readonly queueLimit: number;
}): void {
  if (typeof clientId !== 'string' || !clientId.isWellFormed()) {
    throw new TypeError('clientId: expected a text of Unicode characters');
  }
  const bytes = Buffer.byteLength(clientId);
  if (bytes > MAX_CLIENT_ID_BYTES) {
    throw new TypeError(`clientId: expected at most ${MAX_CLIENT_ID_BYTES} bytes, found ${bytes}`);
  }
  if (!Number.isSafeInteger(queueLimit) || queueLimit < 1) {
    throw new TypeError(`queueLimit: expected a whole number of at least 1, found ${queueLimit}`);
  }
}
