import type { Logger } from 'pino';
import type { TrialAdvanced } from '../ledger/event.ts';
import type { CommitNote } from '../ledger/ledger.ts';

const SAMPLING =
  'outcomes are missing, and tasks come by OTLP: sampling is a likely cause. A trial needs the span of every task ' +
  '(OTEL_TRACES_SAMPLER=always_on, and no sampling in a collector); see docs/opentelemetry.md';

/** Says what has likely happened where a trial ends without a verdict since outcomes are missing. */
export function createSamplingHint(log: Logger, hasOtlpTasks: () => boolean) {
  /** Trials of which outcomes are missing. */
  const lossy = new Set<string>();
  const look = ({ deltaId, receipts }: TrialAdvanced) => {
    for (const { step } of receipts) {
      if (step.step === 'missing') lossy.add(deltaId);
      if (step.step !== 'end') continue;
      const isLossy = lossy.delete(deltaId) && step.effect.verdict === 'invalid';
      if (isLossy && hasOtlpTasks()) log.warn({ delta: deltaId }, SAMPLING);
    }
  };
  return ({ events }: Pick<CommitNote, 'events'>): void => {
    for (const event of events) if (event.kind === 'trial_advanced') look(event);
  };
}
