import type { ChartData } from './chart-data.ts';
import type { ChartProps, Mark } from './chart-options.ts';

/** Rows that are shown at most: the newest. */
const MAX_ROWS = 200;

type Props = Pick<ChartProps, 'title' | 'lines' | 'data' | 'format' | 'formatX' | 'xName'> & {
  readonly marks: readonly Mark[];
};

/** The numbers of a chart, the newest first. */
export function ChartTable({ title, lines, data, format, formatX, xName, marks }: Props) {
  const rows = newestRows(data);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section class="scroll" aria-label={`Table of ${title}`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{xName}</th>
            {lines.map(({ name }) => (
              <th scope="col" key={name} class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{formatX(data[0][row] ?? 0)}</th>
              {lines.map(({ name }, line) => {
                const value = data[line + 1]?.[row];
                return (
                  <td key={name} class="number">
                    {value === undefined || value === null ? '–' : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {marks.length > 0 && (
        <ul>
          {marks.slice(-MAX_ROWS).map(({ x, label }) => (
            <li key={`${x} ${label}`}>
              {formatX(x)}: {label}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function newestRows([xs]: ChartData): number[] {
  const shown = Math.min(xs.length, MAX_ROWS);
  return Array.from({ length: shown }, (_, i) => xs.length - 1 - i);
}
