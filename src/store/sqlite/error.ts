/** What SQLite says of an error, by its code; of a code, the lowest byte is the kind. */
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

/** A code in full: its kind is `ioError`, which is wider. */
export const SHORT_READ = 522;

/** The code in full; `undefined`: SQLite has nothing to do with it. */
export function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** One of `KIND`, or another; `undefined`: SQLite has nothing to do with it. */
export function sqliteKind(error: unknown): number | undefined {
  const code = sqliteCode(error);
  return code === undefined ? undefined : code & 0xff;
}
