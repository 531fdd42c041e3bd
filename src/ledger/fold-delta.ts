import { bornDelta, type Delta, type Refusal } from '../domain/delta.ts';
import type { DeltaEffect } from '../domain/effect.ts';
import type { TrialEnded, TrialStep } from '../trial/step.ts';
import type { DeltaApplied, DeltaRefused, LedgerEvent } from './event.ts';
import { type Projection, project } from './projection.ts';

/** Whether a delta waits, or is on trial or on probation. */
export function isOpen({ state }: Delta): boolean {
  return state === 'proposed' || state === 'trial' || state === 'provisional';
}

/** Orders deltas by their creation. */
export function byOrdinal(a: Delta, b: Delta): number {
  return a.ordinal - b.ordinal;
}

/** A delta after an event that names it; `undefined` if the delta is not known. */
export function foldDelta(delta: Delta | undefined, event: LedgerEvent): Delta | undefined {
  if (event.kind === 'delta_proposed') return bornDelta(event.proposal, event.ordinal);
  return delta && project(DELTA, event, delta);
}

const DECIDED = { expireTimeMs: undefined, waitsFor: undefined } as const;

/** Whether this release knows events of a kind. */
export function isKnownKind(kind: string): boolean {
  return Object.hasOwn(DELTA, kind);
}

function same(_: LedgerEvent, delta: Delta): Delta {
  return delta;
}

const DELTA: Projection<[Delta], Delta> = {
  delta_proposed: same,
  delta_applied: foldApplication,
  delta_rejected: ({ summary }, delta) => ({ ...delta, ...DECIDED, state: 'rejected', summary }),
  delta_expired: ({ summary }, delta) => ({ ...delta, ...DECIDED, state: 'expired', summary }),
  delta_reverted: ({ summary }, delta) => ({ ...delta, state: 'reverted', summary }),
  delta_withdrawn: same,
  delta_refused: (event, delta) => ({ ...delta, refusals: withRefusal(delta, event) }),
  delta_observed: ({ effect, summary }, delta) => ({ ...delta, effect, summary }),
  delta_acknowledged: same,
  trial_advanced: ({ receipts }, delta) =>
    receipts.reduce((former, { step }) => foldTrialStep(former, step), delta),
  parameters_declared: same,
  parameters_retired: same,
  tasks_recorded: same,
  task_ids_kept: same,
  metrics_reported: same,
  trials_paused: same,
  search_advanced: same,
  cycle_completed: same,
  clock_set: same,
};

/** A delta's refusals, in which a client's newest one takes the place of its former one. */
function withRefusal(
  { refusals = [] }: Delta,
  { clientId, reason, message, timeMs, clients }: DeltaRefused,
): readonly Refusal[] {
  const others = refusals.filter((one) => one.clientId !== clientId);
  return [...others, { clientId, reason, message, timeMs, clients }];
}

function foldApplication(event: DeltaApplied, delta: Delta): Delta {
  return {
    ...delta,
    ...DECIDED,
    // A delta that its trial applies is still to be proven.
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
      return { ...delta, ...DECIDED, state, oldValue: plan.oldValue, summary };
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
      return {
        ...delta,
        state: 'confirmed',
        effect: withBeside(step.effect, delta),
        summary: step.summary,
      };
    case 'end':
      return foldTrialEnd(delta, step);
    default:
      return delta;
  }
}

/** An effect with what was found beside other trials, which a holdback no longer counts. */
function withBeside(effect: DeltaEffect, { effect: former }: Delta): DeltaEffect {
  return former?.beside === undefined ? effect : { beside: former.beside, ...effect };
}

function foldTrialEnd(delta: Delta, step: TrialEnded): Delta {
  const { effect, summary, askUntilMs } = step;
  // Older releases wrote another outcome, after which an event of its own applied the value.
  const outcome: string = step.outcome;
  const ended = { ...delta, effect: withBeside(effect, delta), summary };
  if (outcome === 'ask') {
    return { ...ended, state: 'proposed', waitsFor: 'person', expireTimeMs: askUntilMs };
  }
  if (outcome === 'revert') return { ...ended, state: 'reverted' };
  const isInForce = delta.state === 'provisional' || delta.state === 'confirmed';
  return outcome === 'keep' && isInForce ? { ...ended, state: 'applied' } : ended;
}
