/** The ledger cannot be opened; the message says why and what to do. */
export class LedgerOpenError extends Error {
    name = 'LedgerOpenError';
}
/** What is stored does not agree with its checksums or with itself. */
export class LedgerCorruptError extends LedgerOpenError {
    name = 'LedgerCorruptError';
}
//# sourceMappingURL=store.js.map