import { LearningError } from '../domain/errors.js';
/** Streams that may be open at once, of all clients and of one connection. */
const MAX_STREAMS = 4096;
const MAX_STREAMS_PER_PEER = 1024;
/**
 * The long-lived streams that are open: bounded here, since at HTTP/2's own bound a unary call on
 * the same connection would hang, and ended together when the server drains.
 */
export class OpenStreams {
    #streams = new Set();
    #perPeer = new Map();
    #draining;
    /** Throws `TOO_MANY_STREAMS`, or `DRAINING`. The answer is to be called when it has ended. */
    add(stream, peer) {
        if (this.#draining !== undefined)
            throw this.#draining;
        const ofPeer = this.#perPeer.get(peer) ?? 0;
        if (this.#streams.size >= MAX_STREAMS || ofPeer >= MAX_STREAMS_PER_PEER) {
            throw new LearningError('TOO_MANY_STREAMS', `at most ${MAX_STREAMS} streams may be open, ${MAX_STREAMS_PER_PEER} of one connection`);
        }
        this.#streams.add(stream);
        this.#perPeer.set(peer, ofPeer + 1);
        return () => this.#remove(stream, peer);
    }
    /** Ends all, and takes no more. */
    drain() {
        this.#draining = new LearningError('DRAINING', 'the sidecar is shutting down');
        for (const stream of this.#streams)
            stream.end(this.#draining);
    }
    #remove(stream, peer) {
        if (!this.#streams.delete(stream))
            return;
        const left = (this.#perPeer.get(peer) ?? 1) - 1;
        if (left === 0)
            this.#perPeer.delete(peer);
        else
            this.#perPeer.set(peer, left);
    }
}
//# sourceMappingURL=open-streams.js.map