import type { TrialAudit } from './audit.ts';
import type { AuditFault, Range } from './chain.ts';
import type { AuditedStage } from './stages.ts';

/** Whether all receipts were recomputed and stand: recomputing only some would show nothing. */
export function isRecomputed({ faults, isChainOnly }: TrialAudit): boolean {
  return faults.length === 0 && !isChainOnly;
}

/** The newest step with a verdict: that of the trial's end or, without one, of the newest stage that is over. */
export function closingStep({ end, stages }: TrialAudit): AuditedStage['end'] {
  // A damaged receipt may lack fields that its type has.
  const whole = stages.flatMap((one) => (isWhole(one.end) ? [one.end] : []));
  return end ?? whole.at(-1);
}

function isWhole(step: AuditedStage['end']): step is NonNullable<AuditedStage['end']> {
  return typeof step?.effect?.verdict === 'string';
}

/** A fault with its place: `receipt 17 (position 1234): its hash does not fit: …`. */
export function describeFault({ receipts, position, text }: AuditFault): string {
  const place = position === undefined ? '' : `position ${position}`;
  if (receipts === undefined) return [place, text].filter(Boolean).join(': ');
  return `${rangeText(receipts)}${place && ` (${place})`}: ${text}`;
}

/** `receipt 17`, or `receipts 17 to 20`. */
export function rangeText([first, last]: Range): string {
  return first === last ? `receipt ${first}` : `receipts ${first} to ${last}`;
}
