import type { TrialVerdict } from '../src/domain/effect.ts';
import { mean, median } from '../src/trial/evidence/distributions.ts';
import { unproven } from '../src/trial/verdict.ts';
import type { Figures, Samples } from './experiment.ts';
import { playShipped } from './shipped-method.ts';
import { playTrial, type TrialRun } from './trial-run.ts';
import type { TrialSetup } from './trial-setup.ts';

/** Below this share of runs, no median is shown. */
const RARE = 0.05;

/** Results of a trial by both methods: 1 or 0 for whether, a number for when; NaN: never. */
export function playBoth(setup: TrialSetup): Figures {
  const { trial, begun } = playShipped(setup);
  return {
    ...figuresOf(playTrial(setup)),
    shippedHelped: trial.verdict === 'helped' ? 1 : 0,
    shippedHarmed: trial.verdict === 'harmed' ? 1 : 0,
    shippedInvalid: trial.verdict === 'invalid' ? 1 : 0,
    shippedUsed: trial.used,
    shippedBegun: begun,
  };
}

/** Results of a trial, as `playBoth`. */
export function figuresOf({ finding, trial, begun, pauses, promoted, acted }: TrialRun): Figures {
  const is = (verdict: TrialVerdict | undefined) => (finding?.verdict === verdict ? 1 : 0);
  return {
    harmed: is('harmed'),
    confirmed: is('helped'),
    proven: is('helped') === 1 && unproven(trial).length === 0 ? 1 : 0,
    invalid: is('invalid'),
    inconclusive: is('inconclusive'),
    unfinished: is(undefined),
    promoted: promoted === undefined ? 0 : 1,
    acted: acted === undefined ? 0 : 1,
    promotedAt: promoted?.begun ?? Number.NaN,
    promotedUsed: promoted?.used ?? Number.NaN,
    actedAt: acted?.begun ?? Number.NaN,
    actedUsed: acted?.used ?? Number.NaN,
    used: trial.tasksUsed,
    begun,
    pauses,
  };
}

/** Mean of a figure: of 0 and 1, a share. */
export function share(samples: Samples, figure: string): number {
  return mean(samples[figure] ?? []);
}

/** Median of a figure over all runs. */
export function medianOf(samples: Samples, figure: string): number {
  return median(samples[figure] ?? []);
}

/** Median of a figure over the runs that have it; NaN if they are rare. */
export function whenAt(samples: Samples, figure: string): number {
  const all = samples[figure] ?? [];
  const known = all.filter((value) => !Number.isNaN(value));
  return known.length < RARE * all.length || known.length === 0 ? Number.NaN : median(known);
}

/** As `whenAt`, over the runs in which something happened. */
export function whenIn(samples: Samples, figure: string, happened: string): number {
  const when = (samples[figure] ?? []).map((value, i) =>
    samples[happened]?.[i] === 1 ? value : Number.NaN,
  );
  return whenAt({ when }, 'when');
}

/** Median over all runs, with those in which it never happened as infinite; NaN: it is infinite. */
export function medianOfAll(samples: Samples, figure: string, happened: string): number {
  const all = (samples[figure] ?? []).map((value, i) =>
    samples[happened]?.[i] === 1 ? value : Number.POSITIVE_INFINITY,
  );
  const middle = median(all);
  return Number.isFinite(middle) ? middle : Number.NaN;
}
