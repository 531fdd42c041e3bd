import type { Receipt } from '../receipt.ts';
import type { HoldbackRenewed, TrialConfirmed, TrialEnded, TrialPromoted } from '../step.ts';
import type { Stage } from '../trial.ts';
import type { Range } from './chain.ts';

/** A stage of a trial, or a part of its holdback, as claimed by its receipts. */
export interface AuditedStage {
  readonly stage: Stage;
  /** The stage's receipts, dropped ones included. */
  readonly receipts: Range;
  readonly startMs: number;
  /** `undefined` while the stage is open. */
  readonly end: TrialPromoted | TrialConfirmed | HoldbackRenewed | TrialEnded | undefined;
}

/** The stages of a trial; the step that ends a stage belongs to it. */
export function stagesOf(receipts: readonly Receipt[]): AuditedStage[] {
  const stages: AuditedStage[] = [];
  let stage: Stage = 'trial';
  let begun: { readonly number: number; readonly timeMs: number } | undefined;
  let last = 0;
  for (const { number, step } of receipts) {
    begun ??= { number, timeMs: step.timeMs };
    last = number;
    switch (step.step) {
      case 'promote':
      case 'confirm':
      case 'renew':
      case 'end':
        stages.push({ stage, receipts: [begun.number, number], startMs: begun.timeMs, end: step });
        stage = step.step === 'promote' ? 'probation' : 'holdback';
        begun = { number: number + 1, timeMs: step.timeMs };
    }
  }
  const isOpen = begun !== undefined && begun.number <= last;
  return begun !== undefined && isOpen
    ? [...stages, { stage, receipts: [begun.number, last], startMs: begun.timeMs, end: undefined }]
    : stages;
}
