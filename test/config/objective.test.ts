import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { LATENCY, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import { comparable, faultsOf, fromYaml, ruleYaml } from './support.ts';

const COST = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const held = (metric: object, margin: number) => ({ ...metric, margin, isConstraint: true });

/** A config with a rule, and what else is said: at the top, and of the rule's parameter. */
function textOf(rule: object, top: object = {}, parameter: object = {}): string {
  const text = JSON.parse(ruleYaml({ ...rule }, { knob: { initial: 1, ...parameter } }));
  return JSON.stringify({ ...text, ...top });
}

const ruleOf = (...parts: Parameters<typeof textOf>) => fromYaml(textOf(...parts)).rules[0];

describe('an objective', () => {
  test.each([
    [{ minimise: 'cost' }, COST, []],
    [{ minimise: 'latency' }, LATENCY, []],
    [{ minimise: 'latency', statistic: 'p95' }, { ...LATENCY, statistic: 'p95' }, []],
    [{ minimise: 'latency', statistic: 'total' }, { ...LATENCY, statistic: 'total' }, []],
    [{ minimise: 'cost', statistic: 'median' }, { ...COST, statistic: 'median' }, []],
    [{ maximise: 'success' }, SUCCESS, []],
    [{ maximise: 'quality' }, { ...COST, name: 'quality', better: 'higher' }, []],
    [
      {
        minimise: 'cost',
        subject_to: { success: -0.02, latency: 0.1, quality: -0.05, spend: 0.2 },
      },
      COST,
      [
        held(SUCCESS, 0.02),
        held(LATENCY, 0.1),
        held({ ...COST, name: 'quality', better: 'higher' }, 0.05),
        held({ ...COST, name: 'spend' }, 0.2),
      ],
    ],
    [
      { utility: '1.0 - measurements.cost' },
      { ...COST, name: 'utility', better: 'higher', expression: '1.0 - measurements.cost' },
      [],
    ],
  ])('%j', (objective, primary, guards) => {
    expect(ruleOf({ objective })).toMatchObject({ primary, guards });
    expect(ruleOf({}, { objective })).toMatchObject({ primary, guards });
    expect(ruleOf({}, {}, { objective })).toMatchObject({ primary, guards });
  });

  test('is that of the nearest level that says anything, whole', () => {
    const [far, near] = [{ minimise: 'far', subject_to: { success: -0.1 } }, { minimise: 'near' }];
    const named = (name: string) => ({ primary: { ...COST, name }, guards: [] });
    expect(ruleOf({}, { objective: far }, { objective: near })).toMatchObject(named('near'));
    expect(ruleOf({ objective: near }, { objective: far })).toMatchObject(named('near'));
    expect(ruleOf({ primary: 'latency' }, { objective: far })).toMatchObject({
      primary: LATENCY,
      guards: [{ ...SUCCESS, margin: 0.05 }],
    });
    expect(ruleOf({ guards: [] }, { objective: far }, { objective: near })).toMatchObject({
      primary: OUTCOME,
      guards: [],
    });
    expect(ruleOf({}, { objective: far }, { primary: 'success' })).toMatchObject({
      primary: SUCCESS,
      guards: [{ ...LATENCY, margin: 0.05 }],
    });
  });

  test('is the same for the trials of a parameter without a rule', () => {
    const { parameters } = fromYaml(
      JSON.stringify({
        objective: { minimise: 'cost' },
        parameters: { one: { initial: 1 }, other: { initial: 1, primary: 'latency' } },
        rules: [],
      }),
    );
    expect(parameters.one?.objective).toEqual({ primary: COST, guards: [] });
    expect(parameters.other?.objective.primary).toEqual(LATENCY);
  });

  test('is printed so that it loads again', () => {
    const objective = { minimise: 'cost', subject_to: { success: -0.02 } };
    for (const text of [
      textOf({ objective }),
      textOf({}, { objective }),
      textOf({}, {}, { objective, min: 0 }),
      textOf({}, {}, { guards: ['success'] }),
    ]) {
      const config = fromYaml(text);
      expect(comparable(fromYaml(printConfig(config)))).toEqual(comparable(config));
    }
  });

  test('is part of what a rule is', () => {
    const fingerprints = [
      { minimise: 'cost' },
      { minimise: 'cost', subject_to: { success: -0.05 } },
      { minimise: 'cost', subject_to: { success: -0.04 } },
      { utility: '1.0 - measurements.cost' },
      { utility: '2.0 - measurements.cost' },
    ].map((objective) => ruleOf({ objective })?.fingerprint);
    const guarded = { primary: { measurement: 'cost', better: 'lower' }, guards: ['success'] };
    expect(new Set([...fingerprints, ruleOf(guarded)?.fingerprint]).size).toBe(6);
  });
});

describe('faults of an objective', () => {
  const at = (path: string, message: RegExp) => ({
    path: `rules[0].objective${path}`,
    message: expect.stringMatching(message),
  });

  test.each([
    [{}, at('', /^expected one of minimise, maximise, utility, found none/)],
    [{ minimise: 'a', maximise: 'b' }, at('', /found minimise and maximise$/)],
    [{ minimise: 'success' }, at('.minimise', /maximise for success/)],
    [{ maximise: 'latency' }, at('.maximise', /minimise for latency/)],
    [{ minimise: 'outcome' }, at('.minimise', /not outcome/)],
    [{ maximise: 'success', statistic: 'total' }, at('.statistic', /none: it is the share/)],
    [{ maximise: 'quality', statistic: 'p95' }, at('.statistic', /total or median/)],
    [{ utility: '1.0', statistic: 'median' }, at('.statistic', /expected total/)],
    [{ minimise: 'a', subject_to: { success: 0.02 } }, at('.subject_to.success', /negative/)],
    [{ minimise: 'a', subject_to: { latency: -0.02 } }, at('.subject_to.latency', /positive/)],
    [{ minimise: 'a', subject_to: { b: 0 } }, at('.subject_to.b', /above -1 and below 1, not 0/)],
    [{ minimise: 'a', subject_to: { b: 1 } }, at('.subject_to.b', /above -1 and below 1, not 0/)],
    [{ minimise: 'a', subject_to: { a: 0.1 } }, at('.subject_to.a', /other than its own/)],
    [{ utility: '1.0', subject_to: { utility: 0.1 } }, at('.subject_to.utility', /its own/)],
    [{ utility: 'statuz == "success"' }, at('.utility', /expected one of status/)],
    [{ utility: 'status == "success"' }, at('.utility', /expected a number/)],
    [{ utility: 'window.count' }, at('.utility', /expected one of status/)],
  ])('%j', (objective, fault) => {
    expect(faultsOf(textOf({ objective }))).toMatchObject([fault]);
  });

  test.each(['primary', 'guards'])('is not said beside %s', (key) => {
    const other = { primary: 'latency', guards: [] }[key];
    const objective = { minimise: 'cost', subject_to: { success: -0.02 } };
    const message = expect.stringMatching(/^expected nothing beside objective/);
    expect(faultsOf(textOf({ objective, [key]: other }))).toMatchObject([
      { path: `rules[0].${key}`, message },
    ]);
    expect(faultsOf(textOf({}, {}, { objective, [key]: other }))).toMatchObject([
      { path: `parameters.knob.${key}`, message },
    ]);
  });
});

describe('an objective that leaves success out', () => {
  const warningsOf = (objective: object) =>
    parseConfig(textOf({}, { objective }), 'test.yaml', 'yaml').warnings.map(({ path }) => path);

  test.each([{ minimise: 'cost' }, { minimise: 'latency', statistic: 'total' }])(
    'is warned of: %j',
    (objective) => {
      expect(warningsOf(objective)).toEqual(['objective']);
      expect(warningsOf({ ...objective, subject_to: { success: -0.05 } })).toEqual([]);
    },
  );

  test.each([{ maximise: 'quality' }, { minimise: 'latency' }, { utility: '1.0' }])(
    'is none where failing is no gain: %j',
    (objective) => {
      expect(warningsOf(objective)).toEqual([]);
    },
  );
});

describe('a utility', () => {
  const compiled = (utility: string) => {
    const found = fromYaml(textOf({ objective: { utility } })).utilities.get(utility);
    if (found === undefined) throw new Error('expected a utility');
    return found;
  };

  test('is computed of one task', () => {
    const worth = compiled('(status == "success" ? 1.0 : 0.0) - measurements.cost - latency_ms');
    expect(worth({ status: 'success', latencyMs: 2, measurements: { cost: 0.5 } })).toBe(-1.5);
    expect(worth({ status: 'failure', latencyMs: 0, measurements: { cost: 0.5 } })).toBe(-0.5);
  });

  test('has no value where the task has not what it reads', () => {
    const worth = compiled('measurements.cost + latency_ms');
    expect(() => worth({ status: 'success', latencyMs: 1, measurements: {} })).toThrow(
      /^utility: /,
    );
    expect(() =>
      worth({ status: 'success', latencyMs: undefined, measurements: { cost: 1 } }),
    ).toThrow(/^utility: /);
  });
});
