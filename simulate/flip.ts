import { mean } from '../src/trial/distributions.ts';
import type { Section } from './experiment.ts';
import { createNoise } from './noise.ts';
import { POLICY_TASKS } from './orchestrator.ts';
import { POLICIES } from './policies.ts';
import { drawEffects, POLICY_SUCCESS_RATE, playPolicy } from './policy.ts';

const FLIP_TASK = POLICY_TASKS / 2;

/** What helped harms from some task on, and the other way round. */
export const FLIP: Section = {
  experiments: ({ seed, runs }) =>
    Object.keys(POLICIES).map((policy) => ({
      name: policy,
      runs: Math.ceil(runs / 2),
      play(run) {
        const noise = createNoise('AR(1)', POLICY_SUCCESS_RATE, `${seed}/policy/${run}`);
        const before = drawEffects(`${seed}/${run}`);
        const after = before.map((effect) => -effect);
        const effectsAt = (i: number) => (i < FLIP_TASK ? before : after);
        return playPolicy(noise, effectsAt, policy, `${seed}/flip/${run}`);
      },
    })),
  tables: ({ runs }, samplesOf) => [
    {
      title: `Effects change their sign at task ${FLIP_TASK}`,
      note: `Means of ${Math.ceil(runs / 2)} runs, AR(1). Nothing tries again what has been promoted: no rule asks for the old value.`,
      headings: ['regret before', 'regret after', 'harmful left on', 'helpful missed'],
      rows: Object.keys(POLICIES).map((policy) => {
        const samples = samplesOf(policy);
        const cells = ['first', 'second', 'harmfulOn', 'helpfulMissed'].map((figure) =>
          mean(samples[figure] ?? []),
        );
        return { name: policy, cells, targets: [] };
      }),
    },
  ],
};
