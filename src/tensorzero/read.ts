import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { ConfigError, type ConfigPath, formatPath } from '../config/fault.ts';

const names = z.array(z.string(), 'expected a list of names of variants');
const weight = z.number('expected a number').min(0, 'expected 0 or more');
const weights = z.record(z.string(), weight, 'expected weights by names of variants');

/** Fields that both kinds of experiment have. */
const fallbacks = { fallback_variants: names.default([]) };

/** Sampling by fixed shares; `uniform` and `static_weights` are what `static` was called before 2026.3.0. */
const fixed = z.looseObject({
  type: z.enum(['static', 'uniform', 'static_weights']),
  candidate_variants: z
    .union([names, weights], 'expected names of variants, or weights by names')
    .default([]),
  ...fallbacks,
});

/** Best-arm identification; `track_and_stop` is what `adaptive` was called before 2026.3.0. */
const adaptive = z.looseObject({
  type: z.enum(['adaptive', 'track_and_stop']),
  candidate_variants: names,
  metric: z.string('expected the name of a metric'),
  ...fallbacks,
});

const experimentation = z.discriminatedUnion('type', [fixed, adaptive], {
  error: 'expected a type: static, adaptive, uniform, static_weights or track_and_stop',
});

const functionSchema = z.looseObject(
  {
    variants: z
      .record(z.string(), z.looseObject({ weight: weight.optional() }, 'expected a table'))
      .default({}),
    experimentation: experimentation.optional(),
  },
  'expected a table',
);

const metricSchema = z.looseObject(
  {
    type: z.enum(['boolean', 'float'], 'expected boolean or float'),
    optimize: z.enum(['max', 'min'], 'expected max or min'),
    level: z.enum(['inference', 'episode'], 'expected inference or episode'),
  },
  'expected a table',
);

const gatewaySchema = z.looseObject({
  functions: z.record(z.string(), functionSchema, 'expected tables by name').default({}),
  metrics: z.record(z.string(), metricSchema, 'expected tables by name').default({}),
});

/** A `tensorzero.toml`, as far as experiments are concerned; other keys are there, too, as they were read. */
export type Gateway = z.output<typeof gatewaySchema>;
export type GatewayFunction = z.output<typeof functionSchema>;
export type GatewayMetric = z.output<typeof metricSchema>;

/** A function's adaptive experiment, if it has one. */
export function adaptiveOf({ experimentation: one }: GatewayFunction) {
  return one?.type === 'adaptive' || one?.type === 'track_and_stop' ? one : undefined;
}

/** Reads a `tensorzero.toml`. Throws a `ConfigError` that names what is wrong, by the name that the file has. */
export function readGateway(text: string, file: string): Gateway {
  const checked = gatewaySchema.safeParse(parseToml(text, file));
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map(({ path, message }) =>
    faultAt(file, path.filter(isPathPart), message),
  );
  throw new ConfigError(faults);
}

/** One thing wrong with a table: TOML's parser knows no lines of what it has read. */
export function faultAt(file: string, path: ConfigPath, message: string) {
  return { file, line: 1, path: formatPath(path), message };
}

function parseToml(text: string, file: string): unknown {
  try {
    // Seeds may be larger than what a double holds.
    return parse(text, { integersAsBigInt: 'asNeeded', unsafeKeyBehaviour: 'throw' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.split('\n');
    const message = `expected TOML: ${what} (at column ${error.column})`;
    throw new ConfigError([{ file, line: error.line, path: '', message }], { cause: error });
  }
}

function isPathPart(part: PropertyKey): part is string | number {
  return typeof part !== 'symbol';
}
