import type { LedgerEvent, StoredEvent } from '../../ledger/event.ts';
import { firstHash, isSealed, type Receipt } from '../../trial/receipt.ts';
import type { TrialPlan } from '../../trial/step.ts';

/** Events that make sense together, and what had to go. */
export interface ConsistentEvents {
  readonly kept: readonly StoredEvent[];
  readonly dropped: readonly StoredEvent[];
  /** Of the trial that was on, and is not any more. */
  readonly brokenOff: TrialPlan | undefined;
}

/**
 * Leaves out what rests on events that are gone: what became of a delta whose proposal is not there,
 * and the receipts of a trial that miss one, or that was still on: nobody knows what it missed.
 */
export function consistentEvents(events: readonly StoredEvent[]): ConsistentEvents {
  const proposed = new Set<string>();
  const applied = new Set<string>();
  const receipts = new Map<string, Receipt[]>();
  for (const { event } of events) {
    if (event.kind === 'delta_proposed') proposed.add(event.proposal.deltaId);
    if (event.kind === 'delta_applied') applied.add(event.deltaId);
    if (event.kind !== 'trial_advanced') continue;
    receipts.set(event.deltaId, [...(receipts.get(event.deltaId) ?? []), ...event.receipts]);
  }
  const ended = new Set<string>();
  let brokenOff: TrialPlan | undefined;
  for (const [deltaId, chain] of receipts) {
    const isOver = chain.some(({ step }) => step.step === 'end');
    if (isOver && isChain(deltaId, chain)) ended.add(deltaId);
    // One that helped has been put in force since; and there is never more than one on.
    brokenOff = isOver || applied.has(deltaId) ? undefined : planOf(chain);
  }
  const isSound = (event: LedgerEvent) => {
    if (event.kind === 'trial_advanced')
      return proposed.has(event.deltaId) && ended.has(event.deltaId);
    return !('deltaId' in event) || proposed.has(event.deltaId);
  };
  return {
    kept: events.filter(({ event }) => isSound(event)).map(withoutDeadline),
    dropped: events.filter(({ event }) => !isSound(event)),
    brokenOff,
  };
}

function isChain(deltaId: string, chain: readonly Receipt[]): boolean {
  let former = firstHash(deltaId);
  return chain.every((receipt, i) => {
    const fits = receipt.number === i + 1 && isSealed(former, receipt);
    former = receipt.hash;
    return fits;
  });
}

function planOf(chain: readonly Receipt[]): TrialPlan | undefined {
  for (const { step } of chain) if (step.step === 'start') return step.plan;
  return undefined;
}

/** The acknowledgement that it waited for may be lost: it is not to be reverted for that. */
function withoutDeadline({ position, event }: StoredEvent): StoredEvent {
  return event.kind === 'delta_applied' && event.ackByMs !== null
    ? { position, event: { ...event, ackByMs: null } }
    : { position, event };
}
