import type { MetricsSettings, ParameterSpec } from '../domain/settings.ts';
import type { Config, ConfiguredRule, TlsSettings, TokenSettings } from './config.ts';
import type { MergedConfig } from './merge.ts';
import type { ParameterText } from './schema.ts';

/** Where a config asks for backups and does not say when, or how many. */
const BACKUP_HOURS = 24;
const BACKUPS_KEPT = 7;

/** A merged config that was found without fault, as the program reads it. */
export function settle(merged: MergedConfig, rules: readonly ConfiguredRule[]): Config {
  const { cycle, reflection, curation, trial, limits, monitoring, ledger } = merged;
  return {
    version: merged.version,
    cycle: {
      enabled: cycle.enabled,
      intervalSeconds: cycle.interval_seconds,
      historyLimit: cycle.history_limit,
      analysisWindow: cycle.analysis_window,
      minTasks: cycle.min_tasks,
      maxAgeSeconds: cycle.max_age_seconds,
    },
    recording: { dedupWindow: merged.recording.dedup_window },
    metrics: settleMetrics(merged.metrics),
    reflection: {
      minScore: reflection.min_score,
      minConfidence: reflection.min_confidence,
      enforceMinConfidence: reflection.enforce_min_confidence,
      weights: reflection.weights,
    },
    curation: {
      mode: curation.mode,
      suppressUnchanged: curation.suppress_unchanged,
      cooldownSeconds: curation.cooldown_seconds,
      maxDeltasPerHour: curation.max_deltas_per_hour,
      proposalTtlSeconds: curation.proposal_ttl_seconds,
      ackTimeoutSeconds: curation.ack_timeout_seconds,
      refusals: curation.refusals,
    },
    parameters: Object.fromEntries(
      Object.entries(merged.parameters).map(([name, text]) => [name, settleParameter(text)]),
    ),
    rules,
    trial: {
      assignment: trial.assignment,
      blockTasks: trial.block_tasks,
      pairBy: trial.pair_by,
      pairWaitTasks: trial.pair_wait_tasks,
      predictBy: trial.predict_by,
      outcomeTimeoutSeconds: trial.outcome_timeout_seconds,
      maxSeconds: trial.max_seconds,
      timeoutMs: trial.timeout_ms,
      probationTasks: trial.probation_tasks,
      probationSeconds: trial.probation_seconds,
      holdback: trial.holdback,
      seed: trial.seed,
    },
    tls: settleTls(merged.tls),
    tokens: settleTokens(merged.tokens),
    limits: {
      maxPendingCalls: limits.max_pending_calls,
      maxStreams: limits.max_streams,
      maxStreamsPerClient: limits.max_streams_per_client,
      maxConnections: limits.max_connections,
    },
    monitoring: { logFile: monitoring.log_file, logLevel: monitoring.log_level },
    ledger: {
      retainDeltas: ledger.retain_deltas,
      retainCycles: ledger.retain_cycles,
      backup: ledger.backup && {
        everyHours: ledger.backup.every_hours ?? BACKUP_HOURS,
        keep: ledger.backup.keep ?? BACKUPS_KEPT,
        directory: ledger.backup.directory,
      },
    },
  };
}

function settleMetrics({ max_age_seconds, combine }: MergedConfig['metrics']): MetricsSettings {
  const { sub_agent_count, cpu_percent, values } = combine;
  return {
    maxAgeSeconds: max_age_seconds,
    combine: { subAgentCount: sub_agent_count, cpuPercent: cpu_percent, values },
  };
}

function settleTls(tls: MergedConfig['tls']): TlsSettings | undefined {
  const { certificate_file: certificateFile, key_file: keyFile } = tls;
  // Checked to be there together.
  if (certificateFile === undefined || keyFile === undefined) return undefined;
  return {
    certificateFile,
    keyFile,
    clientCaFile: tls.client_ca_file,
    allowedNames: tls.allowed_names,
  };
}

function settleTokens(tokens: MergedConfig['tokens']): TokenSettings | undefined {
  const { client_file: clientFile, admin_file: adminFile } = tokens;
  return clientFile === undefined && adminFile === undefined
    ? undefined
    : { clientFile, adminFile };
}

function settleParameter({ initial, min, max, max_step, allowed }: ParameterText): ParameterSpec {
  return {
    // Checked to be there; `null` is a value of its own.
    initial: initial ?? null,
    min: min ?? undefined,
    max: max ?? undefined,
    maxStep: max_step ?? undefined,
    allowed: allowed ?? undefined,
  };
}

/** Freezes a value and all that it holds; answers it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
