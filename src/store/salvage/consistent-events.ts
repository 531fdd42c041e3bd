import type { LedgerEvent, StoredEvent } from '../../ledger/event.ts';
import { hasHoldback, type TrialPlan } from '../../trial/plan.ts';
import { firstHash, isSealed, type Receipt } from '../../trial/receipt.ts';

/** Events that make sense together, and what had to go. */
export interface ConsistentEvents {
  readonly kept: readonly StoredEvent[];
  readonly dropped: readonly StoredEvent[];
  /** Of trials that were on, or on probation, and are not any more. */
  readonly brokenOff: readonly TrialPlan[];
}

/**
 * Leaves out what rests on events that are gone: what became of a delta whose proposal is not there,
 * and the receipts of a trial that miss one, or that was still on: nobody knows what it missed.
 */
export function consistentEvents(events: readonly StoredEvent[]): ConsistentEvents {
  const proposed = new Set<string>();
  const receipts = new Map<string, Receipt[]>();
  for (const { event } of events) {
    if (event.kind === 'delta_proposed') proposed.add(event.proposal.deltaId);
    if (event.kind !== 'trial_advanced') continue;
    receipts.set(event.deltaId, [...(receipts.get(event.deltaId) ?? []), ...event.receipts]);
  }
  const ended = new Set<string>();
  const brokenOff: TrialPlan[] = [];
  for (const [deltaId, chain] of receipts) {
    if (isOver(chain) && isChain(deltaId, chain)) ended.add(deltaId);
    // What has been confirmed stays in force, no longer proven.
    if (!isOver(chain) && !has(chain, 'confirm')) brokenOff.push(...plansIn(chain));
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

function isOver(chain: readonly Receipt[]): boolean {
  return (
    has(chain, 'end') ||
    (has(chain, 'confirm') && plansIn(chain).every((plan) => !hasHoldback(plan)))
  );
}

function has(chain: readonly Receipt[], kind: Receipt['step']['step']): boolean {
  return chain.some(({ step }) => step.step === kind);
}

/** Each receipt is sealed after the one before; before a renewal, receipts may have been dropped. */
function isChain(deltaId: string, chain: readonly Receipt[]): boolean {
  let former = firstHash(deltaId);
  let number = 0;
  return chain.every((receipt) => {
    const isNext = receipt.number === number + 1 && isSealed(former, receipt);
    const isAfterGap = receipt.step.step === 'renew' && receipt.number > number + 1;
    former = receipt.hash;
    number = receipt.number;
    return isNext || isAfterGap;
  });
}

function plansIn(chain: readonly Receipt[]): readonly TrialPlan[] {
  return chain.flatMap(({ step }) => (step.step === 'start' ? [step.plan] : []));
}

/** The acknowledgement that it waited for may be lost: it is not to be reverted for that. */
function withoutDeadline({ position, event }: StoredEvent): StoredEvent {
  return event.kind === 'delta_applied' && event.ackByMs !== null
    ? { position, event: { ...event, ackByMs: null } }
    : { position, event };
}
