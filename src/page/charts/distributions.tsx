import { useState } from 'preact/hooks';
import type { ArmDistribution } from '../api/answers.ts';
import { duration, percent, short } from '../words/number.ts';
import { type Strip, scaleOf, stripOf } from './strip.ts';

/** Both arms of a trial: how what their tasks took is distributed. */
export function Distributions({
  distributions,
}: {
  readonly distributions: readonly ArmDistribution[];
}) {
  return (
    <>
      {distributions.map((one) => (
        <Distribution key={one.metric} {...one} />
      ))}
    </>
  );
}

const WIDTH = 640;
const ROW = 34;
const LABEL = 84;

function Distribution({ metric, unit, old, new: fresh }: ArmDistribution) {
  const [isTable, setTable] = useState(false);
  const strips = [
    { name: 'old value', color: 'two', strip: stripOf(old) },
    { name: 'new value', color: 'one', strip: stripOf(fresh) },
  ].flatMap(({ strip, ...rest }) => (strip === undefined ? [] : [{ ...rest, strip }]));
  if (strips.length === 0) return null;
  const scale = scaleOf(strips.map(({ strip }) => strip));
  const place = (value: number) => LABEL + scale(value) * (WIDTH - LABEL - 20);
  const format = (value: number) =>
    unit === 'ms' ? duration(value) : `${short(value)} ${unit}`.trim();
  const words = strips
    .map(({ name, strip }) => `${name}: median ${format(strip.median)}`)
    .join('; ');
  return (
    <figure class="chart">
      <figcaption>
        <span>
          {metric} of both arms: median, middle half and middle {percent(0.9)}
        </span>
        <button
          type="button"
          class="quiet"
          aria-expanded={isTable}
          onClick={() => setTable(!isTable)}
        >
          {isTable ? 'hide the table' : 'as a table'}
          <span class="unseen"> of {metric} of both arms</span>
        </button>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${ROW * strips.length}`} role="img" aria-label={words}>
        {strips.map(({ name, color, strip }, row) => (
          <g key={name} class={color} transform={`translate(0 ${row * ROW + ROW / 2})`}>
            <text x="0" y="4">
              {name}
            </text>
            <line x1={place(strip.low)} x2={place(strip.high)} y1="0" y2="0" class="whisker" />
            <rect
              x={place(strip.first)}
              width={Math.max(place(strip.third) - place(strip.first), 2)}
              y="-7"
              height="14"
              class="box"
            />
            <line
              x1={place(strip.median)}
              x2={place(strip.median)}
              y1="-11"
              y2="11"
              class="median"
            />
          </g>
        ))}
      </svg>
      <p class="readout">{words}</p>
      {isTable && <StripTable {...{ metric, strips, format }} />}
    </figure>
  );
}

interface TableProps {
  readonly metric: string;
  readonly strips: readonly { readonly name: string; readonly strip: Strip }[];
  readonly format: (value: number) => string;
}

const COLUMNS = [
  ['5 %', 'low'],
  ['25 %', 'first'],
  ['median', 'median'],
  ['75 %', 'third'],
  ['95 %', 'high'],
] as const;

function StripTable({ metric, strips, format }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys
    <section class="scroll" aria-label={`Table of ${metric} of both arms`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">tasks with the</th>
            {COLUMNS.map(([name]) => (
              <th scope="col" key={name} class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {strips.map(({ name, strip }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {COLUMNS.map(([column, key]) => (
                <td key={column} class="number">
                  {format(strip[key])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
