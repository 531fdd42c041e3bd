import { own, type Parameters, sameValue, type Value } from '../domain/value.ts';
import type {
  ConditionText,
  CurveText,
  EffectText,
  KindText,
  OrchestratorText,
} from './orchestrator-keys.ts';

/** What tasks of one kind are like with some values, but for noise. */
export interface Outlook {
  /** Mean log latency, in log milliseconds. */
  readonly logLatency: number;
  /** Success rate. */
  readonly success: number;
  /** By name: mean logarithm. */
  readonly logMeasurements: Readonly<Record<string, number>>;
}

/** A kind of tasks. */
export interface Kind extends KindText {
  readonly name: string;
  /** Its part of all tasks; those of all kinds sum to 1. */
  readonly weight: number;
}

type Scope = Pick<CurveText, 'kinds' | 'from_task' | 'until_task'>;

/** What the values of an orchestrator's parameters do: the truth that a config has to find. */
export class Planted {
  readonly kinds: readonly Kind[];
  /** Names of all measurements. */
  readonly measurements: readonly string[];
  /** Tasks from which effects are other than before, in order; the first is 0. */
  readonly turns: readonly number[];
  readonly #text: OrchestratorText;

  constructor(text: OrchestratorText) {
    const kinds = Object.entries(text.kinds);
    const sum = kinds.reduce((total, [, { share }]) => total + share, 0);
    this.#text = text;
    this.kinds = kinds.map(([name, kind]) => ({ ...kind, name, weight: kind.share / sum }));
    this.measurements = [
      ...new Set(kinds.flatMap(([, { measurements }]) => Object.keys(measurements))),
    ];
    const scopes: Scope[] = [
      ...Object.values(text.parameters).flatMap(({ curves }) => curves),
      ...text.conditions,
    ];
    const turns = scopes.flatMap(({ from_task, until_task = 0 }) => [from_task, until_task]);
    this.turns = [...new Set([0, ...turns])].sort((a, b) => a - b);
  }

  /** The names of the parameters that do something. */
  get parameters(): readonly string[] {
    const { parameters, conditions, interactions } = this.#text;
    const named = [
      ...Object.keys(parameters),
      ...conditions.flatMap(({ when }) => Object.keys(when)),
      ...interactions.flatMap(({ between }) => between),
    ];
    return [...new Set(named)];
  }

  /** The turn that the i-th task comes after. */
  turnAt(i: number): number {
    return this.turns.findLast((turn) => turn <= i) ?? 0;
  }

  /** Numbers that are worth a look when the best values of a parameter are sought: optima, and edges of cliffs. */
  notable(parameter: string): readonly number[] {
    const { parameters, conditions } = this.#text;
    const optima = own(parameters, parameter)?.curves.map(({ optimum }) => optimum) ?? [];
    const edges = conditions.flatMap(({ when }) => {
      const bound = own(when, parameter);
      if (typeof bound !== 'object' || bound === null || Array.isArray(bound)) return [];
      return Object.values(bound).filter((edge) => typeof edge === 'number');
    });
    return [...optima, ...edges];
  }

  /** The keys of the effects by value of a parameter. */
  named(parameter: string): readonly string[] {
    return Object.keys(own(this.#text.parameters, parameter)?.effects ?? {});
  }

  /** What the i-th task is like, if it is of this kind and has these values. */
  outlook(parameters: Parameters, kind: Kind, i: number): Outlook {
    const sums = new Map<string, number>();
    const add = (metric: string, size: number) => sums.set(metric, (sums.get(metric) ?? 0) + size);
    for (const { metric, size } of this.#effects(parameters, kind.name, i)) add(metric, size);
    const logMeasurements = Object.fromEntries(
      Object.entries(kind.measurements).map(([name, measured]) => {
        const median = typeof measured === 'number' ? measured : measured.median;
        return [name, Math.log(median) + (sums.get(name) ?? 0)];
      }),
    );
    const success = kind.success + (sums.get('success') ?? 0);
    return {
      logLatency: Math.log(kind.latency_ms) + (sums.get('latency') ?? 0),
      success: Math.min(Math.max(success, 0), 1),
      logMeasurements,
    };
  }

  *#effects(parameters: Parameters, kind: string, i: number): Generator<Effect> {
    const concerns = ({ kinds, from_task, until_task = Number.POSITIVE_INFINITY }: Scope) =>
      (kinds?.includes(kind) ?? true) && i >= from_task && i < until_task;
    const { parameters: planted, conditions, interactions } = this.#text;
    for (const [name, { effects, curves }] of Object.entries(planted)) {
      const value = own(parameters, name);
      if (value === undefined) continue;
      yield* sizesOf(own(effects, textOf(value)) ?? {});
      for (const curve of curves) {
        if (concerns(curve)) yield { metric: curve.metric, size: heightOf(curve, value) };
      }
    }
    for (const condition of conditions) {
      if (concerns(condition) && holds(condition, parameters)) yield* sizesOf(condition.effect);
    }
    for (const { between, metric, factor } of interactions) {
      const distances = between.map((name) => {
        const curves = own(planted, name)?.curves ?? [];
        const curve = curves.find((one) => one.metric === metric && concerns(one));
        return curve === undefined ? 0 : distanceOf(curve, own(parameters, name));
      });
      yield { metric, size: Math.log(factor) * distances.reduce((a, b) => a * b) };
    }
  }
}

/** What is added to the success rate, or to the logarithm of any other metric. */
interface Effect {
  readonly metric: string;
  readonly size: number;
}

function sizesOf(effect: EffectText): Effect[] {
  return Object.entries(effect).map(([metric, size]) => ({
    metric,
    size: metric === 'success' ? size : Math.log(size),
  }));
}

/** A value as the key of an effect. */
export function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Steps from the optimum, signed; 0 for what is no number, or no positive one on a curve of doublings. */
function distanceOf({ optimum, step }: CurveText, value: Value | undefined): number {
  if (typeof value !== 'number') return 0;
  if (step !== undefined) return (value - optimum) / step;
  return value > 0 ? Math.log2(value / optimum) : 0;
}

function heightOf(curve: CurveText, value: Value): number {
  const { metric, points = 0, factor = 1 } = curve;
  const square = distanceOf(curve, value) ** 2;
  return (metric === 'success' ? points : Math.log(factor)) * square;
}

function holds({ when }: ConditionText, parameters: Parameters): boolean {
  return Object.entries(when).every(([name, bound]) => {
    const value = own(parameters, name);
    if (value === undefined) return false;
    if (Array.isArray(bound)) return bound.some((one) => sameValue(one, value));
    if (typeof bound !== 'object' || bound === null) return sameValue(bound, value);
    if (typeof value !== 'number') return false;
    return 'above' in bound ? value > bound.above : value < bound.below;
  });
}
