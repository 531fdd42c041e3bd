import { type Delta, isLive, type Refusal } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import type { DeltaRefused } from '../ledger/event.ts';
import type { Decided, Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import { known, quote, stateError } from './deltas.ts';
import type { Environment } from './environment.ts';
import { areEnough, countClients, describeRefusals, MAX_REFUSALS, refusalsOf } from './refusals.ts';
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

/** Records an acknowledgement, or a refusal; refusals that are enough revert the delta. */
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
    return refused(view, { clientId, ...refusal }, delta, environment);
  };
}

/** Whether a refused delta is no longer in force: a switch of a trial ends with the trial. */
function isOff(view: LedgerView, { state, trialDeltaId, revertsDeltaId }: Delta): boolean {
  if (state === 'reverted') return true;
  const tried = revertsDeltaId === '' ? view.delta(trialDeltaId) : undefined;
  return tried !== undefined && tried.state !== 'trial' && !isLive(tried);
}

function refused(
  view: LedgerView,
  { clientId, reason, message }: Pick<Refusal, 'clientId' | 'reason' | 'message'>,
  delta: Delta,
  environment: Environment,
): Decided<void> {
  // A switch is refused for what it is a switch to.
  const subject = view.delta(delta.trialDeltaId) ?? delta;
  const { nowMs: timeMs, settings } = environment;
  const former = refusalsOf(subject);
  const others = former.filter((one) => one.clientId !== clientId);
  const refusals = [...others, { clientId, reason, message, timeMs, clients: 0 }];
  const sequence = subject.sequence || delta.sequence;
  const clients = countClients(view, subject, sequence, refusals, environment);
  const counts = { refusedBy: refusals.length, clients };
  const event = { kind: 'delta_refused', deltaId: subject.deltaId, timeMs, clientId } as const;
  const said: Omit<DeltaRefused, 'outcome'> = { ...event, reason, message, ...counts };
  if (!areEnough(subject, counts, settings)) {
    const isKnown = others.length < former.length;
    if (isKnown || refusals.length > MAX_REFUSALS) return NOTHING;
    return { events: [{ ...said, outcome: 'stays' }], result: () => {} };
  }
  const { events } = revertTo(view, delta, describeRefusals(refusals, clients), environment);
  return { events: [{ ...said, outcome: 'taken_back' }, ...events], result: () => {} };
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
