import { LearningError } from '../domain/errors.js';
/**
 * Live changes that a reader may fall behind by. Past it, what it missed is cheaper told as one
 * snapshot, and surely wanted so. What it asked to have repeated does not count.
 */
export const MAX_BACKLOG = 256;
/**
 * One reader's place in the log of changes. It holds no messages: it reads them from the ledger's
 * state when the reader can take one, so a slow reader costs nothing.
 */
export class Subscription {
    #state;
    #types;
    #sequence;
    /** What had happened when the reader came: owed in full, however slowly it reads. */
    #owed;
    #snapshotDue;
    /** Throws `SEQUENCE_AHEAD` where `afterSequence` is beyond the ledger. */
    constructor(state, request) {
        const { head } = state;
        this.#state = state;
        this.#types = new Set(request.types);
        this.#owed = head.sequence;
        this.#sequence = head.sequence;
        this.#snapshotDue = openingOutcome(state, request);
        if (this.#snapshotDue === undefined)
            this.#sequence = Number(request.afterSequence);
    }
    /** How far the reader has read: what it was told, and what it did not want to be told. */
    get sequence() {
        return this.#sequence;
    }
    /** The next message, or `undefined` where the reader has all there is. */
    next() {
        const { head } = this.#state;
        const outcome = this.#snapshotDue ?? this.#overtaken();
        if (outcome !== undefined) {
            this.#snapshotDue = undefined;
            this.#sequence = head.sequence;
            return { kind: 'snapshot', sequence: head.sequence, outcome, parameters: head.parameters };
        }
        while (this.#sequence < head.sequence) {
            this.#sequence += 1;
            const delta = this.#state.appliedAt(this.#sequence);
            if (delta !== undefined && this.#wants(delta)) {
                return { kind: 'delta', sequence: this.#sequence, delta };
            }
        }
        return undefined;
    }
    #overtaken() {
        const { head } = this.#state;
        const behind = head.sequence - Math.max(this.#sequence, this.#owed);
        const forgotten = this.#sequence < head.compactedThrough;
        return behind > MAX_BACKLOG || forgotten ? 'reset_slow' : undefined;
    }
    /** A delta without a type concerns everyone. */
    #wants(delta) {
        return this.#types.size === 0 || delta.type === undefined || this.#types.has(delta.type);
    }
}
function openingOutcome({ head }, { epoch, afterSequence }) {
    if (epoch !== '' && epoch !== head.epoch)
        return 'reset_epoch';
    if (afterSequence === undefined)
        return 'initial';
    if (afterSequence > BigInt(head.sequence)) {
        throw new LearningError('SEQUENCE_AHEAD', `after_sequence ${afterSequence} is beyond the ledger, which is at ${head.sequence}: ` +
            'open the stream without it');
    }
    return afterSequence < BigInt(head.compactedThrough) ? 'reset_compacted' : undefined;
}
//# sourceMappingURL=subscription.js.map