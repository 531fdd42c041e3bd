/** Keys, certificates, tokens or addresses that cannot be used as they were given. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
}
