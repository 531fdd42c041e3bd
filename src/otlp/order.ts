import type { Span } from './span.ts';

/** Levels that are told apart. */
const MAX_DEPTH = 64;

/**
 * Spans by their ends, a parent after its children: groups by scope mix up those that end at the same time, and an SDK
 * that takes the start of each span from a clock of whole milliseconds may have a parent end before its child.
 */
export function inOrder(spans: readonly Span[]): readonly Span[] {
  const byKey = new Map(spans.map((span) => [span.key, span]));
  const depths = new Map(spans.map((span) => [span, depthOf(span, byKey)]));
  const depth = (span: Span) => depths.get(span) ?? 0;
  const ends = new Map<Span, number>();
  for (const span of spans.toSorted((a, b) => depth(b) - depth(a))) {
    const endMs = Math.max(span.endMs, ends.get(span) ?? 0);
    ends.set(span, endMs);
    const parent = byKey.get(span.parentKey);
    if (parent !== undefined) ends.set(parent, Math.max(endMs, ends.get(parent) ?? 0));
  }
  const end = (span: Span) => ends.get(span) ?? span.endMs;
  return spans.toSorted((a, b) => end(a) - end(b) || depth(b) - depth(a));
}

function depthOf(span: Span, byKey: ReadonlyMap<string, Span>): number {
  let depth = 0;
  let above = byKey.get(span.parentKey);
  while (above !== undefined && depth < MAX_DEPTH) {
    depth += 1;
    above = byKey.get(above.parentKey);
  }
  return depth;
}
