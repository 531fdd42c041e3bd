import { overlap, sameCohort } from '../domain/cohort.ts';
import { own } from '../domain/value.ts';
import type { Head } from '../ledger/head.ts';
import { changeKey } from '../trial/memory/change.ts';
import { mayRunBeside } from '../trial/parallel.ts';
import type { TrialPlan } from '../trial/plan.ts';
import { isSettling, type Trial } from '../trial/trial.ts';
import type { AuditedLedger, TrialRows } from './trial-rows.ts';

/** Kinds of events that come only after a trial. */
const AFTER_TRIAL = /^delta_(rejected|expired|reverted|observed)$/;

/**
 * Why a trial without an end has gone on after its last receipt, or may have, in words; `undefined` if nothing shows
 * it.
 *
 * @param trial the trial as far as it can be followed
 */
export function whyGoneOn(
  ledger: AuditedLedger,
  deltaId: string,
  rows: TrialRows,
  trial: Trial | undefined,
): string | undefined {
  // Another trial may begin while this one only waits for late reports.
  const isAlone = trial === undefined || !isSettling(trial);
  return (
    (isAlone ? whyBySuccessor(ledger, rows) : undefined) ??
    whyByEvents(ledger, deltaId, rows) ??
    whyByMemory(ledger, rows) ??
    whyByDamage(ledger, deltaId, rows)
  );
}

/**
 * Why a later trial shows that this one is over: values that are not live are on trial together only if both say so, and
 * a parameter has one live value.
 */
function whyBySuccessor({ trials }: AuditedLedger, rows: TrialRows): string | undefined {
  const { plan, promotion, position, startMs } = rows;
  const others = [...trials.values()].filter((other) => other !== rows);
  if (promotion === undefined) {
    const next = others.find((other) => other.position > position && excludes(other, plan));
    return next && `the trial is over, since another began at position ${next.position}`;
  }
  const since = promotion.timeMs ?? startMs;
  const next = others.find((other) => {
    const ms = putInForceMs(other);
    const isSame =
      other.plan?.target === plan?.target && sameCohort(other.plan?.cohort, plan?.cohort);
    return isSame && ms !== undefined && ms > since;
  });
  const name = JSON.stringify(next?.plan?.deltaId);
  return next && `the trial is over, since that of ${name} put another value in force`;
}

/**
 * Whether a later trial cannot have begun while that of `plan` was running: it is of the same parameter, or both are of
 * values that are not live, and may not run beside each other.
 */
function excludes(later: TrialRows, plan: TrialPlan | undefined): boolean {
  if (later.plan === undefined || plan === undefined) return plan?.isApplied !== true;
  if (overlap(later.plan, plan)) return true;
  if (later.plan.isApplied === true || plan.isApplied === true) return false;
  return !mayRunBeside(later.plan, plan);
}

/** When a trial made its new value live; `undefined` if it did not. */
function putInForceMs({ plan, promotion, startMs, confirmedMs, end }: TrialRows) {
  if (plan?.isApplied === true) return startMs;
  if (plan?.budget !== undefined && plan.retrialOf === undefined) return confirmedMs;
  const isKept = end?.effect.verdict === 'helped' && end.outcome === 'keep';
  return promotion?.timeMs ?? (isKept ? end.timeMs : undefined);
}

function whyByEvents(
  { deltas }: AuditedLedger,
  deltaId: string,
  { position, promotion }: TrialRows,
): string | undefined {
  const event = deltas.get(deltaId);
  if (event === undefined || event.position < position) return undefined;
  const { kind, position: at } = event;
  const isLater = kind === 'delta_applied' && promotion === undefined;
  return AFTER_TRIAL.test(kind) || isLater
    ? `the trial went on, since position ${at} is an event ${kind} of its delta`
    : undefined;
}

function whyByMemory(ledger: AuditedLedger, { plan, startMs }: TrialRows): string | undefined {
  if (plan === undefined || startMs === undefined) return undefined;
  const { head } = ledger;
  const change = own(head?.changes ?? {}, changeKey(plan))?.endMs;
  // Another trial of the rule may have ended meanwhile, and its receipts may be dropped.
  const rule = hasForgotten(ledger) ? undefined : own(head?.rules ?? {}, plan.ruleId)?.timeMs;
  const found = new Set(
    [...ledger.trials.values()].flatMap((other) => verdictsOf(other).map(([, ms]) => ms)),
  );
  return [change, rule].some((ms) => ms !== undefined && ms > startMs && !found.has(ms))
    ? 'the trial went on, since the ledger remembers a verdict'
    : undefined;
}

function whyByDamage(
  { faults }: AuditedLedger,
  deltaId: string,
  { found }: TrialRows,
): string | undefined {
  const last = found.at(-1)?.position ?? 0;
  const damage = faults.find(
    (fault) => fault.deltaId !== deltaId && (fault.position === undefined || fault.position > last),
  );
  return damage && `perhaps, since the ledger is damaged behind position ${last}: ${damage.text}`;
}

/** Whether the ledger no longer holds some of the deltas that it had. */
export function hasForgotten({ head, deltas }: AuditedLedger): boolean {
  return head === undefined || deltas.size < head.ordinal;
}

type Remembered = readonly [verdict: string, timeMs: number];

/** The verdicts of a trial, as its receipts claim them, that the head would remember. */
function verdictsOf({ promotion, end }: TrialRows): readonly Remembered[] {
  const remembered = [promotion, end?.counts === true ? end : undefined];
  return remembered.flatMap((step): Remembered[] =>
    step === undefined ? [] : [[step.effect.verdict, step.timeMs]],
  );
}

/**
 * How the head's records contradict a trial's receipts, in words. A later verdict in the head is that of a later trial;
 * a verdict that is missing there has been dropped.
 */
export function faultsOfMemory(head: Head | undefined, plan: TrialPlan, rows: TrialRows): string[] {
  const change = own(head?.changes ?? {}, changeKey(plan));
  const taught = own(head?.rules ?? {}, plan.ruleId);
  const found = verdictsOf(rows);
  const last = found.at(-1);
  return found.flatMap((one) => {
    const [verdict, timeMs] = one;
    // Of two verdicts at the same time, the head keeps the later one.
    if (one !== last && timeMs === last?.[1]) return [];
    if (change?.endMs === timeMs && change.verdict !== verdict) {
      return [`it says ${verdict}, and the ledger remembers ${change.verdict}`];
    }
    if (taught !== undefined && taught.timeMs < timeMs && verdict !== 'invalid') {
      return [`it says ${verdict}, and the ledger remembers no verdict so late`];
    }
    return [];
  });
}
