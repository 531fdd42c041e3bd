import { firstHash, isSealed, type Receipt, sealStep } from '../receipt.ts';

/** A receipt as found, parsed from JSON and not validated. */
export interface FoundReceipt {
  /** Position of the receipt's row in the ledger. */
  readonly position: number;
  readonly content: unknown;
}

/** Numbers of receipts, both ends included. */
export type Range = readonly [first: number, last: number];

/** A receipt that is not as written, or a step that the trial does not allow. */
export interface AuditFault {
  /** Receipts concerned, if known. */
  readonly receipts: Range | undefined;
  /** Position of the receipt's row in the ledger; `undefined` if the receipt is missing. */
  readonly position: number | undefined;
  /** In words, with the receipt as the subject. */
  readonly text: string;
}

/** A receipt and the position of its row. */
export interface Placed extends Receipt {
  readonly position: number;
}

/** The hash chain of a trial. */
export interface Chain {
  /** Ordered by number. */
  readonly receipts: readonly Placed[];
  /** Receipts of a holdback that were dropped, as allowed, if any. */
  readonly dropped: Range | undefined;
  readonly faults: readonly AuditFault[];
}

/** @param found the trial's receipts, in the order of the ledger */
export function readChain(deltaId: string, found: readonly FoundReceipt[]): Chain {
  const faults: AuditFault[] = [];
  const placed = numberReceipts(deltaId, found, faults);
  const receipts = placed.toSorted((a, b) => a.number - b.number);
  return { receipts, dropped: checkChain(deltaId, receipts, faults), faults };
}

/** Reads the receipts; one whose hash fits the next number instead of its own gets that number, and a fault. */
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
  // Any JSON: the fields are checked below.
  const claimed = content as Partial<Record<keyof Receipt, unknown>> | null;
  const { number, hash, step } = claimed ?? {};
  const name = (step as { step?: unknown } | null | undefined)?.step;
  const isReceipt = Number.isSafeInteger(number) && Number(number) > 0 && typeof name === 'string';
  // The rest of the step is checked by `Walk`.
  return isReceipt && typeof hash === 'string' ? (content as Receipt) : undefined;
}

/** Adds faults for gaps and hashes that do not fit; returns the gap that is allowed. */
function checkChain(
  deltaId: string,
  receipts: readonly Placed[],
  faults: AuditFault[],
): Range | undefined {
  let number = 0;
  let dropped: Range | undefined;
  // Possible hashes of the receipt before: if it was changed, the claimed one and the right one.
  let formers = [firstHash(deltaId)];
  for (const [index, receipt] of receipts.entries()) {
    const { position, step, hash } = receipt;
    const own = [receipt.number, receipt.number] as const;
    if (receipt.number === number) {
      faults.push({ receipts: own, position, text: 'there is another one of this number' });
      continue;
    }
    const gap = [number + 1, receipt.number - 1] as const;
    number = receipt.number;
    if (gap[0] <= gap[1]) {
      const former = formerOfDropped(receipts, index);
      if (former === undefined) {
        faults.push({ receipts: gap, position: undefined, text: 'missing' });
        formers = [hash];
        continue;
      }
      dropped = gap;
      formers = [former];
    }
    if (formers.some((former) => isSealed(former, receipt))) formers = [hash];
    else {
      const text = 'its hash does not fit: it was changed, or one before it was left out';
      faults.push({ receipts: own, position, text });
      formers = [hash, ...formers.map((former) => sealStep(former, number, step).hash)].slice(0, 2);
    }
  }
  return dropped;
}

/**
 * The hash of the last receipt in a gap, if the gap is allowed: only the first parts of a holdback may be dropped,
 * never its newest finished part.
 */
function formerOfDropped(receipts: readonly Placed[], index: number): string | undefined {
  const step = receipts[index]?.step;
  const isAfterConfirmation = receipts[index - 1]?.step.step === 'confirm';
  const isNewestPartThere = receipts.slice(index + 1).some((one) => one.step.step === 'renew');
  return step?.step === 'renew' && isAfterConfirmation && isNewestPartThere
    ? step.former
    : undefined;
}
