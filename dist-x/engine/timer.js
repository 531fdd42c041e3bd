/** After a failure the next beat waits this long, doubling up to the interval. */
const FIRST_RETRY_MS = 5000;
/**
 * Beats every interval, on monotonic time, never twice at once: a beat that takes longer than the
 * interval delays the next.
 */
export class LoopTimer {
    #clock;
    #beat;
    #cancel;
    #dueMs = 0;
    #lastMs = 0;
    #failures = 0;
    constructor(clock, beat) {
        this.#clock = clock;
        this.#beat = beat;
    }
    /** The first beat comes one interval from now. A running timer starts its interval anew. */
    start() {
        this.stop();
        this.#lastMs = this.#clock.monotonic();
        this.#schedule(this.#beat.intervalMs());
    }
    stop() {
        this.#cancel?.();
        this.#cancel = undefined;
    }
    /** Takes up a changed interval, counted from the last beat. */
    reschedule() {
        if (this.#cancel === undefined)
            return;
        this.#cancel();
        this.#schedule(this.#lastMs + this.#beat.intervalMs() - this.#clock.monotonic());
    }
    /** Milliseconds until the next beat; `undefined` while stopped. */
    dueInMs() {
        return this.#cancel === undefined
            ? undefined
            : Math.max(this.#dueMs - this.#clock.monotonic(), 0);
    }
    #schedule(delayMs) {
        const delay = Math.max(delayMs, 0);
        this.#dueMs = this.#clock.monotonic() + delay;
        this.#cancel = this.#clock.schedule(() => this.#tick(), delay);
    }
    async #tick() {
        const cancel = this.#cancel;
        this.#lastMs = this.#clock.monotonic();
        try {
            await this.#beat.run();
            this.#failures = 0;
        }
        catch {
            this.#failures += 1;
        }
        // Stopped, or started anew, while the beat ran.
        if (this.#cancel !== cancel)
            return;
        this.#schedule(this.#delayMs());
    }
    #delayMs() {
        const interval = this.#beat.intervalMs();
        if (this.#failures > 0)
            return Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), interval);
        return this.#lastMs + interval - this.#clock.monotonic();
    }
}
//# sourceMappingURL=timer.js.map