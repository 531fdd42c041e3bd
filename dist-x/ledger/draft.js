import { copyHead, foldHead } from './head.js';
/**
 * What one commit will add to the committed state: an overlay. It can be thrown away without a
 * trace, and nobody but the decisions of its own commit sees it.
 */
export class Draft {
    head;
    events = [];
    /** Deltas put in force, in order, as they were then. */
    applied = [];
    #base;
    #tasks = [];
    #ids = new Set();
    #deltas = new Map();
    #clients = new Map();
    /** The tasks of the last event, where that is one of tasks. */
    #openBatch;
    constructor(base, head = copyHead(base.head)) {
        this.#base = base;
        this.head = head;
    }
    /** Appends an event to the log. */
    append(event) {
        foldHead(this.head, event, this.#subjectOf(event));
        this.#foldDetails(event);
        if (event.kind === 'tasks_recorded') {
            this.#appendTasks(event.tasks);
            return;
        }
        this.#openBatch = undefined;
        this.#push(event);
    }
    /** One row for all tasks that arrive together: what makes a durable task affordable. */
    #appendTasks(tasks) {
        if (this.#openBatch === undefined) {
            this.#openBatch = [];
            this.#push({ kind: 'tasks_recorded', tasks: this.#openBatch });
        }
        for (const task of tasks)
            this.#openBatch.push(task);
    }
    #push(event) {
        this.head.position += 1;
        this.events.push({ position: this.head.position, event });
    }
    /** Takes up an event that the head has folded already: for opening a ledger. */
    replay(stored) {
        this.#foldDetails(stored.event);
        this.events.push(stored);
    }
    get taskCount() {
        return Math.min(this.#base.taskCount + this.#tasks.length, this.#base.retention.historyLimit);
    }
    newestTasks(count) {
        const wanted = Math.min(count, this.taskCount);
        if (this.#tasks.length === 0)
            return this.#base.newestTasks(wanted);
        if (this.#tasks.length >= wanted)
            return this.#tasks.slice(this.#tasks.length - wanted);
        return [...this.#base.newestTasks(wanted - this.#tasks.length), ...this.#tasks];
    }
    hasTaskId(taskId) {
        return this.#ids.has(taskId) || this.#base.hasTaskId(taskId);
    }
    delta(deltaId) {
        return this.#deltas.get(deltaId) ?? this.#base.delta(deltaId);
    }
    *pending() {
        for (const delta of this.#base.pending()) {
            if (!this.#deltas.has(delta.deltaId))
                yield delta;
        }
        for (const delta of this.#deltas.values()) {
            if (delta.state === 'proposed')
                yield delta;
        }
    }
    countAppliedSince(timeMs, limit) {
        const own = this.applied.filter((d) => d.cycleNumber > 0 && (d.applyTimeMs ?? 0) >= timeMs);
        const before = limit - own.length;
        return own.length + (before > 0 ? this.#base.countAppliedSince(timeMs, before) : 0);
    }
    acknowledged(clientId) {
        return this.#clients.get(clientId) ?? this.#base.acknowledged(clientId);
    }
    /** Deltas as they stand after this commit. */
    changedDeltas() {
        return this.#deltas.values();
    }
    #subjectOf(event) {
        return 'deltaId' in event ? this.delta(event.deltaId) : undefined;
    }
    #foldDetails(event) {
        switch (event.kind) {
            case 'tasks_recorded':
                for (const task of event.tasks) {
                    this.#tasks.push(task);
                    if (task.taskId !== '')
                        this.#ids.add(task.taskId);
                }
                break;
            case 'delta_acknowledged':
                this.#clients.set(event.clientId, event.sequence);
                break;
            case 'delta_proposed':
            case 'delta_applied':
            case 'delta_rejected':
            case 'delta_expired':
            case 'delta_reverted':
                this.#foldDelta(event);
                break;
            case 'parameters_declared':
            case 'metrics_reported':
            case 'cycle_completed':
                break;
        }
    }
    #foldDelta(event) {
        const former = event.kind === 'delta_proposed' ? undefined : this.delta(event.deltaId);
        const delta = foldDelta(former, event);
        if (delta === undefined)
            return;
        this.#deltas.set(delta.deltaId, delta);
        if (event.kind === 'delta_applied')
            this.applied.push(delta);
    }
}
/** A delta after an event; `undefined` where the event's delta is not known. */
function foldDelta(delta, event) {
    if (event.kind === 'delta_proposed') {
        return {
            ...event.proposal,
            ordinal: event.ordinal,
            state: 'proposed',
            sequence: 0,
            applyTimeMs: undefined,
            replacedValue: undefined,
        };
    }
    if (delta === undefined)
        return undefined;
    switch (event.kind) {
        case 'delta_applied':
            return {
                ...delta,
                state: 'applied',
                sequence: event.sequence,
                applyTimeMs: event.timeMs,
                replacedValue: event.replacedValue,
                expireTimeMs: undefined,
                summary: event.summary,
            };
        case 'delta_rejected':
            return { ...delta, state: 'rejected', summary: event.summary };
        case 'delta_expired':
            return { ...delta, state: 'expired', summary: 'Expired: nobody approved it in time' };
        case 'delta_reverted':
            return { ...delta, state: 'reverted', summary: event.summary };
    }
}
//# sourceMappingURL=draft.js.map