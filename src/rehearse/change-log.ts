import type { LedgerEvent } from '../ledger/event.ts';
import type { LedgerState } from '../ledger/state.ts';
import { isOnTrial } from '../trial/standing.ts';

/** When something happened in a run. */
export interface Moment {
  /** Tasks dispatched until then. */
  readonly tasks: number;
  readonly hours: number;
}

/** The changes of a run: what the loop put in force by itself, confirmed and took back. */
export class ChangeLog {
  trials = 0;
  promoted = 0;
  confirmed = 0;
  takenBack = 0;
  firstChange: Moment | undefined;
  firstConfirmed: Moment | undefined;
  /** Deltas of rules whose values are in force. */
  readonly #inForce = new Set<string>();

  /** Takes the events of a commit; `state` is that after it. */
  take(events: readonly LedgerEvent[], state: LedgerState, now: Moment): void {
    for (const event of events) {
      if (event.kind === 'delta_applied') this.#applied(event.deltaId, state, now);
      if (event.kind === 'delta_reverted') this.#reverted(event.deltaId);
      if (event.kind !== 'trial_advanced') continue;
      for (const { step } of event.receipts) {
        if (step.step === 'start') this.trials += 1;
        if (step.step === 'confirm') {
          this.confirmed += 1;
          this.firstConfirmed ??= now;
        }
        if (step.step === 'end' && step.outcome === 'revert') this.#reverted(event.deltaId);
      }
    }
  }

  #applied(deltaId: string, state: LedgerState, now: Moment): void {
    const delta = state.delta(deltaId);
    // Switches and reverts serve other deltas.
    if (delta === undefined || delta.ruleId === '' || this.#inForce.has(deltaId)) return;
    if (delta.trialDeltaId !== '' || delta.revertsDeltaId !== '') return;
    const trial = state.trials.find(({ plan }) => plan.deltaId === deltaId);
    if (trial !== undefined && isOnTrial(trial)) return;
    this.#inForce.add(deltaId);
    this.promoted += 1;
    this.firstChange ??= now;
  }

  #reverted(deltaId: string): void {
    if (this.#inForce.delete(deltaId)) this.takenBack += 1;
  }
}
