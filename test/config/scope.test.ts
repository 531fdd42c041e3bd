import { describe, expect, test } from 'vitest';
import { scopeOf } from '../../src/domain/scope.ts';
import { faultsOf, fromYaml, ruleYaml } from './support.ts';

/** The scope of trials of `knob`, whose rule and declaration have further fields. */
function scope(rule: Record<string, unknown>, knob: Record<string, unknown>) {
  const { rules, ...settings } = fromYaml(
    ruleYaml(rule, { knob: { initial: 1, ...knob }, other: { initial: 1 } }),
  );
  const [{ id: ruleId = '', target = '' } = {}] = rules;
  return scopeOf({ ...settings, rules }, { ruleId, target });
}

describe('the scope of trials', () => {
  test.each([
    [{}, {}, { assignment: 'auto', budget: 1, interferesWith: undefined }],
    [
      {},
      { assignment: 'task', budget: 0.2, interferes_with: ['other'] },
      { assignment: 'task', budget: 0.2, interferesWith: ['other'] },
    ],
    [
      { assignment: 'switchback', budget: 0.5 },
      { assignment: 'task', budget: 0.2, interferes_with: [] },
      { assignment: 'switchback', budget: 0.5, interferesWith: [] },
    ],
  ])('of a rule with %j and a parameter with %j', (rule, knob, expected) => {
    expect(scope(rule, knob)).toEqual(expected);
  });
});

describe('faults', () => {
  test.each([
    [
      {},
      { interferes_with: ['nobody'] },
      'parameters.knob.interferes_with[0]: expected a declared',
    ],
    [{}, { interferes_with: ['knob'] }, 'parameters.knob.interferes_with[0]: expected another'],
    [{}, { budget: 0 }, 'parameters.knob.budget: expected a number from 0.01 to 1'],
    [{ budget: 2 }, {}, 'rules[0].budget: expected a number from 0.01 to 1'],
    [{}, { assignment: 'blocks' }, 'parameters.knob.assignment: expected one of auto, task'],
    [{ mode: 'apply' }, { budget: 0.1 }, 'parameters.knob.budget: expected a rule that tries'],
    [{ mode: 'apply', budget: 0.1 }, {}, 'rules[0].budget: expected a rule that tries'],
  ])('of %j and %j', (rule, knob, expected) => {
    const faults = faultsOf(ruleYaml(rule, { knob: { initial: 1, ...knob } }));
    expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringContaining(expected),
    ]);
  });
});
