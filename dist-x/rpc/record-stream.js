import { accept } from './handlers.js';
import { fromProtoMetrics, fromProtoTask } from './requests.js';
import { checkRecordTasks } from './task-check.js';
/**
 * Load of one stream that may wait for its commit: a task counts 1, and a message 16 beside its
 * tasks. Past it the stream is not read, and HTTP/2 tells the client to wait. It is more than a
 * commit takes up at a time, so the disk is never kept waiting.
 */
const MAX_IN_FLIGHT = 5000;
const MESSAGE_LOAD = 16;
/**
 * One RecordTasks stream: takes batches as they come, answers once per commit with what is durable
 * so far, and ends after the last answer: with the client's end, or with what went wrong.
 */
export class RecordStream {
    #call;
    #engine;
    #done;
    #inFlight = 0;
    #recorded = 0;
    #duplicates = 0;
    #deltaSequence = 0;
    /** The counts have changed, or were never told. */
    #answerDue = true;
    #answerScheduled = false;
    #writable = true;
    #ended = false;
    #failure;
    /** @param done called once: the stream is to be ended, with this error if any */
    constructor(call, engine, done) {
        this.#call = call;
        this.#engine = engine;
        this.#done = done;
        this.#deltaSequence = engine.ledger.state.head.sequence;
        call.on('data', (request) => this.#take(request));
        call.on('end', () => this.#finish());
        call.on('drain', () => this.#drained());
        call.on('cancelled', () => this.#finish());
    }
    end(error) {
        this.#finish(error);
    }
    #take(request) {
        if (this.#ended)
            return;
        try {
            const { tasks, metrics } = accept(request, checkRecordTasks);
            const nowMs = this.#engine.now();
            const recorded = this.#engine.recordTasks(tasks.map((task) => fromProtoTask(task, nowMs)), metrics && fromProtoMetrics(metrics, nowMs));
            const load = tasks.length + MESSAGE_LOAD;
            this.#inFlight += load;
            if (this.#inFlight >= MAX_IN_FLIGHT)
                this.#call.pause();
            recorded.then((counts) => {
                this.#recorded += counts.recorded;
                this.#duplicates += counts.duplicates;
                this.#deltaSequence = counts.deltaSequence;
                this.#answerDue = true;
                this.#landed(load);
            }, (error) => {
                this.#finish(error);
                this.#landed(load);
            });
        }
        catch (error) {
            this.#finish(error);
        }
    }
    /** The client has ended, or something went wrong: what is in flight is waited for. */
    #finish(error) {
        this.#failure ??= error;
        if (this.#ended)
            return;
        this.#ended = true;
        this.#schedule();
    }
    #landed(load) {
        this.#inFlight -= load;
        if (this.#inFlight < MAX_IN_FLIGHT && this.#call.isPaused())
            this.#call.resume();
        this.#schedule();
    }
    /** All batches of one commit land in one turn: their answer goes out after the last of them. */
    #schedule() {
        if (this.#answerScheduled)
            return;
        this.#answerScheduled = true;
        queueMicrotask(() => {
            this.#answerScheduled = false;
            this.#answer();
        });
    }
    #drained() {
        this.#writable = true;
        this.#answer();
    }
    #answer() {
        const isLast = this.#ended && this.#inFlight === 0;
        if (this.#answerDue && !this.#call.cancelled && (this.#writable || isLast)) {
            if (this.#recorded + this.#duplicates > 0 || isLast)
                this.#write();
        }
        if (isLast)
            this.#done(this.#failure);
    }
    #write() {
        this.#answerDue = false;
        this.#writable = this.#call.write({
            recordedCount: BigInt(this.#recorded),
            duplicateCount: BigInt(this.#duplicates),
            deltaSequence: BigInt(this.#deltaSequence),
            epoch: this.#engine.ledger.state.head.epoch,
        });
    }
}
//# sourceMappingURL=record-stream.js.map