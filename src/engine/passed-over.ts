import { isByGroups, type Trial } from '../trial/trial.ts';

/**
 * How many tasks each trial has passed over since its newest group was full: they asked, and it gave
 * them no arm. In memory only: after a restart a gap between groups begins anew.
 */
export class PassedOver {
  /** By delta id. */
  readonly #counts = new Map<string, { readonly group: number; readonly tasks: number }>();

  of({ plan, tossed }: Trial): number {
    const known = this.#counts.get(plan.deltaId);
    return known?.group === tossed ? known.tasks : 0;
  }

  /** Notes that a task asked, which has an arm of these deltas; `trials`: all that are open. */
  note(trials: readonly Trial[], deltaIds: readonly string[]): void {
    for (const deltaId of this.#counts.keys()) {
      if (!trials.some(({ plan }) => plan.deltaId === deltaId)) this.#counts.delete(deltaId);
    }
    for (const trial of trials) {
      const { plan, tossed } = trial;
      if (!isByGroups(trial) || deltaIds.includes(plan.deltaId)) continue;
      this.#counts.set(plan.deltaId, { group: tossed, tasks: this.of(trial) + 1 });
    }
  }
}
