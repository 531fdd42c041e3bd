/** A store that lasts as long as its process: the reference for every other one. */
export function createMemoryStore() {
    const events = new Map();
    let head;
    return {
        load() {
            if (head === undefined)
                return undefined;
            const stored = [...events].map(([position, event]) => ({ position, event }));
            return { head: structuredClone(head), events: stored };
        },
        commit(commit) {
            for (const { position, event } of commit.events)
                events.set(position, event);
            for (const position of commit.drop)
                events.delete(position);
            head = structuredClone(commit.head);
        },
        sizeBytes: () => 0,
        close() { },
    };
}
//# sourceMappingURL=memory.js.map