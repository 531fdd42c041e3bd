import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { auditTrial, type TrialAudit } from '../../src/trial/audit.ts';
import { type Receipt, sealStep } from '../../src/trial/receipt.ts';
import type { TrialStep } from '../../src/trial/step.ts';
import { type Played, type PlaySetup, playTrial, reseal, turned } from '../support/trial-play.ts';

const TOKENS = { name: 'tokens', kind: 'measurement', better: 'lower' } as const;
const SWITCHBACK = { assignment: 'switchback' } as const;

/** Trials of each kind, and what they come to. */
const TRIALS: readonly (PlaySetup & { readonly verdict: string | undefined })[] = [
  { verdict: 'helped', seed: 2, effect: -0.7 },
  { verdict: 'harmed', seed: 3, effect: 0.7 },
  { verdict: 'inconclusive', seed: 1 },
  { verdict: 'invalid', seed: 8, lost: 0.3 },
  { verdict: 'invalid', seed: 9, stopAt: 40 },
  { verdict: undefined, seed: 10, leaveAt: 50 },
  { verdict: 'inconclusive', seed: 7, success: 0.1 },
  {
    ...{ verdict: 'inconclusive', seed: 4, success: 0.7, lost: 0.02, cancelled: 0.02 },
    ...{ pauseAt: 30, plan: { pairBy: ['size'] } },
  },
  { verdict: 'helped', seed: 12, effect: -0.7, plan: { primary: TOKENS, guards: [] } },
  { verdict: 'inconclusive', seed: 5, plan: SWITCHBACK },
  { verdict: 'harmed', seed: 6, effect: 0.8, plan: SWITCHBACK },
  { verdict: 'invalid', seed: 14, lost: 0.97, plan: SWITCHBACK },
  {
    ...{ verdict: 'inconclusive', seed: 11, success: 0.1, lost: 0.1, cancelled: 0.02 },
    ...{ pauseAt: 100, plan: SWITCHBACK },
  },
];

const HELPED = playTrial({ seed: 2, effect: -0.7 });
const PAUSED = playTrial({ seed: 7, success: 0.1, pauseAt: 9 });
const BLOCKS = playTrial({ seed: 6, effect: 0.8, plan: SWITCHBACK });
const PAIRED = playTrial({ seed: 4, lost: 0.05, plan: { pairBy: ['size'] } });

/** As the ledger gives them back: each in a row of its own. */
function audit(receipts: readonly unknown[], deltaId = 'delta-1'): TrialAudit {
  const stored = JSON.parse(JSON.stringify(receipts)) as unknown[];
  return auditTrial(
    deltaId,
    stored.map((content, index) => ({ position: 100 + index, content })),
  );
}

/** The number of the first receipt found faulty, and why. */
function firstFault(receipts: readonly unknown[]): string {
  const [fault] = audit(receipts).faults;
  return fault === undefined ? 'none' : `${fault.receipts?.[0]}: ${fault.text}`;
}

test.each(TRIALS)('what was played stands: $verdict, seed $seed', ({ verdict, ...setup }) => {
  const { plan, receipts } = playTrial(setup);
  const found = audit(receipts);
  expect(found.faults).toEqual([]);
  expect(found.end?.effect.verdict).toBe(verdict);
  expect(found.trial?.plan.seed).toBe(plan.seed);
  expect(found.count).toBe(receipts.length);
  expect(found.lastHash).toBe(receipts.at(-1)?.hash);
});

test('a trial that goes on from earlier evidence', () => {
  const { receipts } = playTrial({ seed: 1 });
  const end = receipts.at(-1)?.step;
  const carried = end?.step === 'end' ? end.carried : undefined;
  expect(carried).toBeDefined();
  const later = playTrial({ seed: 15, plan: { carried } });
  expect(audit(later.receipts).faults).toEqual([]);
  const [latency, ...guards] = carried ?? [];
  for (const forged of [
    null,
    {},
    [],
    [latency],
    [...guards, latency],
    [{ ...latency, harm: ['x'] }],
  ]) {
    const receipts = reseal(later, withPlan({ carried: forged }));
    expect(firstFault(receipts)).toBe('1: what it goes on from is no evidence');
  }
});

describe('what is not as it was written is named', () => {
  const hashText = 'its hash does not fit: it was changed, or one before it was left out';

  test('every receipt whose step was changed, and no other', () => {
    for (const [index, { step }] of HELPED.receipts.entries()) {
      const changed = { ...HELPED.receipts[index], step: { ...step, timeMs: step.timeMs + 1 } };
      const { faults } = audit(HELPED.receipts.with(index, changed as Receipt));
      const number = index + 1;
      const at = { receipts: [number, number], position: 100 + index };
      expect(faults).toEqual([{ ...at, text: hashText }]);
    }
  });

  test('every receipt whose hash was changed, and no other', () => {
    for (const [index, receipt] of HELPED.receipts.entries()) {
      const changed = {
        ...receipt,
        hash: receipt.hash.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      };
      const { faults } = audit(HELPED.receipts.with(index, changed));
      const number = index + 1;
      const at = { receipts: [number, number], position: 100 + index };
      expect(faults).toEqual([{ ...at, text: hashText }]);
    }
  });

  test('every receipt whose number was changed', () => {
    for (const [index, receipt] of HELPED.receipts.entries()) {
      const { faults } = audit(HELPED.receipts.with(index, { ...receipt, number: 1000 }));
      const number = index + 1;
      const text = 'its number was changed to 1000';
      expect(faults).toEqual([{ receipts: [number, number], position: 100 + index, text }]);
    }
  });

  test('receipts that were left out', () => {
    expect(audit(HELPED.receipts.toSpliced(6, 1)).faults).toEqual([
      { receipts: [7, 7], position: undefined, text: 'missing' },
    ]);
    expect(audit(HELPED.receipts.toSpliced(0, 3)).faults).toEqual([
      { receipts: [1, 3], position: undefined, text: 'missing' },
    ]);
    const renumbered = HELPED.receipts
      .toSpliced(6, 1)
      .map((receipt, index) => ({ ...receipt, number: index + 1 }));
    expect(firstFault(renumbered)).toBe(`7: ${hashText}`);
  });

  test('receipts that were swapped, or are there twice', () => {
    const [a, b] = HELPED.receipts.slice(9, 11);
    const swapped = HELPED.receipts.toSpliced(9, 2, ...([b, a] as Receipt[]));
    expect(audit(swapped).faults).toEqual([
      { receipts: [10, 10], position: 110, text: 'it stands behind receipt 11, which came later' },
    ]);
    const twice = HELPED.receipts.toSpliced(9, 0, a as Receipt);
    expect(firstFault(twice)).toBe('10: there is another one of this number');
  });

  test('what is no receipt', () => {
    const [first, ...rest] = HELPED.receipts;
    for (const content of [null, 3, 'x', [], {}, { number: 1 }, { ...first, hash: 7 }]) {
      const { faults } = audit([content, ...rest]);
      expect(faults.map(({ text }) => text)).toEqual(['it is no receipt', 'missing']);
    }
  });

  test("another delta's receipts", () => {
    expect(audit(HELPED.receipts, 'delta-2').faults).toHaveLength(1);
    expect(firstFault(reseal(HELPED, withPlan({ deltaId: 'delta-2' })))).toBe(
      '1: it begins the trial of another delta',
    );
  });
});

/** Changes the plan. */
function withPlan(fields: object): (step: TrialStep) => TrialStep {
  return (step) => (step.step === 'start' ? { ...step, plan: { ...step.plan, ...fields } } : step);
}

/** Changes the n-th step of a kind; `undefined` leaves it out. */
function nth(kind: TrialStep['step'], n: number, change: (step: never) => TrialStep | undefined) {
  let count = 0;
  return (step: TrialStep): TrialStep | undefined => {
    if (step.step !== kind) return step;
    count += 1;
    // Of this kind, as asked.
    return count === n ? change(step as never) : step;
  };
}

/** Puts a step after another, in a chain that fits. */
function insertAfter({ receipts }: Played, number: number, step: TrialStep): Receipt[] {
  const kept = receipts.slice(0, number);
  const former = kept.at(-1)?.hash ?? '';
  return [...kept, sealStep(former, number + 1, step)];
}

describe('what a trial does not allow is named, however well it is sealed', () => {
  type Step<K> = Extract<TrialStep, { step: K }>;
  const change = (played: Played, ...args: Parameters<typeof nth>) =>
    firstFault(reseal(played, nth(...args)));

  test('arms', () => {
    expect(firstFault(reseal(HELPED, turned))).toMatch(/2: the coin says \w+ in pair 1, not/);
    expect(firstFault(reseal(BLOCKS, turned))).toMatch(/2: the next block was the \w+ one of pair/);
    expect(firstFault(reseal(HELPED, withPlan({ seed: 'x1' })))).toMatch(/the coin says/);
    const other = (step: Step<'assign'>) => ({ ...step, pair: step.pair + 1 });
    expect(change(HELPED, 'assign', 1, other)).toBe('2: its task belongs in pair 1');
    const again = (step: Step<'assign'>) => ({ ...step, taskId: 'task-1' });
    expect(change(HELPED, 'assign', 2, again)).toBe('3: its task had an arm already');
    const unlike = (step: Step<'assign'>) => ({ ...step, kind: '["huge"]' });
    expect(change(PAIRED, 'assign', 2, unlike)).toMatch(/^\d+: /);
    expect(firstFault(reseal(HELPED, withPlan(SWITCHBACK)))).toMatch(
      /arms to blocks, not to tasks/,
    );
    expect(firstFault(reseal(BLOCKS, withPlan({ assignment: 'task' })))).toMatch(/not to blocks/);
  });

  test('outcomes and e-values', () => {
    const slower = (step: Step<'outcome'>) => ({
      ...step,
      outcome: { ...step.outcome, latencyMs: step.outcome.latencyMs * 9 },
    });
    expect(change(HELPED, 'outcome', 9, slower)).toMatch(
      /its e-values are .* those of the outcomes/,
    );
    expect(change(BLOCKS, 'outcome', 9, slower)).toMatch(/its e-values are/);
    const failed = (step: Step<'outcome'>) => ({
      ...step,
      outcome: { ...step.outcome, status: 'failure' as const },
    });
    expect(change(HELPED, 'outcome', 1, failed)).toMatch(/its e-values are/);
    const bent = (step: Step<'outcome'>) =>
      step.e ? { ...step, e: step.e.map(([a, b]) => [a + 1e-15, b] as const) } : step;
    expect(
      firstFault(reseal(HELPED, (step) => (step.step === 'outcome' ? bent(step) : step))),
    ).toMatch(/its e-values are/);
    const strange = (step: Step<'outcome'>) => ({ ...step, taskId: 'nobody' });
    expect(change(HELPED, 'outcome', 1, strange)).toMatch(/no outcome of its task was awaited/);
    const elsewhere = (step: Step<'outcome'>) => ({ ...step, pair: step.pair + 1 });
    expect(change(HELPED, 'outcome', 1, elsewhere)).toMatch(/of the \w+ arm of pair/);
    const measured = (step: Step<'outcome'>) => ({
      ...step,
      outcome: { ...step.outcome, measurements: { mood: 1 } },
    });
    expect(change(HELPED, 'outcome', 1, measured)).toMatch(/tells what the trial does not look at/);
    expect(change(HELPED, 'outcome', 4, () => undefined)).toMatch(/^\d+: /);
  });

  test('what is missing', () => {
    const { plan } = PAIRED;
    const fewer = (step: Step<'missing'>) => ({ ...step, taskIds: [], count: 0 });
    expect(change(PAIRED, 'missing', 1, fewer)).toMatch(/other outcomes than these were late/);
    const timeMs = (HELPED.receipts[0]?.step.timeMs ?? 0) + plan.outcomeTimeoutMs - 1;
    const early = { step: 'missing', timeMs, taskIds: ['task-1'], count: 1 } as const;
    expect(firstFault(insertAfter(HELPED, 2, early))).toMatch(/3: other outcomes/);
  });

  test('pauses', () => {
    const pause = { step: 'pause', timeMs: 1, reason: 'outage' } as const;
    expect(firstFault(insertAfter(HELPED, 2, pause))).toBe('3: the outcomes show no outage');
    const resume = { step: 'resume', timeMs: 1, reason: 'operator' } as const;
    expect(firstFault(insertAfter(HELPED, 2, resume))).toBe('3: the trial was not paused so');
    expect(change(PAUSED, 'resume', 1, () => undefined)).toMatch(/^\d+: /);
    const twice = PAUSED.receipts.findIndex(({ step }) => step.step === 'pause') + 1;
    const again = { step: 'pause', timeMs: 1, reason: 'operator' } as const;
    expect(firstFault(insertAfter(PAUSED, twice, again))).toMatch(/paused already/);
    const block = { step: 'block', timeMs: 1, pair: 2, arm: 'old', sequence: 99 } as const;
    expect(firstFault(insertAfter(BLOCKS, 3, block))).toBe('4: the block before had not ended');
    const told = { step: 'acknowledged', timeMs: 1 } as const;
    expect(firstFault(insertAfter(HELPED, 3, told))).toBe('4: no block was running');
  });

  test('the verdict', () => {
    const end = (fields: Partial<Step<'end'>>) => (step: TrialStep) =>
      step.step === 'end' ? { ...step, ...fields } : step;
    const [start, ending] = [HELPED.receipts.at(0), HELPED.receipts.at(-1)].map(
      (receipt) => (receipt as Receipt).step,
    ) as [Step<'start'>, Step<'end'>];
    const { effect } = ending;
    const says = (fields: Partial<Step<'end'>>) => firstFault(reseal(HELPED, end(fields)));
    expect(says({ effect: { ...effect, verdict: 'harmed' } })).toMatch(
      /it says harmed, and the evidence says helped/,
    );
    expect(says({ effect: { ...effect, tasksUsed: 200 } })).toMatch(/estimates are not those/);
    expect(says({ outcome: 'revert' })).toMatch(/its verdict does not lead to revert/);
    expect(says({ carried: [] })).toMatch(/hands on other evidence/);
    expect(says({ counts: false })).toMatch(/it says helped, and the evidence says invalid/);
    expect(firstFault(insertAfter(HELPED, 1, ending))).toMatch(/the evidence says nothing yet/);
    const after = { step: 'acknowledged', timeMs: 1 } as const;
    const all = HELPED.receipts.length;
    expect(firstFault(insertAfter(HELPED, all, after))).toBe(`${all + 1}: the trial was over`);
    expect(firstFault(insertAfter(HELPED, 1, start))).toBe('2: it begins the trial once more');
    expect(
      firstFault(
        reseal(
          HELPED,
          nth('start', 1, () => undefined),
        ),
      ),
    ).toBe('1: it does not begin the trial');
  });

  test('a trial that should have ended, and did not', () => {
    const all = HELPED.receipts.length;
    expect(firstFault(HELPED.receipts.slice(0, -1))).toBe(
      `${all}: missing: the trial had to end, helped`,
    );
    const assign = {
      step: 'assign',
      timeMs: 1,
      taskId: 'x',
      pair: 99,
      arm: 'old',
      kind: '',
    } as const;
    expect(firstFault(insertAfter(HELPED, all - 1, assign))).toBe(
      `${all}: the trial had to end before it, helped`,
    );
  });
});

test('whatever the receipts hold, the audit ends and names it', () => {
  const steps = [...HELPED.receipts, ...BLOCKS.receipts, ...PAUSED.receipts].map(
    ({ step }) => step,
  );
  fc.assert(
    fc.property(
      fc.constantFrom(HELPED, BLOCKS, PAUSED, PAIRED),
      fc.nat(),
      fc.constantFrom(...steps),
      fc.string(),
      fc.jsonValue(),
      (played, at, step, field, value) => {
        const index = at % played.receipts.length;
        const fields = Object.keys(step);
        const key = fields[field.length % fields.length] ?? '';
        // Something in the place of a field, or of the whole step, in a chain that fits.
        const garbage = { ...step, [key]: value } as TrialStep;
        const sealed = reseal(played, (own, number) => (number === index + 1 ? garbage : own));
        expect(Array.isArray(audit(sealed).faults)).toBe(true);
        const { faults } = audit(
          played.receipts.with(index, { number: 1, hash: '', step: garbage }),
        );
        expect(faults).not.toEqual([]);
        expect(audit([value, [value], { number: value, hash: value, step: value }])).toBeDefined();
      },
    ),
    { numRuns: 300, seed: 7 },
  );
});
