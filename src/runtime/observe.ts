import type { Logger } from 'pino';
import type { Metrics } from '../admin/metrics.ts';
import type { Clock } from '../domain/clock.ts';
import { type Delta, isIdleSwitch } from '../domain/delta.ts';
import type { EngineObserver } from '../engine/engine.ts';
import type { DeltaRefused, TrialAdvanced } from '../ledger/event.ts';
import type { CommitNote } from '../ledger/ledger.ts';
import { createDroppedNamesLog } from './dropped-names-log.ts';
import { createDuplicateLog } from './duplicate-log.ts';

/** Logs and counts what the loop does. */
export function createEngineObserver(
  log: Logger,
  metrics: () => Metrics,
  clock: Pick<Clock, 'monotonic'>,
): EngineObserver {
  const noteRecorded = createDuplicateLog(log, clock);
  const noteDroppedNames = createDroppedNamesLog(log);
  return {
    tasksRecorded(recorded) {
      noteRecorded(recorded);
      if (recorded.duplicates > 0) metrics().tasksRepeated(recorded.duplicates);
    },
    cycleCompleted({ cycle, deltas, faults, measurementNamesDropped }) {
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
      metrics().cycleCompleted(cycle.durationMs / 1000);
      metrics().measurementNamesDropped(measurementNamesDropped);
      noteDroppedNames(measurementNamesDropped);
      for (const delta of deltas) metrics().deltaProposed(delta.type ?? 'unspecified');
      for (const { ruleId, message } of faults) {
        log.warn({ rule: ruleId }, `the rule could not be evaluated: ${message}`);
        metrics().ruleFault(ruleId);
      }
    },
    cycleFailed(error) {
      log.error({ err: error }, 'the cycle failed');
      metrics().cycleFailed();
    },
  };
}

/** Logs and counts what a commit has put in force or recorded. */
export function observeCommit(note: CommitNote, log: Logger, metrics: Metrics): void {
  for (const event of note.events) {
    if (event.kind === 'trials_paused') {
      log.warn(event.paused ? 'all trials are paused' : 'trials are resumed');
    }
    if (event.kind === 'parameters_retired') {
      log.warn({ parameters: event.names }, 'parameters are gone: the config has them no more');
    }
    if (event.kind === 'clock_set') {
      log.warn(
        { offset_seconds: Math.round(event.offsetMs / 1000) },
        'the wall clock has jumped: what rests, waits or expires goes by the time that has passed',
      );
    }
    if (event.kind === 'delta_refused') observeRefusal(event, log, metrics);
    if (event.kind === 'trial_advanced') observeTrial(event, log, metrics);
    if (event.kind !== 'tasks_recorded') continue;
    metrics.tasksRecorded(event.tasks.length);
    log.debug({ tasks: event.tasks.length }, 'tasks recorded');
  }
  for (const delta of note.applied) {
    const level = isIdleSwitch(delta) ? 'debug' : 'info';
    log[level]({ delta: delta.deltaId, sequence: delta.sequence }, describeDelta(delta));
    metrics.deltaApplied(delta.type ?? 'unspecified');
  }
}

/** Rejected proposals that a cycle's line says more of than their number. */
const MAX_REJECTED = 10;

/** Which proposals a cycle rejected, and why; nothing where it rejected none. */
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
            target: step.plan.target,
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

function describeChange({ target, operation, oldValue, newValue }: Delta): string {
  const [before, after] = [oldValue, newValue].map((value) =>
    value === undefined ? 'nothing' : JSON.stringify(value),
  );
  return `${target} ${operation} ${before} -> ${after}`;
}
