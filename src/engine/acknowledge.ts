import { type Delta, isLive } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import type { DeltaRefused } from '../ledger/event.ts';
import type { LedgerView } from '../ledger/view.ts';
import { type DecisionContext, decision, type EngineDecision } from './decision/decision.ts';
import { known, quote, stateError } from './decision/deltas.ts';
import { areEnough, countClients, describeRefusals, MAX_REFUSALS } from './decision/refusals.ts';
import { revertTo } from './revert.ts';

/** A client's acknowledgement, or refusal, of a delta. */
export interface Acknowledgement {
  readonly clientId: string;
  /** The ledger's epoch that the client knows; empty matches any. */
  readonly epoch: string;
  readonly deltaId: string;
  /** Absent in an acknowledgement. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
}

/** Records an acknowledgement, or a refusal; reverts the delta if enough clients refuse it. */
export function acknowledge(acknowledgement: Acknowledgement): EngineDecision<void> {
  const { clientId, epoch, deltaId, refusal } = acknowledgement;
  return decision((context) => {
    const { view } = context;
    if (epoch !== '' && epoch !== view.head.epoch) {
      throw new LearningError(
        'EPOCH_CHANGED',
        `the ledger's epoch is ${view.head.epoch}, not ${quote(epoch)}: open the stream anew`,
      );
    }
    const delta = known(view, deltaId);
    if (refusal !== undefined && isOff(view, delta)) return;
    // Clients may refuse a delta on trial: their tasks get its value before it has a sequence.
    const isOnTrial = refusal !== undefined && ['trial', 'provisional'].includes(delta.state);
    if (delta.sequence === 0 && !isOnTrial) {
      throw stateError(delta, 'only a delta in force is acknowledged');
    }
    if (refusal === undefined) return noteAcknowledged(context, clientId, delta);
    if (delta.revertsDeltaId !== '') throw stateError(delta, 'a revert cannot be refused');
    noteRefused(context, { clientId, ...refusal }, delta);
  });
}

/** Whether a refused delta is off: reverted, or of a block in a trial that has ended without its value live. */
function isOff(view: LedgerView, { state, trialDeltaId, revertsDeltaId }: Delta): boolean {
  if (state === 'reverted') return true;
  const tried = revertsDeltaId === '' ? view.delta(trialDeltaId) : undefined;
  return tried !== undefined && tried.state !== 'trial' && !isLive(tried);
}

function noteRefused(
  context: DecisionContext,
  refusal: Pick<DeltaRefused, 'clientId' | 'reason' | 'message'>,
  delta: Delta,
): void {
  const { view, environment, changes } = context;
  const { clientId, reason, message } = refusal;
  const { nowMs: timeMs, settings } = environment;
  // A client that refuses a delta that began a block refuses the delta on trial.
  const subject = view.delta(delta.trialDeltaId) ?? delta;
  const former = subject.refusals ?? [];
  const others = former.filter((one) => one.clientId !== clientId);
  const refusals = [...others, { clientId, reason, message, timeMs, clients: 0 }];
  const sequence = subject.sequence || delta.sequence;
  const clients = countClients(view, subject, sequence, refusals, environment);
  const counts = { refusedBy: refusals.length, clients };
  const isRevert = areEnough(subject, counts, settings);
  const isKnown = others.length < former.length;
  if (!isRevert && (isKnown || refusals.length > MAX_REFUSALS)) return;
  changes.events.push({
    kind: 'delta_refused',
    deltaId: subject.deltaId,
    timeMs,
    clientId,
    reason,
    message,
    ...counts,
    outcome: isRevert ? 'taken_back' : 'stays',
  });
  if (isRevert) revertTo(context, delta, describeRefusals(refusals, clients));
}

function noteAcknowledged(
  { view, changes, trials }: DecisionContext,
  clientId: string,
  { sequence }: Delta,
): undefined {
  if (sequence <= view.acknowledged(clientId)) return;
  changes.events.push({ kind: 'delta_acknowledged', clientId, sequence, timeMs: changes.nowMs });
  trials.noticeAcknowledged((id) => (id === clientId ? sequence : view.acknowledged(id)));
}
