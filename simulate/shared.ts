import { atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { median } from '../src/trial/evidence/distributions.ts';
import { performUnder } from './change.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { medianOfAll } from './figures.ts';
import { HOURS_HEADINGS, hoursCells, playDays } from './hours.ts';
import { createNoise, LATENCIES, type Noise } from './noise.ts';

/** Of each orchestrator. */
const PER_DAY = 500;
const FACTORS = [0.5, 0.7] as const;
/** All five with one ledger: with the labels they have, and with one more that says whose a task is. */
const TOGETHER = ['one ledger', 'one ledger, label agent'] as const;

const SOONER = `${TOGETHER[1]}, x0.5`;

const CASES = FACTORS.flatMap((factor) =>
  [...LATENCIES, ...TOGETHER].map((who) => ({ name: `${who}, x${factor}`, who, factor })),
);

/** Hours until five orchestrators know that a value helps, each by itself and with one ledger for all. */
export const SHARED: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ name, who, factor }): Experiment => ({
        name,
        runs: Math.ceil(trials / 20),
        play(run) {
          const alone = LATENCIES.filter((kind) => kind === who);
          const noises = (alone.length > 0 ? alone : LATENCIES).map((kind) =>
            labelled(
              createNoise(kind, 1, `${seed}/shared/${run}`),
              who === TOGETHER[1] ? kind : '',
            ),
          );
          const perform = performUnder(inTurn(noises), { logLatency: Math.log(factor) });
          return playDays(perform, PER_DAY * noises.length, `${seed}/shared/${name}/${run}`);
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'Five orchestrators: each with a ledger of its own, and with one for all',
      note: `${Math.ceil(trials / 20)} trials each, by task, ${PER_DAY} tasks a day from each orchestrator, which are recorded ones without their failures; medians as above.`,
      headings: HOURS_HEADINGS,
      rows: CASES.map(({ name }): Row => {
        const cells = hoursCells(samplesOf(name));
        return { name, cells, targets: name === SOONER ? soonerThanAlone(samplesOf) : [] };
      }),
    },
  ],
};

/** In half the time that each alone needs, in the median. */
function soonerThanAlone(samplesOf: (name: string) => Samples): Target[] {
  return (['promoted', 'confirmed'] as const).map((stage) => {
    const hours = (name: string) => medianOfAll(samplesOf(name), `${stage}Hours`, stage);
    const alone = median(LATENCIES.map((kind) => hours(`${kind}, x0.5`)));
    return atMost(alone / 2, hours(SOONER), stage === 'promoted' ? 'hours' : 'hours to confirm');
  });
}

/** @param agent a label of each task; empty: none */
function labelled(noise: Noise, agent: string): Noise {
  if (agent === '') return noise;
  return {
    at(i) {
      const draw = noise.at(i);
      return { ...draw, labels: { ...draw.labels, agent } };
    },
  };
}

/** Tasks of several orchestrators that are as busy as each other. */
function inTurn(noises: readonly Noise[]): Noise {
  return {
    at(i) {
      const noise = noises[i % noises.length];
      if (noise === undefined) throw new Error('there is no orchestrator');
      return noise.at(Math.floor(i / noises.length));
    },
  };
}
