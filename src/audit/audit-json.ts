import type { TrialAudit } from '../trial/audit/audit.ts';
import { closingStep, describeFault, isRecomputed } from '../trial/audit/findings.ts';
import type { AuditedStage } from '../trial/audit/stages.ts';
import { trialEffect } from '../trial/effect.ts';
import { detection, detectionLimit, detections } from '../trial/holdback.ts';
import type { Trial } from '../trial/trial.ts';
import { isoTime } from './audit-lines.ts';

/** An audit as one line of JSON. */
export function auditJson(deltaId: string, audit: TrialAudit): string {
  const { trial, end, stages, count, lastHash, faults, unchecked, isChainOnly } = audit;
  const plan = trial?.plan;
  const recomputed = isRecomputed(audit) ? trial : undefined;
  return JSON.stringify({
    deltaId,
    ruleId: plan?.ruleId,
    target: plan?.target,
    oldValue: plan?.oldValue,
    newValue: plan?.newValue,
    retrialOf: plan?.retrialOf,
    assignment: plan?.assignment,
    seed: plan?.seed,
    startTime: trial && isoTime(trial.startWallMs),
    endTime: end && isoTime(end.wallMs ?? end.timeMs),
    stage: trial?.stage,
    stages: stages.map(stageFields),
    tasks: trial?.expected,
    missing: trial?.missing,
    cancelled: trial?.cancelled,
    tasksUsed: trial?.tasksUsed,
    metrics: recomputed && trialEffect(undefined, recomputed).metrics,
    holdback: recomputed && holdbackFields(recomputed),
    verdict: closingStep(audit)?.effect.verdict,
    outcome: end?.outcome,
    receipts: count,
    lastHash,
    recomputed: !isChainOnly,
    stands: faults.length === 0,
    unchecked,
    faults: faults.map((fault) => ({
      receipts: fault.receipts,
      position: fault.position,
      text: describeFault(fault),
    })),
  });
}

function stageFields({ stage, receipts, startMs, end }: AuditedStage) {
  return {
    stage,
    receipts,
    startTime: isoTime(startMs),
    endTime: end && isoTime(end.timeMs),
    seed: end?.seed,
  };
}

function holdbackFields(trial: Trial) {
  const { holdback, plan } = trial;
  if (holdback === undefined) return undefined;
  return {
    groups: holdback.groups,
    detection: detection(holdback),
    limit: detectionLimit(plan),
    detectors: detections(holdback, plan),
    gains: trialEffect(undefined, trial).gains,
  };
}
