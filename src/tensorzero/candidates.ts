import type { GatewayFunction } from './read.ts';

/** Which variants of a function its experiment samples. */
export interface Candidates {
  readonly names: readonly string[];
  /** The one with the largest weight, the first of equals; `undefined` if there is none. */
  readonly initial: string | undefined;
  /** Shares of tasks, by name, where they are not all equal. */
  readonly shares: ReadonlyMap<string, number> | undefined;
  /** Variants tried after a candidate has failed, in order. */
  readonly fallbacks: readonly string[];
  /** Variants that no task begins with. */
  readonly unused: readonly string[];
}

/** The candidates of a function, as the gateway samples them. */
export function candidatesOf(fn: GatewayFunction): Candidates {
  const { weights, fallbacks } = weightsOf(fn);
  const entries = [...weights].filter(([, weight]) => weight > 0);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  const most = Math.max(...entries.map(([, weight]) => weight));
  const areEqual = entries.every(([, weight]) => weight === most);
  const names = entries.map(([name]) => name);
  return {
    names,
    initial: entries.find(([, weight]) => weight === most)?.[0],
    shares: areEqual ? undefined : new Map(entries.map(([name, weight]) => [name, weight / total])),
    fallbacks,
    unused: Object.keys(fn.variants).filter(
      (name) => !names.includes(name) && !fallbacks.includes(name),
    ),
  };
}

interface Sampling {
  readonly weights: ReadonlyMap<string, number>;
  readonly fallbacks: readonly string[];
}

function weightsOf({ variants, experimentation }: GatewayFunction): Sampling {
  if (experimentation === undefined) return weightsOfVariants(variants);
  const { type, candidate_variants: candidates, fallback_variants: fallbacks } = experimentation;
  if (!Array.isArray(candidates))
    return { weights: new Map(Object.entries(candidates)), fallbacks };
  const areAll = type === 'uniform' && candidates.length === 0 && fallbacks.length === 0;
  return { weights: equal(areAll ? Object.keys(variants) : candidates), fallbacks };
}

/** Without an experiment, once one variant has a weight, those without are fallbacks. */
function weightsOfVariants(variants: GatewayFunction['variants']): Sampling {
  const entries = Object.entries(variants);
  const weighted = entries.flatMap(([name, { weight }]) =>
    weight === undefined ? [] : [[name, weight] as const],
  );
  if (weighted.length === 0) return { weights: equal(Object.keys(variants)), fallbacks: [] };
  const fallbacks = entries.flatMap(([name, { weight }]) => (weight === undefined ? [name] : []));
  return { weights: new Map(weighted), fallbacks };
}

function equal(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name) => [name, 1]));
}
