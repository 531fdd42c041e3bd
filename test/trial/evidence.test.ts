import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, SUCCESS } from '../../src/domain/effect.ts';
import { TASK_STATUSES, type TaskStatus } from '../../src/domain/task.ts';
import {
  addPair,
  combinedHarm,
  type Evidence,
  eHarm,
  eHelp,
  type MetricEvidence,
  noEvidence,
  type Outcome,
  worsening,
} from '../../src/trial/evidence.ts';
import { outcomeOf } from '../support/trial-bench.ts';

const TIMEOUT_MS = 1000;
const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower' };
const SCORE: Metric = { name: 'score', kind: 'measurement', better: 'higher' };

type Half = readonly Outcome[];

function evidenceOf(metric: Metric, pairs: readonly (readonly [old: Half, fresh: Half])[]) {
  let evidence: Evidence = [noEvidence(metric)];
  for (const [old, fresh] of pairs) {
    evidence = addPair(evidence, { old, new: fresh }, TIMEOUT_MS);
  }
  return evidence[0] ?? noEvidence(metric);
}

/** E-values from what each pair wins for harm. */
function byHand(wagers: readonly number[], stakes: readonly number[]) {
  const wealth = (sign: number) =>
    wagers.map((wager) => stakes.reduce((product, g) => product * (1 + sign * wager * g), 1));
  const average = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return [average(wealth(1)), average(wealth(-1))] as const;
}

function expectBet(evidence: MetricEvidence, wagers: readonly number[], stakes: readonly number[]) {
  const [harm, help] = byHand(wagers, stakes);
  expect(eHarm(evidence)).toBeCloseTo(harm, 12);
  expect(eHelp(evidence)).toBeCloseTo(help, 12);
}

const RANKED = [0.2, 0.4, 0.6, 0.8, 0.95];
const COUNTED = [0.5, 0.9, 0.99];

const ms = (latencyMs: number) => [outcomeOf({ latencyMs })];
const ended = (...statuses: TaskStatus[]) => statuses.map((status) => outcomeOf({ status }));
const measured = (name: string, ...values: number[]) =>
  values.map((value) => outcomeOf({ measurements: { [name]: value } }));

describe('latency', () => {
  test('each log ratio is weighted by its rank among those so far', () => {
    const ratios = [1.1, 0.7, 1.3, 1.1, 1];
    const evidence = evidenceOf(
      LATENCY,
      ratios.map((ratio) => [ms(100), ms(100 * ratio)]),
    );
    // Sizes .095, .357, .262, .095 and 0.
    expectBet(evidence, RANKED, [1, -1, 2 / 3, 2 / 4, 0]);
    expect(evidence).toMatchObject({ pairs: 5, tasksOld: 5, tasksNew: 5 });
    expect(worsening(evidence)).toBeCloseTo(Math.log(1.1), 12);
  });

  test('of blocks the mean logarithms are compared', () => {
    const evidence = evidenceOf(LATENCY, [
      [
        [...ms(100), ...ms(400)],
        [...ms(100), ...ms(100), ...ms(800)],
      ],
    ]);
    expect(evidence.differences[0]).toBeCloseTo(Math.log(200) - Math.log(200), 12);
    expect(evidence).toMatchObject({ pairs: 1, tasksOld: 2, tasksNew: 3 });
  });

  test.each([
    ['failing fast is not faster', ended('failure'), ms(999), 999 / 1000],
    ['nor is a timeout', ended('timeout'), ms(2000), 2],
    ['nor is no status', ended('unspecified'), ms(2000), 2],
    [
      'failing slowly is as slow as it was',
      [outcomeOf({ status: 'failure', latencyMs: 5000 })],
      ms(2500),
      0.5,
    ],
    ['a slow success is as slow as it was', ms(5000), ms(2500), 0.5],
    ['less than a millisecond is one', ms(0), ms(0.2), 1],
  ])('%s', (_, old, fresh, ratio) => {
    expect(evidenceOf(LATENCY, [[old, fresh]]).differences[0]).toBeCloseTo(Math.log(ratio), 12);
  });
});

describe('success', () => {
  test('discordant pairs bet, and the others do not', () => {
    const evidence = evidenceOf(SUCCESS, [
      [ended('success'), ended('failure')],
      [ended('success'), ended('success')],
      [ended('failure'), ended('success')],
      [ended('failure'), ended('timeout')],
      [ended('success'), ended('unspecified')],
    ]);
    expectBet(evidence, COUNTED, [1, 0, -1, 0, 1]);
    expect(worsening(evidence)).toBeCloseTo(1 / 5, 12);
  });

  test('of blocks the failure rates are compared', () => {
    const evidence = evidenceOf(SUCCESS, [
      [ended('success', 'success', 'success', 'failure'), ended('failure', 'success', 'timeout')],
    ]);
    expectBet(evidence, COUNTED, [2 / 3 - 1 / 4]);
  });
});

describe('a measurement', () => {
  test('is compared in its own unit, by ranks', () => {
    const evidence = evidenceOf(COST, [
      [measured('cost', 10), measured('cost', 12)],
      [measured('cost', 30), measured('cost', 25)],
      [measured('cost', 20), measured('cost', 23)],
    ]);
    expectBet(evidence, RANKED, [1, -1, 2 / 3]);
    // Half as much again as nothing: two of the mean of 20.
    expect(worsening(evidence)).toBeCloseTo(2 / 20, 12);
  });

  test('that is better higher harms by becoming less', () => {
    const evidence = evidenceOf(SCORE, [[measured('score', 10), measured('score', 8)]]);
    expectBet(evidence, RANKED, [1]);
    expect(worsening(evidence)).toBeCloseTo(0.2, 12);
  });

  test('that a task does not carry tells nothing of its pair', () => {
    const evidence = evidenceOf(COST, [
      [measured('cost', 10), ended('success')],
      [ended('success'), measured('cost', 10)],
      [measured('score', 10), measured('score', 10)],
    ]);
    expect(evidence).toEqual(noEvidence(COST));
    expect([eHarm(evidence), eHelp(evidence), worsening(evidence)]).toEqual([1, 1, 0]);
  });

  test('that some tasks of a block carry is that of those', () => {
    const fresh = [...measured('cost', 4, 8), ...ended('success')];
    const evidence = evidenceOf(COST, [[measured('cost', 5), fresh]]);
    expect(evidence).toMatchObject({ differences: [1], tasksOld: 1, tasksNew: 2 });
  });

  test('of an inherited name is none', () => {
    const metric: Metric = { name: 'constructor', kind: 'measurement', better: 'lower' };
    expect(evidenceOf(metric, [[ended('success'), ended('success')]]).pairs).toBe(0);
  });

  test('whose old values are all 0 is worse or better by as much as there is', () => {
    const zero = measured('cost', 0);
    expect(worsening(evidenceOf(COST, [[zero, measured('cost', 3)]]))).toBe(1);
    expect(worsening(evidenceOf(COST, [[zero, measured('cost', -3)]]))).toBe(-1);
    expect(worsening(evidenceOf(COST, [[zero, zero]]))).toBe(0);
  });
});

test('the evidence of harm of all metrics is the mean of theirs', () => {
  const pair = { old: ms(100), new: [outcomeOf({ status: 'failure', latencyMs: 100 })] };
  const evidence = addPair([LATENCY, SUCCESS, COST].map(noEvidence), pair, TIMEOUT_MS);
  const [latency, success] = [byHand(RANKED, [1]), byHand(COUNTED, [1])];
  expect(combinedHarm(evidence)).toBeCloseTo((latency[0] + success[0] + 1) / 3, 12);
});

describe('if the arms do not differ', () => {
  const sizes = [1.5, 0.2, 0.9, 0.9, 0, 3, 0.1, 1.2];
  const status = (i: number) => TASK_STATUSES[(i * 3) % 4] ?? 'success';
  const halves: Record<string, (i: number) => Half> = {
    tasks: (i) => [outcomeOf({ latencyMs: 100 * Math.exp(sizes[i % 8] ?? 0), status: status(i) })],
    blocks: (i) =>
      [0, 1, 2].map((j) =>
        outcomeOf({ latencyMs: 50 + ((i * 7 + j * 13) % 60), status: status(i + j) }),
      ),
    measurements: (i) =>
      i % 5 === 4 ? ended('success') : measured('cost', (i * 37) % 11, (i * 17) % 7),
  };
  const cases = [LATENCY, SUCCESS, COST].flatMap((metric) =>
    Object.keys(halves).map((kind) => [metric.name, kind, metric] as const),
  );

  test.each(cases)('the mean e-value of %s, over all coins, is 1: %s', (_, kind, metric) => {
    const n = 8;
    const half = halves[kind] ?? (() => []);
    let harm = 0;
    let help = 0;
    for (let coins = 0; coins < 2 ** n; coins += 1) {
      const evidence = evidenceOf(
        metric,
        Array.from({ length: n }, (_unused, i) => {
          const pair = [half(2 * i), half(2 * i + 1)] as const;
          return (coins >> i) & 1 ? pair : [pair[1], pair[0]];
        }),
      );
      harm += eHarm(evidence) / 2 ** n;
      help += eHelp(evidence) / 2 ** n;
    }
    expect(harm).toBeCloseTo(1, 10);
    expect(help).toBeCloseTo(1, 10);
  });
});

test('evidence that is carried on for ever stays finite, and bounded', () => {
  let evidence: Evidence = [LATENCY, SUCCESS].map(noEvidence);
  const pair = { old: ended('failure'), new: ms(10) };
  for (let i = 0; i < 2500; i += 1) evidence = addPair(evidence, pair, TIMEOUT_MS);
  for (const one of evidence) {
    expect([...one.harm, ...one.help].every(Number.isFinite)).toBe(true);
    expect(one.differences).toHaveLength(1000);
    expect(one.pairs).toBe(2500);
  }
  expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
});
