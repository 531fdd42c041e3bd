import { bornDelta, type Delta, type Refusal } from '../domain/delta.ts';
import type { TrialEnded, TrialStep } from '../trial/step.ts';
import type { DeltaApplied, DeltaEvent, DeltaRefused, TrialAdvanced } from './event.ts';

/** Whether a delta has still to come to its end: it waits, or is on trial or on probation. */
export function isOpen({ state }: Delta): boolean {
  return state === 'proposed' || state === 'trial' || state === 'provisional';
}

/** A delta after an event; `undefined` where the event's delta is not known. */
export function foldDelta(
  delta: Delta | undefined,
  event: DeltaEvent | TrialAdvanced,
): Delta | undefined {
  if (event.kind === 'delta_proposed') return bornDelta(event.proposal, event.ordinal);
  if (delta === undefined) return undefined;
  const settled = { ...delta, expireTimeMs: undefined, waitsFor: undefined };
  switch (event.kind) {
    case 'delta_applied':
      return foldApplication(settled, event);
    case 'delta_rejected':
      return { ...settled, state: 'rejected', summary: event.summary };
    case 'delta_expired':
      return { ...settled, state: 'expired', summary: event.summary };
    case 'delta_reverted':
      return { ...delta, state: 'reverted', summary: event.summary };
    case 'delta_withdrawn':
      return delta;
    case 'delta_refused':
      return { ...delta, refusals: withRefusal(delta, event) };
    case 'delta_observed':
      return { ...delta, effect: event.effect, summary: event.summary };
    case 'trial_advanced':
      return event.receipts.reduce((former, { step }) => foldTrialStep(former, step), delta);
  }
}

/** A client's newest refusal takes the place of its former one. */
function withRefusal(
  { refusals = [] }: Delta,
  { clientId, reason, message, timeMs, clients }: DeltaRefused,
): readonly Refusal[] {
  const others = refusals.filter((one) => one.clientId !== clientId);
  return [...others, { clientId, reason, message, timeMs, clients }];
}

function foldApplication(delta: Delta, event: DeltaApplied): Delta {
  return {
    ...delta,
    // A value that a trial puts in force is still to be proven.
    state: delta.state === 'provisional' ? 'provisional' : 'applied',
    oldValue: event.oldValue,
    sequence: event.sequence,
    applyTimeMs: event.applyTimeMs ?? event.timeMs,
    appliedMs: event.timeMs,
    replacedValue: event.replacedValue,
    summary: event.summary,
  };
}

function foldTrialStep(delta: Delta, step: TrialStep): Delta {
  switch (step.step) {
    case 'start': {
      const { plan, summary } = step;
      const state = plan.isApplied === true ? 'provisional' : 'trial';
      const started = { state, expireTimeMs: undefined, waitsFor: undefined } as const;
      return { ...delta, ...started, oldValue: plan.oldValue, summary };
    }
    case 'suspend':
    case 'continue':
      return { ...delta, summary: step.summary };
    case 'promote': {
      const { effect, summary, timeMs } = step;
      const promotion = { timeMs, compared: effect.compared };
      return { ...delta, state: 'provisional', effect, summary, promotion };
    }
    case 'confirm': {
      const { effect, summary, timeMs, state } = step;
      const { compared } = effect;
      const confirmation = { timeMs, compared, tasksRecorded: state.fromTask };
      return { ...delta, state: 'confirmed', effect, summary, confirmation };
    }
    case 'renew':
      return { ...delta, state: 'confirmed', effect: step.effect, summary: step.summary };
    case 'end':
      return foldTrialEnd(delta, step);
    default:
      return delta;
  }
}

function foldTrialEnd(delta: Delta, step: TrialEnded): Delta {
  const { effect, summary, askUntilMs } = step;
  // Older releases said here what helped, and put it in force by an event of its own.
  const outcome: string = step.outcome;
  const ended = { ...delta, effect, summary };
  if (outcome === 'ask') {
    return { ...ended, state: 'proposed', waitsFor: 'person', expireTimeMs: askUntilMs };
  }
  if (outcome === 'revert') return { ...ended, state: 'reverted' };
  const isInForce = delta.state === 'provisional' || delta.state === 'confirmed';
  return outcome === 'keep' && isInForce ? { ...ended, state: 'applied' } : ended;
}
