import type { MetricEffect } from '../domain/effect.ts';
import { marginText } from '../domain/margin-text.ts';
import type { Value } from '../domain/value.ts';
import type { TrialAudit } from '../trial/audit/audit.ts';
import { closingStep, describeFault, isRecomputed, rangeText } from '../trial/audit/findings.ts';
import type { AuditedStage } from '../trial/audit/stages.ts';
import { trialEffect } from '../trial/effect.ts';
import { detection, detectionLimit, detections } from '../trial/holdback.ts';
import type { TrialPlan } from '../trial/plan.ts';
import type { TrialEnded, TrialOutcome } from '../trial/step.ts';
import { describeGains, describeMetrics } from '../trial/text/describe-effect.ts';
import type { Trial } from '../trial/trial.ts';
import { describeLosses } from '../trial/validity.ts';

/** The maximum of faults of one trial in the text; the JSON has all of them. */
const MAX_NAMED = 20;

const OUTCOMES: Readonly<Record<TrialOutcome, string>> = {
  revert: 'the old value stays',
  ask: 'a person is to decide',
  keep: 'the new value stays in force',
};

/** An audit as text: what was tried, what was found, and whether that stands. */
export function describeAudit(deltaId: string, audit: TrialAudit): string {
  const { trial, count, lastHash, faults, unchecked } = audit;
  const named = faults.slice(0, MAX_NAMED).map(describeFault);
  const more = faults.length > MAX_NAMED ? [`and ${faults.length - MAX_NAMED} more faults`] : [];
  const lines = [
    ...(trial === undefined ? [] : describeTrial(trial, audit)),
    `${count} receipts, the last with the hash ${lastHash}`,
    ...named,
    ...more,
    ...(faults.length === 0 ? unchecked.map((text) => `not checked: ${text}`) : []),
    conclusion(audit),
  ];
  const change = trial === undefined ? '' : `: ${describeChange(trial.plan)}`;
  return [`trial of delta ${deltaId}${change}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function describeChange({ target, oldValue, newValue, ruleId, retrialOf }: TrialPlan): string {
  const origin = retrialOf == null ? `by rule ${ruleId}` : `the value before delta ${retrialOf}`;
  return `${target} ${show(oldValue)} -> ${show(newValue)}, ${origin}`;
}

function describeTrial(trial: Trial, audit: TrialAudit): string[] {
  const { plan, startWallMs } = trial;
  const { end, stages } = audit;
  const unit =
    plan.assignment === 'task' ? 'task by task' : `in blocks of ${plan.blockTasks} tasks`;
  const source = plan.seed == null ? '' : `, with the seed ${JSON.stringify(plan.seed)}`;
  const until = end === undefined ? '' : `, ended ${isoTime(end.wallMs ?? end.timeMs)}`;
  return [
    `assigned ${unit}${source}`,
    `began ${isoTime(startWallMs)}${until}`,
    ...(isRecomputed(audit) ? [...stages.map(describeStage), ...describeFindings(trial)] : []),
    ...describeVerdict(audit),
  ];
}

function describeStage({ stage, receipts, startMs, end }: AuditedStage): string {
  const seed = end === undefined ? '' : `, seed ${end.seed}`;
  const until = end === undefined ? 'goes on' : `to ${isoTime(end.timeMs)}`;
  return `${stage}, ${rangeText(receipts)}: ${isoTime(startMs)} ${until}${seed}`;
}

function describeFindings(trial: Trial): string[] {
  const { plan, tasksUsed, stage } = trial;
  const carried = plan.carried === undefined ? '' : ', and what an earlier trial left';
  const part = stage === 'holdback' ? ' in the newest part of the holdback' : '';
  return [
    `the evidence rests on ${tasksUsed} tasks${carried}`,
    `${describeLosses(trial)}${part}`,
    ...trialEffect(undefined, trial).metrics.map(describeMetric),
    ...describeHoldback(trial),
  ];
}

function describeMetric(metric: MetricEffect): string {
  const tasks = `${metric.tasksOld} tasks against ${metric.tasksNew}`;
  const notWorse =
    metric.margin === undefined
      ? ''
      : `, E not worse by ${marginText(metric.metric, metric.margin)} ${short(metric.eNotWorse)}`;
  return (
    `${describeMetrics([metric])}, ${tasks}; ` +
    `E harm ${short(metric.eHarm)}, E help ${short(metric.eHelp)}${notWorse}`
  );
}

function describeHoldback(trial: Trial): string[] {
  const { holdback, plan } = trial;
  if (holdback === undefined) return [];
  const each = detections(holdback, plan).map((one) => `${one.metric} ${short(one.detection)}`);
  const { gains = [] } = trialEffect(undefined, trial);
  return [
    `held back: ${holdback.groups} groups; harm at ${short(detection(holdback))} (${each.join(', ')}), taken back at ${short(detectionLimit(plan))}`,
    ...(gains.length === 0 ? [] : [`gained: ${describeGains(gains)}`]),
  ];
}

function describeVerdict(audit: TrialAudit): string[] {
  const word = isRecomputed(audit) ? 'verdict' : 'verdict, as it claims';
  const closing = closingStep(audit);
  if (closing === undefined) return [];
  if (closing.step === 'end') {
    return [`${word}: ${closing.effect.verdict}, ${describeOutcome(closing)}`];
  }
  const found =
    closing.step === 'promote'
      ? 'helped, the new value is in force on probation'
      : 'helped and confirmed, the new value is in force';
  return [`${word}: ${found}`];
}

function describeOutcome({ outcome, counts, effect }: TrialEnded): string {
  // Earlier releases wrote another outcome for changes that helped.
  const text = OUTCOMES[outcome] ?? 'the new value is put in force';
  // The trial of a former value does not count for a rule, whatever it found.
  if (counts || effect.verdict === 'harmed') return text;
  return effect.verdict === 'invalid'
    ? 'since it was stopped from outside'
    : `${text}; it does not count`;
}

function conclusion({ isOver, isChainOnly, faults, count }: TrialAudit): string {
  if (faults.length > 0) return 'the verdict does NOT stand';
  if (isChainOnly) return 'the chain of receipts is whole; the verdict was not recomputed';
  return isOver ? 'the verdict stands' : `running so far, ${count} receipts, consistent`;
}

/** A time in ISO 8601; a number that is no time, as in a damaged receipt, is printed as it is. */
export function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}

function short(e: number): number {
  return Number(e.toPrecision(4));
}

function show(value: Value | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
