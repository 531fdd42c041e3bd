import { type Delta, isLive } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import type { Decided, Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import { known, quote, stateError, withReason } from './deltas.ts';
import type { Environment } from './environment.ts';
import { revertTo } from './revert.ts';
import { TrialChanges } from './trial-changes.ts';

/** A client's word on a delta. */
export interface Acknowledgement {
  readonly clientId: string;
  /** Empty matches any. */
  readonly epoch: string;
  readonly deltaId: string;
  /** Set: refused. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
}

/** The decision that nothing is to be done. */
const NOTHING: Decided<void> = { events: [], result: () => {} };

/** Takes a client's acknowledgement, or its refusal, which reverts the delta. */
export function acknowledge(
  { clientId, epoch, deltaId, refusal }: Acknowledgement,
  environment: Environment,
): Decision<void> {
  return (view) => {
    if (epoch !== '' && epoch !== view.head.epoch) {
      throw new LearningError(
        'EPOCH_CHANGED',
        `the ledger's epoch is ${view.head.epoch}, not ${quote(epoch)}: open the stream anew`,
      );
    }
    const delta = known(view, deltaId);
    if (refusal !== undefined && isOff(view, delta)) return NOTHING;
    // A client hears of what is on trial with its tasks' values.
    const isOnTrial = refusal !== undefined && delta.state === 'trial';
    if (delta.sequence === 0 && !isOnTrial) {
      throw stateError(delta, 'only a delta in force is acknowledged');
    }
    if (refusal === undefined) return acknowledged(view, clientId, delta, environment);
    if (delta.revertsDeltaId !== '') throw stateError(delta, 'a revert cannot be refused');
    const why = [refusal.reason, refusal.message].filter((text) => text !== '').join(': ');
    const summary = withReason(`Refused by client ${quote(clientId)}`, why);
    return { ...revertTo(view, delta, summary, environment), result: () => {} };
  };
}

/** Whether what a client refuses is not in force any more: a switch goes with its trial. */
function isOff(view: LedgerView, { state, trialDeltaId, revertsDeltaId }: Delta): boolean {
  if (state === 'reverted') return true;
  const tried = revertsDeltaId === '' ? view.delta(trialDeltaId) : undefined;
  return tried !== undefined && tried.state !== 'trial' && !isLive(tried);
}

function acknowledged(
  view: LedgerView,
  clientId: string,
  { sequence }: Delta,
  environment: Environment,
): Decided<void> {
  if (sequence <= view.acknowledged(clientId)) return NOTHING;
  const timeMs = environment.nowMs;
  const changes = new Changes(view, timeMs);
  changes.events.push({ kind: 'delta_acknowledged', clientId, sequence, timeMs });
  const trials = new TrialChanges(changes, view, environment);
  trials.noticeAcknowledged((id) => (id === clientId ? sequence : view.acknowledged(id)));
  return { events: changes.events, result: () => {} };
}
