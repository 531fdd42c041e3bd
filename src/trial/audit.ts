import { messageOf } from '../domain/errors.ts';
import { faultOfStart, faultOfStep, verdictDue } from './audit-step.ts';
import { foldReceipt } from './fold.ts';
import { firstHash, isSealed, type Receipt, sealStep } from './receipt.ts';
import type { TrialEnded, TrialStep } from './step.ts';
import type { Trial } from './trial.ts';

/** What stands where a receipt should, read as JSON; nothing of it is believed. */
export interface FoundReceipt {
  /** Of the row that holds it. */
  readonly position: number;
  readonly content: unknown;
}

/** Something that is not as it was written, or not as a trial goes. */
export interface AuditFault {
  /** Numbers of the receipts that it concerns; `undefined`: they cannot be told. */
  readonly receipts: readonly [first: number, last: number] | undefined;
  /** Where in the ledger it is; `undefined`: nowhere, since it is missing. */
  readonly position: number | undefined;
  /** In words, with the receipts as the subject. */
  readonly text: string;
}

/** What a trial's receipts come to. */
export interface TrialAudit {
  /** The trial before its end, as far as its steps can be followed; `undefined`: not at all. */
  readonly trial: Trial | undefined;
  /** Its last step as it is claimed; `undefined`: there is none. */
  readonly end: TrialEnded | undefined;
  /** Receipts found, and the last one's number and hash: that of no receipt where there is none. */
  readonly count: number;
  readonly lastNumber: number;
  readonly lastHash: string;
  /** None: every receipt is what was written, and the trial went as its rules say. */
  readonly faults: readonly AuditFault[];
}

interface Placed extends Receipt {
  readonly position: number;
}

/**
 * Goes through a trial once more, by its receipts alone: each must be sealed after the one before,
 * and each step one that the trial allows, with the same e-values, to the last digit.
 *
 * @param found what was found of it, in the order of the ledger
 */
export function auditTrial(deltaId: string, found: readonly FoundReceipt[]): TrialAudit {
  const faults: AuditFault[] = [];
  const placed = numberReceipts(deltaId, found, faults);
  const receipts = placed.toSorted((a, b) => a.number - b.number);
  checkChain(deltaId, receipts, faults);
  // What is found beyond the first fault is only its consequence.
  const firstFault = Math.min(...faults.map(firstOf));
  const sound = receipts.filter(({ number }) => number < firstFault);
  const trial = follow(deltaId, sound, faults);
  const last = receipts.at(-1);
  return {
    trial,
    end: receipts.flatMap(({ step }) => (isEnd(step) ? [step] : [])).at(-1),
    count: receipts.length,
    lastNumber: last?.number ?? 0,
    lastHash: last?.hash ?? firstHash(deltaId),
    faults,
  };
}

function isEnd(step: TrialStep): step is TrialEnded {
  return step.step === 'end' && typeof step.effect?.verdict === 'string';
}

function firstOf({ receipts }: AuditFault): number {
  return receipts?.[0] ?? Number.POSITIVE_INFINITY;
}

/** The receipts, each with the number that it has by its hash where it says another one. */
function numberReceipts(
  deltaId: string,
  found: readonly FoundReceipt[],
  faults: AuditFault[],
): Placed[] {
  const placed: Placed[] = [];
  let highest = 0;
  let former = firstHash(deltaId);
  for (const { position, content } of found) {
    const receipt = readReceipt(content);
    if (receipt === undefined) {
      faults.push({ receipts: undefined, position, text: 'it is no receipt' });
      continue;
    }
    const next = (placed.at(-1)?.number ?? 0) + 1;
    const isNext = receipt.number !== next && isSealed(former, { ...receipt, number: next });
    const number = isNext ? next : receipt.number;
    if (isNext) {
      const text = `its number was changed to ${receipt.number}`;
      faults.push({ receipts: [number, number], position, text });
    } else if (number < highest) {
      const text = `it stands behind receipt ${highest}, which came later`;
      faults.push({ receipts: [number, number], position, text });
    }
    highest = Math.max(highest, number);
    former = receipt.hash;
    placed.push({ ...receipt, number, position });
  }
  return placed;
}

function readReceipt(content: unknown): Receipt | undefined {
  // Any JSON: what a receipt must have is looked at one by one.
  const claimed = content as Partial<Record<keyof Receipt, unknown>> | null;
  const { number, hash, step } = claimed ?? {};
  const name = (step as { step?: unknown } | null | undefined)?.step;
  const isReceipt = Number.isSafeInteger(number) && Number(number) > 0 && typeof name === 'string';
  // The rest of its step is looked at as it is followed.
  return isReceipt && typeof hash === 'string' ? (content as Receipt) : undefined;
}

/** Names gaps, and receipts that do not fit the one before; by number. */
function checkChain(deltaId: string, receipts: readonly Placed[], faults: AuditFault[]): void {
  let number = 0;
  // What the hash of the receipt before can be: where it was changed, there are two ways.
  let formers = [firstHash(deltaId)];
  for (const receipt of receipts) {
    const { position, step, hash } = receipt;
    const own = [receipt.number, receipt.number] as const;
    if (receipt.number === number) {
      faults.push({ receipts: own, position, text: 'there is another one of this number' });
      continue;
    }
    const isGap = receipt.number > number + 1;
    if (isGap) {
      const [first, last] = [number + 1, receipt.number - 1];
      faults.push({ receipts: [first, last], position: undefined, text: 'missing' });
    }
    number = receipt.number;
    if (isGap || formers.some((former) => isSealed(former, receipt))) formers = [hash];
    else {
      const text = 'its hash does not fit: it was changed, or one before it was left out';
      faults.push({ receipts: own, position, text });
      formers = [hash, ...formers.map((former) => sealStep(former, number, step).hash)].slice(0, 2);
    }
  }
}

/** The trial before its end. Stops at the first step that it does not allow. */
function follow(
  deltaId: string,
  receipts: readonly Placed[],
  faults: AuditFault[],
): Trial | undefined {
  let trial: Trial | undefined;
  let isOver = false;
  let due: string | undefined;
  for (const receipt of receipts) {
    const { number, position, step } = receipt;
    try {
      const text =
        number === 1
          ? faultOfStart(deltaId, step)
          : faultOfNext(trial, receipt, isOver ? 'over' : due);
      if (text !== undefined) {
        faults.push({ receipts: [number, number], position, text });
        return trial;
      }
      isOver = step.step === 'end';
      if (!isOver) trial = foldReceipt(trial, receipt);
      due = trial && verdictDue(trial, step);
    } catch (error) {
      const text = `it cannot be followed: ${messageOf(error)}`;
      faults.push({ receipts: [number, number], position, text });
      return trial;
    }
  }
  const next = receipts.length + 1;
  if (due !== undefined && !isOver && faults.length === 0) {
    const text = `missing: the trial had to end, ${due}`;
    faults.push({ receipts: [next, next], position: undefined, text });
  }
  return trial;
}

function faultOfNext(
  trial: Trial | undefined,
  { step }: Receipt,
  due: string | undefined,
): string | undefined {
  if (trial === undefined) return 'the trial had not begun';
  if (due === 'over') return 'the trial was over';
  if (due !== undefined && step.step !== 'end') return `the trial had to end before it, ${due}`;
  return faultOfStep(trial, step);
}
