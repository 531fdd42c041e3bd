import type { Span } from './span.ts';

/** Levels that are told apart among spans that end at the same time. */
const MAX_DEPTH = 64;

/** Spans by their ends, and children before parents that end at the same time: groups by scope mix them up. */
export function inOrder(spans: readonly Span[]): readonly Span[] {
  const byKey = new Map(spans.map((span) => [span.key, span]));
  const depths = new Map<Span, number>();
  const depthOf = (span: Span): number => {
    const known = depths.get(span);
    if (known !== undefined) return known;
    let depth = 0;
    let above = byKey.get(span.parentKey);
    while (above !== undefined && depth < MAX_DEPTH) {
      depth += 1;
      above = byKey.get(above.parentKey);
    }
    depths.set(span, depth);
    return depth;
  };
  return spans.toSorted((a, b) => a.endMs - b.endMs || depthOf(b) - depthOf(a));
}
