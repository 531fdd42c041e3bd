/**
 * The events of one decision, numbered as they will stand in the log. It knows what its own events
 * have changed, and nothing happens until the ledger takes them.
 */
export class Changes {
    events = [];
    #view;
    #nowMs;
    #set = new Map();
    #sequence;
    #ordinal;
    constructor(view, nowMs) {
        this.#view = view;
        this.#nowMs = nowMs;
        this.#sequence = view.head.sequence;
        this.#ordinal = view.head.ordinal;
    }
    /** A parameter's live value after the events so far. */
    valueOf(target) {
        if (this.#set.has(target))
            return this.#set.get(target);
        const { parameters } = this.#view.head;
        return Object.hasOwn(parameters, target) ? parameters[target] : undefined;
    }
    /** A delta is born; answers it as it stands then. */
    propose(proposal) {
        this.#ordinal += 1;
        this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
        return {
            ...proposal,
            ordinal: this.#ordinal,
            state: 'proposed',
            sequence: 0,
            applyTimeMs: undefined,
            replacedValue: undefined,
        };
    }
    /** Puts a delta in force. */
    apply(delta, { holdUntilMs = 0, summary = '' } = {}) {
        this.#sequence += 1;
        this.events.push({
            kind: 'delta_applied',
            deltaId: delta.deltaId,
            sequence: this.#sequence,
            timeMs: this.#nowMs,
            replacedValue: this.valueOf(delta.target),
            holdUntilMs,
            summary,
        });
        this.#set.set(delta.target, delta.newValue);
    }
    reject(deltaId, summary) {
        this.events.push({ kind: 'delta_rejected', deltaId, timeMs: this.#nowMs, summary });
    }
    expire(deltaId) {
        this.events.push({ kind: 'delta_expired', deltaId, timeMs: this.#nowMs });
    }
    markReverted(deltaId, summary) {
        this.events.push({ kind: 'delta_reverted', deltaId, timeMs: this.#nowMs, summary });
    }
}
//# sourceMappingURL=changes.js.map