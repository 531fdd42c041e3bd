import type { LedgerEvent } from '../src/ledger/event.ts';
import type { Head } from '../src/ledger/head.ts';
import type { SyncLedgerStore } from '../src/ledger/store.ts';

/** A store in memory that copies nothing on commit; it must not be read during a commit. */
export function createQuickStore(): SyncLedgerStore {
  const events = new Map<number, LedgerEvent>();
  let head: Head | undefined;
  return {
    load() {
      if (head === undefined) return undefined;
      const stored = [...events].map(([position, event]) => ({ position, event }));
      return { head: structuredClone(head), events: stored };
    },
    commit(commit) {
      for (const { position, event } of commit.events) events.set(position, event);
      for (const position of commit.drop) events.delete(position);
      head = commit.head;
    },
    check() {},
    recover: () => false,
    sizeBytes: () => 0,
    close() {},
  };
}
