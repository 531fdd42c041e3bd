import type { Ledger, Status } from '../api/answers.ts';
import { useNow, useResource } from '../context.ts';
import { Failure } from '../parts/failure.tsx';
import { healthOf } from '../words/health.ts';
import { bytes, count, countOf, short } from '../words/number.ts';
import { ago } from '../words/time.ts';

/** Whether the sidecar is well: the loop, the config, the ledger. */
export function Health() {
  const { value, error } = useResource<Status>('status', ['status', 'config', 'subscribers']);
  const ledger = useResource<Ledger>('ledger', ['ledger', 'status']);
  const nowMs = useNow();
  return (
    <>
      <h1>Health</h1>
      <Failure error={error ?? ledger.error} />
      {value !== undefined && <Facts status={value} ledger={ledger.value} nowMs={nowMs} />}
      {value !== undefined && <Loop status={value} nowMs={nowMs} />}
      {ledger.value !== undefined && <LedgerFacts ledger={ledger.value} nowMs={nowMs} />}
    </>
  );
}

interface FactsProps extends LoopProps {
  readonly ledger: Ledger | undefined;
}

function Facts({ status, ledger, nowMs }: FactsProps) {
  return (
    <ul class="facts">
      {healthOf(status, ledger, nowMs).map(({ name, text, isWell }) => (
        <li key={name} class={isWell ? 'good' : 'bad'}>
          {text}
        </li>
      ))}
    </ul>
  );
}

interface LedgerProps {
  readonly ledger: Ledger;
  readonly nowMs: number;
}

function LedgerFacts({ ledger, nowMs }: LedgerProps) {
  const { sizeBytes, events, tasks, deltas, newestBackup, epoch } = ledger;
  return (
    <section aria-labelledby="ledger-title">
      <h2 id="ledger-title">The ledger</h2>
      <dl>
        <dt>Size</dt>
        <dd>{bytes(sizeBytes)}</dd>
        <dt>Holds</dt>
        <dd>
          {countOf(events, 'event')}, {countOf(tasks, 'task')}, {countOf(deltas, 'change')}
        </dd>
        <dt>Newest backup</dt>
        <dd>{newestBackup === undefined ? 'none by this sidecar' : ago(newestBackup, nowMs)}</dd>
        <dt>Epoch</dt>
        <dd>
          <code>{epoch}</code>
        </dd>
      </dl>
    </section>
  );
}

interface LoopProps {
  readonly status: Status;
  readonly nowMs: number;
}

function Loop({ status, nowMs }: LoopProps) {
  const {
    configError = '',
    configVersion,
    cycleIntervalSeconds = 0,
    metricsReporters = 0,
  } = status;
  return (
    <>
      {configError !== '' && (
        <section aria-labelledby="config-title">
          <h2 id="config-title">Why the newest config was refused</h2>
          <pre>{configError}</pre>
        </section>
      )}
      <section aria-labelledby="loop-title">
        <h2 id="loop-title">The loop</h2>
        <dl>
          <dt>A cycle runs every</dt>
          <dd>{short(cycleIntervalSeconds)} s</dd>
          <dt>Last cycle</dt>
          <dd>{ago(status.lastCycleTime, nowMs)}</dd>
          <dt>Cycles run</dt>
          <dd>{count(status.totalCycles)}</dd>
          <dt>Tasks</dt>
          <dd>
            {countOf(status.totalTasksRecorded, 'task')} recorded, {count(status.tasksInHistory)}{' '}
            retained
          </dd>
          <dt>Changes</dt>
          <dd>
            {count(status.totalDeltasProposed)} proposed, {count(status.totalDeltasApplied)} put in
            force
          </dd>
          <dt>Metrics</dt>
          <dd>
            reported by {countOf(metricsReporters, 'client')}
            {status.metricsAgeSeconds !== undefined &&
              `, the newest ${short(status.metricsAgeSeconds)} s ago`}
          </dd>
          <dt>Version of the config</dt>
          <dd>{configVersion}</dd>
        </dl>
      </section>
    </>
  );
}
