import { mean } from '../src/trial/evidence/distributions.ts';
import type { Experiment, Section } from './experiment.ts';
import { createNoise } from './noise.ts';
import { runPolicy } from './orchestrator.ts';
import { ENGINE_MODES, engineContestant, parseRules, ruleText } from './policies.ts';
import { POLICY_SUCCESS_RATE, slowMsOf } from './policy.ts';

const EFFECTS = { 'the first is right': -0.35, 'the second is right': 0.35, 'no difference': 0 };

const CASES = Object.entries(EFFECTS).flatMap(([truth, effect]) =>
  Object.entries(ENGINE_MODES).map(([policy, mode]) => ({
    name: `${truth}: ${policy}`,
    effect,
    mode,
  })),
);

/** Two rules that fire together and want different values of one parameter. */
export const FIGHT: Section = {
  experiments: ({ seed, runs }) =>
    CASES.map(
      ({ name, effect, mode }): Experiment => ({
        name,
        runs: Math.ceil(runs / 3),
        async play(run) {
          const noise = createNoise('AR(1)', POLICY_SUCCESS_RATE, `${seed}/policy/${run}`);
          const rules = ['1.0', '0.0'].map((value) =>
            ruleText(`wants-${value}`, 'p0', value, slowMsOf(noise)),
          );
          const contestant = engineContestant(parseRules(rules, mode, `${seed}/fight/${run}`));
          const changesAt = () => [effect, 0, 0].map((logLatency) => ({ logLatency }));
          const { regret, harmfulOn, helpfulMissed } = await runPolicy(
            { noise, changesAt },
            contestant.create,
          );
          return { regret, wrong: harmfulOn + helpfulMissed, ...contestant.figures(false) };
        },
      }),
    ),
  tables: ({ runs }, samplesOf) => [
    {
      title: 'Two rules fight over one parameter',
      note: `Means of ${Math.ceil(runs / 3)} runs, AR(1); effect .35. Changes: deltas put in force, those of switchback among them.`,
      headings: ['regret', 'wrong at the end %', 'changes', 'trials', 'repeated while resting'],
      rows: CASES.map(({ name }) => {
        const samples = samplesOf(name);
        const cells = ['regret', 'wrong', 'changes', 'trials', 'repeated'].map((figure) =>
          mean(samples[figure] ?? []),
        );
        return { name, cells, targets: [] };
      }),
    },
  ],
};
