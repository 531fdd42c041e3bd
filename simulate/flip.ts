import { atMost } from '../scripts/report/table.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import type { Section } from './experiment.ts';
import { createNoise } from './noise.ts';
import { POLICY_TASKS, SLOW_PACE_MS } from './orchestrator.ts';
import { POLICIES } from './policies.ts';
import { asChange, drawEffects, POLICY_SUCCESS_RATE, playPolicy } from './policy.ts';

/** Regret of the engine after the flip, at most. */
const MAX_REGRET_AFTER = 0.2;

const FLIP_TASK = POLICY_TASKS / 2;

const WAYS = [
  ...Object.keys(POLICIES).map((policy) => ({ name: policy, policy, paceMs: SLOW_PACE_MS })),
  { name: 'ours, every 1.5 s', policy: 'ours', paceMs: undefined },
];

const WITH_TARGET = ['ours', 'ours, always'];

/** All effects change their sign half-way. */
export const FLIP: Section = {
  experiments: ({ seed, runs }) =>
    WAYS.map(({ name, policy, paceMs }) => ({
      name,
      runs,
      play(run) {
        const noise = createNoise('AR(1)', POLICY_SUCCESS_RATE, `${seed}/policy/${run}`);
        const before = drawEffects(`${seed}/${run}`);
        const after = before.map((effect) => -effect);
        const changesAt = (i: number) => (i < FLIP_TASK ? before : after).map(asChange);
        return playPolicy({ noise, changesAt, paceMs }, policy, `${seed}/flip/${run}`, false);
      },
    })),
  tables: ({ runs }, samplesOf) => [
    {
      title: `Effects change their sign at task ${FLIP_TASK}`,
      note: `Means of ${runs} runs, AR(1), a task every five minutes; regret after: by what harms and is on, and by what helps and is missed. Every 1.5 s, three HARMED come within a day and leave a rule to a person: that its value has begun to help is not noticed then.`,
      headings: ['before', 'after', 'of harmful', 'of missed', 'harmful left on', 'helpful missed'],
      rows: WAYS.map(({ name }) => {
        const samples = samplesOf(name);
        const figures = ['first', 'second', 'ofHarmful', 'ofMissed', 'harmfulOn', 'helpfulMissed'];
        const cells = figures.map((figure) => mean(samples[figure] ?? []));
        const [, after = Number.NaN] = cells;
        const targets = WITH_TARGET.includes(name)
          ? [atMost(MAX_REGRET_AFTER, after, 'after')]
          : [];
        return { name, cells, targets };
      }),
    },
  ],
};
