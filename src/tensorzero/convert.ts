import { ConfigError } from '../config/fault.ts';
import { candidatesOf } from './candidates.ts';
import { measurementName, parameterName } from './names.ts';
import { experimentNotes, gatewayNotes, type Note } from './notes.ts';
import {
  adaptiveOf,
  faultAt,
  type Gateway,
  type GatewayFunction,
  type GatewayMetric,
} from './read.ts';

/** The metric that an experiment optimises, as the sidecar's objective. */
export interface Objective {
  readonly direction: 'maximise' | 'minimise';
  readonly measurement: string;
  readonly metric: string;
  readonly type: GatewayMetric['type'];
  readonly level: GatewayMetric['level'];
}

/** A function whose variants become the values of a parameter. */
export interface Choice {
  readonly functionName: string;
  readonly parameter: string;
  readonly candidates: readonly string[];
  readonly initial: string;
  /** Of an adaptive experiment: these values are searched. Without it, the value stays the initial one. */
  readonly objective: Objective | undefined;
}

/** What a `tensorzero.toml` becomes. */
export interface Conversion {
  readonly choices: readonly Choice[];
  /** Objectives that the file's metrics could be, for functions without one. */
  readonly possible: readonly Objective[];
  /** Everything in the file that is not carried over, or not as it was. */
  readonly notes: readonly Note[];
}

/** Converts a gateway's experiments. Throws a `ConfigError` if one names a variant that is not there. */
export function convertGateway(gateway: Gateway, file: string): Conversion {
  const notes: Note[] = [];
  const choices: Choice[] = [];
  for (const [name, fn] of Object.entries(gateway.functions)) {
    refuseUnknownVariants(name, fn, file);
    const choice = chooseAmong(name, fn, gateway, notes);
    if (choice !== undefined) choices.push(choice);
  }
  const possible = Object.entries(gateway.metrics).map(([name, metric]) =>
    toObjective(name, metric),
  );
  const used = new Set(choices.flatMap(({ objective }) => objective?.metric ?? []));
  for (const { metric, measurement } of possible) {
    if (used.has(metric)) continue;
    const text = `no adaptive experiment is on it; report it as the measurement ${measurement} if it is to be an objective or a constraint`;
    notes.push({ path: ['metrics', metric], text });
  }
  return { choices, possible, notes: [...notes, ...gatewayNotes(gateway)] };
}

function chooseAmong(
  name: string,
  fn: GatewayFunction,
  gateway: Gateway,
  notes: Note[],
): Choice | undefined {
  const candidates = candidatesOf(fn);
  notes.push(...experimentNotes(name, fn, candidates));
  const { initial } = candidates;
  if (candidates.names.length < 2 || initial === undefined) return undefined;
  return {
    functionName: name,
    parameter: parameterName(name),
    candidates: candidates.names,
    initial,
    objective: objectiveOf(name, fn, gateway, notes),
  };
}

function objectiveOf(
  name: string,
  fn: GatewayFunction,
  { metrics }: Gateway,
  notes: Note[],
): Objective | undefined {
  const experiment = adaptiveOf(fn);
  if (experiment === undefined) return undefined;
  const metric = metrics[experiment.metric];
  if (metric !== undefined) return toObjective(experiment.metric, metric);
  notes.push({
    path: ['functions', name, 'experimentation', 'metric'],
    text: `[metrics] has no ${experiment.metric}, so that nothing says whether more of it is better: write the search and its objective yourself`,
  });
  return undefined;
}

function toObjective(name: string, { type, optimize, level }: GatewayMetric): Objective {
  const direction = optimize === 'max' ? 'maximise' : 'minimise';
  return { direction, measurement: measurementName(name), metric: name, type, level };
}

function refuseUnknownVariants(name: string, fn: GatewayFunction, file: string): void {
  const path = ['functions', name, 'experimentation'];
  const faults = unknownVariants(fn).map(([field, variant]) =>
    faultAt(
      file,
      [...path, field],
      `expected variants of ${name}, found ${JSON.stringify(variant)}`,
    ),
  );
  if (faults.length > 0) throw new ConfigError(faults);
}

function unknownVariants({ variants, experimentation }: GatewayFunction): [string, string][] {
  if (experimentation === undefined) return [];
  const { candidate_variants: candidates, fallback_variants: fallbacks } = experimentation;
  const named = {
    candidate_variants: Array.isArray(candidates) ? candidates : Object.keys(candidates),
    fallback_variants: fallbacks,
  };
  return Object.entries(named).flatMap(([field, names]) =>
    names
      .filter((one) => !Object.hasOwn(variants, one))
      .map((one): [string, string] => [field, one]),
  );
}
