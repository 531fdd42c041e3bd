import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';

/** Raises the counters of a head to what events prove: other events that were counted are gone. */
export function raiseCounters(head: Head, events: readonly StoredEvent[]): void {
  const { counters } = head;
  let tasks = 0;
  let proposals = 0;
  const targets = new Map<string, string>();
  for (const { event } of events) {
    switch (event.kind) {
      case 'tasks_recorded':
        tasks += event.tasks.length;
        break;
      case 'task_ids_kept':
        tasks += event.taskIds.length;
        break;
      case 'delta_proposed':
        if (event.proposal.cycleNumber > 0) proposals += 1;
        head.ordinal = Math.max(head.ordinal, event.ordinal);
        counters.cycles = Math.max(counters.cycles, event.proposal.cycleNumber);
        targets.set(event.proposal.deltaId, event.proposal.target);
        break;
      case 'delta_applied':
        tasks = Math.max(tasks, event.before?.tasksRecorded ?? 0);
        declare(head, targets.get(event.deltaId));
        head.sequence = Math.max(head.sequence, event.sequence);
        break;
      case 'parameters_declared':
        for (const name of Object.keys(event.parameters)) declare(head, name);
        break;
      case 'parameters_retired':
        for (const name of event.names) delete head.declared[name];
        break;
      case 'delta_acknowledged':
        head.sequence = Math.max(head.sequence, event.sequence);
        break;
      case 'cycle_completed':
        proposals = Math.max(proposals, event.cycle.totalDeltasHistory);
        counters.cycles = Math.max(counters.cycles, event.cycle.number);
        break;
      default:
    }
  }
  counters.tasksRecorded = Math.max(counters.tasksRecorded, tasks);
  counters.deltasProposed = Math.max(counters.deltasProposed, proposals);
}

/** A parameter that a delta has set or removed must not get its initial value again. */
function declare(head: Head, target: string | undefined): void {
  if (target !== undefined) head.declared[target] = true;
}
