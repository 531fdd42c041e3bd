/** SQLite's primary result codes: the lowest byte of a code. */
export const KIND = {
  error: 1,
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  mismatch: 20,
  noDatabase: 26,
} as const;

/** One of the extended codes of `ioError`. */
export const SHORT_READ = 522;

/** SQLite's extended code of an error; `undefined` if the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** SQLite's primary code of an error; `undefined` if the error is not SQLite's. */
export function sqliteKind(error: unknown): number | undefined {
  const code = sqliteCode(error);
  return code === undefined ? undefined : code & 0xff;
}
