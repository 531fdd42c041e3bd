/** A guard's margin in words: `5 points` of success, `5 %` of anything else. */
export function marginText(metric: string, margin: number): string {
  const percent = Number((margin * 100).toPrecision(3));
  return metric === 'success' ? `${percent} points` : `${percent} %`;
}
