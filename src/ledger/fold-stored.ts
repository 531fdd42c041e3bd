import type { Retention } from '../domain/settings.ts';
import { Draft } from './draft.ts';
import { emptyHead, type Head } from './head.ts';
import { LedgerState } from './state.ts';
import { LedgerCorruptError, type StoredLedger } from './store.ts';

/** How many events, plus tasks in them, are merged at once when a ledger is opened. */
const MERGED_AT_ONCE = 500;

/**
 * The state of a stored ledger, or of a new one. Events are merged in parts, so that only what is retained takes
 * memory. Throws `LedgerCorruptError`.
 */
export function foldStored(
  stored: StoredLedger | undefined,
  { retention, newEpoch }: { readonly retention: Retention; readonly newEpoch: () => string },
): LedgerState {
  const state = new LedgerState(retention);
  const head = headOf(stored, newEpoch);
  let draft = new Draft(state, head);
  let count = 0;
  for (const event of stored?.events ?? []) {
    draft.replay(event);
    count += 1;
    if (draft.size < MERGED_AT_ONCE) continue;
    state.merge(draft);
    draft = new Draft(state, head);
  }
  state.merge(draft);
  if (count === head.storedEvents) return state;
  const text = `the ledger should hold ${head.storedEvents} events, but holds ${count}`;
  throw new LedgerCorruptError(text);
}

/** The head of a stored ledger, or of a new one. Fields that an older release did not write are empty. */
function headOf(stored: StoredLedger | undefined, newEpoch: () => string): Head {
  if (stored === undefined) return emptyHead(newEpoch(), newEpoch());
  const head = { ...emptyHead(stored.head.epoch), ...stored.head };
  return head.secret === '' ? { ...head, secret: newEpoch() } : head;
}
