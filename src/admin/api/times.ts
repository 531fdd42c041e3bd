/** Unix time in milliseconds as text. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
