import { describe, expect, test } from 'vitest';
import { type Metric, SUCCESS } from '../../../src/domain/effect.ts';
import { auditTrial, type Surroundings, type TrialAudit } from '../../../src/trial/audit/audit.ts';
import { firstHash, type Receipt, sealStep } from '../../../src/trial/receipt.ts';
import type { TrialStep } from '../../../src/trial/step.ts';
import { type PlaySetup, playTrial } from '../../support/trials/trial-play.ts';

type Step<K> = Extract<TrialStep, { step: K }>;

const SWITCHBACK = { assignment: 'switchback' } as const;
const HELD_BACK = { holdback: 0.05 } as const;
const TOKENS: Metric = {
  name: 'tokens',
  kind: 'measurement',
  better: 'lower',
  statistic: 'total',
};

const NARROW = [{ ...SUCCESS, margin: 0.01 }];

/** Reports of the old value come so much later that order and arrival disagree. */
const LATE_REPORTS = {
  delay: { old: 20 },
  plan: { outcomeTimeoutMs: 60_000, guards: NARROW },
} as const;

/** Trials of each kind; what they come to, and the stage that they come to it in. */
const TRIALS: readonly (PlaySetup & { readonly found: string })[] = [
  { found: 'trial harmed', seed: 3, effect: 0.7 },
  { found: 'trial inconclusive', seed: 1 },
  { found: 'trial invalid', seed: 8, lost: 0.6 },
  { found: 'trial invalid', seed: 9, stopAt: 40 },
  { found: 'trial goes on', seed: 10, leaveAt: 50 },
  { found: 'trial inconclusive', seed: 7, success: 0.1 },
  {
    ...{ found: 'trial invalid', seed: 11, success: 0.7, lost: 0.02, late: 0.02, cancelled: 0.02 },
    ...{ pauseAt: 30, plan: { pairBy: ['size'], predictBy: [], history: [] } },
  },
  { found: 'trial inconclusive', seed: 1, ...LATE_REPORTS },
  { found: 'trial harmed', seed: 26, effect: 0.3, ...LATE_REPORTS },
  { found: 'trial helped', seed: 2, effect: -0.7, plan: { retrialOf: 'delta-0' } },
  { found: 'trial inconclusive', seed: 13, plan: SWITCHBACK },
  { found: 'trial harmed', seed: 6, effect: 0.8, plan: SWITCHBACK },
  { found: 'trial inconclusive', seed: 14, lost: 0.97, plan: SWITCHBACK },
  {
    ...{ found: 'trial inconclusive', seed: 11, success: 0.1, lost: 0.1, cancelled: 0.02 },
    ...{ pauseAt: 100, plan: SWITCHBACK },
  },
  { found: 'probation confirmed', seed: 2, effect: -0.7 },
  { found: 'probation confirmed', seed: 6, effect: -0.8, plan: SWITCHBACK },
  {
    ...{ found: 'probation confirmed', seed: 12, effect: -0.7 },
    plan: { primary: TOKENS, guards: [], probationTasks: 1500 },
  },
  { found: 'probation harmed', seed: 2, effect: -0.7, effectInForce: 0.7 },
  { found: 'probation inconclusive', seed: 2, effect: -0.7, effectInForce: 0.05 },
  { found: 'probation confirmed', seed: 9, effect: -0.6, effectInForce: 0.2, ...LATE_REPORTS },
  { found: 'probation harmed', seed: 1, effect: -0.6, effectInForce: 0.2, ...LATE_REPORTS },
  // Help is proven and the margin cannot be: groups are rarer from then on.
  { found: 'probation confirmed', seed: 2, effect: -0.7, plan: { guards: NARROW } },
  { found: 'probation goes on', seed: 2, effect: -0.7, leaveAt: 200, plan: { guards: NARROW } },
  { found: 'probation helped', seed: 22, effect: -0.6, stopAt: 200, ...LATE_REPORTS },
  {
    ...{ found: 'holdback goes on', seed: 2, effect: -0.7, others: 3, leaveAt: 2000 },
    ...{ plan: HELD_BACK, lost: 0.01, late: 0.01, cancelled: 0.01, success: 0.97, pauseAt: 700 },
  },
  { found: 'holdback goes on', seed: 3, effect: -0.7, leaveAt: 900, plan: { holdback: 0.2 } },
  { found: 'holdback harmed', seed: 2, effect: -0.7, effectHeldBack: 0.9, plan: HELD_BACK },
  { found: 'holdback helped', seed: 2, effect: -0.7, stopAt: 300, plan: HELD_BACK },
];

const HELD = { seed: 2, effect: -0.7, others: 3, leaveAt: 1600 } as const;

/** As the ledger gives them back: each in a row of its own. */
function audit(receipts: readonly unknown[], surroundings?: Surroundings): TrialAudit {
  const stored = JSON.parse(JSON.stringify(receipts)) as unknown[];
  const found = stored.map((content, index) => ({ position: 100 + index, content }));
  return auditTrial('delta-1', found, surroundings);
}

function whatIsFound({ trial, end, isOver }: TrialAudit): string {
  const verdict = end?.effect.verdict ?? (isOver ? 'confirmed' : 'goes on');
  return `${trial?.stage} ${verdict}`;
}

describe.each([['whose coins can be tossed by its plan'], ['whose coins are a secret']])(
  'a trial %s stands as it was played',
  (kind) => {
    test.each(TRIALS)('$found, seed $seed', ({ found, ...setup }) => {
      const isSecret = kind.endsWith('secret');
      const hidden = isSecret ? { plan: { ...setup.plan, seed: undefined } } : {};
      const { plan, receipts } = playTrial({ ...setup, ...hidden });
      const audited = audit(receipts);
      expect(audited.faults).toEqual([]);
      if (!isSecret) expect(whatIsFound(audited)).toBe(found);
      expect(audited.trial?.plan.seed).toBe(plan.seed);
      expect(audited.count).toBe(receipts.length);
      expect(audited.lastHash).toBe(receipts.at(-1)?.hash);
      expect(audited.unchecked).toHaveLength(isSecret && !audited.isOver ? 1 : 0);
      expect(audited.stages.flatMap((stage) => stage.end ?? [])).toHaveLength(
        receipts.filter(({ step }) => 'seed' in step).length,
      );
    });
  },
);

test('the trials that are played do all that a trial can do', () => {
  const kinds = new Set(
    TRIALS.flatMap((setup) => playTrial(setup).receipts.map(({ step }) => step.step)),
  );
  const all = ['start', 'assign', 'block', 'acknowledged', 'settle', 'rest', 'outcome', 'late'];
  const moves = [
    'missing',
    'pause',
    'resume',
    'suspend',
    'continue',
    'promote',
    'confirm',
    'renew',
    'end',
  ];
  expect([...kinds].sort()).toEqual([...all, ...moves].sort());
});

describe('of a holdback', () => {
  const { receipts } = playTrial({ ...HELD, plan: { ...HELD_BACK, seed: undefined } });
  const confirmed = receipts.findIndex(({ step }) => step.step === 'confirm') + 1;
  const renewals = receipts.flatMap(({ step, number }) => (step.step === 'renew' ? [number] : []));
  const without = (from: number, to: number) =>
    receipts.filter(({ number }) => number < from || number > to);

  test('the first parts may be gone, and that is said', () => {
    for (const renewed of renewals.slice(0, -1)) {
      const { faults, unchecked, trial } = audit(without(confirmed + 1, renewed - 1));
      expect(faults).toEqual([]);
      expect(trial).toEqual(audit(receipts).trial);
      expect(unchecked).toEqual([
        `receipts ${confirmed + 1} to ${renewed - 1} of the holdback are no longer kept: ` +
          `what receipt ${renewed} says of the state then is believed`,
        'the coins of the holdback that goes on: their seed is disclosed when it ends',
      ]);
    }
  });

  test('nothing else may be', () => {
    const last = renewals.at(-1) ?? 0;
    const [first = 0, second = 0] = renewals;
    for (const [from, to] of [
      [confirmed + 1, last - 1],
      [confirmed + 1, first],
      [confirmed, first - 1],
      [confirmed + 2, first - 1],
      [first + 1, second - 1],
      [2, confirmed],
    ] as const) {
      expect(audit(without(from, to)).faults).toEqual([
        { receipts: [from, to], position: undefined, text: 'missing' },
      ]);
    }
  });

  test('what is kept of it is checked', () => {
    const [first = 0] = renewals;
    const kept = without(confirmed + 1, first - 1);
    const at = kept.findIndex(({ number }) => number === first);
    const renewal = kept[at] as Receipt;
    const forged = (fields: object, isSealed: boolean) => {
      const step = { ...renewal.step, ...fields } as Step<'renew'>;
      if (!isSealed) return audit(kept.with(at, { ...renewal, step })).faults[0]?.text;
      const sealed = [sealStep(step.former, first, step)];
      for (const { number, step: next } of kept.slice(at + 1)) {
        const hash = sealed.at(-1)?.hash ?? '';
        sealed.push(
          sealStep(hash, number, next.step === 'renew' ? { ...next, former: hash } : next),
        );
      }
      return audit([...kept.slice(0, at), ...sealed]).faults[0]?.text;
    };
    const later = { timeMs: renewal.step.timeMs + 1 };
    expect(forged(later, false)).toMatch(/its hash does not fit/);
    expect(forged({ former: 'x' }, false)).toMatch(/its hash does not fit/);
    expect(forged({ seed: 'x' }, true)).toMatch(/not the one that was committed to/);
    expect(forged({ state: {} }, true)).toBe('its state is none of a holdback');
    expect(forged({ stages: 1 }, true)).toBe('as many stages cannot have ended');
  });
});

describe('of a trial that a trial of the value before decides on', () => {
  const retried = playTrial({ ...HELD, plan: HELD_BACK, renewAt: 500, takenBackAt: 600 });
  const timeOf = (kind: 'renew' | 'end') =>
    retried.receipts.find(({ step }) => step.step === kind)?.step.timeMs;
  const nobody = { retrials: [], mayLackRetrials: false };
  const startMs = retried.receipts
    .map(({ step }) => step)
    .find((step, i, all) => step.step === 'renew' && isEarly(all, i))?.timeMs;

  function isEarly(steps: readonly Receipt['step'][], index: number): boolean {
    const part = steps.slice(0, index).findLast((one) => 'state' in one);
    const [step] = steps.slice(index);
    const passed = [step, part].map((one) => (one && 'state' in one ? one.state.fromTask : 0));
    return (passed[0] ?? 0) - (passed[1] ?? 0) < 1000;
  }

  test('it stands where there is such a trial', () => {
    expect(startMs).toBeDefined();
    const retrials = [
      { startMs, helpedMs: undefined },
      { startMs: 0, helpedMs: timeOf('end') },
    ];
    expect(audit(retried.receipts, { ...nobody, retrials })).toMatchObject({
      ...{ faults: [], unchecked: [], isOver: true },
    });
  });

  test('and not where there is none', () => {
    expect(audit(retried.receipts, nobody).faults[0]?.text).toBe(
      'the part before it was not over, and no trial of the value before it had begun just then',
    );
    const retrials = [{ startMs, helpedMs: undefined }];
    expect(audit(retried.receipts, { ...nobody, retrials }).faults[0]?.text).toBe(
      'it says harmed, and no trial of the value before it had helped just then',
    );
  });

  test('where some may have been forgotten, that is said', () => {
    const { faults, unchecked } = audit(retried.receipts);
    expect(faults).toEqual([]);
    expect(unchecked).toEqual([
      expect.stringMatching(/^receipt \d+: no trial .* had begun just then of which the ledger/),
      expect.stringMatching(/^receipt \d+: no trial .* had helped just then of which the ledger/),
    ]);
  });
});

describe('of a trial of an earlier release', () => {
  const { plan, receipts } = playTrial({ seed: 1 });
  const { format: _, ...formless } = plan;
  const former = {
    ...{ start: { step: 'start', timeMs: 1, plan: formless, summary: 'It may take 200 tasks' } },
    ...{ assign: { step: 'assign', timeMs: 2, taskId: 'a', pair: 1, arm: 'new', kind: '' } },
  };
  const first = sealStep(firstHash('delta-1'), 1, former.start as never);
  const second = sealStep(first.hash, 2, former.assign as never);
  const third = sealStep(second.hash, 3, receipts.at(-1)?.step as Receipt['step']);

  test('only the chain of hashes is checked, and that is said', () => {
    expect(audit([first, second])).toMatchObject({
      ...{ faults: [], isChainOnly: true, isOver: false, count: 2 },
      unchecked: ['all but the chain of hashes: the trial was begun by an earlier release'],
    });
    expect(audit([first, second, third])).toMatchObject({ faults: [], isOver: true });
    const changed = { ...second, step: { ...second.step, arm: 'old' } };
    expect(audit([first, changed, third]).faults).toEqual([
      expect.objectContaining({ receipts: [2, 2], text: expect.stringContaining('does not fit') }),
    ]);
    expect(audit([first, third]).faults[0]?.text).toBe('missing');
  });

  test('a trial of this release cannot be passed off as one', () => {
    const [start] = receipts;
    for (const format of [undefined, 1, 3, '2']) {
      const begun = start?.step as Step<'start'>;
      const step = { ...begun, plan: { ...begun.plan, format } } as Receipt['step'];
      const forged = sealStep(firstHash('delta-1'), 1, step);
      expect(audit([forged]).faults[0]?.text).toBe('the form of its plan is none that is known');
    }
  });
});
