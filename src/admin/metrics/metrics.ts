import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { addLearnedGauges, type LearnedSources } from './learned.ts';

/** What the gauges read at each scrape. */
export interface MetricSources {
  latestSequence(): number;
  subscribers(): number;
  pendingCalls(): number;
  connections(): number;
  tasksInHistory(): number;
  ledgerBytes(): number;
  /** Unix time in milliseconds; `undefined` if there is no backup, or none is wanted. */
  newestBackupMs(): number | undefined;
  ledgerWritable(): boolean;
  configRefused(): boolean;
  accessRefused(): boolean;
  /** Unix time in milliseconds; `undefined` if there is no certificate. */
  certificateEndMs(): number | undefined;
  active(): boolean;
  onTrial(): boolean;
  trialsPaused(): boolean;
  readonly learned: LearnedSources;
}

const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const CYCLE_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5];

/** The metrics of the service: for each, a function that reports it. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string) => {
    const metric = new Counter({ name: `learning_${name}`, help, registers });
    return (count: number) => metric.inc(count);
  };
  /** Counts by a label. */
  const counters = (name: string, help: string, label: string) => {
    const labelNames = [label];
    const metric = new Counter({ name: `learning_${name}`, help, labelNames, registers });
    return (value: string) => metric.inc({ [label]: value });
  };
  const cycles = new Histogram({
    name: 'learning_cycle_duration_seconds',
    help: 'Duration of a cycle',
    buckets: CYCLE_BUCKETS,
    registers,
  });
  const dropped = new Gauge({
    name: 'learning_measurement_names_dropped',
    help: 'Names of measurements that the window of the newest cycle had no room for',
    registers,
  });
  const calls = new Histogram({
    name: 'learning_rpc_duration_seconds',
    help: 'Duration of a call, until its answer',
    buckets: CALL_BUCKETS,
    labelNames: ['method', 'code'],
    registers,
  });
  const failures = counter('cycle_failures_total', 'Cycles that failed');
  return {
    /** Adds the gauges, which read `sources` at each scrape. */
    addGauges: (sources: MetricSources) => addGauges(registry, sources),
    /** All metrics, in the text format of Prometheus. */
    page: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    tasksRecorded: counter('tasks_recorded_total', 'Tasks recorded since the start, no duplicates'),
    tasksRepeated: counter(
      'tasks_duplicate_total',
      'Reports since the start of tasks that had been recorded before',
    ),
    otlp: otlpCounters(registry),
    cycleCompleted: (seconds: number) => cycles.observe(seconds),
    cycleFailed: () => failures(1),
    /** Reports the number of names that the window of the newest cycle had no room for. */
    measurementNamesDropped: (count: number) => dropped.set(count),
    ruleFault: counters('rule_faults_total', 'Rules that could not be evaluated', 'rule_id'),
    deltaProposed: counters('deltas_proposed_total', 'Deltas proposed by cycles', 'type'),
    deltaApplied: counters('deltas_applied_total', 'Deltas put in force, reverts included', 'type'),
    deltaRefused: counters(
      'deltas_refused_total',
      'Refusals of deltas, by what became of the delta',
      'outcome',
    ),
    trialEnded: counters('trials_total', 'Trials that ended', 'verdict'),
    callEnded: (method: string, code: string, seconds: number) =>
      calls.observe({ method, code }, seconds),
    callRefused: counters(
      'refusals_total',
      'Calls refused, by the reason that they were told',
      'reason',
    ),
    connectionRefused: counters(
      'connections_refused_total',
      'Connections refused, by reason',
      'reason',
    ),
  };
}

/** Counts what comes by OTLP. */
function otlpCounters(registry: Registry) {
  const registers = [registry];
  const items = new Counter({
    name: 'learning_otlp_items_total',
    help: 'Spans, log records and metrics that came by OTLP, whatever became of them',
    labelNames: ['kind'],
    registers,
  });
  const tasks = new Counter({
    name: 'learning_otlp_tasks_total',
    help: 'Tasks that came by OTLP, those sent again included',
    registers,
  });
  const rejected = new Counter({
    name: 'learning_otlp_rejected_spans_total',
    help: 'Spans that should have been tasks and could not, by reason',
    labelNames: ['reason'],
    registers,
  });
  return {
    came: (kind: string, count: number) => items.inc({ kind }, count),
    tasks: (count: number) => tasks.inc(count),
    rejected: (reason: string) => rejected.inc({ reason }),
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
  gauge('connections', 'Open connections, of gRPC and HTTP/1.1', sources.connections);
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
  addLearnedGauges(registry, sources.learned);
}
