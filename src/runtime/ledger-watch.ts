import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { IntervalTimer } from '../engine/interval-timer.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { MissingFault } from '../ledger/store.ts';

/** How often the ledger is looked after: what is lost from under it, and whether it has healed. */
const CHECK_INTERVAL_MS = 1000;

/** Looks after the ledger as long as it is open, and says when it fails and when it has healed. */
export class LedgerWatch {
  readonly #log: Logger;
  readonly #onWritable: (isWritable: boolean) => void;
  readonly #timer: IntervalTimer;
  #ledger: Ledger | undefined;
  #isStopped = false;

  /** @param onWritable called whenever the ledger has begun to fail, and when it has healed */
  constructor(clock: Clock, log: Logger, onWritable: (isWritable: boolean) => void) {
    this.#log = log;
    this.#onWritable = onWritable;
    this.#timer = new IntervalTimer(
      clock,
      () => CHECK_INTERVAL_MS,
      async () => await this.#ledger?.check(),
    );
  }

  /** What the ledger has to say. */
  noteAvailability(failure: Error | undefined): void {
    if (failure === undefined) this.#log.info('the ledger can be written again');
    else {
      const where =
        failure instanceof MissingFault
          ? 'Only this process still has what was recorded: do not end it before that is put back'
          : 'What was recorded is safe';
      const next = this.#isStopped
        ? 'it is tried once more before the end'
        : 'calls that would change it are refused, and it is tried again every second';
      this.#log.error(
        { reason: failure.message, err: failure.cause },
        `the ledger cannot be written: ${failure.message}. ${where}; ${next}`,
      );
    }
    this.#onWritable(failure === undefined);
  }

  start(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#timer.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }
}
