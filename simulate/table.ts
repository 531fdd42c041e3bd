/** A condition on a figure. */
export interface Target {
  readonly text: string;
  readonly met: boolean;
}

/** One line; `cells` are in the order of the headings. */
export interface Row {
  readonly name: string;
  readonly cells: readonly number[];
  readonly targets: readonly Target[];
}

export interface Table {
  readonly title: string;
  /** What the figures are. */
  readonly note: string;
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
      rows.map(({ cells }) => cells[i] ?? Number.NaN),
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
  const isNumber = (column: number) => column > 0 && column <= headings.length;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(width(column)) : cell.padEnd(width(column));
  const rule = lines[0]?.map((_, column) =>
    isNumber(column) ? `${'-'.repeat(width(column) + 1)}:` : '-'.repeat(width(column) + 2),
  );
  const [head, ...body] = lines.map((line) => `| ${line.map(pad).join(' | ')} |`);
  return [`### ${title}`, '', note, '', head, `|${rule?.join('|')}|`, ...body].join('\n');
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
function formatColumn(heading: string, values: readonly number[]): string[] {
  const isShare = heading.endsWith('%');
  const known = values.filter((value) => !Number.isNaN(value));
  const isLarge = known.some((value) => Math.abs(value) >= 10);
  const decimals = known.every(Number.isInteger) ? 0 : isLarge ? 1 : 3;
  return values.map((value) => {
    if (Number.isNaN(value)) return '-';
    const text = isShare ? (value * 100).toFixed(1) : value.toFixed(decimals);
    return Number(text) === 0 ? text.replace('-', '') : text;
  });
}
