import type uPlot from 'uplot';
import type { ChartData } from './chart-data.ts';

/** A line of a chart. */
export interface Line {
  readonly name: string;
  /** Name of the class that has its colour. */
  readonly color: string;
  readonly isDashed?: boolean;
}

/** Something that happened at a moment, drawn over the height of a chart. */
export interface Mark {
  /** On the scale of x. */
  readonly x: number;
  readonly label: string;
  readonly color: string;
}

export interface ChartShape {
  readonly lines: readonly Line[];
  readonly marks: readonly Mark[];
  readonly isTime: boolean;
  /** The ends of x where all of it is shown; without them, those of the data. */
  readonly span: readonly [number, number] | undefined;
  readonly isLog: boolean;
  /** Bounds of y; either may be left to the data. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly height: number;
  /** A value of y with its unit. */
  readonly format: (value: number) => string;
  /** Charts of one key move their cursors together. */
  readonly syncKey: string | undefined;
}

export interface ChartProps extends Partial<Omit<ChartShape, 'format' | 'lines'>> {
  readonly title: string;
  /** What the chart shows, in words, for those who do not see it. */
  readonly summary: string;
  readonly lines: ChartShape['lines'];
  readonly data: ChartData;
  readonly format: ChartShape['format'];
  readonly xName: string;
  readonly formatX: (x: number) => string;
}

/** An element nobody sees, whose colour is that of its class in the theme that is on. */
const probe = document.createElement('i');

/** A colour of the style sheet, by the name of its class. */
function colorOf(name: string): string {
  if (!probe.isConnected) {
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.className = name;
  return getComputedStyle(probe).color;
}

const FONT = '12px system-ui, sans-serif';

/** What uPlot draws; `current` hands it the shape of the newest render. */
export function optionsOf(
  current: () => ChartShape,
  width: number,
  listeners: { readonly cursor: (index: number | undefined) => void },
): uPlot.Options {
  const { lines, isTime, isLog, height, syncKey } = current();
  return {
    width,
    height,
    legend: { show: false },
    cursor: {
      ...(syncKey === undefined ? {} : { sync: { key: syncKey, setSeries: false } }),
      drag: { x: true, y: false },
      points: { size: 7 },
    },
    scales: {
      x: { time: isTime, range: (_, low, high) => spanOf(current(), low, high) },
      y: { distr: isLog ? 3 : 1, range: (_, low, high) => rangeOf(current(), low, high) },
    },
    axes: [
      axis({}),
      axis({
        size: 72,
        values: (_, ticks) => ticks.map((t) => (t === null ? '' : current().format(t))),
      }),
    ],
    series: [
      {},
      ...lines.map(({ name, color, isDashed = false }) => ({
        label: name,
        stroke: () => colorOf(color),
        width: 1.75,
        // Few values would be no line.
        points: {
          show: (plot: uPlot) => plot.data[0].length < 40,
          size: 5,
          fill: () => colorOf(color),
        },
        ...(isDashed ? { dash: [6, 4] } : {}),
      })),
    ],
    hooks: {
      draw: [(plot) => drawMarks(plot, current().marks)],
      setCursor: [({ cursor }) => listeners.cursor(cursor.idx ?? undefined)],
    },
  };
}

function axis(more: uPlot.Axis): uPlot.Axis {
  const grid = { stroke: () => colorOf('grid'), width: 1 };
  return { stroke: () => colorOf('faint'), font: FONT, grid, ticks: { ...grid, size: 4 }, ...more };
}

/** What is shown of x: what was zoomed to, or all. */
function spanOf(shape: ChartShape, low: number | null, high: number | null): [number, number] {
  const [first, last] = shape.span ?? [low ?? 0, high ?? 1];
  return first < last ? [first, last] : [first - 1, first + 1];
}

function rangeOf(shape: ChartShape, low: number | null, high: number | null): [number, number] {
  const bottom = shape.min ?? low ?? 0;
  const top = Math.max(shape.max ?? high ?? 1, bottom + 1e-9);
  if (shape.isLog) return [Math.max(bottom, 1e-6) * 0.9, top * 1.3];
  return [bottom, shape.max ?? top + (top - bottom) * 0.08];
}

function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const { x, color } of marks) {
    const { min = -Infinity, max = Infinity } = plot.scales.x ?? {};
    if (x < (min ?? -Infinity) || x > (max ?? Infinity)) continue;
    const left = Math.round(plot.valToPos(x, 'x', true));
    ctx.strokeStyle = colorOf(color);
    ctx.fillStyle = colorOf(color);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    const size = 5 * devicePixelRatio;
    ctx.moveTo(left - size, bbox.top);
    ctx.lineTo(left + size, bbox.top);
    ctx.lineTo(left, bbox.top + size * 1.4);
    ctx.fill();
  }
  ctx.restore();
}
