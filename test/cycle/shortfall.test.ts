import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { reflect } from '../../src/cycle/reflect.ts';
import { whyNeverPasses } from '../../src/cycle/shortfall.ts';
import { DELTA_IMPACTS, DELTA_OPERATIONS } from '../../src/domain/delta.ts';
import { contextOf, fromYaml } from '../config/support.ts';

const PARAMETERS = {
  level: { initial: 5, min: 0, max: 10 },
  mode: { initial: 'a', allowed: ['a', 'b'] },
  name: { initial: 'x' },
};

/** Passes by the usual settings: 20 + 21 + 20 + 10 = 71. */
const SOUND = {
  id: 'sound',
  when: 'true',
  type: 'strategy',
  operation: 'adjust',
  target: 'level',
  new_value: 'parameters.level + 1.0',
  reasoning: '"observed"',
  confidence: 0.5,
  impact: 'positive',
};

/** A config of these rules beside one that is sound by the usual settings. */
function configOf(rules: Readonly<Record<string, object>>, reflection: object = {}): string {
  const own = Object.entries(rules).map(([id, fields]) => ({ ...SOUND, ...fields, id }));
  return JSON.stringify({ parameters: PARAMETERS, rules: [SOUND, ...own], reflection });
}

interface Sample {
  readonly about: string;
  readonly config: string;
  /** What is to be said of the rules that can never pass; of no other is anything. */
  readonly named: Readonly<Record<string, string | RegExp>>;
}

const SAMPLES: readonly Sample[] = [
  {
    about: 'too little confidence for a reasoning of plain words',
    config: configOf({
      plain: { reasoning: '"slow"', confidence: 0.49 },
      enough: { reasoning: '"slow"', confidence: 0.5 },
    }),
    named: {
      plain:
        'at best its score 64.6 is below reflection.min_score 65, by 0.4: confidence 0.49 gives ' +
        '19.6 of 40, reasoning of quality 0.5 15 of 30, positive impact 20 of 20, low risk 10 of 10; ' +
        'a confidence of 0.5 or a reasoning with "observed" or "%" would do; ' +
        'and confidence 0.49 is below reflection.min_confidence 0.5, by 0.01',
    },
  },
  {
    about: 'a veto',
    config: configOf({ veto: { impact: 'negative', confidence: 1 } }),
    named: {
      veto:
        'at best its score 10 is below reflection.min_score 65, by 55: a negative impact is a veto, ' +
        'and leaves low risk 10 of 10; a positive impact would do',
    },
  },
  {
    about: 'a neutral impact, a medium risk, and numbers that are no reason',
    config: configOf({
      neutral: { impact: 'neutral' },
      risky: { operation: 'modify', confidence: 0.6, reasoning: '"at %s".format([window.count])' },
      counted: { confidence: 0.6, reasoning: '"at " + string(window.count)' },
    }),
    named: {
      neutral:
        /score 61 .*by 4: .*; a confidence of 0\.6 or a reasoning with "system" or "performance" or a positive impact would do$/,
      risky:
        /score 64 .*by 1: .*medium risk 5 of 10; a confidence of 0\.625 or a reasoning with "o/,
    },
  },
  {
    about: 'the high risk of taking a parameter away',
    config: configOf({
      unsure: { operation: 'remove', new_value: undefined },
      sure: { operation: 'remove', new_value: undefined, confidence: 0.9 },
    }),
    named: { unsure: /^at best its score 61 .*high risk 0 of 10; a confidence of 0\.6 or / },
  },
  {
    about: 'a bar that only the best of all rules reaches',
    config: configOf(
      { best: { confidence: 1, reasoning: '"observed system because"' } },
      { min_score: 95 },
    ),
    named: {
      sound: /^at best its score 71 .*by 24: .*; no other confidence, reasoning or impact alone wo/,
    },
  },
  {
    about: 'weights that leave too little',
    config: configOf(
      { sure: { confidence: 1 } },
      { min_score: 60, weights: { confidence: 20, reasoning: 10 } },
    ),
    named: {
      sound: /^at best its score 47 /,
      sure: /^at best its score 57 .*; a reasoning with "system" or "performance", and "because" or "therefore" would do$/,
    },
  },
  {
    about: 'too little confidence, though the score suffices',
    config: configOf({ shy: { confidence: 0.4, reasoning: '"observed system"' } }),
    named: { shy: 'confidence 0.4 is below reflection.min_confidence 0.5, by 0.1' },
  },
  {
    about: 'min_confidence that is read and not applied',
    config: configOf(
      {
        shy: { confidence: 0.4, reasoning: '"observed system"' },
        shyer: { confidence: 0.3 },
      },
      { min_confidence: 0.6, enforce_min_confidence: false },
    ),
    named: { shyer: /^at best its score 63 / },
  },
  {
    about: 'reasonings that can be several things, or anything',
    config: configOf(
      {
        branches: {
          confidence: 0.38,
          reasoning: 'window.count > 50.0 ? "slow" : "system" + " slow"',
        },
        percent: { confidence: 0.45, reasoning: '"%.0f%%, so".format([window.success_rate])' },
        written: { confidence: 0.45, reasoning: '"%s, so".format([window.success_rate])' },
        told: { confidence: 0.3, reasoning: '"%s".format([parameters.name])' },
        shy: { confidence: 0.1, reasoning: 'parameters.name' },
      },
      { min_confidence: 0 },
    ),
    named: {
      branches: /^at best its score 64\.7 .*reasoning of quality 0\.65 19\.5 of 30/,
      written: /^at best its score 63 /,
      shy: /^at best its score 64 .*of quality 1 30 of 30.*; a confidence of 0\.125 would do$/,
    },
  },
  {
    about: 'conditions that are constant',
    config: configOf({
      off: { when: 'false' },
      impossible: { when: '2.0 < 1.0 || !true' },
      seldom: { when: 'window.count < 0.0' },
      always: { when: 'true' },
    }),
    named: { off: 'its when is false always', impossible: 'its when is false always' },
  },
  {
    about: 'values that are not allowed',
    config: configOf({
      other: { target: 'mode', new_value: '"c"' },
      chosen: { target: 'mode', new_value: 'window.count > 50.0 ? "c" : "b"' },
      clamped: { new_value: '11.0' },
    }),
    named: { other: 'its new_value is refused: expected one of ["a","b"], got "c"' },
  },
];

describe('every rule that can never pass is named, and no other', () => {
  test.each(SAMPLES)('$about', ({ config: text, named }) => {
    const config = fromYaml(text);
    const said = config.rules.flatMap((rule) => {
      const why = whyNeverPasses(rule, config);
      return why === undefined ? [] : [[rule.id, why] as const];
    });
    const expected = Object.entries(named).map(
      ([id, says]) => [id, typeof says === 'string' ? says : expect.stringMatching(says)] as const,
    );
    expect(said).toEqual(expected);
  });

  test.each(['default', 'reference'])('none of config/%s.yaml', (name) => {
    const file = new URL(`../../config/${name}.yaml`, import.meta.url).pathname;
    const { config } = loadConfig(file);
    expect(config.rules.flatMap((rule) => whyNeverPasses(rule, config) ?? [])).toEqual([]);
  });
});

/** Texts in CEL, made of literals, numbers and choices. */
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('"slow"', '"obs"', '"erved"', '"5%"', '"system"', '"because"', '"per%s"'),
    fc.tuple(tie('text'), tie('text')).map(([one, other]) => `(${one} + ${other})`),
    fc
      .tuple(tie('text'), tie('text'))
      .map(([one, other]) => `(window.count > 50.0 ? ${one} : ${other})`),
    tie('text').map((inner) => `"%s, %s %%".format([window.count, ${inner}])`),
    fc.constant('string(window.success_rate)'),
  ),
}));

const OPERATIONS = DELTA_OPERATIONS.filter((operation) => operation !== 'remove');

test('what can never pass never does; what can has a text by which it does', () => {
  let never = 0;
  fc.assert(
    fc.property(
      text,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(...DELTA_IMPACTS),
      fc.constantFrom(...OPERATIONS),
      fc.integer({ min: 30, max: 100 }),
      (reasoning, confidence, impact, operation, minScore) => {
        const fields = { reasoning, confidence, impact, operation };
        const reflection = { min_score: minScore, enforce_min_confidence: false };
        const config = fromYaml(configOf({ r: fields }, reflection));
        const rule = config.rules[1];
        if (rule === undefined) throw new Error('expected a rule');
        const why = whyNeverPasses(rule, config);
        const passes = (words: string) =>
          reflect({ ...rule, reasoning: words }, config.reflection).recommended;
        for (const count of [1, 30, 100]) {
          const given = rule.reasoning(contextOf({ window: { count, successRate: 0.5 } }));
          if (why !== undefined) expect(passes(given)).toBe(false);
        }
        if (why !== undefined) never += 1;
        else expect(rule.reasonings?.some(passes) ?? true).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
  expect(never).toBeGreaterThan(50);
});
