import type { StoredEvent } from './event.ts';
import type { Ledger } from './ledger.ts';

/** How many events are read from the store at once: some milliseconds of its time. */
const READ_AT_ONCE = 100;

/**
 * Reads events again, some at a time, so that no commit waits for all of it. Those that are no longer stored are left
 * out. Throws `LedgerCorruptError` and `StoreFault`.
 *
 * @param positions ascending
 */
export async function* eventsAt(
  ledger: Pick<Ledger, 'read'>,
  positions: readonly number[],
): AsyncGenerator<StoredEvent> {
  for (let first = 0; first < positions.length; first += READ_AT_ONCE) {
    yield* await ledger.read(positions.slice(first, first + READ_AT_ONCE));
  }
}
