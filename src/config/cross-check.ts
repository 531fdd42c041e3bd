import { isOfType, nameOfType, type ParameterType } from '../domain/parameter-type.ts';
import { excessOf, MAX_PARAMETERS } from '../domain/parameters.ts';
import { sameValue, type Value } from '../domain/value.ts';
import { checkScope } from './check-scope.ts';
import type { DeclaredParameters } from './declared.ts';
import { type ConfigPath, type CrossFault, formatPath, show } from './fault.ts';
import { BUILT_IN_PARAMETERS } from './keys/defaults.ts';
import { metricName } from './keys/metric.ts';
import type { ConfigFile, ParameterText, RuleText } from './keys/schema.ts';
import type { MergedConfig } from './merge.ts';
import { checkSearch } from './search-check.ts';
import { valueAt } from './shape.ts';
import type { Structure } from './structure.ts';
import { suggest } from './suggest.ts';

/** Checks what depends on more than one key. A faulty key is left out, since its intended value is not known. */
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
    ...Object.keys(config.parameters).flatMap((name) => checkSearch(name, config, structure)),
    ...checkRuleIds(config, structure),
    ...config.rules.flatMap((rule, index) => checkRule(rule, index, declared, structure)),
    ...config.rules.flatMap((rule, index) => checkMetrics(rule, ['rules', index], structure)),
    ...Object.entries(config.parameters).flatMap(([name, says]) =>
      checkMetrics(says, ['parameters', name], structure),
    ),
    ...checkScope(config, structure, declared),
  ];
  // Two keys may disagree with the same third key, which is then reported once.
  const named = new Set<string>();
  return faults.filter(({ path }) => {
    const text = formatPath(path);
    return !named.has(text) && named.add(text);
  });
}

/** The fault of two keys that disagree. It names the second key if the file sets only that one, otherwise the first. */
function disagreement(
  file: ConfigFile,
  [first, second]: readonly [ConfigPath, ConfigPath],
  messages: { readonly first: string; readonly second: string },
): CrossFault[] {
  const isSet = (path: ConfigPath) => valueAt(file, path) !== undefined;
  const isFirst = isSet(first) || !isSet(second);
  const [path, message] = isFirst ? [first, messages.first] : [second, messages.second];
  return [{ path, message }];
}

function checkWindows({ cycle }: MergedConfig, { file, isFaulty }: Structure): CrossFault[] {
  const limit = ['cycle', 'history_limit'] as const;
  return (['analysis_window', 'min_tasks'] as const).flatMap((key) => {
    const path = ['cycle', key] as const;
    const [least, most] = [cycle[key], cycle.history_limit];
    if (isFaulty(limit) || isFaulty(path) || least <= most) return [];
    return disagreement(file, [path, limit], {
      first: `expected at most cycle.history_limit, ${most}, found ${least}`,
      second: `expected at least cycle.${key}, ${least}, found ${most}`,
    });
  });
}

/** Pairs of a key and the key that it needs beside it. */
const TLS_NEEDS = [
  ['key_file', 'certificate_file'],
  ['certificate_file', 'key_file'],
  ['client_ca_file', 'certificate_file'],
  ['allowed_names', 'client_ca_file'],
] as const;

function checkTls({ tls }: MergedConfig, { isFaulty }: Structure): CrossFault[] {
  return TLS_NEEDS.flatMap(([key, needed]) => {
    const path = ['tls', needed] as const;
    const isGiven = tls[key] !== undefined && tls[key].length > 0;
    if (!isGiven || tls[needed] !== undefined || isFaulty(path)) return [];
    return [{ path, message: `expected a path beside ${key}, found nothing` }];
  });
}

/** Checks the number of parameters, those that rules add included. */
function checkParameterCount({ parameters, rules }: MergedConfig): CrossFault[] {
  const added = rules.flatMap(({ operation, target }) =>
    operation === 'add' ? (target ?? []) : [],
  );
  const count = new Set([...Object.keys(parameters), ...added]).size;
  if (count <= MAX_PARAMETERS) return [];
  const message = `expected at most ${MAX_PARAMETERS} parameters, found ${count}`;
  return [{ path: ['parameters'], message }];
}

/** Faults of parameters that are null but not built in: null takes a built-in parameter away. */
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
  const { min, max } = parameter;
  if (known('initial')) faults.push(...checkInitial(path, parameter, file, known));
  if (parameter.type !== undefined && known('type')) {
    faults.push(...checkType(path, parameter.type, parameter, known));
  }
  if (known('min') && known('max') && isNumber(min) && isNumber(max) && min > max) {
    const messages = {
      first: `expected at least min, ${min}, found ${max}`,
      second: `expected at most max, ${max}, found ${min}`,
    };
    faults.push(
      ...disagreement(
        file,
        [
          [...path, 'max'],
          [...path, 'min'],
        ],
        messages,
      ),
    );
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
  // `checkInitial` finds bounds of a parameter that is no number.
  if (type !== 'integer') return faults;
  for (const key of BOUNDS) check(key, parameter[key] ?? undefined, [...path, key]);
  return faults;
}

function checkInitial(
  path: ConfigPath,
  parameter: ParameterText,
  file: ConfigFile,
  known: (key: keyof ParameterText) => boolean,
): CrossFault[] {
  const faults: CrossFault[] = [];
  const { initial, min, max, allowed } = parameter;
  const at = [...path, 'initial'];
  if (initial === undefined) return [{ path: at, message: 'expected a value, found nothing' }];
  if (!isNumber(initial) && BOUNDS.some((key) => known(key) && isNumber(parameter[key]))) {
    const message = `expected a number, as min, max and max_step are for, found ${show(initial)}`;
    faults.push({ path: at, message });
  }
  const contradict = (key: 'min' | 'max' | 'allowed', expected: string, reverse: string) => {
    const first = `${expected}, found ${show(initial)}`;
    const second = `${reverse}, found ${show(parameter[key])}`;
    faults.push(...disagreement(file, [at, [...path, key]], { first, second }));
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
  return rules.flatMap(({ id }, index) => {
    const path = ['rules', index, 'id'];
    const earlier = rules.findIndex((rule) => rule.id === id);
    if (id === undefined || isFaulty(path) || earlier === index) return [];
    const message = `expected an id of its own, found that of rules[${earlier}], ${show(id)}`;
    return [{ path, message }];
  });
}

function checkRule(
  { operation, target, where, new_value: newValue }: RuleText,
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
  if (where !== undefined && operation !== 'modify' && operation !== 'adjust') {
    const message = `expected modify or adjust beside where, found ${show(operation)}`;
    faults.push({ path: [...path, 'operation'], message });
  }
  const at = [...path, 'new_value'];
  const isRemoval = operation === 'remove';
  if (isFaulty(at) || isRemoval === (newValue === undefined)) return faults;
  const expected = isRemoval ? 'nothing for remove' : `a CEL expression for ${operation}`;
  const found = newValue === undefined ? 'nothing' : show(newValue);
  return [...faults, { path: at, message: `expected ${expected}, found ${found}` }];
}

/** Checks that each metric is named once: as the primary one, or as one of the guards. */
function checkMetrics(
  { primary, guards = [] }: Pick<RuleText, 'primary' | 'guards'>,
  path: ConfigPath,
  { isFaulty }: Structure,
): CrossFault[] {
  const primaryName = isFaulty([...path, 'primary']) ? undefined : metricName(primary ?? 'outcome');
  const names = guards.map(metricName);
  return names.flatMap((name, position) => {
    const isPrimary = name === primaryName;
    if (name === undefined || (!isPrimary && names.indexOf(name) === position)) return [];
    const what = isPrimary ? 'a metric other than the primary one' : 'each metric once';
    return [
      { path: [...path, 'guards', position], message: `expected ${what}, found ${show(name)}` },
    ];
  });
}
