import { firstHash, isSealed, type Receipt, sealStep } from './receipt.ts';

/** What stands where a receipt should, read as JSON; nothing of it is believed. */
export interface FoundReceipt {
  /** Of the row that holds it. */
  readonly position: number;
  readonly content: unknown;
}

/** Numbers of receipts, both included. */
export type Range = readonly [first: number, last: number];

/** Something that is not as it was written, or not as a trial goes. */
export interface AuditFault {
  /** Numbers of the receipts that it concerns; `undefined`: they cannot be told. */
  readonly receipts: Range | undefined;
  /** Where in the ledger it is; `undefined`: nowhere, since it is missing. */
  readonly position: number | undefined;
  /** In words, with the receipts as the subject. */
  readonly text: string;
}

/** A receipt and the row that it was found in. */
export interface Placed extends Receipt {
  readonly position: number;
}

/** The receipts of a trial as a chain of hashes. */
export interface Chain {
  /** By number. */
  readonly receipts: readonly Placed[];
  /** Of holdback, dropped when they were not needed any more; `undefined`: none were. */
  readonly dropped: Range | undefined;
  readonly faults: readonly AuditFault[];
}

/** @param found what was found of a trial, in the order of the ledger */
export function readChain(deltaId: string, found: readonly FoundReceipt[]): Chain {
  const faults: AuditFault[] = [];
  const placed = numberReceipts(deltaId, found, faults);
  const receipts = placed.toSorted((a, b) => a.number - b.number);
  return { receipts, dropped: checkChain(deltaId, receipts, faults), faults };
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

/** Names gaps, and receipts that do not fit the one before; answers the gap that there may be. */
function checkChain(
  deltaId: string,
  receipts: readonly Placed[],
  faults: AuditFault[],
): Range | undefined {
  let number = 0;
  let dropped: Range | undefined;
  // What the hash of the receipt before can be: where it was changed, there are two ways.
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
 * The hash of the last receipt of a gap that may be: the first parts of a holdback are dropped, but
 * the newest that is over stays. `undefined`: such a gap may not be.
 */
function formerOfDropped(receipts: readonly Placed[], index: number): string | undefined {
  const step = receipts[index]?.step;
  const isAfterConfirmation = receipts[index - 1]?.step.step === 'confirm';
  const isNewestPartThere = receipts.slice(index + 1).some((one) => one.step.step === 'renew');
  return step?.step === 'renew' && isAfterConfirmation && isNewestPartThere
    ? step.former
    : undefined;
}
