import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the gauges read when they are scraped. */
export interface MetricSources {
  latestSequence(): number;
  subscribers(): number;
  pendingCalls(): number;
  connections(): number;
  tasksInHistory(): number;
  ledgerBytes(): number;
  /** Unix time in milliseconds; `undefined`: there is no backup, or none is wanted. */
  newestBackupMs(): number | undefined;
  ledgerWritable(): boolean;
  configRefused(): boolean;
  accessRefused(): boolean;
  /** `undefined`: there is no certificate. */
  certificateEndMs(): number | undefined;
  active(): boolean;
  onTrial(): boolean;
  trialsPaused(): boolean;
}

/** The service's metrics, in Prometheus's terms. */
export interface Metrics {
  /** Adds the gauges, which read their sources when they are scraped. */
  addGauges(sources: MetricSources): void;
  /** All of them, in Prometheus's text format. */
  page(): Promise<{ readonly contentType: string; readonly text: string }>;
  tasksRecorded(count: number): void;
  tasksRepeated(count: number): void;
  cycleCompleted(seconds: number): void;
  cycleFailed(): void;
  /** Of the window of the newest cycle. */
  measurementNamesDropped(count: number): void;
  ruleFault(ruleId: string): void;
  deltaProposed(type: string): void;
  deltaApplied(type: string): void;
  deltaRefused(outcome: string): void;
  trialEnded(verdict: string): void;
  callEnded(method: string, code: string, seconds: number): void;
  callRefused(reason: string): void;
  connectionRefused(reason: string): void;
}

const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const CYCLE_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `learning_${name}`, help, labelNames, registers: [registry] });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
    new Histogram({ name: `learning_${name}`, help, buckets, labelNames, registers: [registry] });

  const tasks = counter('tasks_recorded_total', 'Tasks recorded since the start, no duplicates');
  const repeated = counter(
    'tasks_duplicate_total',
    'Reports since the start of tasks that had been recorded before',
  );
  const cycles = histogram('cycle_duration_seconds', 'Duration of a cycle', CYCLE_BUCKETS);
  const dropped = new Gauge({
    name: 'learning_measurement_names_dropped',
    help: 'Names of measurements that the window of the newest cycle had no room for',
    registers: [registry],
  });
  const failures = counter('cycle_failures_total', 'Cycles that failed');
  const faults = counter('rule_faults_total', 'Rules that could not be evaluated', ['rule_id']);
  const proposed = counter('deltas_proposed_total', 'Deltas proposed by cycles', ['type']);
  const applied = counter('deltas_applied_total', 'Deltas put in force, reverts included', [
    'type',
  ]);
  const refused = counter(
    'deltas_refused_total',
    'Refusals of deltas, by what became of the delta',
    ['outcome'],
  );
  const trials = counter('trials_total', 'Trials that ended', ['verdict']);
  const refusals = counter('refusals_total', 'Calls refused, by the reason that they were told', [
    'reason',
  ]);
  const connections = counter('connections_refused_total', 'Connections refused, by reason', [
    'reason',
  ]);
  const calls = histogram(
    'rpc_duration_seconds',
    'Duration of a call, until its answer',
    CALL_BUCKETS,
    ['method', 'code'],
  );
  return {
    addGauges: (sources) => addGauges(registry, sources),
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    tasksRecorded: (count) => tasks.inc(count),
    tasksRepeated: (count) => repeated.inc(count),
    cycleCompleted: (seconds) => cycles.observe(seconds),
    cycleFailed: () => failures.inc(),
    measurementNamesDropped: (count) => dropped.set(count),
    ruleFault: (rule_id) => faults.inc({ rule_id }),
    deltaProposed: (type) => proposed.inc({ type }),
    deltaApplied: (type) => applied.inc({ type }),
    deltaRefused: (outcome) => refused.inc({ outcome }),
    trialEnded: (verdict) => trials.inc({ verdict }),
    connectionRefused: (reason) => connections.inc({ reason }),
    callRefused: (reason) => refusals.inc({ reason }),
    callEnded: (method, code, seconds) => calls.observe({ method, code }, seconds),
  };
}

function addGauges(registry: Registry, sources: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `learning_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('latest_sequence', 'Newest change put in force', sources.latestSequence);
  gauge('subscribers', 'Open StreamDeltas streams', sources.subscribers);
  gauge('connections', 'Open gRPC connections', sources.connections);
  gauge('pending_calls', 'Unary calls under way', sources.pendingCalls);
  gauge('tasks_in_history', 'Tasks retained', sources.tasksInHistory);
  gauge('ledger_bytes', 'Size of the ledger on disk', sources.ledgerBytes);
  gauge(
    'ledger_backup_timestamp_seconds',
    'When the newest backup was made; 0: there is none',
    () => (sources.newestBackupMs() ?? 0) / 1000,
  );
  gauge('ledger_writable', '1: the ledger can be written', () => Number(sources.ledgerWritable()));
  gauge('config_refused', '1: the newest config was refused', () =>
    Number(sources.configRefused()),
  );
  gauge('access_files_refused', '1: the newest certificates or tokens were refused', () =>
    Number(sources.accessRefused()),
  );
  if (sources.certificateEndMs() !== undefined) {
    gauge(
      'tls_certificate_expiry_timestamp_seconds',
      'When the certificate ends',
      () => (sources.certificateEndMs() ?? 0) / 1000,
    );
  }
  gauge('trial', '1: a trial is on', () => Number(sources.onTrial()));
  gauge('trials_paused', '1: all trials are paused', () => Number(sources.trialsPaused()));
  gauge('active', '1: the timer runs cycles', () => Number(sources.active()));
}
