import type { LedgerEvent } from '../src/ledger/event.ts';

interface Rest {
  harmed: number;
  untilMs: number;
  untilTask: number;
}

/**
 * Counts proposals during a rest: after the k-th HARMED, a change rests for 100 · 2^min(k - 1, 5) tasks
 * and 300 s. Independent of the engine's own calculation.
 */
export class RestCheck {
  repeated = 0;
  /** Trials that have ended. */
  trials = 0;
  #tasks = 0;
  readonly #rests = new Map<string, Rest>();
  readonly #changes = new Map<string, string>();

  take(events: readonly LedgerEvent[]): void {
    for (const event of events) {
      if (event.kind === 'tasks_recorded') this.#tasks += event.tasks.length;
      if (event.kind === 'delta_proposed') {
        const { ruleId, target, newValue, proposeTimeMs, cycleNumber } = event.proposal;
        const change = JSON.stringify([ruleId, target, newValue]);
        const rest = this.#rests.get(change);
        this.#changes.set(event.proposal.deltaId, change);
        if (cycleNumber > 0 && rest !== undefined) this.#check(rest, proposeTimeMs);
      }
      if (event.kind !== 'trial_advanced') continue;
      for (const { step } of event.receipts) {
        // A promotion clears the record, whatever probation finds.
        if (step.step === 'promote') this.#rests.delete(this.#changes.get(event.deltaId) ?? '');
        if (step.step === 'end') this.#end(event.deltaId, step.effect.verdict, step.timeMs);
      }
    }
  }

  #check({ untilMs, untilTask }: Rest, nowMs: number): void {
    if (nowMs < untilMs || this.#tasks < untilTask) this.repeated += 1;
  }

  #end(deltaId: string, verdict: string, timeMs: number): void {
    this.trials += 1;
    const change = this.#changes.get(deltaId) ?? '';
    if (verdict === 'helped') this.#rests.delete(change);
    if (verdict !== 'harmed') return;
    const harmed = (this.#rests.get(change)?.harmed ?? 0) + 1;
    const tasks = 100 * 2 ** Math.min(harmed - 1, 5);
    this.#rests.set(change, { harmed, untilMs: timeMs + 300_000, untilTask: this.#tasks + tasks });
  }
}
