/** A condition on a figure. */
export interface Target {
  readonly text: string;
  readonly met: boolean;
}

/** One line; `cells` are in the order of the headings. */
export interface Row {
  readonly name: string;
  /** Numbers are formatted by column, NaN as -; texts stand as they are. */
  readonly cells: readonly (number | string)[];
  readonly targets: readonly Target[];
}

export interface Table {
  readonly title: string;
  /** What the figures are. */
  readonly note?: string;
  /** Of the cells. A heading that ends in % is of shares. */
  readonly headings: readonly string[];
  readonly rows: readonly Row[];
}

export function atMost(limit: number, figure: number, heading: string): Target {
  return { text: `${heading} <= ${show(limit, heading)}`, met: figure <= limit };
}

export function atLeast(limit: number, figure: number, heading: string): Target {
  return { text: `${heading} >= ${show(limit, heading)}`, met: figure >= limit };
}

/** A table as Markdown, with aligned columns. */
export function formatTable({ title, note, headings, rows }: Table): string {
  const hasTargets = rows.some(({ targets }) => targets.length > 0);
  const columns = headings.map((heading, i) =>
    formatColumn(
      heading,
      rows.map(({ cells }) => cells[i] ?? ''),
    ),
  );
  const lines = [
    ['', ...headings, ...(hasTargets ? ['target', ''] : [])],
    ...rows.map(({ name, targets }, row) => [
      name,
      ...columns.map((column) => column[row] ?? ''),
      ...(hasTargets ? [targets.map(({ text }) => text).join(', '), verdictOn(targets)] : []),
    ]),
  ];
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const isFigure = (column: number) => column > 0 && column <= headings.length;
  const pad = (cell: string, column: number) =>
    isFigure(column) ? cell.padStart(width(column)) : cell.padEnd(width(column));
  const rule = lines[0]?.map((_, column) =>
    isFigure(column) ? `${'-'.repeat(width(column) + 1)}:` : '-'.repeat(width(column) + 2),
  );
  const [head, ...body] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`);
  const above = [`### ${title}`, ...(note === undefined ? [] : ['', note]), ''];
  return [...above, head, `|${rule?.join('|')}|`, ...body].join('\n');
}

/** The number of targets met, and those missed. */
export function formatTargets(tables: readonly Table[]): string {
  const all = tables.flatMap(({ title, rows }) =>
    rows.flatMap(({ name, targets }) =>
      targets.map((target) => ({ ...target, where: `${title}: ${name}` })),
    ),
  );
  const missed = all.filter(({ met }) => !met);
  return [
    `${all.length - missed.length} of ${all.length} targets are met.`,
    ...missed.map(({ where, text }) => `MISSED ${where}: ${text}`),
  ].join('\n');
}

function verdictOn(targets: readonly Target[]): string {
  if (targets.length === 0) return '';
  return targets.every(({ met }) => met) ? 'met' : 'MISSED';
}

function show(value: number, heading: string): string {
  return formatColumn(heading, [value])[0] ?? '';
}

/** Shares to a tenth of a percent; counts without decimals; else one or three decimals. */
function formatColumn(heading: string, cells: readonly (number | string)[]): string[] {
  const isShare = heading.endsWith('%');
  const known = cells.filter((cell) => typeof cell === 'number' && !Number.isNaN(cell));
  const isLarge = known.some((value) => Math.abs(Number(value)) >= 10);
  const decimals = known.every(Number.isInteger) ? 0 : isLarge ? 1 : 3;
  return cells.map((cell) => {
    if (typeof cell === 'string') return cell;
    if (Number.isNaN(cell)) return '-';
    const text = isShare ? (cell * 100).toFixed(1) : cell.toFixed(decimals);
    return Number(text) === 0 ? text.replace('-', '') : text;
  });
}
