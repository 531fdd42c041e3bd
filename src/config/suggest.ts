/** ` (did you mean "x"?)` where one of the names is close to the one found, else nothing. */
export function suggest(found: string, names: Iterable<string>): string {
  const wanted = plain(found);
  // One slip in a short word, two in a long one: a name with more slips is likely to be another word.
  const furthest = wanted.length > 5 ? 2 : 1;
  let best: string | undefined;
  let nearest = furthest + 1;
  for (const name of names) {
    const distance = editDistance(wanted, plain(name));
    if (distance < nearest) [best, nearest] = [name, distance];
  }
  return best === undefined ? '' : ` (did you mean ${JSON.stringify(best)}?)`;
}

/** `intervalSeconds`, `interval-seconds` and `interval_seconds` are the same word. */
function plain(name: string): string {
  return name.replaceAll(/[_.\-\s]/g, '').toLowerCase();
}

/** The least number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(above, column) + 1,
        at(current, column - 1) + 1,
        at(above, column - 1) + (same ? 0 : 1),
        swapped ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, above] = [above, current];
  }
  return at(above, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
