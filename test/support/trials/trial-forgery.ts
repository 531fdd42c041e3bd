import { auditTrial } from '../../../src/trial/audit/audit.ts';
import type { AuditFault } from '../../../src/trial/audit/chain.ts';
import { type Receipt, sealStep } from '../../../src/trial/receipt.ts';
import type { OutcomeRecorded, TrialStep } from '../../../src/trial/step.ts';
import { type Played, reseal } from './trial-play.ts';

type Kind = TrialStep['step'];
/** The step of a kind; some kinds share one. */
export type Step<K extends Kind> = K extends 'outcome' | 'late'
  ? OutcomeRecorded
  : Extract<TrialStep, { step: K }>;

export function faultsIn(receipts: readonly unknown[], deltaId = 'delta-1'): readonly AuditFault[] {
  const stored = JSON.parse(JSON.stringify(receipts)) as unknown[];
  const found = stored.map((content, index) => ({ position: 100 + index, content }));
  return auditTrial(deltaId, found, { retrials: [], mayLackRetrials: false }).faults;
}

/** The number of the first receipt found faulty, and why. */
export function firstFault(receipts: readonly unknown[]): string {
  const [fault] = faultsIn(receipts);
  return fault === undefined ? 'none' : `${fault.receipts?.[0]}: ${fault.text}`;
}

/** Changes the n-th step of a kind; `undefined` leaves it out. */
export function nth<K extends Kind>(
  kind: K,
  n: number,
  change: (step: Step<K>) => object | undefined,
): (step: TrialStep) => TrialStep | undefined {
  let count = 0;
  return (step) => {
    if (step.step !== kind) return step;
    count += 1;
    // Of this kind, as asked; what is put in its place may be anything.
    return count === n ? (change(step as Step<K>) as TrialStep | undefined) : step;
  };
}

/** What is said first when the n-th step of a kind has other fields. */
export function withFields<K extends Kind>(played: Played, kind: K, fields: object, n = 1): string {
  return firstFault(
    reseal(
      played,
      nth(kind, n, (step) => ({ ...step, ...fields })),
    ),
  );
}

export function changed<K extends Kind>(
  played: Played,
  kind: K,
  change: (step: Step<K>) => object | undefined,
  n = 1,
): string {
  return firstFault(reseal(played, nth(kind, n, change)));
}

export function stepsOf<K extends Kind>({ receipts }: Played, kind: K): Step<K>[] {
  return receipts.flatMap(({ step }) => (step.step === kind ? [step as Step<K>] : []));
}

/** The number of the n-th receipt of a kind. */
export function numberOf({ receipts }: Played, kind: Kind, n = 1): number {
  return receipts.filter(({ step }) => step.step === kind)[n - 1]?.number ?? 0;
}

/** Puts a step behind another and leaves out all that follow, in a chain that fits. */
export function putBehind({ receipts }: Played, number: number, step: object): Receipt[] {
  const kept = receipts.slice(0, number);
  const timeMs = kept.at(-1)?.step.timeMs ?? 0;
  const whole = { timeMs, ...step } as unknown as TrialStep;
  return [...kept, sealStep(kept.at(-1)?.hash ?? '', number + 1, whole)];
}

/** Changes the plan. */
export function withPlan(fields: object): (step: TrialStep) => TrialStep {
  return (step) => (step.step === 'start' ? { ...step, plan: { ...step.plan, ...fields } } : step);
}
