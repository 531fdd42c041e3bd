import { own } from '../domain/value.ts';
import { auditTrial, type Retrial, type TrialAudit } from '../trial/audit/audit.ts';
import type { AuditFault } from '../trial/audit/chain.ts';
import { isSame } from '../trial/audit/same-json.ts';
import { carryKey } from '../trial/memory/change.ts';
import type { TrialPlan } from '../trial/plan.ts';
import { isOfThisFormat } from '../trial/trial.ts';
import { faultsOfMemory, hasForgotten, whyGoneOn } from './audit-memory.ts';
import type { AuditedLedger, TrialRows } from './trial-rows.ts';

/** Audits one delta's trial by its receipts, and by the rest of the ledger. */
export function auditDelta(ledger: AuditedLedger, deltaId: string): TrialAudit {
  const rows = ledger.trials.get(deltaId);
  const audit = auditTrial(deltaId, rows?.found ?? [], {
    retrials: retrialsOf(ledger, deltaId),
    mayLackRetrials: hasForgotten(ledger),
  });
  if (rows === undefined) {
    const text = 'nothing of its trial was found, and the ledger is damaged';
    return { ...audit, faults: [{ receipts: undefined, position: undefined, text }] };
  }
  const own = ledger.faults.filter((fault) => fault.deltaId === deltaId);
  const faults: AuditFault[] = [...own, ...audit.faults];
  const why = audit.isOver ? undefined : whyGoneOn(ledger, deltaId, rows, audit.trial);
  if (audit.end === undefined && why !== undefined) {
    const next = audit.lastNumber + 1;
    faults.push({ receipts: [next, next], position: undefined, text: `missing: ${why}` });
  }
  if (faults.length === 0) faults.push(...contradictions(ledger, rows, audit));
  return { ...audit, faults: faults.toSorted((a, b) => firstOf(a) - firstOf(b)) };
}

/** The trials that claim to be of a delta's old value. */
function retrialsOf({ trials }: AuditedLedger, deltaId: string): Retrial[] {
  return [...trials.values()]
    .filter(({ plan }) => plan?.retrialOf === deltaId)
    .map(({ startMs, end }) => {
      const helpedMs = end?.effect.verdict === 'helped' ? end.timeMs : undefined;
      return { startMs, helpedMs };
    });
}

/** How the rest of the ledger contradicts a trial's receipts, which have no faults by themselves. */
function contradictions(
  { trials, head }: AuditedLedger,
  rows: TrialRows,
  { lastNumber }: TrialAudit,
): AuditFault[] {
  const { plan, position } = rows;
  if (plan === undefined) return [];
  const former = [...trials.values()].findLast(
    (other) =>
      other.position < position &&
      other.plan !== undefined &&
      (plan.splitFrom === undefined
        ? carryKey(other.plan) === carryKey(plan)
        : other.plan.deltaId === plan.splitFrom),
  );
  const faults: AuditFault[] = [];
  if (former !== undefined && !isCarriedFrom(former, plan)) {
    const text = 'it goes on from other evidence than the trial before had left';
    faults.push({ receipts: [1, 1], position, text });
  }
  for (const text of faultsOfMemory(head, plan, rows)) {
    faults.push({ receipts: [lastNumber, lastNumber], position: undefined, text });
  }
  return faults;
}

/** Whether a trial starts from what a former one left; also true if the end of the former one is not known. */
function isCarriedFrom({ end, plan: former }: TrialRows, plan: TrialPlan): boolean {
  const isKnown = end !== undefined && former !== undefined && isOfThisFormat(former);
  if (!isKnown || plan.retrialOf !== undefined) return true;
  const { splitFrom, cohort } = plan;
  const left =
    splitFrom === undefined ? end.carried : own(end.cohorts?.helped ?? {}, cohort?.value ?? '');
  return isSame(left, plan.carried);
}

function firstOf({ receipts }: AuditFault): number {
  return receipts?.[0] ?? 0;
}
