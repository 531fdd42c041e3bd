import type { Delta } from '../domain/delta.ts';

/** The newest retained proposal of each rule, in its current state. */
export class NewestProposals {
  readonly #byRule = new Map<string, Delta>();

  of(ruleId: string): Delta | undefined {
    return this.#byRule.get(ruleId);
  }

  /** Notes a delta, unless it is an override, a revert or a switch of a trial. */
  note(delta: Delta): void {
    const { ruleId, trialDeltaId, revertsDeltaId, ordinal } = delta;
    if (ruleId === '' || trialDeltaId !== '' || revertsDeltaId !== '') return;
    if ((this.of(ruleId)?.ordinal ?? 0) <= ordinal) this.#byRule.set(ruleId, delta);
  }

  forget({ ruleId, deltaId }: Delta): void {
    if (this.of(ruleId)?.deltaId === deltaId) this.#byRule.delete(ruleId);
  }
}
