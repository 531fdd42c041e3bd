import type { Generated } from '../../cycle/generate.ts';
import { runInSlices } from '../../domain/slices.ts';
import { type Awaitable, whenKnown } from '../../ledger/awaitable.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Environment } from '../decision/environment.ts';
import { askRules, type CycleReport, runCycle } from './run-cycle.ts';

/** Called after each cycle. */
export interface CycleObserver {
  cycleCompleted(report: CycleReport): void;
  cycleFailed(error: unknown): void;
}

/** Pause between two slices of the rules, since a commit may need some turns of the event loop. */
const REST_MS = 4;

/** Runs cycles, one after the other. */
export class Cycles {
  /** Since when conditions have held; lost at a restart: a condition must then hold for its whole time again. */
  heldSinceMs: CycleReport['heldSinceMs'] = new Map();
  readonly #ledger: Ledger;
  readonly #observer: CycleObserver;
  readonly #environment: () => Environment;
  /** The newest cycle, while it is under way. */
  #newest: Promise<CycleReport> | undefined;

  constructor(ledger: Ledger, observer: CycleObserver, environment: () => Environment) {
    this.#ledger = ledger;
    this.#observer = observer;
    this.#environment = environment;
  }

  /** Runs one cycle, after the one that is under way. */
  run(): Promise<CycleReport> {
    const run = () => this.#run();
    const report = this.#newest === undefined ? run() : this.#newest.then(run, run);
    this.#newest = report;
    const done = () => {
      if (this.#newest === report) this.#newest = undefined;
    };
    report.then(done, done);
    return report;
  }

  async #run(): Promise<CycleReport> {
    let report: CycleReport;
    try {
      report = await whenKnown(this.#askRules(), (generated) =>
        this.#ledger.transact(runCycle(generated)(this.#environment())),
      );
      this.heldSinceMs = report.heldSinceMs;
    } catch (error) {
      tell(() => this.#observer.cycleFailed(error));
      throw error;
    }
    tell(() => this.#observer.cycleCompleted(report));
    return report;
  }

  /** Asks the rules, and asks them again if the config has changed meanwhile. */
  #askRules(): Awaitable<Generated> {
    const environment = this.#environment();
    const { settings, monotonic } = environment;
    const asked = askRules(this.#ledger.state, environment, this.heldSinceMs);
    return whenKnown(runInSlices(asked, monotonic, afterOthers), (generated) =>
      settings === this.#environment().settings ? generated : this.#askRules(),
    );
  }
}

function afterOthers(run: () => void): void {
  setTimeout(run, REST_MS);
}

/** An observer that throws must not fail the decision. */
function tell(observe: () => void): void {
  try {
    observe();
  } catch {
    // The observer is what logs and counts: there is nothing else to report to.
  }
}
