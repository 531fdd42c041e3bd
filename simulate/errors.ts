import { atMost, type Row } from '../scripts/report/table.ts';
import { NO_CHANGE, performUnder, TASKS_BEFORE } from './change.ts';
import type { Experiment, Section } from './experiment.ts';
import { figuresOf, medianOf, playBoth, share } from './figures.ts';
import { createNoise, KINDS } from './noise.ts';
import { playTrial } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;

/** Success rate in the synthetic worlds. */
const SUCCESS_RATE = 0.8;

/** Error rate of a trial at most, on each side. */
const MAX_ERRORS = 0.05;

function runsOf(assignment: (typeof ASSIGNMENTS)[number], trials: number): number {
  return assignment === 'task' ? trials : Math.ceil(trials / 2);
}

const HEADINGS = [
  'provis. %',
  'confirmed %',
  'HARMED %',
  'INVALID %',
  'unfinished %',
  'tasks',
  'dispatched',
  'paused',
];

const SHIPPED = ['shipped HELPED %', 'shipped HARMED %'];

/** Verdicts on changes without effect. */
export const ERRORS: Section = {
  experiments: ({ seed, trials }) =>
    ASSIGNMENTS.flatMap((assignment) =>
      KINDS.map(
        (kind): Experiment => ({
          name: `${assignment}/${kind}`,
          runs: runsOf(assignment, trials),
          play(run) {
            const noise = createNoise(kind, SUCCESS_RATE, `${seed}/${run}`);
            const setup = {
              assignment,
              seed: `${seed}/${assignment}/${kind}/${run}`,
              perform: performUnder(noise, NO_CHANGE),
              from: TASKS_BEFORE,
            };
            return assignment === 'task' ? playBoth(setup) : figuresOf(playTrial(setup));
          },
        }),
      ),
    ),
  tables: ({ trials }, samplesOf) =>
    ASSIGNMENTS.map((assignment) => ({
      title: `False verdicts, ${assignment}`,
      note: `${runsOf(assignment, trials)} trials each of a change without effect, with their probation; success rate ${SUCCESS_RATE} in the synthetic worlds. Tasks: median counted, and dispatched, until the end; paused: mean.`,
      headings: assignment === 'task' ? [...HEADINGS, ...SHIPPED] : HEADINGS,
      rows: KINDS.map((kind): Row => {
        const samples = samplesOf(`${assignment}/${kind}`);
        const shown = ['promoted', 'confirmed', 'harmed', 'invalid', 'unfinished'];
        const shipped = assignment === 'task' ? ['shippedHelped', 'shippedHarmed'] : [];
        return {
          name: kind,
          cells: [
            ...shown.map((figure) => share(samples, figure)),
            medianOf(samples, 'used'),
            medianOf(samples, 'begun'),
            share(samples, 'pauses'),
            ...shipped.map((figure) => share(samples, figure)),
          ],
          targets: [
            atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
            atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
          ],
        };
      }),
    })),
};
