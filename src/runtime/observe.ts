import type { Logger } from 'pino';
import type { Metrics } from '../admin/metrics/metrics.ts';
import type { Clock } from '../domain/clock.ts';
import { placeName } from '../domain/cohort.ts';
import { type Delta, isIdleSwitch } from '../domain/delta.ts';
import type { EngineObserver } from '../engine/engine.ts';
import type { DeltaRefused, TrialAdvanced } from '../ledger/event.ts';
import type { CommitNote } from '../ledger/ledger.ts';
import { ignore, type Projection, project } from '../ledger/projection.ts';
import { createDuplicateLog } from './duplicate-log.ts';

/** Logs and counts what the loop does. */
export function createEngineObserver(
  log: Logger,
  metrics: Metrics,
  clock: Pick<Clock, 'monotonic'>,
): EngineObserver {
  const noteRecorded = createDuplicateLog(log, clock);
  let formerlyDropped = 0;
  return {
    tasksRecorded(recorded) {
      noteRecorded(recorded);
      if (recorded.duplicates > 0) metrics.tasksRepeated(recorded.duplicates);
    },
    cycleCompleted({ cycle, deltas, faults, utilityFailures, measurementNamesDropped: dropped }) {
      log.info(
        {
          cycle: cycle.number,
          tasks: cycle.tasksAnalyzed,
          proposed: cycle.deltasProposed,
          applied: cycle.deltasApplied,
          duration_ms: Math.round(cycle.durationMs * 1000) / 1000,
          ...describeRejected(deltas),
        },
        'cycle completed',
      );
      metrics.cycleCompleted(cycle.durationMs / 1000);
      metrics.measurementNamesDropped(dropped);
      // The warning is logged once, and again only after a window that had room for all names.
      if (dropped > 0 && formerlyDropped === 0) log.warn({ dropped }, TOO_MANY_NAMES);
      formerlyDropped = dropped;
      for (const delta of deltas) metrics.deltaProposed(delta.type ?? 'unspecified');
      for (const { ruleId, message } of faults) {
        log.warn({ rule: ruleId }, `the rule could not be evaluated: ${message}`);
        metrics.ruleFault(ruleId);
      }
      for (const { expression, tasks, message } of utilityFailures) {
        log.warn({ utility: expression, tasks }, `tasks of trials have no utility: ${message}`);
      }
    },
    cycleFailed(error) {
      log.error({ err: error }, 'the cycle failed');
      metrics.cycleFailed();
    },
  };
}

const TOO_MANY_NAMES =
  'tasks carry more names of measurements than a window has room for: those that rules ask for by name ' +
  'and those that most tasks carry are kept. Where names hold ids, use labels';

/** Logs and counts what a commit has applied or recorded. */
export function observeCommit(note: CommitNote, log: Logger, metrics: Metrics): void {
  for (const event of note.events) project(COMMITTED, event, log, metrics);
  for (const delta of note.applied) {
    const level = isIdleSwitch(delta) ? 'debug' : 'info';
    log[level]({ delta: delta.deltaId, sequence: delta.sequence }, describeDelta(delta));
    metrics.deltaApplied(delta.type ?? 'unspecified');
  }
}

const COMMITTED: Projection<[Logger, Metrics]> = {
  tasks_recorded({ tasks }, log, metrics) {
    metrics.tasksRecorded(tasks.length);
    log.debug({ tasks: tasks.length }, 'tasks recorded');
  },
  delta_refused: observeRefusal,
  trial_advanced: observeTrial,
  search_advanced: ({ target, state }, log) =>
    log.info(
      { target, ...(state && { champion: state.champion, round: state.round }) },
      'a search goes on',
    ),
  trials_paused: ({ paused }, log) =>
    log.warn(paused ? 'all trials are paused' : 'trials are resumed'),
  parameters_retired: ({ names }, log) =>
    log.warn({ parameters: names }, 'parameters are gone: the config has them no more'),
  clock_set: ({ offsetMs }, log) =>
    log.warn(
      { offset_seconds: Math.round(offsetMs / 1000) },
      'the wall clock has jumped: what rests, waits or expires goes by the time that has passed',
    ),
  task_ids_kept: ignore,
  metrics_reported: ignore,
  delta_proposed: ignore,
  delta_applied: ignore,
  delta_rejected: ignore,
  delta_expired: ignore,
  delta_reverted: ignore,
  delta_withdrawn: ignore,
  delta_observed: ignore,
  delta_acknowledged: ignore,
  parameters_declared: ignore,
  cycle_completed: ignore,
};

/** Maximum number of rejected proposals that the log line of a cycle describes. */
const MAX_REJECTED = 10;

/** The proposals that a cycle rejected, and why. */
function describeRejected(deltas: readonly Delta[]): { readonly rejected?: readonly string[] } {
  const rejected = deltas.filter(({ state }) => state === 'rejected');
  if (rejected.length === 0) return {};
  const lines = rejected
    .slice(0, MAX_REJECTED)
    .map((delta) => `${delta.ruleId}: ${describeChange(delta)}: ${delta.summary}`);
  const more = rejected.length - lines.length;
  return { rejected: more === 0 ? lines : [...lines, `and ${more} more`] };
}

function observeRefusal(event: DeltaRefused, log: Logger, metrics: Metrics): void {
  const { deltaId, clientId, reason, message, refusedBy, clients, outcome } = event;
  log.warn(
    { delta: deltaId, client: clientId, reason, message, refused_by: refusedBy, clients },
    outcome === 'stays'
      ? 'a client refuses a delta, which stays: it takes more than half of the clients'
      : 'a client refuses a delta, which is taken back',
  );
  metrics.deltaRefused(outcome);
}

function observeTrial({ deltaId, receipts }: TrialAdvanced, log: Logger, metrics: Metrics): void {
  for (const { step, hash } of receipts) {
    switch (step.step) {
      case 'start':
        log.info(
          {
            delta: deltaId,
            rule: step.plan.ruleId,
            target: placeName(step.plan),
            old_value: step.plan.oldValue,
            new_value: step.plan.newValue,
            seed: step.plan.seed,
          },
          step.summary,
        );
        break;
      case 'pause':
      case 'resume':
        log.warn({ delta: deltaId, reason: step.reason }, `trial: ${step.step}`);
        break;
      case 'end':
        log[step.effect.verdict === 'harmed' ? 'warn' : 'info'](
          { delta: deltaId, verdict: step.effect.verdict, receipt: hash },
          step.summary,
        );
        metrics.trialEnded(step.effect.verdict);
        break;
      default:
    }
  }
}

/** `target operation old -> new (score=…)`; overrides and reverts have no score, but a reason. */
function describeDelta(delta: Delta): string {
  const why =
    delta.evaluation === undefined
      ? delta.reasoning
      : `score=${Number(delta.evaluation.overallScore.toFixed(1))}`;
  return `${describeChange(delta)} (${why})`;
}

function describeChange({ target, cohort, operation, oldValue, newValue }: Delta): string {
  const [before, after] = [oldValue, newValue].map((value) =>
    value === undefined ? 'nothing' : JSON.stringify(value),
  );
  return `${placeName({ target, cohort })} ${operation} ${before} -> ${after}`;
}
