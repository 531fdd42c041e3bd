import { violationOf } from '../domain/parameters.ts';
import { sameValue } from '../domain/value.ts';
import { type CrossFault, show } from './fault.ts';
import type { ParameterText } from './keys/schema.ts';
import type { MergedConfig } from './merge.ts';
import { settleParameter } from './settle.ts';
import type { Structure } from './structure.ts';

/** Checks the search for a parameter's value against the parameter's other keys, the rules and the curation mode. */
export function checkSearch(
  name: string,
  { parameters, rules, curation }: MergedConfig,
  { isFaulty }: Structure,
): CrossFault[] {
  const path = ['parameters', name, 'search'] as const;
  const parameter: ParameterText = parameters[name] ?? {};
  const { search } = parameter;
  const isUnclear = [path, [...path, 'scale'], [...path, 'values']].some(isFaulty);
  if (search === undefined || isUnclear) return [];
  const fault = (message: string): CrossFault[] => [{ path, message }];
  const rule = rules.find(({ target }) => target === name);
  if (rule !== undefined) {
    return fault(`expected no rule beside it, found rule ${show(rule.id)} with this target`);
  }
  if (curation.mode === 'recommend') {
    return fault(
      'expected curation.mode auto, trial or apply, found "recommend": a search decides',
    );
  }
  if (parameter.budget !== undefined) {
    return fault('expected no budget beside it: what wins a race is in force before it is proven');
  }
  return 'values' in search
    ? checkValues(parameter, search.values, path)
    : checkRange(parameter, search.scale, path);
}

function checkRange(
  { initial, min, max }: ParameterText,
  scale: string,
  path: CrossFault['path'],
): CrossFault[] {
  const fault = (message: string): CrossFault[] => [{ path, message }];
  if (typeof min !== 'number' || typeof max !== 'number') {
    const found = [min, max].map((bound) => (bound == null ? 'nothing' : show(bound)));
    return fault(`expected min and max beside scale, found ${found.join(' and ')}`);
  }
  if (initial !== undefined && typeof initial !== 'number') {
    return fault(`expected an initial number beside scale, found ${show(initial)}`);
  }
  if (min === max) return fault(`expected max above min, ${min}, found the same`);
  return scale === 'log' && min <= 0
    ? fault(`expected min above 0 for scale log, found ${min}`)
    : [];
}

function checkValues(
  parameter: ParameterText,
  values: readonly Exclude<ParameterText['initial'], undefined>[],
  path: CrossFault['path'],
): CrossFault[] {
  const spec = settleParameter(parameter, {});
  return values.flatMap((value, i) => {
    const at = [...path, 'values', i];
    if (values.findIndex((one) => sameValue(one, value)) !== i) {
      return [{ path: at, message: `expected each value once, found ${show(value)} again` }];
    }
    const violation = violationOf(spec, value);
    return violation === undefined ? [] : [{ path: at, message: violation }];
  });
}
