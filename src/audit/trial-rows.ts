import type { Head } from '../ledger/head.ts';
import type { LedgerScan } from '../store/scan.ts';
import type { AuditFault, FoundReceipt, Range } from '../trial/audit/chain.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { TrialEnded, TrialPromoted } from '../trial/step.ts';

/** The rows of one delta's trial in a ledger, as claimed. */
export interface TrialRows {
  readonly found: FoundReceipt[];
  /** Position of the trial's first row. */
  readonly position: number;
  plan: TrialPlan | undefined;
  startMs: number | undefined;
  promotion: TrialPromoted | undefined;
  confirmedMs: number | undefined;
  end: TrialEnded | undefined;
}

/** Damage in a ledger. */
export interface LedgerFault extends AuditFault {
  /** The delta whose receipts are damaged, if known. */
  readonly deltaId: string | undefined;
}

/** The content of a ledger that audits of trials need. */
export interface AuditedLedger {
  readonly head: Head | undefined;
  /** By delta id, in the order in which the trials began. */
  readonly trials: ReadonlyMap<string, TrialRows>;
  /** Every delta in the ledger, with its newest event other than receipts. */
  readonly deltas: ReadonlyMap<string, { readonly kind: string; readonly position: number }>;
  /** Faults of all rows, those of trials included. */
  readonly faults: readonly LedgerFault[];
}

/** Finds the trials in a ledger, and its damage. */
export function findTrials({ head, rows, faults: general }: LedgerScan): AuditedLedger {
  const trials = new Map<string, TrialRows>();
  const deltas = new Map<string, { kind: string; position: number }>();
  const nowhere = { deltaId: undefined, receipts: undefined, position: undefined };
  const faults: LedgerFault[] = general.map((text) => ({ ...nowhere, text }));
  for (const row of rows) {
    const { position, kind } = row;
    const { deltaId, receipts, proposal } = fieldsOf(row.content);
    if (Array.isArray(receipts) && typeof deltaId === 'string') {
      addReceipts(trials, deltaId, receipts, position);
      if (row.fault === undefined) continue;
      const text = `damaged: ${row.fault}`;
      faults.push({ deltaId, receipts: numbersOf(receipts), position, text });
      continue;
    }
    const born = fieldsOf(proposal).deltaId;
    const id = typeof born === 'string' ? born : deltaId;
    if (typeof id === 'string') deltas.set(id, { kind, position });
    const fault = row.fault ?? (kind === 'trial_advanced' ? 'it holds no receipts' : undefined);
    if (fault === undefined) continue;
    faults.push({ ...nowhere, position, text: `an event ${kind}: ${fault}` });
  }
  for (const [deltaId, { plan, position }] of trials) {
    if (deltas.has(deltaId) || plan?.deltaId === deltaId) continue;
    trials.delete(deltaId);
    const text = `receipts of ${JSON.stringify(deltaId)}, which no delta is called`;
    faults.push({ ...nowhere, position, text });
  }
  return { head, trials, deltas, faults };
}

function addReceipts(
  trials: Map<string, TrialRows>,
  deltaId: string,
  receipts: readonly unknown[],
  position: number,
): void {
  const none = { plan: undefined, startMs: undefined, promotion: undefined };
  const trial = trials.get(deltaId) ?? {
    ...{ found: [], position, ...none, confirmedMs: undefined, end: undefined },
  };
  trials.set(deltaId, trial);
  for (const content of receipts) {
    trial.found.push({ position, content });
    const { step } = fieldsOf(content);
    const { step: name, plan, effect, timeMs } = fieldsOf(step);
    // The casts are needed because the rows were parsed from JSON. These fields are only compared with those of other
    // trials; the audit of this trial itself checks the shape of them.
    if (name === 'start' && isObject(plan)) {
      trial.plan = plan as object as TrialPlan;
      trial.startMs = Number(timeMs);
    }
    if (name === 'promote' && isObject(effect)) trial.promotion = step as TrialPromoted;
    if (name === 'confirm') trial.confirmedMs = Number(timeMs);
    if (name === 'end' && isObject(effect)) trial.end = step as TrialEnded;
  }
}

/** The numbers of consecutive receipts: as some may be changed, the median of the numbers that they imply decides. */
function numbersOf(receipts: readonly unknown[]): Range | undefined {
  const firsts = receipts
    .map((content, index) => Number(fieldsOf(content).number) - index)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b);
  const first = firsts[(firsts.length - 1) >> 1];
  return first === undefined ? undefined : [first, first + receipts.length - 1];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
