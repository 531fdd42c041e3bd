import type { Scalar } from '../domain/otlp.ts';
import { type FieldReader, MAX_ITEMS } from './field-reader.ts';
import type { Item, Wanted } from './read-spans.ts';

/** Fields by number, as opentelemetry/proto/metrics/v1/metrics.proto has them. */
const METRIC = { name: 1, gauge: 5, sum: 7 };
const DATA = { points: 1, temporality: 2, isMonotonic: 3 };
const POINT = { time: 3, double: 4, integer: 6, attributes: 7 };
const CUMULATIVE = 2;

const MAX_NAME_BYTES = 256;

/** A data point. */
export interface Point {
  /** Name of its instrument. */
  readonly instrument: string;
  /** Unix time in milliseconds. */
  readonly timeMs: number;
  /** NaN if it has none. */
  readonly value: number;
  readonly attributes: Readonly<Record<string, Scalar>>;
  readonly resource: Item['resource'];
}

/**
 * The newest data point of a gauge or a cumulative up-down counter, the last of those of one time; `undefined` of
 * another instrument. Throws where the bytes are no metric.
 */
export function readNewestPoint(
  reader: FieldReader,
  { place, resource }: Item,
  isMapped: (instrument: string) => boolean,
  wanted: Wanted,
): Point | undefined {
  let instrument = '';
  let newest: Omit<Point, 'instrument' | 'resource'> | undefined;
  let isLevel = false;
  const readData = (isSum: boolean) => {
    let [temporality, isMonotonic] = [0, false];
    reader.fields((field) => {
      if (field === DATA.points) {
        const point = readPoint(reader, wanted);
        if (newest === undefined || point.timeMs >= newest.timeMs) newest = point;
      } else if (field === DATA.temporality && isSum) temporality = reader.varint();
      else if (field === DATA.isMonotonic && isSum) isMonotonic = reader.varint() !== 0;
    });
    isLevel = !isSum || (temporality === CUMULATIVE && !isMonotonic);
  };
  reader.at(place, () =>
    reader.fields((field) => {
      if (field === METRIC.name) instrument = reader.text(MAX_NAME_BYTES);
      else if (field !== METRIC.gauge && field !== METRIC.sum) return;
      // The name is written first.
      else if (isMapped(instrument)) reader.message(() => readData(field === METRIC.sum));
    }),
  );
  return newest === undefined || !isLevel ? undefined : { ...newest, instrument, resource };
}

function readPoint(reader: FieldReader, wanted: Wanted) {
  const attributes: Record<string, Scalar> = {};
  let [timeMs, value, count] = [0, Number.NaN, 0];
  reader.message(() =>
    reader.fields((field) => {
      if (field === POINT.time) timeMs = reader.nanoseconds();
      else if (field === POINT.double) value = reader.double();
      else if (field === POINT.integer) value = reader.fixedInteger();
      else if (field === POINT.attributes && ++count <= MAX_ITEMS) {
        reader.attribute(wanted, attributes);
      }
    }),
  );
  return { timeMs, value, attributes };
}
