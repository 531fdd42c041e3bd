import { useEffect, useId, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ChartData } from './chart-data.ts';
import { type ChartProps, type ChartShape, optionsOf } from './chart-options.ts';
import { ChartTable } from './chart-table.tsx';

const HEIGHT = 180;

/** A chart of lines over time or numbers, with a readout, keys to move and zoom, and a table. */
export function Chart(props: ChartProps) {
  const { title, summary, lines, data, format, formatX, marks = [] } = props;
  const [index, setIndex] = useState<number>();
  const [isTable, setTable] = useState(false);
  const { host, plot } = usePlot(props, setIndex);
  const id = useId();
  const at = index ?? data[0].length - 1;
  const onKeyDown = (event: KeyboardEvent) => {
    if (
      plot.current !== undefined &&
      applyKey(plot.current, event.key, at, allOf(data, props.span))
    )
      event.preventDefault();
  };
  return (
    <figure class="chart">
      <figcaption>
        <span id={id}>{title}</span>
        <button
          type="button"
          class="quiet"
          aria-expanded={isTable}
          onClick={() => setTable(!isTable)}
        >
          {isTable ? 'hide the table' : 'as a table'}
          <span class="unseen"> of {title}</span>
        </button>
      </figcaption>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        role="group"
        aria-roledescription="chart"
        aria-labelledby={id}
        aria-describedby={`${id}-summary`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys move its cursor and zoom
        tabIndex={0}
        class="plot"
        ref={host}
        onKeyDown={onKeyDown}
      />
      <p class="unseen" id={`${id}-summary`}>
        {summary} Keys: left and right move, plus and minus zoom, Escape shows all.
      </p>
      <Readout at={at} {...{ lines, data, format, formatX }} />
      {isTable && (
        <ChartTable {...{ title, lines, data, format, formatX, marks }} xName={props.xName} />
      )}
    </figure>
  );
}

type ReadoutProps = Pick<ChartProps, 'lines' | 'data' | 'format' | 'formatX'> & { at: number };

/** The values at the cursor, or the newest, which also are the legend. */
function Readout({ at, lines, data, format, formatX }: ReadoutProps) {
  const x = data[0][at];
  return (
    <p class="readout">
      <span class="x">{x === undefined ? 'nothing yet' : formatX(x)}</span>
      {lines.map(({ name, color, isDashed }, line) => {
        const value = data[line + 1]?.[at];
        return (
          <span key={name}>
            <i class={`key ${color}${isDashed ? ' dashed' : ''}`} aria-hidden="true" />
            {name} <b>{value === undefined || value === null ? '–' : format(value)}</b>
          </span>
        );
      })}
    </p>
  );
}

/** Keeps a plot of uPlot in an element: as wide as it, in the colours of the theme, with the newest data. */
function usePlot(props: ChartProps, setIndex: (index: number | undefined) => void) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = useRef<ChartShape>(shapeOf(props));
  shape.current = shapeOf(props);
  const drawn = useRef(props.data);
  const drawnSpan = useRef(props.span);
  const names = props.lines.map(({ name }) => name).join();
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const width = Math.max(element.clientWidth, 200);
    const options = optionsOf(() => shape.current, width, { cursor: setIndex });
    const made = new uPlot(options, mutable(props.data), element);
    plot.current = made;
    drawn.current = props.data;
    const resized = new ResizeObserver(() => {
      const size = { width: Math.max(element.clientWidth, 200), height: shape.current.height };
      if (size.width !== made.width) made.setSize(size);
    });
    resized.observe(element);
    const redraw = () => made.redraw();
    document.addEventListener('themechange', redraw);
    return () => {
      document.removeEventListener('themechange', redraw);
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names]);
  useEffect(() => {
    const { current } = plot;
    if (current === undefined) return;
    if (drawn.current !== props.data)
      current.setData(
        mutable(props.data),
        !isZoomed(current, allOf(drawn.current, drawnSpan.current)),
      );
    else current.redraw();
    drawn.current = props.data;
    drawnSpan.current = props.span;
  }, [props.data, props.marks, props.span]);
  return { host, plot };
}

function shapeOf(props: ChartProps): ChartShape {
  const { lines, marks = [], isTime = false, isLog = false, height = HEIGHT, format } = props;
  const { min, max, span, syncKey } = props;
  return { lines, marks, isTime, isLog, height, format, min, max, span, syncKey };
}

/** uPlot's type is of arrays that may be changed; it changes none. */
function mutable(data: ChartData): uPlot.AlignedData {
  return data as uPlot.AlignedData;
}

type Ends = readonly [number, number];

/** The ends of x where all of it is shown. */
function allOf([xs]: readonly [readonly number[], ...unknown[]], span: Ends | undefined): Ends {
  return span ?? [xs[0] ?? 0, xs.at(-1) ?? 1];
}

/** Whether less than all of x is shown. */
function isZoomed({ scales }: uPlot, [first, last]: Ends): boolean {
  const { min, max } = scales.x ?? {};
  return min != null && max != null && (min > first || max < last);
}

/** Does what a key stands for; returns whether it stands for anything. */
function applyKey(plot: uPlot, key: string, at: number, all: Ends): boolean {
  const xs = plot.data[0];
  const last = xs.length - 1;
  const places: Record<string, number> = {
    ArrowLeft: Math.max(at - 1, 0),
    ArrowRight: Math.min(at + 1, last),
    Home: 0,
    End: last,
  };
  const place = places[key];
  if (place !== undefined && last >= 0) {
    plot.setCursor({ left: plot.valToPos(xs[place] ?? 0, 'x'), top: plot.over.clientHeight / 2 });
    return true;
  }
  const center = xs[at] ?? all[0];
  if (key === 'Escape') plot.setScale('x', { min: all[0], max: all[1] });
  else if (key === '+' || key === '=') zoom(plot, center, 0.5, all);
  else if (key === '-') zoom(plot, center, 2, all);
  else return false;
  return true;
}

function zoom(plot: uPlot, center: number, factor: number, [first, last]: Ends): void {
  const { min, max } = plot.scales.x ?? {};
  if (min == null || max == null) return;
  const half = ((max - min) * factor) / 2;
  plot.setScale('x', {
    min: Math.max(center - half, first),
    max: Math.min(center + half, last),
  });
}
