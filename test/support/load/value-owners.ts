import { expect } from 'vitest';
import type { Delta } from '../../../src/domain/delta.ts';

/** Who has set a parameter: a delta; or a trial, and who had before it. */
interface Owner {
  readonly deltaId: string;
  readonly trial?: { readonly id: string; readonly base: Owner };
}

const NOBODY: Owner = { deltaId: '' };

/** A person has taken back the value of one delta that another one had set as well. */
const ANYBODY: Owner = { deltaId: '*' };

/**
 * Follows who has set each parameter, delta by delta as they are put in force, and expects that
 * what is taken back is only what is still in force by that very delta.
 */
export class ValueOwners {
  readonly #owners = new Map<string, Owner>();
  readonly #before = new Map<string, Owner>();
  readonly #applied = new Map<string, Delta>();
  #sequence = 0;

  take(delta: Delta): void {
    expect(delta.sequence).toBe(this.#sequence + 1);
    this.#sequence = delta.sequence;
    this.#applied.set(delta.deltaId, delta);
    const owner = this.#owners.get(delta.target) ?? NOBODY;
    this.#owners.set(delta.target, this.#next(delta, owner));
  }

  #next(delta: Delta, owner: Owner): Owner {
    if (delta.trialDeltaId !== '') return this.#switched(delta, owner);
    if (delta.revertsDeltaId !== '') return this.#reverted(delta, owner);
    this.#before.set(delta.deltaId, settled(owner));
    return { deltaId: delta.deltaId };
  }

  /**
   * The first switch of a trial comes upon others; the ones that follow upon its own. Once its delta
   * is in force, a switch takes it back or puts it in force again.
   */
  #switched({ trialDeltaId: id, revertsDeltaId, newValue }: Delta, owner: Owner): Owner {
    const isOwn = owner.trial?.id === id || owner.deltaId === id;
    const before = this.#before.get(id);
    const base = before ?? (isOwn ? (owner.trial?.base ?? NOBODY) : settled(owner));
    if (before !== undefined || revertsDeltaId !== '') expect(isOwn).toBe(true);
    if (revertsDeltaId !== '') return base;
    const isInForce = before !== undefined && newValue === this.#applied.get(id)?.newValue;
    return isInForce ? { deltaId: id } : { deltaId: `${id}: ${newValue}`, trial: { id, base } };
  }

  /** A person may take back a value that another delta has set as well; a timer may not. */
  #reverted({ revertsDeltaId, oldValue, reasoning }: Delta, owner: Owner): Owner {
    const { deltaId } = settled(owner);
    expect(oldValue).toEqual(this.#applied.get(revertsDeltaId)?.newValue);
    const isItsOwn = deltaId === revertsDeltaId;
    if (reasoning.includes('no client')) expect(isItsOwn || deltaId === ANYBODY.deltaId).toBe(true);
    return isItsOwn ? (this.#before.get(revertsDeltaId) ?? NOBODY) : ANYBODY;
  }
}

/** Whose the value is once a trial is over. */
function settled(owner: Owner): Owner {
  return owner.trial?.base ?? owner;
}
