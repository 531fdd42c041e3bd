import { acknowledge, approve, reject, revert, setParameter, } from './curation.js';
import { declareParameters } from './parameters.js';
import { recordTasks, reportMetrics } from './record.js';
import { expireProposals, restingUntil, runCycle } from './run-cycle.js';
import { LoopTimer } from './timer.js';
/**
 * The loop: takes what is reported, runs cycles, carries out what people and clients decide. Every
 * method answers when its outcome is durable, and rejects as `Ledger.transact` does.
 */
export class Engine {
    ledger;
    #clock;
    #newId;
    #observer;
    #timer;
    #settings;
    #active;
    constructor(options) {
        this.ledger = options.ledger;
        this.#settings = options.settings;
        this.#clock = options.clock;
        this.#newId = options.newId;
        this.#observer = options.observer;
        this.#active = options.settings.cycle.enabled;
        this.#timer = new LoopTimer(options.clock, {
            intervalMs: () => this.#settings.cycle.intervalSeconds * 1000,
            run: () => this.#beat(),
        });
    }
    get settings() {
        return this.#settings;
    }
    /** Learning is on: the timer runs cycles. */
    get active() {
        return this.#active;
    }
    /** Unix time in milliseconds; `undefined` while learning is off or the timer stopped. */
    get nextCycleTimeMs() {
        const dueIn = this.#timer.dueInMs();
        return this.#active && dueIn !== undefined ? this.#clock.now() + dueIn : undefined;
    }
    now() {
        return this.#clock.now();
    }
    /** Starts the timer; the first cycle comes one interval from now. */
    start() {
        this.#timer.start();
    }
    /** No cycle starts any more of itself. */
    stop() {
        this.#timer.stop();
    }
    /** Turns learning on or off. The timer beats on either way: waiting proposals must expire. */
    setActive(active) {
        if (active && !this.#active)
            this.#timer.start();
        this.#active = active;
    }
    /** Takes up a config: parameters it declares anew get their initial values. */
    async configure(settings) {
        await this.ledger.transact(declareParameters(settings, this.#clock.now()));
        this.#settings = settings;
        this.ledger.state.retention = {
            historyLimit: settings.cycle.historyLimit,
            dedupWindow: settings.recording.dedupWindow,
            ...settings.ledger,
        };
        this.#timer.reschedule();
    }
    recordTasks(tasks, metrics) {
        return this.ledger.transact(recordTasks(tasks, metrics, this.#clock.now()));
    }
    reportMetrics(metrics) {
        return this.ledger.transact(reportMetrics(metrics, this.#clock.now()));
    }
    async runCycle() {
        try {
            const report = await this.ledger.transact(runCycle({ ...this.#environment(), monotonic: () => this.#clock.monotonic() }));
            this.#observer.cycleCompleted(report);
            return report;
        }
        catch (error) {
            this.#observer.cycleFailed(error);
            throw error;
        }
    }
    approve(deltaId, reason) {
        return this.ledger.transact(approve(deltaId, reason, this.#environment()));
    }
    reject(deltaId, reason) {
        return this.ledger.transact(reject(deltaId, reason, this.#environment()));
    }
    revert(deltaId, reason) {
        return this.ledger.transact(revert(deltaId, reason, this.#environment()));
    }
    setParameter(override) {
        return this.ledger.transact(setParameter(override, this.#environment()));
    }
    acknowledge(acknowledgement) {
        return this.ledger.transact(acknowledge(acknowledgement, this.#environment()));
    }
    /** When the rules may touch a parameter again; Unix time in milliseconds, 0: now. */
    restingUntil(target) {
        const until = restingUntil(this.ledger.state, this.#settings, target);
        return until > this.#clock.now() ? until : 0;
    }
    async #beat() {
        if (this.#active)
            await this.runCycle();
        else
            await this.ledger.transact(expireProposals(this.#clock.now()));
    }
    #environment() {
        return { settings: this.#settings, nowMs: this.#clock.now(), newId: this.#newId };
    }
}
//# sourceMappingURL=engine.js.map