import type { Row, Table } from '../scripts/report/table.ts';
import { performUnder, TASKS_BEFORE } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { medianOfAll, share } from './figures.ts';
import type { Perform } from './flow.ts';
import { createNoise } from './noise.ts';
import { playTrial } from './trial-run.ts';

const HOUR_MS = 3_600_000;
const PER_DAY = [50, 500, 5000] as const;

/** The defaults of `trial.max_seconds` and `trial.probation_seconds`. */
const BOUNDS = { maxMs: 7 * 24 * HOUR_MS, probationMs: 30 * 24 * HOUR_MS };

const CASES = [0.7, 0.5].flatMap((factor) =>
  [0.95, 1].flatMap((rate) =>
    PER_DAY.map((perDay) => ({
      name: `x${factor}, success ${rate}, ${perDay} a day`,
      factor,
      rate,
      perDay,
    })),
  ),
);

/** Hours until promotion and confirmation, at different paces. */
export const HOURS: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ name, factor, rate, perDay }): Experiment => ({
        name,
        runs: Math.ceil(trials / 20),
        play(run) {
          const noise = createNoise('AR(1)', rate, `${seed}/hours/${run}`);
          const perform = performUnder(noise, { logLatency: Math.log(factor) });
          return playDays(perform, perDay, `${seed}/hours/${name}/${run}`);
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'Hours until a value is in force, and until it is confirmed',
      note: `${Math.ceil(trials / 20)} trials each, AR(1), tasks of a second, evenly spread over the day; medians over all of them, - where fewer than half came so far within trial.max_seconds and trial.probation_seconds.`,
      headings: HOURS_HEADINGS,
      rows: CASES.map(
        ({ name }): Row => ({ name, cells: hoursCells(samplesOf(name)), targets: [] }),
      ),
    },
  ],
};

export const HOURS_HEADINGS = ['provis. %', 'tasks', 'hours', 'confirmed %', 'tasks', 'hours'];

/** The cells of a row under `HOURS_HEADINGS`, from what `playDays` returned. */
export function hoursCells(samples: Samples): number[] {
  return ['promoted', 'confirmed'].flatMap((stage) => [
    share(samples, stage),
    medianOfAll(samples, `${stage}At`, stage),
    medianOfAll(samples, `${stage}Hours`, stage),
  ]);
}

/** A trial of tasks that are spread evenly over the day: whether and when it came so far, in tasks and hours. */
export function playDays(perform: Perform, perDay: number, seed: string): Figures {
  const slotMs = (24 * HOUR_MS) / perDay;
  const { finding, promoted, begun, endedMs } = playTrial({
    assignment: 'task',
    seed,
    perform: (i, arm) => ({ ...perform(i, arm), slotMs }),
    from: TASKS_BEFORE,
    inFlight: 1,
    plan: BOUNDS,
  });
  return {
    promoted: promoted === undefined ? 0 : 1,
    promotedAt: promoted?.begun ?? Number.NaN,
    promotedHours: (promoted?.nowMs ?? Number.NaN) / HOUR_MS,
    confirmed: finding?.verdict === 'helped' ? 1 : 0,
    confirmedAt: begun,
    confirmedHours: endedMs / HOUR_MS,
  };
}
