import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { trialEffect } from '../src/trial/effect.ts';
import type { Trial } from '../src/trial/trial.ts';
import { type Change, NO_CHANGE, successBy } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { medianOfAll, share } from './figures.ts';
import { createNoise, type Kind, type Noise } from './noise.ts';
import { runPolicy, type World } from './orchestrator.ts';
import { ENGINE_MODES, engineContestant, PARAMETERS, parseRules, ruleText } from './policies.ts';
import { POLICY_SUCCESS_RATE } from './policy.ts';

/** Tasks until confirmation at most, and tasks followed after it. */
const MAX_TASKS = 4000;
const LIFE_TASKS = 10_000;

/** Tasks from confirmation until the effect changes. */
const TURN_AFTER = 500;

/** Tasks after confirmation at which intervals of gains are shown. */
const SHOWN_AT = 3000;

const HELPS: Change = { logLatency: -0.35 };
const MAX_FALSE_REVERTS = 0.02;

/** Target coverage of the 95 % interval at all times: it is asymptotic, so less with heavy tails. */
const coverageIn = (kind: Kind) => (kind === 'heavy tails' ? 0.8 : 0.9);

interface Life {
  readonly name: string;
  readonly kind: Kind;
  /** The effect from `TURN_AFTER` tasks after confirmation. */
  readonly later: Change;
  readonly targetsOf: (samples: Samples) => Target[];
}

const rarely = (samples: Samples) => [
  atMost(MAX_FALSE_REVERTS, share(samples, 'taken'), 'taken back %'),
];
const anyway = () => [];

const KINDS = ['AR(1)', 'heavy tails', 'auto-gpt', 'mini-agi', 'smol-developer'] as const;

const HELPING: readonly Life[] = KINDS.map((kind) => ({
  name: `goes on helping, ${kind}`,
  kind,
  later: HELPS,
  targetsOf: anyway,
}));

const ALL: Life = { name: 'all that go on', kind: 'AR(1)', later: HELPS, targetsOf: rarely };

const TURNING: readonly Life[] = [
  { name: 'then does nothing', kind: 'AR(1)', later: NO_CHANGE, targetsOf: anyway },
  { name: 'then x1.42', kind: 'AR(1)', later: { logLatency: 0.35 }, targetsOf: anyway },
  {
    name: 'then success -10 points',
    kind: 'AR(1)',
    later: { ...HELPS, ...successBy(-0.1, POLICY_SUCCESS_RATE) },
    targetsOf: anyway,
  },
  {
    name: 'then success -20 points',
    kind: 'AR(1)',
    later: { ...HELPS, ...successBy(-0.2, POLICY_SUCCESS_RATE) },
    targetsOf: anyway,
  },
];

const LIVES = [...HELPING, ...TURNING];

/** Values after their confirmation. */
export const LIFE: Section = {
  experiments: ({ seed, runs }) =>
    LIVES.map(
      (life): Experiment => ({
        name: life.name,
        runs,
        play: (run) => play(life, `${seed}/life/${run}`),
      }),
    ),
  tables: ({ runs }, samplesOf): Table[] => [
    {
      title: 'After confirmation',
      note: `${runs} runs each, by the engine, 5 % held back: a value of x1/1.42 that was confirmed, for ${LIFE_TASKS} tasks more; what turns does so ${TURN_AFTER} tasks after. Taken back after so many tasks (median; - where fewer than half were). Old: tasks that kept the old value; cost: log latency per task that they cost.`,
      headings: ['confirmed %', 'taken back %', 'after tasks', 're-trials', 'old %', 'cost'],
      rows: [
        ...HELPING.map((life) => rowOf(life, samplesOf(life.name))),
        rowOf(ALL, together(HELPING.map(({ name }) => samplesOf(name)))),
        ...TURNING.map((life) => rowOf(life, samplesOf(life.name))),
      ],
    },
    {
      title: 'What was gained: the interval',
      note: `Of the same runs: share in which it held what all tasks until then had gained, at every moment and at ${SHOWN_AT} tasks; in which it was above 0 by then; half its width there, and at the end, relative to what is truly gained.`,
      headings: [
        'at all times %',
        `at ${SHOWN_AT} %`,
        `above 0 by ${SHOWN_AT} %`,
        `+- at ${SHOWN_AT} %`,
        '+- at the end %',
      ],
      rows: HELPING.map(({ name, kind }): Row => {
        const samples = samplesOf(name);
        const figures = ['held', 'heldThen', 'told', 'width', 'widthAtEnd'];
        return {
          name: kind,
          cells: figures.map((figure) => share(known(samples), figure)),
          targets: [atLeast(coverageIn(kind), share(known(samples), 'held'), 'at all times %')],
        };
      }),
    },
  ],
};

function rowOf({ name, targetsOf }: Life, samples: Samples): Row {
  const own = known(samples);
  return {
    name,
    cells: [
      share(samples, 'confirmed'),
      share(own, 'taken'),
      medianOfAll(own, 'after', 'taken'),
      share(own, 'retrials'),
      share(own, 'old'),
      share(own, 'cost'),
    ],
    targets: targetsOf(own),
  };
}

function together(all: readonly Samples[]): Samples {
  const figures = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    figures.map((figure) => [figure, all.flatMap((samples) => samples[figure] ?? [])]),
  );
}

/** Of the runs in which the value was confirmed. */
function known(samples: Samples): Samples {
  const isKnown = (_: number, i: number) => samples.confirmed?.[i] === 1;
  return Object.fromEntries(
    Object.entries(samples).map(([figure, values]) => [figure, values.filter(isKnown)]),
  );
}

async function play({ kind, later }: Life, seed: string): Promise<Figures> {
  const noise = createNoise(kind, POLICY_SUCCESS_RATE, seed);
  const rules = [ruleText('rule', PARAMETERS[0] ?? '', '1.0', 0)];
  const engine = engineContestant(parseRules(rules, ENGINE_MODES.ours, seed));
  const watch = new Watch(noise, later);
  const world: World = {
    noise,
    changesAt(i) {
      watch.look(i, engine.ledger?.state.trials ?? [], engine.inForce()[0] === true);
      return [watch.changeAt(i), NO_CHANGE, NO_CHANGE];
    },
    isOver: (i) => watch.isOver(i),
    onDispatch: (on) => watch.count(on[0] === true),
  };
  await runPolicy(world, engine.create, MAX_TASKS + LIFE_TASKS);
  return watch.figures();
}

/** Observes a value task by task. */
class Watch {
  readonly #noise: Noise;
  readonly #later: Change;
  readonly #retrials = new Set<string>();
  readonly #widths = new Map<number, number>();
  #confirmedAt: number | undefined;
  #takenAt: number | undefined;
  #gained = 0;
  #groups = 0;
  #tasks = 0;
  #old = 0;
  #held = true;
  #heldThen = 0;
  #told = 0;
  #width = Number.NaN;

  constructor(noise: Noise, later: Change) {
    this.#noise = noise;
    this.#later = later;
  }

  changeAt(i: number): Change {
    return this.#age(i) >= TURN_AFTER ? this.#later : HELPS;
  }

  isOver(i: number): boolean {
    if (this.#confirmedAt === undefined) return i >= MAX_TASKS;
    return this.#takenAt !== undefined || this.#age(i) >= LIFE_TASKS;
  }

  look(i: number, trials: readonly Trial[], isInForce: boolean): void {
    for (const { plan } of trials)
      if (plan.retrialOf !== undefined) this.#retrials.add(plan.deltaId);
    const confirmed = trials.find(({ stage }) => stage === 'holdback');
    if (this.#confirmedAt === undefined) {
      if (confirmed === undefined) return;
      this.#confirmedAt = i;
    }
    if (!isInForce) this.#takenAt ??= i;
    this.#gained += this.#gainOf(i, confirmed?.plan.clips.latency);
    if (confirmed?.holdback !== undefined) {
      this.#lookAtGain(i, confirmed, confirmed.holdback.groups);
    }
  }

  /** @param isNew the task runs with the new value */
  count(isNew: boolean): void {
    if (this.#confirmedAt === undefined) return;
    this.#tasks += 1;
    if (!isNew) this.#old += 1;
  }

  figures(): Figures {
    const isConfirmed = this.#confirmedAt !== undefined;
    const old = this.#old / Math.max(this.#tasks, 1);
    const turnedAt = (this.#confirmedAt ?? 0) + (this.#later === HELPS ? 0 : TURN_AFTER);
    return {
      confirmed: isConfirmed ? 1 : 0,
      taken: this.#takenAt === undefined ? 0 : 1,
      after: (this.#takenAt ?? Number.NaN) - turnedAt,
      retrials: this.#retrials.size,
      old,
      cost: -old * HELPS.logLatency,
      held: this.#held ? 1 : 0,
      heldThen: this.#heldThen,
      told: this.#told,
      width: this.#widths.get(SHOWN_AT) ?? Number.NaN,
      widthAtEnd: this.#width,
    };
  }

  #age(i: number): number {
    return i - (this.#confirmedAt ?? i);
  }

  #lookAtGain(i: number, trial: Trial, groups: number): void {
    const age = this.#age(i);
    if (groups === this.#groups && age !== SHOWN_AT) return;
    const [latency] = trialEffect('helped', trial).gains ?? [];
    if (latency?.metric !== 'latency') return;
    const { lower, upper } = latency;
    const truth = this.#gained / (age + 1);
    const holds = lower <= truth && truth <= upper;
    if (groups !== this.#groups && !holds) this.#held = false;
    this.#groups = groups;
    this.#width = (upper - lower) / 2 / truth;
    if (age <= SHOWN_AT && lower > 0) this.#told = 1;
    if (age !== SHOWN_AT) return;
    this.#heldThen = holds ? 1 : 0;
    this.#widths.set(age, this.#width);
  }

  /** What the i-th task gains by the new value. */
  #gainOf(i: number, clip = Number.POSITIVE_INFINITY): number {
    const { latencyMs } = this.#noise.at(i);
    const faster = latencyMs * Math.exp(HELPS.logLatency);
    return Math.min(latencyMs, clip) - Math.min(faster, clip);
  }
}
