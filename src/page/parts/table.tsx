import type { ComponentChildren } from 'preact';

/** A column: its heading, and what is in it of a row. */
export interface Column<Row> {
  readonly name: string;
  readonly isNumber?: boolean;
  cell(row: Row): ComponentChildren;
}

interface Props<Row> {
  /** What the rows are, for those who do not see the table. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  keyOf(row: Row): string;
  /** Shown where there are no rows. */
  readonly empty: string;
}

/** A table; on a narrow screen, each row is a block of named values. */
export function Table<Row>({ label, columns, rows, keyOf, empty }: Props<Row>) {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section class="scroll wide" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ name, isNumber = false }) => (
              <th key={name} scope="col" class={isNumber ? 'number' : ''}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell, isNumber = false }) => (
                <td key={name} data-name={name} class={isNumber ? 'number' : ''}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
