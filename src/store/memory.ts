import type { LedgerEvent } from '../ledger/event.ts';
import type { Head } from '../ledger/head.ts';
import type { Commit, StoredLedger, SyncLedgerStore } from '../ledger/store.ts';

/** A store in memory: the reference for every other one. */
export function createMemoryStore(): SyncLedgerStore {
  const events = new Map<number, LedgerEvent>();
  let head: Head | undefined;
  return {
    load(): StoredLedger | undefined {
      if (head === undefined) return undefined;
      const stored = [...events].map(([position, event]) => ({ position, event }));
      stored.sort((a, b) => a.position - b.position);
      return { head: structuredClone(head), events: stored };
    },
    commit(commit: Commit): void {
      for (const position of commit.drop) events.delete(position);
      for (const { position, event } of commit.events) events.set(position, event);
      head = structuredClone(commit.head);
    },
    read: (positions) =>
      [...new Set(positions)]
        .sort((a, b) => a - b)
        .flatMap((position) => {
          const event = events.get(position);
          return event === undefined ? [] : [{ position, event }];
        }),
    check(): void {},
    recover: () => false,
    sizeBytes: () => 0,
    close(): void {},
  };
}
