import { emptyHead } from './head.js';
import { Ring } from './ring.js';
/** Clients whose acknowledgements are remembered: as many as streams can be open. */
const RETAIN_CLIENTS = 4096;
/** Events that live on in the head only (metrics, declarations): kept for a look at the past. */
const RETAIN_HEAD_EVENTS = 100;
/**
 * The committed state: a fold over the ledger's events. It changes only by `merge`. What falls out
 * of retention is forgotten at once here, and named by `takeDroppable` for the store to delete
 * with its next commit; a restart in between forgets it again.
 */
export class LedgerState {
    head = emptyHead('');
    retention;
    #tasks = new Ring();
    #ids = new Set();
    #idOrder = new Ring();
    #batches = new Ring();
    #tasksSeen = 0;
    #idsSeen = 0;
    #deltas = new Map();
    #deltaEvents = new Map();
    #pending = new Map();
    /** As they were when put in force; the first one's sequence is `compactedThrough + 1`. */
    #applied = new Ring();
    #cycles = new Ring();
    #clients = new Map();
    #headEvents = new Ring();
    #droppable = [];
    constructor(retention) {
        this.retention = retention;
    }
    get taskCount() {
        return this.#tasks.length;
    }
    newestTasks(count) {
        return this.#tasks.newest(count);
    }
    hasTaskId(taskId) {
        return this.#ids.has(taskId);
    }
    delta(deltaId) {
        return this.#deltas.get(deltaId);
    }
    pending() {
        return this.#pending.values();
    }
    acknowledged(clientId) {
        return this.#clients.get(clientId)?.sequence ?? 0;
    }
    countAppliedSince(timeMs, limit) {
        let count = 0;
        for (let i = this.#applied.length - 1; i >= 0 && count < limit; i -= 1) {
            const delta = this.#applied.at(i);
            if (delta === undefined || (delta.applyTimeMs ?? 0) < timeMs)
                break;
            if (delta.cycleNumber > 0)
                count += 1;
        }
        return count;
    }
    /** The change put in force at `sequence`, as it was then; `undefined`: compacted or not yet. */
    appliedAt(sequence) {
        return this.#applied.at(sequence - this.head.compactedThrough - 1);
    }
    /** The retained deltas, newest first. */
    *deltasNewestFirst(beforeOrdinal = Number.POSITIVE_INFINITY) {
        // A Map cannot be walked backwards; a copy of references is cheap at this size.
        for (const delta of [...this.#deltas.values()].reverse()) {
            if (delta.ordinal < beforeOrdinal)
                yield delta;
        }
    }
    /** The retained cycles, newest first. */
    *cyclesNewestFirst(beforeNumber = Number.POSITIVE_INFINITY) {
        for (let i = this.#cycles.length - 1; i >= 0; i -= 1) {
            const entry = this.#cycles.at(i);
            if (entry !== undefined && entry.cycle.number < beforeNumber)
                yield entry.cycle;
        }
    }
    /** Takes over what a draft holds; call it only once that is durable. */
    merge(draft) {
        this.head = draft.head;
        for (const { position, event } of draft.events) {
            switch (event.kind) {
                case 'tasks_recorded':
                    this.#mergeTasks(position, event.tasks);
                    break;
                case 'cycle_completed':
                    this.#cycles.push({ cycle: event.cycle, position });
                    break;
                case 'delta_acknowledged':
                    this.#mergeClient(event.clientId, { sequence: event.sequence, position });
                    break;
                case 'metrics_reported':
                case 'parameters_declared':
                    this.#headEvents.push(position);
                    break;
                case 'delta_proposed':
                    this.#deltaEvents.set(event.proposal.deltaId, [position]);
                    break;
                default:
                    this.#deltaEvents.get(event.deltaId)?.push(position);
            }
        }
        for (const delta of draft.changedDeltas())
            this.#mergeDelta(delta);
        for (const delta of draft.applied) {
            if (delta.sequence > this.head.compactedThrough)
                this.#applied.push(delta);
        }
        this.#forget();
    }
    /** Events that the store need not hold any more; the caller now answers for deleting them. */
    takeDroppable() {
        const positions = this.#droppable;
        this.#droppable = [];
        return positions;
    }
    /** Gives back what could not be deleted. */
    returnDroppable(positions) {
        this.#droppable = [...positions, ...this.#droppable];
    }
    #mergeTasks(position, tasks) {
        for (const task of tasks) {
            this.#tasks.push(task);
            if (task.taskId === '')
                continue;
            this.#ids.add(task.taskId);
            this.#idOrder.push(task.taskId);
            this.#idsSeen += 1;
        }
        this.#tasksSeen += tasks.length;
        const batch = { position, tasksThrough: this.#tasksSeen, idsThrough: this.#idsSeen };
        this.#batches.push(batch);
    }
    #mergeDelta(delta) {
        this.#deltas.set(delta.deltaId, delta);
        if (delta.state === 'proposed')
            this.#pending.set(delta.deltaId, delta);
        else
            this.#pending.delete(delta.deltaId);
    }
    #mergeClient(clientId, entry) {
        const former = this.#clients.get(clientId);
        if (former !== undefined)
            this.#droppable.push(former.position);
        // Deleted first, so that the map's order is by the last acknowledgement.
        this.#clients.delete(clientId);
        this.#clients.set(clientId, entry);
    }
    #forget() {
        const { historyLimit, dedupWindow, retainCycles } = this.retention;
        while (this.#tasks.length > historyLimit)
            this.#tasks.shift();
        while (this.#idOrder.length > dedupWindow)
            this.#ids.delete(this.#idOrder.shift() ?? '');
        for (let batch = this.#batches.at(0); batch !== undefined; batch = this.#batches.at(0)) {
            const taskNeeded = batch.tasksThrough > this.#tasksSeen - this.#tasks.length;
            const idNeeded = batch.idsThrough > this.#idsSeen - this.#idOrder.length;
            if (taskNeeded || idNeeded)
                break;
            this.#droppable.push(batch.position);
            this.#batches.shift();
        }
        while (this.#cycles.length > retainCycles) {
            this.#droppable.push(this.#cycles.shift()?.position ?? 0);
        }
        while (this.#headEvents.length > RETAIN_HEAD_EVENTS) {
            this.#droppable.push(this.#headEvents.shift() ?? 0);
        }
        for (const [clientId, { position }] of this.#clients) {
            if (this.#clients.size <= RETAIN_CLIENTS)
                break;
            this.#droppable.push(position);
            this.#clients.delete(clientId);
        }
        this.#forgetDeltas();
    }
    /** Oldest first, but never one that still waits for a person. */
    #forgetDeltas() {
        let surplus = this.#deltas.size - this.retention.retainDeltas;
        if (surplus <= 0)
            return;
        for (const delta of this.#deltas.values()) {
            if (surplus <= 0)
                break;
            if (delta.state === 'proposed')
                continue;
            surplus -= 1;
            this.#deltas.delete(delta.deltaId);
            for (const position of this.#deltaEvents.get(delta.deltaId) ?? []) {
                this.#droppable.push(position);
            }
            this.#deltaEvents.delete(delta.deltaId);
            while (this.head.compactedThrough < delta.sequence) {
                this.#applied.shift();
                this.head.compactedThrough += 1;
            }
        }
    }
}
//# sourceMappingURL=state.js.map