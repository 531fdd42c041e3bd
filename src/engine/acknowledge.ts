import { type Delta, isLive } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import type { Decided, Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import { known, quote, stateError, withReason } from './deltas.ts';
import type { Environment } from './environment.ts';
import { revertTo } from './revert.ts';
import { TrialChanges } from './trial-changes.ts';

/** A client's acknowledgement, or refusal, of a delta. */
export interface Acknowledgement {
  readonly clientId: string;
  /** Empty matches any. */
  readonly epoch: string;
  readonly deltaId: string;
  /** `undefined`: acknowledged. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
}

/** A decision without effect. */
const NOTHING: Decided<void> = { events: [], result: () => {} };

/** Records an acknowledgement; a refusal reverts the delta. */
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
    // Clients see a delta on trial by their tasks' values, before it has a sequence.
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

/** Whether a refused delta is no longer in force: a switch of a trial ends with the trial. */
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
