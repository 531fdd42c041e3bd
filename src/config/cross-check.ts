import { isOfType, nameOfType, type ParameterType } from '../domain/parameter-type.ts';
import { excessOf, MAX_PARAMETERS } from '../domain/parameters.ts';
import { sameValue, type Value } from '../domain/value.ts';
import type { DeclaredParameters } from './declared.ts';
import { BUILT_IN_PARAMETERS } from './defaults.ts';
import { type ConfigPath, formatPath, show } from './fault.ts';
import type { MergedConfig } from './merge.ts';
import { metricName } from './metric.ts';
import type { ConfigFile, ParameterText, RuleText } from './schema.ts';
import { type Structure, valueAt } from './structure.ts';
import { suggest } from './suggest.ts';

/** Something wrong between keys. */
export interface CrossFault {
  readonly path: ConfigPath;
  readonly message: string;
}

/**
 * Checks what depends on more than one key. A faulty key is left out: what it was meant to be is not
 * known.
 */
export function crossCheck(
  config: MergedConfig,
  structure: Structure,
  declared: DeclaredParameters,
): CrossFault[] {
  const faults = [
    ...checkWindows(config, structure),
    ...checkTls(config, structure),
    ...checkParameterCount(config),
    ...checkTakenAway(structure),
    ...Object.keys(config.parameters).flatMap((name) => checkParameter(name, config, structure)),
    ...checkRuleIds(config, structure),
    ...config.rules.flatMap((rule, index) => checkRule(rule, index, declared, structure)),
    ...config.rules.flatMap((rule, index) => checkMetrics(rule, index, structure)),
  ];
  // Two keys may disagree with the same third one, which is named once.
  const named = new Set<string>();
  return faults.filter(({ path }) => {
    const text = formatPath(path);
    return !named.has(text) && named.add(text);
  });
}

/** Of two keys that disagree, the one that the file sets; the first if it sets both. */
function blame(file: ConfigFile, first: ConfigPath, second: ConfigPath): ConfigPath {
  return isSet(file, first) || !isSet(file, second) ? first : second;
}

function isSet(file: ConfigFile, path: ConfigPath): boolean {
  return valueAt(file, path) !== undefined;
}

function checkWindows({ cycle }: MergedConfig, { file, isFaulty }: Structure): CrossFault[] {
  const limit = ['cycle', 'history_limit'] as const;
  const faults: CrossFault[] = [];
  for (const key of ['analysis_window', 'min_tasks'] as const) {
    const path = ['cycle', key] as const;
    if (isFaulty(limit) || isFaulty(path) || cycle[key] <= cycle.history_limit) continue;
    const blamed = blame(file, path, limit);
    const message =
      blamed === path
        ? `expected at most cycle.history_limit, ${cycle.history_limit}, found ${cycle[key]}`
        : `expected at least cycle.${key}, ${cycle[key]}, found ${cycle.history_limit}`;
    faults.push({ path: blamed, message });
  }
  return faults;
}

function checkTls({ tls }: MergedConfig, { isFaulty }: Structure): CrossFault[] {
  const faults: CrossFault[] = [];
  const need = (key: keyof typeof tls, beside: string) => {
    const path = ['tls', key] as const;
    if (tls[key] !== undefined || isFaulty(path)) return;
    faults.push({ path, message: `expected a path beside ${beside}, found nothing` });
  };
  if (tls.key_file !== undefined) need('certificate_file', 'key_file');
  else if (tls.certificate_file !== undefined) need('key_file', 'certificate_file');
  else if (tls.client_ca_file !== undefined) need('certificate_file', 'client_ca_file');
  if (tls.allowed_names.length > 0) need('client_ca_file', 'allowed_names');
  return faults;
}

/** Parameters that rules add count, too. */
function checkParameterCount({ parameters, rules }: MergedConfig): CrossFault[] {
  const added = rules.flatMap(({ operation, target }) =>
    operation === 'add' ? (target ?? []) : [],
  );
  const count = new Set([...Object.keys(parameters), ...added]).size;
  if (count <= MAX_PARAMETERS) return [];
  const message = `expected at most ${MAX_PARAMETERS} parameters, found ${count}`;
  return [{ path: ['parameters'], message }];
}

/** Null takes a built-in parameter away; any other one is just not declared. */
function checkTakenAway({ file: { parameters = {} } }: Structure): CrossFault[] {
  return Object.keys(parameters).flatMap((name) => {
    if (parameters[name] !== null || BUILT_IN_PARAMETERS.includes(name)) return [];
    const expected = `expected an object with keys, or a built-in parameter to take away`;
    const message = `${expected}, found nothing (null)${suggest(name, BUILT_IN_PARAMETERS)}`;
    return [{ path: ['parameters', name], message }];
  });
}

const BOUNDS = ['min', 'max', 'max_step'] as const;

function checkParameter(
  name: string,
  { parameters }: MergedConfig,
  { file, isFaulty }: Structure,
): CrossFault[] {
  const path = ['parameters', name];
  const parameter: ParameterText = parameters[name] ?? {};
  const known = (key: keyof ParameterText) => !isFaulty([...path, key]);
  if (isFaulty(path)) return [];
  const faults: CrossFault[] = [];
  const { initial, min, max } = parameter;

  if (initial === undefined) {
    if (known('initial')) {
      faults.push({ path: [...path, 'initial'], message: 'expected a value, found nothing' });
    }
  } else if (known('initial')) {
    const numeric = BOUNDS.some((key) => known(key) && typeof parameter[key] === 'number');
    if (numeric && typeof initial !== 'number') {
      const message = `expected a number, as min, max and max_step are for, found ${show(initial)}`;
      faults.push({ path: [...path, 'initial'], message });
    }
    faults.push(...checkInitial(path, initial, parameter, file, known));
  }
  if (parameter.type !== undefined && known('type')) {
    faults.push(...checkType(path, parameter.type, parameter, known));
  }
  if (known('min') && known('max') && isNumber(min) && isNumber(max) && min > max) {
    const blamed = blame(file, [...path, 'max'], [...path, 'min']);
    const message =
      blamed.at(-1) === 'max'
        ? `expected at least min, ${min}, found ${max}`
        : `expected at most max, ${max}, found ${min}`;
    faults.push({ path: blamed, message });
  }
  return faults;
}

/** Of a type that is said, whatever else is. */
function checkType(
  path: ConfigPath,
  type: ParameterType,
  { initial, allowed, ...parameter }: ParameterText,
  known: (key: keyof ParameterText) => boolean,
): CrossFault[] {
  const expected = `expected ${nameOfType(type)}, as type says`;
  const faults: CrossFault[] = [];
  const check = (key: keyof ParameterText, value: Value | undefined, at: ConfigPath) => {
    if (value === undefined || !known(key) || isOfType(type, value)) return;
    faults.push({ path: at, message: `${expected}, found ${show(value)}` });
  };
  check('initial', initial, [...path, 'initial']);
  for (const [index, value] of (allowed ?? []).entries()) {
    check('allowed', value, [...path, 'allowed', index]);
  }
  // That bounds are for numbers alone is checked beside the initial value.
  if (type !== 'integer') return faults;
  for (const key of BOUNDS) check(key, parameter[key] ?? undefined, [...path, key]);
  return faults;
}

function checkInitial(
  path: ConfigPath,
  initial: Value,
  parameter: ParameterText,
  file: ConfigFile,
  known: (key: keyof ParameterText) => boolean,
): CrossFault[] {
  const faults: CrossFault[] = [];
  const { min, max, allowed } = parameter;
  const at = [...path, 'initial'];
  const contradict = (key: 'min' | 'max' | 'allowed', expected: string, reverse: string) => {
    const blamed = blame(file, at, [...path, key]);
    const found = show(blamed === at ? initial : parameter[key]);
    const message = `${blamed === at ? expected : reverse}, found ${found}`;
    faults.push({ path: blamed, message });
  };
  const excess = excessOf(initial);
  if (excess !== undefined) faults.push({ path: at, message: excess });
  if (known('min') && isNumber(min) && isNumber(initial) && initial < min) {
    contradict('min', `expected at least min, ${min}`, `expected at most initial, ${initial}`);
  }
  if (known('max') && isNumber(max) && isNumber(initial) && initial > max) {
    contradict('max', `expected at most max, ${max}`, `expected at least initial, ${initial}`);
  }
  if (known('allowed') && allowed && !allowed.some((value) => sameValue(value, initial))) {
    const reverse = `expected the initial value, ${show(initial)}, among them`;
    contradict('allowed', `expected one of ${allowed.map(show).join(', ')}`, reverse);
  }
  return faults;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

function checkRuleIds({ rules }: MergedConfig, { isFaulty }: Structure): CrossFault[] {
  const first = new Map<string, number>();
  const faults: CrossFault[] = [];
  for (const [index, { id }] of rules.entries()) {
    if (id === undefined || isFaulty(['rules', index, 'id'])) continue;
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, index);
    else {
      const message = `expected an id of its own, found that of rules[${earlier}], ${show(id)}`;
      faults.push({ path: ['rules', index, 'id'], message });
    }
  }
  return faults;
}

function checkRule(
  { operation, target, new_value: newValue }: RuleText,
  index: number,
  declared: DeclaredParameters,
  { isFaulty }: Structure,
): CrossFault[] {
  const faults: CrossFault[] = [];
  const path = ['rules', index];
  if (operation === undefined || isFaulty(path)) return faults;
  if (target !== undefined && !declared.has(target)) {
    const message = `expected a declared parameter, found ${show(target)}${declared.hint(target)}`;
    faults.push({ path: [...path, 'target'], message });
  }
  const at = [...path, 'new_value'];
  if (isFaulty(at)) return faults;
  if (operation === 'remove' && newValue !== undefined) {
    faults.push({ path: at, message: `expected nothing for remove, found ${show(newValue)}` });
  }
  if (operation !== 'remove' && newValue === undefined) {
    const message = `expected a CEL expression for ${operation}, found nothing`;
    faults.push({ path: at, message });
  }
  return faults;
}

/** A metric is judged once: as the primary one, or as one of the guards. */
function checkMetrics(
  { primary, guards = [] }: RuleText,
  index: number,
  { isFaulty }: Structure,
): CrossFault[] {
  const path = ['rules', index];
  const primaryName = isFaulty([...path, 'primary']) ? undefined : metricName(primary ?? 'outcome');
  const faults: CrossFault[] = [];
  const names = new Set<string>();
  for (const [position, guard] of guards.entries()) {
    const name = metricName(guard);
    if (name === undefined) continue;
    const expected =
      name === primaryName
        ? 'expected a metric other than the primary one'
        : 'expected each metric once';
    if (name === primaryName || names.has(name)) {
      const message = `${expected}, found ${show(name)}`;
      faults.push({ path: [...path, 'guards', position], message });
    }
    names.add(name);
  }
  return faults;
}
