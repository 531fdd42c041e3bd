import type { MetricEffect } from '../domain/effect.ts';
import type { Value } from '../domain/value.ts';
import type { AuditFault, TrialAudit } from '../trial/audit.ts';
import { describeMetrics, trialEffect } from '../trial/effect.ts';
import type { TrialOutcome, TrialPlan } from '../trial/step.ts';
import type { Trial } from '../trial/trial.ts';

/** Faults of one trial that are named for people; a script gets all of them. */
const MAX_NAMED = 20;

const OUTCOMES: Readonly<Record<TrialOutcome, string>> = {
  promote: 'the new value is put in force',
  revert: 'the old value stays',
  ask: 'a person is to decide',
};

/** An audit for people: what was tried, what was found, and whether that stands. */
export function describeAudit(deltaId: string, audit: TrialAudit): string {
  const { trial, count, lastHash, faults } = audit;
  const named = faults.slice(0, MAX_NAMED).map(describeFault);
  const more = faults.length > MAX_NAMED ? [`and ${faults.length - MAX_NAMED} more faults`] : [];
  const lines = [
    ...(trial === undefined ? [] : describeTrial(trial, audit)),
    `${count} receipts, the last with the hash ${lastHash}`,
    ...named,
    ...more,
    conclusion(audit),
  ];
  const change = trial === undefined ? '' : `: ${describeChange(trial.plan)}`;
  return [`trial of delta ${deltaId}${change}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function describeChange({ target, oldValue, newValue, ruleId }: TrialPlan): string {
  return `${target} ${show(oldValue)} -> ${show(newValue)}, by rule ${ruleId}`;
}

function describeTrial(trial: Trial, { end, faults }: TrialAudit): string[] {
  const { plan, startWallMs } = trial;
  const unit =
    plan.assignment === 'task' ? 'task by task' : `in blocks of ${plan.blockTasks} tasks`;
  const until = end === undefined ? '' : `, ended ${isoTime(end.wallMs ?? end.timeMs)}`;
  const stands = faults.length === 0;
  const word = stands ? 'verdict' : 'verdict, as it claims';
  return [
    `assigned ${unit}, with the seed ${JSON.stringify(plan.seed)}`,
    `began ${isoTime(startWallMs)}${until}`,
    // A part of its receipts would say nothing.
    ...(stands ? describeFindings(trial) : []),
    ...(end === undefined ? [] : [`${word}: ${end.effect.verdict}, ${describeOutcome(end)}`]),
  ];
}

function describeFindings({ plan, expected, missing, evidence, tasksUsed }: Trial): string[] {
  const lost = missing.old + missing.new;
  const carried = plan.carried === undefined ? '' : ', and what an earlier trial left';
  return [
    `tasks: ${expected.old} with the old value, ${expected.new} with the new one; ` +
      `${lost} outcomes missing; the evidence rests on ${tasksUsed}${carried}`,
    ...metricsOf({ evidence, tasksUsed }).map(describeMetric),
  ];
}

function describeOutcome({ outcome, counts }: NonNullable<TrialAudit['end']>): string {
  return counts ? OUTCOMES[outcome] : 'since it was stopped from outside';
}

function describeMetric(metric: MetricEffect): string {
  const [harm, help] = [metric.eHarm, metric.eHelp].map((e) => Number(e.toPrecision(4)));
  const tasks = `${metric.tasksOld} tasks against ${metric.tasksNew}`;
  return `${describeMetrics([metric])}, ${tasks}; E harm ${harm}, E help ${help}`;
}

function metricsOf({ evidence, tasksUsed }: Pick<Trial, 'evidence' | 'tasksUsed'>) {
  return trialEffect(undefined, evidence, tasksUsed).metrics;
}

function conclusion({ end, faults, count }: TrialAudit): string {
  if (faults.length > 0) return 'the verdict does NOT stand';
  return end === undefined ? `running so far, ${count} receipts, consistent` : 'the verdict stands';
}

/** What is wrong, with its place: `receipt 17 (position 1234): its hash does not fit: …`. */
export function describeFault({ receipts, position, text }: AuditFault): string {
  const place = position === undefined ? '' : `position ${position}`;
  if (receipts === undefined) return [place, text].filter(Boolean).join(': ');
  const [first, last] = receipts;
  const name = first === last ? `receipt ${first}` : `receipts ${first} to ${last}`;
  return `${name}${place && ` (${place})`}: ${text}`;
}

/** An audit as one line of JSON. */
export function auditJson(deltaId: string, audit: TrialAudit): string {
  const { trial, end, count, lastHash, faults } = audit;
  const plan = trial?.plan;
  return JSON.stringify({
    deltaId,
    ruleId: plan?.ruleId,
    target: plan?.target,
    oldValue: plan?.oldValue,
    newValue: plan?.newValue,
    assignment: plan?.assignment,
    seed: plan?.seed,
    startTime: trial && isoTime(trial.startWallMs),
    endTime: end && isoTime(end.wallMs ?? end.timeMs),
    tasks: trial?.expected,
    missing: trial?.missing,
    tasksUsed: trial?.tasksUsed,
    metrics: trial && faults.length === 0 ? metricsOf(trial) : undefined,
    verdict: end?.effect.verdict,
    outcome: end?.outcome,
    receipts: count,
    lastHash,
    stands: faults.length === 0,
    faults: faults.map((fault) => ({
      receipts: fault.receipts,
      position: fault.position,
      text: describeFault(fault),
    })),
  });
}

/** Of a damaged receipt it may be no time at all. */
function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}

function show(value: Value | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
