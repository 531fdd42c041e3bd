import { own } from '../domain/value.ts';
import type { Head } from '../ledger/head.ts';
import type { LedgerScan } from '../store/scan.ts';
import { type AuditFault, auditTrial, type FoundReceipt, type TrialAudit } from '../trial/audit.ts';
import { isSame } from '../trial/audit-step.ts';
import { carryKey, changeKey } from '../trial/change.ts';
import type { TrialEnded, TrialPlan } from '../trial/step.ts';

/** What a ledger holds of one delta's trial, as it claims. */
interface TrialRows {
  readonly found: FoundReceipt[];
  /** Where its first row is. */
  readonly position: number;
  plan: TrialPlan | undefined;
  end: TrialEnded | undefined;
}

/** Something that is damaged in a ledger. */
export interface LedgerFault extends AuditFault {
  /** Whose receipts it concerns, as far as can be told; `undefined`: nobody's. */
  readonly deltaId: string | undefined;
}

/** A ledger, as far as trials can be audited from it. */
export interface AuditedLedger {
  readonly head: Head | undefined;
  /** By delta, in the order in which they began. */
  readonly trials: ReadonlyMap<string, TrialRows>;
  /** Every delta that it holds, with what last became of it outside of its trial. */
  readonly deltas: ReadonlyMap<string, { readonly kind: string; readonly position: number }>;
  /** Whatever rows are damaged, those of trials included. */
  readonly faults: readonly LedgerFault[];
}

/** What ends a trial, or comes only after it. */
const AFTER_TRIAL = /^delta_(applied|rejected|expired|reverted|observed)$/;

/** Finds the trials in a ledger, and what is damaged in it. */
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
  const trial = trials.get(deltaId) ?? { found: [], position, plan: undefined, end: undefined };
  trials.set(deltaId, trial);
  for (const content of receipts) {
    trial.found.push({ position, content });
    const { step } = fieldsOf(content);
    const { step: name, plan, effect } = fieldsOf(step);
    // As claimed; they are compared with what others claim, and nothing more.
    if (name === 'start' && isObject(plan)) trial.plan = plan as unknown as TrialPlan;
    if (name === 'end' && isObject(effect)) trial.end = step as TrialEnded;
  }
}

/** The first and the last number of receipts that stand in a row, should some number be changed. */
function numbersOf(receipts: readonly unknown[]): AuditFault['receipts'] {
  const firsts = receipts
    .map((content, index) => Number(fieldsOf(content).number) - index)
    .filter(Number.isSafeInteger)
    .sort((a, b) => a - b);
  const first = firsts[(firsts.length - 1) >> 1];
  return first === undefined ? undefined : [first, first + receipts.length - 1];
}

/** Audits one delta's trial, by its receipts and by what else the ledger says of it. */
export function auditDelta(ledger: AuditedLedger, deltaId: string): TrialAudit {
  const rows = ledger.trials.get(deltaId);
  const audit = auditTrial(deltaId, rows?.found ?? []);
  if (rows === undefined) {
    const text = 'nothing of its trial was found, and the ledger is damaged';
    return { ...audit, faults: [{ receipts: undefined, position: undefined, text }] };
  }
  const own = ledger.faults.filter((fault) => fault.deltaId === deltaId);
  const faults: AuditFault[] = [...own, ...audit.faults, ...missingEnd(ledger, deltaId, audit)];
  if (faults.length === 0) faults.push(...contradictions(ledger, rows, audit));
  return { ...audit, faults: faults.toSorted((a, b) => firstOf(a) - firstOf(b)) };
}

function missingEnd(ledger: AuditedLedger, deltaId: string, audit: TrialAudit): AuditFault[] {
  const rows = ledger.trials.get(deltaId);
  const why = rows && audit.end === undefined ? whyOver(ledger, deltaId, rows) : undefined;
  const next = audit.lastNumber + 1;
  const place = { receipts: [next, next], position: undefined } as const;
  return why === undefined ? [] : [{ ...place, text: `missing: ${why}` }];
}

/** Why a trial without an end must have had one, or may have; `undefined`: it still runs. */
function whyOver(
  { trials, deltas, faults, head }: AuditedLedger,
  deltaId: string,
  { found, position, plan }: TrialRows,
): string | undefined {
  const next = [...trials.values()].find((other) => other.position > position);
  if (next !== undefined)
    return `the trial is over, since another began at position ${next.position}`;
  const event = deltas.get(deltaId);
  if (event !== undefined && event.position > position && AFTER_TRIAL.test(event.kind)) {
    return `the trial is over, since position ${event.position} is an event ${event.kind} of its delta`;
  }
  const start = Number(fieldsOf(fieldsOf(found[0]?.content).step).timeMs);
  const verdicts = plan === undefined ? [] : rememberedOf(head, plan);
  if (verdicts.some((ms) => ms > start && !isEnd(trials, ms))) {
    return 'the trial is over, since the ledger remembers its verdict';
  }
  const last = found.at(-1)?.position ?? 0;
  const damage = faults.find(
    (fault) => fault.deltaId !== deltaId && (fault.position === undefined || fault.position > last),
  );
  return damage && `perhaps, since the ledger is damaged behind position ${last}: ${damage.text}`;
}

/** When the last verdicts on a plan's change and on its rule were given, as the head has it. */
function rememberedOf(head: Head | undefined, plan: TrialPlan): number[] {
  const change = own(head?.changes ?? {}, changeKey(plan))?.endMs;
  const rule = own(head?.rules ?? {}, plan.ruleId)?.timeMs;
  return [change, rule].filter((ms) => ms !== undefined);
}

/** Whether a trial that is held ended just then. */
function isEnd(trials: AuditedLedger['trials'], ms: number): boolean {
  return [...trials.values()].some(({ end }) => end?.timeMs === ms);
}

/** What else the ledger says that a trial's receipts, sound as they are, do not agree with. */
function contradictions(
  { trials, head }: AuditedLedger,
  { plan, end, position }: TrialRows,
  { lastNumber }: TrialAudit,
): AuditFault[] {
  if (plan === undefined) return [];
  const faults: AuditFault[] = [];
  const others = [...trials.values()].flatMap((other) =>
    other.plan === undefined ? [] : [{ ...other, plan: other.plan }],
  );
  const former = others.findLast(
    (other) => other.position < position && carryKey(other.plan) === carryKey(plan),
  );
  // One that has been forgotten since cannot be asked.
  if (plan.carried != null && former?.end && !isSame(former.end.carried, plan.carried)) {
    const text = 'it goes on from other evidence than the trial before had left';
    faults.push({ receipts: [1, 1], position, text });
  }
  const isNewest = others.every(
    (other) => other.position <= position || other.plan.ruleId !== plan.ruleId,
  );
  const text = end?.counts && isNewest ? faultOfMemory(head, plan, end) : undefined;
  if (text !== undefined) {
    faults.push({ receipts: [lastNumber, lastNumber], position: undefined, text });
  }
  return faults;
}

/**
 * What the head remembers otherwise than a rule's newest verdict. Where it remembers a later one,
 * a later trial has been forgotten; where it remembers none, that has.
 */
function faultOfMemory(
  head: Head | undefined,
  plan: TrialPlan,
  { effect: { verdict }, timeMs }: TrialEnded,
): string | undefined {
  const change = own(head?.changes ?? {}, changeKey(plan));
  if (change?.endMs === timeMs && change.verdict !== verdict) {
    return `it says ${verdict}, and the ledger remembers ${change.verdict}`;
  }
  const taught = own(head?.rules ?? {}, plan.ruleId);
  if (taught !== undefined && taught.timeMs < timeMs && verdict !== 'invalid') {
    return `it says ${verdict}, and the ledger remembers no verdict so late`;
  }
  return undefined;
}

function firstOf({ receipts }: AuditFault): number {
  return receipts?.[0] ?? 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
