import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LATENCY, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import { fromYaml, ruleYaml } from './support.ts';

const COST_TEXT = { measurement: 'cost', better: 'lower' };
const COST = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const TOTAL_TEXT = { metric: 'latency', statistic: 'total' };
const TOTAL = { ...LATENCY, statistic: 'total' };
const guarding = (metric: object, margin = 0.05) => ({ ...metric, margin });
const [SUCCESS_GUARD, LATENCY_GUARD] = [guarding(SUCCESS), guarding(LATENCY)];

function ruleOf(fields: Record<string, unknown>, parameters = {}) {
  const [rule] = fromYaml(ruleYaml(fields, parameters)).rules;
  if (rule === undefined) throw new Error('expected a rule');
  return rule;
}

describe('metrics of a rule', () => {
  test.each([
    [{}, OUTCOME, [SUCCESS_GUARD, LATENCY_GUARD]],
    [{ primary: 'outcome' }, OUTCOME, [SUCCESS_GUARD, LATENCY_GUARD]],
    [{ primary: 'latency' }, LATENCY, [SUCCESS_GUARD]],
    [{ primary: { metric: 'latency' } }, LATENCY, [SUCCESS_GUARD]],
    [{ primary: TOTAL_TEXT }, TOTAL, [SUCCESS_GUARD]],
    [{ primary: 'success' }, SUCCESS, [LATENCY_GUARD]],
    [{ primary: COST_TEXT }, COST, [SUCCESS_GUARD, LATENCY_GUARD]],
    [
      { primary: { ...COST_TEXT, statistic: 'median' }, guards: [] },
      { ...COST, statistic: 'median' },
      [],
    ],
    [{ guards: [] }, OUTCOME, []],
    [{ guards: [COST_TEXT] }, OUTCOME, [guarding(COST)]],
    [{ guards: [{ ...COST_TEXT, margin: 0.2 }] }, OUTCOME, [guarding(COST, 0.2)]],
    [{ guards: [{ ...TOTAL_TEXT, margin: 0.2 }] }, OUTCOME, [guarding(TOTAL, 0.2)]],
    [{ guards: [{ metric: 'success', margin: 0.01 }] }, OUTCOME, [guarding(SUCCESS, 0.01)]],
    [{ primary: COST_TEXT, guards: ['latency'] }, COST, [LATENCY_GUARD]],
  ])('%j', (fields, primary, guards) => {
    expect(ruleOf(fields)).toMatchObject({ primary, guards });
  });

  test('what follows harm is to revert, if nothing else is said', () => {
    expect(ruleOf({}).onHarm).toBe('revert');
    expect(ruleOf({ on_harm: 'pause' }).onHarm).toBe('pause');
  });

  test('a rule may be on trial where others are not, and all may', () => {
    expect(ruleOf({ mode: 'trial' }).mode).toBe('trial');
    expect(fromYaml('curation: {mode: trial}').curation.mode).toBe('trial');
  });
});

describe('fingerprint', () => {
  const others = { second: { initial: 1 } };
  const usual = ruleOf({}, others).fingerprint;

  test('is the hash of a text that anyone can write', () => {
    const text =
      '{"id":"r","type":"resource","operation":"adjust","target":"knob","when":"true",' +
      '"newValue":"2.0","reasoning":"\\"because\\"","confidence":0.5,"impact":"positive",' +
      '"metrics":[["outcome","outcome","lower","median"],' +
      '["success","success","higher","share",0.05],["latency","latency","lower","median",0.05]]}';
    expect(usual).toBe(createHash('sha256').update(text).digest('hex'));
  });

  const changes: Record<string, unknown>[] = [
    { id: 'other' },
    { type: 'metric' },
    { operation: 'modify' },
    { target: 'second' },
    { when: 'true ' },
    { for_seconds: 60 },
    { new_value: '2.5' },
    { old_value: '2.0' },
    { reasoning: '"since"' },
    { confidence: 0.6 },
    { impact: 'neutral' },
    { primary: 'latency' },
    { primary: TOTAL_TEXT },
    { primary: 'success' },
    { primary: COST_TEXT },
    { primary: { ...COST_TEXT, statistic: 'median' } },
    { primary: { ...COST_TEXT, better: 'higher' } },
    { guards: [] },
    { guards: [COST_TEXT] },
    { guards: [{ ...COST_TEXT, margin: 0.1 }] },
    { guards: [{ ...COST_TEXT, statistic: 'median' }] },
    { guards: [{ ...COST_TEXT, better: 'higher' }] },
    { guards: ['success', COST_TEXT] },
  ];

  test('is another for each thing that is another', () => {
    const fingerprints = changes.map((fields) => ruleOf(fields, others).fingerprint);
    expect(new Set([usual, ...fingerprints]).size).toBe(changes.length + 1);
  });

  test.each([
    { mode: 'trial' },
    { mode: 'recommend' },
    { on_harm: 'notify' },
    { for_seconds: 0 },
    { primary: 'outcome' },
    { guards: ['success', { metric: 'latency', statistic: 'median', margin: 0.05 }] },
  ])('is the same with %j', (fields) => {
    expect(ruleOf(fields, others).fingerprint).toBe(usual);
  });

  test('does not depend on the rest of the config', () => {
    const text = ruleYaml({}, { knob: { initial: 3, max: 4 } });
    const config = fromYaml(JSON.stringify({ ...JSON.parse(text), curation: { mode: 'trial' } }));
    expect(config.rules[0]?.fingerprint).toBe(usual);
  });
});
