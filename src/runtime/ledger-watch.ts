import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import { IntervalTimer } from '../engine/interval-timer.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { MissingFault } from '../ledger/store.ts';

/** How often the ledger is checked for lost files, and for its recovery. */
const CHECK_INTERVAL_MS = 1000;

/** Checks the ledger while it is open; logs when it fails and when it has recovered. */
export class LedgerWatch {
  readonly #log: Logger;
  readonly #timer: IntervalTimer;
  #ledger: Ledger | undefined;
  #onWritable: (isWritable: boolean) => void = () => {};
  #isStopped = false;

  constructor(clock: Clock, log: Logger) {
    this.#log = log;
    this.#timer = new IntervalTimer(
      clock,
      () => CHECK_INTERVAL_MS,
      async () => await this.#ledger?.check(),
    );
  }

  /** Logs that the ledger fails, or has recovered; serves as `LedgerOptions.onAvailability`. */
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
    if (!this.#isStopped) this.#onWritable(failure === undefined);
  }

  /** @param onWritable called when the ledger begins to fail, and when it has recovered */
  start(ledger: Ledger, onWritable: (isWritable: boolean) => void): void {
    this.#ledger = ledger;
    this.#onWritable = onWritable;
    this.#timer.start();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }
}
