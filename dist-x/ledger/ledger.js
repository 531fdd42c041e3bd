import { LearningError } from '../domain/errors.js';
import { Draft } from './draft.js';
import { emptyHead } from './head.js';
import { LedgerState } from './state.js';
import { LedgerCorruptError } from './store.js';
/**
 * Decisions that may wait for their commit. More than this many have piled up behind a disk that
 * does not keep pace: callers are better told to come back.
 */
const MAX_WAITING = 10_000;
/**
 * The one way to change state: append. Decisions that arrive together are made one after the
 * other, each seeing those before it, and committed together (group commit); each caller is
 * answered when that commit is durable. Readers see only what is.
 */
export class Ledger {
    state;
    #store;
    #defer;
    #waiting = [];
    #scheduled = false;
    #listeners = new Set();
    #failure;
    constructor(options, state) {
        this.state = state;
        this.#store = options.store;
        this.#defer = options.defer;
    }
    /** Opens what the store holds, or a new ledger. Throws `LedgerOpenError`. */
    static open(options) {
        const state = new LedgerState(options.retention);
        const stored = options.store.load();
        const draft = new Draft(state, stored?.head ?? emptyHead(options.newEpoch()));
        for (const event of stored?.events ?? [])
            draft.replay(event);
        if (draft.events.length !== draft.head.storedEvents) {
            throw new LedgerCorruptError(`the ledger should hold ${draft.head.storedEvents} events, but holds ${draft.events.length}`);
        }
        state.merge(draft);
        if (stored === undefined)
            options.store.commit({ events: [], drop: [], head: state.head });
        return new Ledger(options, state);
    }
    /** Why the last commit failed; `undefined`: it did not. */
    get failure() {
        return this.#failure;
    }
    /**
     * Decides, and answers when the outcome is durable. Rejects with what `decide` throws, with
     * `OVERLOADED` where too many wait, or with `LEDGER_UNAVAILABLE`.
     */
    transact(decide) {
        if (this.#waiting.length >= MAX_WAITING) {
            return Promise.reject(new LearningError('OVERLOADED', 'too many calls wait for the ledger'));
        }
        return new Promise((resolve, reject) => {
            // The queue holds decisions of any result type; each result goes back to its own promise.
            this.#waiting.push({ decide, resolve: resolve, reject });
            if (this.#scheduled)
                return;
            this.#scheduled = true;
            this.#defer(() => this.flush());
        });
    }
    /** Calls after each commit, before its callers are answered. The answer stops that. */
    onCommit(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }
    /** Commits what waits. */
    flush() {
        this.#scheduled = false;
        const batch = this.#waiting;
        this.#waiting = [];
        const draft = new Draft(this.state);
        const answers = batch.map((waiting) => decideOn(draft, waiting));
        try {
            this.#commit(draft);
        }
        catch (cause) {
            const error = new LearningError('LEDGER_UNAVAILABLE', 'the ledger cannot be written', {
                cause,
            });
            for (const waiting of batch)
                waiting.reject(error);
            return;
        }
        for (const answer of answers)
            answer();
    }
    /** Bytes on disk. */
    sizeBytes() {
        return this.#store.sizeBytes();
    }
    close() {
        this.flush();
        this.#store.close();
    }
    #commit(draft) {
        if (draft.events.length === 0)
            return;
        const drop = this.state.takeDroppable();
        draft.head.storedEvents += draft.events.length - drop.length;
        try {
            this.#store.commit({ events: draft.events, drop, head: draft.head });
            this.#failure = undefined;
        }
        catch (error) {
            this.#failure = error;
            this.state.returnDroppable(drop);
            throw error;
        }
        this.state.merge(draft);
        const note = { events: draft.events.map(({ event }) => event), applied: draft.applied };
        for (const listener of this.#listeners)
            listener(note);
    }
}
/** Makes one decision; the answer tells its caller, once that may be told. */
function decideOn(draft, { decide, resolve, reject }) {
    try {
        const decided = decide(draft);
        for (const event of decided.events)
            draft.append(event);
        const result = decided.result(draft);
        return () => resolve(result);
    }
    catch (error) {
        return () => reject(error);
    }
}
//# sourceMappingURL=ledger.js.map