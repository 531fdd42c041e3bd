import { describe, expect, test } from 'vitest';
import { faultsOf, fromYaml, ruleYaml } from './support.ts';

const withCohorts = (fields: Record<string, unknown>, label = 'kind') =>
  JSON.stringify({ ...JSON.parse(ruleYaml(fields)), trial: { cohorts: label } });

describe('where of a rule', () => {
  test.each([
    ['labels.kind == "code"', 'code'],
    ["labels.kind == ''", ''],
    ['labels["kind"] == "a b"', 'a b'],
  ])('%s names a cohort', (where, value) => {
    const [rule] = fromYaml(withCohorts({ where })).rules;
    expect(rule?.cohort).toEqual({ label: 'kind', value });
    expect(rule?.fingerprint).not.toBe(fromYaml(withCohorts({})).rules[0]?.fingerprint);
  });

  test.each([
    'labels.kind != "code"',
    'labels.kind == "a" || labels.kind == "b"',
    'labels.kind == 1',
    '"code" == labels.kind',
    'window.count > 3.0',
    'labels.kind ==',
    'true',
  ])('%s is a fault', (where) => {
    const [fault, ...others] = faultsOf(withCohorts({ where }));
    expect(fault?.path).toBe('rules[0].where');
    expect(fault?.message).toMatch(/expected (labels\.NAME == "VALUE"|CEL)/);
    expect(others).toEqual([]);
  });

  test('needs the label that trial.cohorts says', () => {
    const where = 'labels.kind == "code"';
    expect(faultsOf(ruleYaml({ where }))).toMatchObject([{ path: 'rules[0].where' }]);
    expect(faultsOf(withCohorts({ where }, 'team'))).toMatchObject([
      {
        message: expect.stringContaining(
          'expected labels.team, as trial.cohorts says, found labels.kind',
        ),
      },
    ]);
  });

  test('goes with rules that change a value only', () => {
    const fields = { where: 'labels.kind == "code"', operation: 'remove', new_value: undefined };
    expect(faultsOf(withCohorts(fields))).toMatchObject([{ path: 'rules[0].operation' }]);
  });
});
