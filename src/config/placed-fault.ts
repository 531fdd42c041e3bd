import type { ExpressionFault } from './cel/syntax.ts';
import type { ConfigPath } from './fault.ts';

/** Something wrong with an expression of a config. */
export interface PlacedFault {
  readonly path: ConfigPath;
  readonly message: string;
  /** Lines of the expression before the place of the fault. */
  readonly newlines: number;
}

/** A fault in the expression at a path, with its place in words. */
export function placeFault(
  path: ConfigPath,
  source: string,
  { offset, message }: ExpressionFault,
): PlacedFault {
  const before = source.slice(0, offset);
  const newlines = before.split('\n').length - 1;
  const column = offset - (before.lastIndexOf('\n') + 1) + 1;
  const place =
    newlines === 0 ? `character ${column}` : `line ${newlines + 1}, character ${column}`;
  return { path, message: `${message} (at ${place} of the expression)`, newlines };
}
