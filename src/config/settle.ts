import { z } from 'zod';
import type { OtlpSettings } from '../domain/otlp.ts';
import { inferType } from '../domain/parameter-type.ts';
import type { Rule } from '../domain/rule.ts';
import type { SearchSpace } from '../domain/search.ts';
import type { ParameterSpec } from '../domain/settings.ts';
import type { CamelKeys, Config } from './config.ts';
import { type MetricsText, settleObjective } from './keys/objective.ts';
import type { ParameterText } from './keys/schema.ts';
import { type Sections, sectionsSchema } from './keys/sections.ts';
import type { CompleteConfig } from './merge.ts';
import { compileUtilities } from './objective.ts';

/** A merged config without fault, as the program reads it. */
export function settle(text: CompleteConfig, rules: readonly Rule[], otlp: OtlpSettings): Config {
  const settings = settleSections(text);
  const { certificateFile, keyFile, ...tls } = settings.tls;
  const { clientFile, adminFile } = settings.tokens;
  return {
    ...settings,
    version: text.version,
    parameters: Object.fromEntries(
      Object.entries(text.parameters).map(([name, spec]) => [name, settleParameter(spec, text)]),
    ),
    rules,
    otlp,
    utilities: compileUtilities(text),
    // `crossCheck` has made sure that both are given or neither.
    tls: certificateFile && keyFile ? { ...tls, certificateFile, keyFile } : undefined,
    tokens: clientFile || adminFile ? { clientFile, adminFile } : undefined,
    text,
  };
}

function settleSections(text: Sections): CamelKeys<Sections> {
  // The type does to each key what `camelKeys` does.
  return camelKeys(sectionsSchema, text) as CamelKeys<Sections>;
}

/** An object with the keys of its schema in camelCase, nested objects included. */
function camelKeys(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault) {
    return camelKeys(schema.unwrap(), value);
  }
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value;
  const entries = new Map<string, unknown>(Object.entries(value));
  return Object.fromEntries(
    Object.entries(schema.shape).map(([key, inner]) => [
      key.replaceAll(/_./g, (letter) => letter.charAt(1).toUpperCase()),
      camelKeys(inner, entries.get(key)),
    ]),
  );
}

/** One parameter, as the program reads it. */
export function settleParameter(text: ParameterText, whole: MetricsText): ParameterSpec {
  // `crossCheck` has made sure that there is a value, which may be `null`.
  const initial = text.initial ?? null;
  const [min, max, maxStep] = [text.min, text.max, text.max_step].map((one) => one ?? undefined);
  const allowed = text.allowed ?? undefined;
  const type = text.type ?? inferType(allowed ?? [initial], [min, max, maxStep]);
  const said = text.type === undefined ? {} : { isTypeSaid: true as const };
  const objective = settleObjective([text, whole]);
  const search = settleSearch(text, { type, maxStep });
  return {
    ...{ initial, type, ...said, min, max, maxStep, allowed, objective },
    ...settleScope(text),
    ...(search && { search }),
  };
}

function settleScope({ assignment, budget, interferes_with: interferesWith }: ParameterText) {
  return {
    ...(assignment === undefined ? {} : { assignment }),
    ...(interferesWith === undefined ? {} : { interferesWith }),
    ...(budget === undefined ? {} : { budget }),
  };
}

function settleSearch(
  { search, min, max }: ParameterText,
  { type, maxStep }: Pick<ParameterSpec, 'type' | 'maxStep'>,
): SearchSpace | undefined {
  if (search === undefined) return undefined;
  if ('values' in search) return search;
  // `crossCheck` has made sure that there are both.
  const bounds = { min: min ?? Number.NaN, max: max ?? Number.NaN };
  return { ...search, ...bounds, isWhole: type === 'integer', maxStep };
}

/** Freezes a value and all that it holds; returns the value. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
