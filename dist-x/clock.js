/** The machine's clock. */
export const systemClock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    schedule(callback, delayMs) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
    },
};
//# sourceMappingURL=clock.js.map