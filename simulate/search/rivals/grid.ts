import type { Parameters, Value } from '../../../src/domain/value.ts';
import type { Knob } from '../world.ts';

/** All combinations of the knobs' values: numbers by doublings from the initial value. The initial ones come first. */
export function gridOf(knobs: readonly Knob[]): readonly Parameters[] {
  const all = knobs.reduce<Parameters[]>(
    (combinations, knob) =>
      combinations.flatMap((parameters) =>
        valuesOf(knob).map((value) => ({ ...parameters, [knob.name]: value })),
      ),
    [{}],
  );
  const isInitial = (parameters: Parameters) =>
    knobs.every(({ name, initial }) => parameters[name] === initial);
  return [...all.filter(isInitial), ...all.filter((one) => !isInitial(one))];
}

function valuesOf({ initial, space }: Knob): readonly Value[] {
  if ('values' in space) return space.values;
  const values: number[] = [];
  let lowest = Number(initial);
  while (lowest / 2 >= space.min) lowest /= 2;
  for (let value = lowest; value <= space.max; value *= 2) values.push(value);
  return values;
}

/** Points of a cube with a dimension for each knob, from 0 to 1; names are at equal distances, in their order. */
export function valuesAt(knobs: readonly Knob[], point: readonly number[]): Parameters {
  return Object.fromEntries(
    knobs.map(({ name, space }, i) => {
      const share = Math.min(Math.max(point[i] ?? 0, 0), 1);
      if ('values' in space) {
        return [name, space.values[Math.round(share * (space.values.length - 1))] ?? null];
      }
      return [name, space.min * (space.max / space.min) ** share];
    }),
  );
}

/** The point of the initial values. */
export function initialPoint(knobs: readonly Knob[]): readonly number[] {
  return knobs.map(({ initial, space }) => {
    if ('values' in space) return space.values.indexOf(initial) / (space.values.length - 1);
    return Math.log(Number(initial) / space.min) / Math.log(space.max / space.min);
  });
}
