import { auditTrial, type Retrial } from '../../trial/audit/audit.ts';
import type { FoundReceipt } from '../../trial/audit/chain.ts';
import { closingStep, describeFault } from '../../trial/audit/findings.ts';
import type { TrialStep } from '../../trial/step.ts';
import { countOf } from '../words/number.ts';

/** A page of the receipts of a delta's ended stages, and what else an audit depends on. Nothing of it is trusted. */
export interface ReceiptsAnswer {
  readonly deltaId: string;
  readonly receipts: readonly FoundReceipt[];
  readonly retrials: readonly Retrial[];
  readonly mayLackRetrials: boolean;
  /** Why no receipts are told; empty if they are. */
  readonly withheld: string;
}

/** What came of recomputing the receipts of a delta. */
export interface Verification {
  readonly stands: boolean;
  /** In a sentence. */
  readonly headline: string;
  /** What was recomputed, or which receipts are broken and how. */
  readonly details: readonly string[];
  /** What could not be checked, in words. */
  readonly unchecked: readonly string[];
  /** The hash of the last receipt, by which the ledger's own `audit` can be compared. */
  readonly lastHash: string;
}

/** Faults that are named at most. */
const MAX_NAMED = 20;

/**
 * Recomputes the coins, the e-values and the verdict of a trial from its receipts.
 *
 * @param shown the verdict that the page shows; empty: none yet
 */
export function verify(pages: readonly ReceiptsAnswer[], shown: string): Verification {
  const receipts = pages.flatMap((page) => page.receipts);
  const { deltaId = '', retrials = [], mayLackRetrials = true, withheld = '' } = pages.at(-1) ?? {};
  if (receipts.length === 0) {
    const headline = 'There is nothing to verify yet: no stage of a trial has ended.';
    const details = withheld === '' ? [] : [withheld];
    return { stands: false, headline, details, unchecked: [], lastHash: '' };
  }
  const audit = auditTrial(deltaId, receipts, { retrials, mayLackRetrials });
  const { faults, unchecked, lastHash, isChainOnly } = audit;
  const closing = closingStep(audit);
  const found = closing?.effect.verdict ?? '';
  const named = faults.slice(0, MAX_NAMED).map(describeFault);
  const more = faults.length > MAX_NAMED ? [`and ${faults.length - MAX_NAMED} more`] : [];
  const common = { unchecked, lastHash };
  if (faults.length > 0) {
    const headline = `The verdict does not stand: ${countOf(faults.length, 'receipt')} broken.`;
    return { ...common, stands: false, headline, details: [...named, ...more] };
  }
  if (shown !== '' && found !== shown) {
    const headline = `The verdict does not stand: the receipts say ${found || 'nothing'}, this page ${shown}.`;
    return { ...common, stands: false, headline, details: [] };
  }
  const isWhole = !isChainOnly;
  const headline = isWhole
    ? `The verdict stands: ${found || 'nothing found'}.`
    : 'The receipts are as they were written. An earlier release began this trial, so its verdict was not recomputed.';
  const details = isWhole ? recomputed(audit.count, stepsOf(receipts)) : [];
  return { ...common, stands: isWhole, headline, details };
}

/** What was recomputed, of receipts that hold. */
function recomputed(count: number, steps: readonly TrialStep[]): string[] {
  const number = (isIt: (step: TrialStep) => boolean) => steps.filter(isIt).length;
  const coins = number(({ step }) => step === 'assign' || step === 'block');
  const outcomes = number(({ step }) => step === 'outcome' || step === 'late');
  const counted = number((step) => 'e' in step && step.e !== undefined);
  const seeds = number((step) => 'seed' in step);
  return [
    `${countOf(count, 'receipt')} hashed, each over the one before.`,
    `${countOf(coins, 'assignment')} drawn again from ${countOf(seeds, 'disclosed seed')}, each seed as it was committed to.`,
    `${countOf(outcomes, 'outcome')} taken in their order, and the e-values computed again after ${countOf(counted, 'set')}.`,
    'Every move of the trial, its verdict included, is the one that these lead to.',
  ];
}

function stepsOf(receipts: readonly FoundReceipt[]): TrialStep[] {
  // The audit has found every one of them to be a receipt.
  return receipts.map(({ content }) => (content as { readonly step: TrialStep }).step);
}
