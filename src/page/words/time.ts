/** `12 Nov 2026`, `12 Nov, 14:03` or `14:03:20`, in the reader's time zone: as short as the distance from now allows. */
export function when(time: string | undefined, nowMs: number): string {
  if (time === undefined) return '–';
  const date = new Date(time);
  const distance = Math.abs(nowMs - date.getTime());
  if (distance < 12 * 3_600_000) return date.toLocaleTimeString('en-GB');
  const day = { day: 'numeric', month: 'short' } as const;
  return distance < 180 * 86_400_000
    ? date.toLocaleString('en-GB', { ...day, hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString('en-GB', { ...day, year: 'numeric' });
}

/** `12 November`; with the year unless it is this one. */
export function day(time: string, nowMs: number): string {
  const date = new Date(time);
  const isThisYear = date.getFullYear() === new Date(nowMs).getFullYear();
  const year = isThisYear ? {} : ({ year: 'numeric' } as const);
  return date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', ...year });
}

const STEPS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

/** `3 minutes ago`, `in 2 hours`, `just now`. */
export function ago(time: string | undefined, nowMs: number): string {
  if (time === undefined) return 'never';
  const ms = nowMs - new Date(time).getTime();
  for (const [size, name] of STEPS) {
    const many = Math.floor(Math.abs(ms) / size);
    if (many === 0) continue;
    const text = `${many} ${name}${many === 1 ? '' : 's'}`;
    return ms > 0 ? `${text} ago` : `in ${text}`;
  }
  // The clocks of the reader and the sidecar may differ by some seconds.
  return ms > -10_000 ? 'just now' : 'in less than a minute';
}
