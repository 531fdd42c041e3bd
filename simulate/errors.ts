import type { TrialVerdict } from '../src/domain/effect.ts';
import { mean, median } from '../src/trial/distributions.ts';
import { NO_CHANGE, performUnder, timeoutOf, WINDOW_TASKS } from './change.ts';
import type { Experiment, Figures, Section } from './experiment.ts';
import { createNoise, KINDS } from './noise.ts';
import { atMost, type Row } from './table.ts';
import { playTrial, type TrialRun } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;

/** Successes in the made-up worlds. */
const SUCCESS_RATE = 0.8;

/** Errors of a trial on each side, at most. */
const MAX_ERRORS = 0.05;

const HEADINGS = [
  'HARMED %',
  'HELPED %',
  'INVALID %',
  'INCONCLUSIVE %',
  'unfinished %',
  'tasks (median)',
  'dispatched (median)',
  'paused (mean)',
];

/** Verdicts on changes that change nothing. */
export const ERRORS: Section = {
  experiments: ({ seed, trials }) =>
    ASSIGNMENTS.flatMap((assignment) =>
      KINDS.map(
        (kind): Experiment => ({
          name: `${assignment}/${kind}`,
          runs: trials,
          play(run) {
            const noise = createNoise(kind, SUCCESS_RATE, `${seed}/${run}`);
            const perform = performUnder(noise, NO_CHANGE);
            const timeoutMs = timeoutOf(noise);
            const name = `${seed}/${assignment}/${kind}/${run}`;
            return figuresOf(
              playTrial({ assignment, seed: name, timeoutMs, perform, from: WINDOW_TASKS }),
            );
          },
        }),
      ),
    ),
  tables: ({ trials }, samplesOf) =>
    ASSIGNMENTS.map((assignment) => ({
      title: `False verdicts, ${assignment}`,
      note: `${trials} trials each of a change that changes nothing; success rate ${SUCCESS_RATE} in the made-up worlds.`,
      headings: HEADINGS,
      rows: KINDS.map((kind): Row => {
        const samples = samplesOf(`${assignment}/${kind}`);
        const share = (name: string) => mean(samples[name] ?? []);
        const [harmed, helped] = [share('harmed'), share('helped')];
        return {
          name: kind,
          cells: [
            harmed,
            helped,
            share('invalid'),
            share('inconclusive'),
            share('unfinished'),
            median(samples.used ?? []),
            median(samples.begun ?? []),
            share('pauses'),
          ],
          targets: [atMost(MAX_ERRORS, harmed, 'HARMED %'), atMost(MAX_ERRORS, helped, 'HELPED %')],
        };
      }),
    })),
};

/** A trial in figures: 1 for what it ended with. */
export function figuresOf({ finding, trial, begun, pauses }: TrialRun): Figures {
  const is = (verdict: TrialVerdict | undefined) => (finding?.verdict === verdict ? 1 : 0);
  return {
    harmed: is('harmed'),
    helped: is('helped'),
    invalid: is('invalid'),
    inconclusive: is('inconclusive'),
    unfinished: is(undefined),
    used: trial.tasksUsed,
    begun,
    pauses,
  };
}
