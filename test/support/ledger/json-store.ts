import { decodeEvent, encodeEvent } from '../../../src/ledger/codec.ts';
import type { StoredEvent } from '../../../src/ledger/event.ts';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';

/** A memory store that, like one on disk, keeps no more of an event than its text. */
export function createJsonStore(): SyncLedgerStore {
  const inner = createMemoryStore();
  return {
    load: () => inner.load(),
    commit: ({ events, drop, head }) => {
      const read = events.map(asText);
      inner.commit({ events: read, drop, head: JSON.parse(JSON.stringify(head)) });
    },
    read: (positions) => inner.read(positions),
    check: () => inner.check(),
    recover: () => inner.recover(),
    sizeBytes: () => inner.sizeBytes(),
    close: () => inner.close(),
  };
}

function asText({ position, event }: StoredEvent): StoredEvent {
  return { position, event: decodeEvent(event.kind, encodeEvent(event)) };
}
