/** A key, certificate, token or address that cannot be used as given. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
}
