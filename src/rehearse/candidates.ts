import type { LoopSettings } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { Planted } from './planted.ts';
import { textOf } from './planted.ts';

/** Numbers between a parameter's bounds that are looked at. */
const GRID = 33;

/** The values of a parameter among which the best is sought. */
export function candidatesOf(
  planted: Planted,
  settings: LoopSettings,
  name: string,
): readonly Value[] {
  const spec = own(settings.parameters, name);
  if (spec === undefined) return [];
  const { initial, allowed, min, max, type, search } = spec;
  if (allowed !== undefined) return allowed;
  if (search !== undefined && 'values' in search) return distinct([initial, ...search.values]);
  const isWithin = (value: number) => value >= (min ?? -Infinity) && value <= (max ?? Infinity);
  if (typeof initial !== 'number') {
    // Without a list of allowed values, those that the description names and the parameter may have.
    const named = planted.named(name).map((text) => valueFrom(text, initial));
    return distinct([initial, ...named]);
  }
  const numbers = [...planted.notable(name), ...gridBetween(min, max)];
  const rounded =
    type === 'integer' ? numbers.flatMap((x) => [Math.floor(x), Math.ceil(x)]) : numbers;
  const named = planted.named(name).map(Number).filter(Number.isFinite);
  return distinct([initial, ...named, ...rounded.filter(isWithin)]);
}

function valueFrom(text: string, initial: Value): Value {
  if (typeof initial === 'string') return text;
  try {
    return JSON.parse(text) as Value;
  } catch {
    return text;
  }
}

function distinct(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [textOf(value), value])).values()];
}

/** Numbers between two bounds: by equal factors where both are above 0, else by equal differences. */
function gridBetween(min: number | undefined, max: number | undefined): number[] {
  if (min === undefined || max === undefined) return [];
  return Array.from({ length: GRID }, (_, place) => {
    const share = place / (GRID - 1);
    return min > 0 ? min * (max / min) ** share : min + share * (max - min);
  });
}
