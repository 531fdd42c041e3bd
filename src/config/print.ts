import { stringify } from 'yaml';
import type { ParameterSpec } from '../domain/settings.ts';
import type { Config, ConfiguredRule } from './config.ts';
import { guardText, primaryText } from './metric.ts';

/** The config as YAML, every key written out; loaded again, it gives the same config. */
export function printConfig(config: Config): string {
  const { cycle, reflection, curation, trial } = config;
  const data = {
    version: config.version,
    cycle: {
      enabled: cycle.enabled,
      interval_seconds: cycle.intervalSeconds,
      history_limit: cycle.historyLimit,
      analysis_window: cycle.analysisWindow,
      min_tasks: cycle.minTasks,
      max_age_seconds: cycle.maxAgeSeconds,
    },
    recording: { dedup_window: config.recording.dedupWindow },
    metrics: metricsText(config.metrics),
    reflection: {
      min_score: reflection.minScore,
      min_confidence: reflection.minConfidence,
      enforce_min_confidence: reflection.enforceMinConfidence,
      weights: reflection.weights,
    },
    curation: {
      mode: curation.mode,
      suppress_unchanged: curation.suppressUnchanged,
      cooldown_seconds: curation.cooldownSeconds,
      max_deltas_per_hour: curation.maxDeltasPerHour,
      proposal_ttl_seconds: curation.proposalTtlSeconds,
      ack_timeout_seconds: curation.ackTimeoutSeconds,
      refusals: curation.refusals,
    },
    parameters: Object.fromEntries(
      Object.entries(config.parameters).map(([name, spec]) => [name, parameterText(spec)]),
    ),
    rules: config.rules.map(ruleText),
    trial: {
      assignment: trial.assignment,
      block_tasks: trial.blockTasks,
      pair_by: trial.pairBy,
      pair_wait_tasks: trial.pairWaitTasks,
      predict_by: trial.predictBy,
      outcome_timeout_seconds: trial.outcomeTimeoutSeconds,
      max_seconds: trial.maxSeconds,
      timeout_ms: trial.timeoutMs,
      probation_tasks: trial.probationTasks,
      probation_seconds: trial.probationSeconds,
      holdback: trial.holdback,
      seed: trial.seed,
    },
    tls: {
      certificate_file: config.tls?.certificateFile,
      key_file: config.tls?.keyFile,
      client_ca_file: config.tls?.clientCaFile,
      allowed_names: config.tls?.allowedNames,
    },
    tokens: {
      client_file: config.tokens?.clientFile,
      admin_file: config.tokens?.adminFile,
    },
    limits: {
      max_pending_calls: config.limits.maxPendingCalls,
      max_streams: config.limits.maxStreams,
      max_streams_per_client: config.limits.maxStreamsPerClient,
      max_connections: config.limits.maxConnections,
    },
    monitoring: { log_file: config.monitoring.logFile, log_level: config.monitoring.logLevel },
    ledger: ledgerText(config.ledger),
  };
  // Anchors would be right, but hard to read; values given twice are written twice.
  return stringify(data, { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** A bound that is not there is written as `null`: without it, a default's would come back. */
function parameterText(spec: ParameterSpec) {
  return {
    initial: spec.initial,
    min: spec.min ?? null,
    max: spec.max ?? null,
    max_step: spec.maxStep ?? null,
    allowed: spec.allowed ?? null,
  };
}

function metricsText({ maxAgeSeconds, combine }: Config['metrics']) {
  const { subAgentCount, cpuPercent, values } = combine;
  return {
    max_age_seconds: maxAgeSeconds,
    combine: { sub_agent_count: subAgentCount, cpu_percent: cpuPercent, values },
  };
}

function ledgerText({ retainDeltas, retainCycles, backup }: Config['ledger']) {
  return {
    retain_deltas: retainDeltas,
    retain_cycles: retainCycles,
    backup: backup && {
      every_hours: backup.everyHours,
      keep: backup.keep,
      directory: backup.directory,
    },
  };
}

function ruleText(rule: ConfiguredRule) {
  return {
    id: rule.id,
    when: rule.source.when,
    for_seconds: rule.forSeconds === 0 ? undefined : rule.forSeconds,
    type: rule.type,
    operation: rule.operation,
    target: rule.target,
    new_value: rule.source.newValue,
    old_value: rule.source.oldValue,
    reasoning: rule.source.reasoning,
    confidence: rule.confidence,
    impact: rule.impact,
    mode: rule.mode,
    primary: primaryText(rule.primary),
    guards: rule.guards.map(guardText),
    on_harm: rule.onHarm,
  };
}
