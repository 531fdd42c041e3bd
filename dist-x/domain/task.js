/** How a task ended. */
export const TASK_STATUSES = ['unspecified', 'success', 'failure', 'timeout', 'cancelled'];
//# sourceMappingURL=task.js.map