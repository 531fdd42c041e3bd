/** Records the tasks whose ids are new, and the metrics reported beside them, if any. */
export function recordTasks(tasks, metrics, nowMs) {
    return (view) => {
        const fresh = tasks.length === 1 ? freshOne(view, tasks) : freshOnes(view, tasks);
        const events = [];
        if (fresh.length > 0)
            events.push({ kind: 'tasks_recorded', tasks: fresh });
        if (metrics !== undefined)
            events.push(...reportMetrics(metrics, nowMs)(view).events);
        return {
            events,
            result: ({ head }) => ({
                recorded: fresh.length,
                duplicates: tasks.length - fresh.length,
                deltaSequence: head.sequence,
            }),
        };
    };
}
/** Replaces the metrics, unless these were observed earlier than the ones known. */
export function reportMetrics(metrics, nowMs) {
    return (view) => {
        const known = view.head.metrics?.report;
        const isOlder = known !== undefined && metrics.observeTimeMs < known.observeTimeMs;
        return {
            events: isOlder ? [] : [{ kind: 'metrics_reported', timeMs: nowMs, metrics }],
            result: () => { },
        };
    };
}
function freshOne(view, tasks) {
    const [task] = tasks;
    return task !== undefined && isKnown(view, task) ? [] : tasks;
}
/** An id twice in one batch is a duplicate too: the first wins. */
function freshOnes(view, tasks) {
    const seen = new Set();
    return tasks.filter((task) => {
        if (isKnown(view, task) || seen.has(task.taskId))
            return false;
        if (task.taskId !== '')
            seen.add(task.taskId);
        return true;
    });
}
function isKnown(view, { taskId }) {
    return taskId !== '' && view.hasTaskId(taskId);
}
//# sourceMappingURL=record.js.map