import { expect, test } from 'vitest';
import { type Delta, DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import type { Clients } from '../support/clients/clients.ts';
import { wanderingNoise } from '../support/engine/noise.ts';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { allDeltas } from '../support/ledger/history.ts';
import { levelsOf, type Perform, VirtualWork } from '../support/load/virtual-work.ts';
import { deltaOf, startTrial, WARM_UP_TASKS } from '../support/load/work-ports.ts';
import { runScript } from '../support/sidecar/child.ts';
import { type Death, MortalSidecar } from '../support/sidecar/mortal-sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { ASSIGNMENTS, type Assignment, writeTrialConfig } from '../support/trials/trial-config.ts';

/** Kills by what was being called, and how far trials were: of each stage ten. */
const KILLS: Readonly<Record<string, number>> = {
  'trial: cycle': 2,
  'trial: resolve': 4,
  'trial: record': 4,
  'probation: resolve': 5,
  'probation: record': 5,
  'holdback: resolve': 5,
  'holdback: record': 5,
};

/** What each of the trials does to the latency. */
const FACTORS: Readonly<Record<string, number>> = {
  twice: 2,
  half: 0.5,
  idle: 1,
  failing: 1,
  third: 1.35,
  less: 0.7,
};
const LEVELS = Object.keys(FACTORS);
const FAILURE_RATE = 0.01;

/** Far more than probation takes, task by task; by blocks it may go on. */
const PROBATION_TASKS = 1500;
/** A few groups of those that a tenth of tasks is held back in. */
const HOLDBACK_TASKS = 250;

/** Long enough to get through most calls, short enough to hit the middle of them. */
const MAX_DELAY_MS = 3;

test.each(ASSIGNMENTS)('kills change nothing in trials, by %s', async (assignment) => {
  const seed = chooseSeed(`trial-kill, ${assignment}`);
  const whole = await goThrough(assignment, seed, new Map());
  const deaths = chooseDeaths(whole.sidecar.calls, seededRandom(seed));
  const broken = await goThrough(assignment, seed, deaths);
  expect(whole.sidecar.kills).toBe(0);
  if (assignment === 'task') {
    expect(broken.sidecar.kills).toBe(30);
    expect(broken.sidecar.calls).toEqual(whole.sidecar.calls);
    expect(broken.history).toEqual(whole.history);
    expect(broken.counters).toEqual(whole.counters);
    expect(broken.audits).toEqual(whole.audits);
  } else {
    // Pairs of blocks are counted by the clock: no two runs have the same tasks, nor reach all kills.
    expect(broken.sidecar.kills).toBeGreaterThanOrEqual(8);
    const verdictOf = ({ history }: typeof whole, target: string) =>
      history.find((one) => one.target === target && one.effect?.verdict)?.effect?.verdict;
    for (const { history, counters } of [whole, broken]) {
      const sequences = history.flatMap(({ sequence }) =>
        sequence > 0n ? [Number(sequence)] : [],
      );
      expect(sequences.sort((a, b) => a - b)).toEqual(sequences.map((_, i) => i + 1));
      expect(counters.latestSequence).toBe(BigInt(sequences.length));
    }
    for (const level of ['twice', 'half']) {
      expect(verdictOf(broken, level)).toBe(verdictOf(whole, level));
    }
  }
  const tried = whole.history.filter(({ effect }) => effect?.verdict);
  const findings = tried.map(
    ({ target, state, effect }) =>
      `${target} ${nameIn(Verdict, effect?.verdict)}, ${nameIn(DeltaState, state)}, in ${effect?.tasksUsed}`,
  );
  expect(findings.length).toBeGreaterThanOrEqual(LEVELS.length);
  console.log(
    `trial-kill: ${assignment}: ${broken.sidecar.kills} kills in ${broken.sidecar.calls.length} calls, ` +
      `${broken.sidecar.unanswered} of them not answered, though ${broken.duplicates} had recorded ` +
      `a task; ${assignment === 'task' ? 'the same verdicts, E and tasks as without, and ' : ''}` +
      `an audit finds them sound: ` +
      findings.join('; '),
  );
});

function nameIn(values: Readonly<Record<string, number>>, wanted: number | undefined): string {
  const [name = ''] = Object.entries(values).find(([, value]) => value === wanted) ?? [];
  return name;
}

/** Goes through all trials, one after the other, then through probation, and some of holdback. */
async function goThrough(assignment: Assignment, seed: number, deaths: ReadonlyMap<number, Death>) {
  const config = writeTrialConfig({ assignment, seed, levels: LEVELS, trial: { holdback: 0.1 } });
  const dataDir = tempDir();
  const sidecar = await MortalSidecar.start({ dataDir, config }, deaths);
  let duplicates = 0;
  let stage = 'trial';
  const call = <T>(name: string, make: (clients: Clients) => Promise<T>) =>
    sidecar.call(`${stage}: ${name}`, make);
  const work = new VirtualWork(
    {
      async start(taskId) {
        const ask = () => call('resolve', (c) => c.client.resolveParameters({ taskId }));
        const { parameters, deltaSequence } = await ask();
        return { levels: levelsOf(parameters), deltaSequence };
      },
      async finish(task) {
        const { duplicate } = await call('record', (c) => c.client.recordTask({ task }));
        if (duplicate) duplicates += 1;
      },
    },
    performer(seed),
  );
  for (let i = 0; i < WARM_UP_TASKS; i += 1) await work.step();
  for (const _ of LEVELS) {
    const deltaId = await call('cycle', startTrial);
    const isOn = async () =>
      (await deltaOf(sidecar.clients.client, deltaId)).state === DeltaState.TRIAL;
    while (await isOn()) await work.step();
  }
  stage = 'probation';
  const isProven = async () => {
    const { deltas } = await sidecar.clients.client.listDeltas({
      states: [DeltaState.PROVISIONAL],
    });
    return deltas.length === 0;
  };
  for (let i = 0; i < PROBATION_TASKS && !(await isProven()); i += 1) await work.step();
  stage = 'holdback';
  for (let i = 0; i < HOLDBACK_TASKS; i += 1) await work.step();
  const { client } = sidecar.clients;
  const history = withoutIds(await allDeltas(client, true));
  const { totalTasksRecorded, totalCycles, latestSequence, rules } = await client.getStatus({});
  const learned = rules.map(({ helped, harmed, inconclusive }) => [helped, harmed, inconclusive]);
  const counters = { totalTasksRecorded, totalCycles, latestSequence, learned };
  return { sidecar, history, counters, duplicates, audits: await auditAll(dataDir) };
}

/** What an audit finds, but for ids, hashes and times. It fails where a verdict does not stand. */
async function auditAll(dataDir: string): Promise<readonly unknown[]> {
  const flags = ['audit', '--all', '--json', '--data-dir', dataDir];
  const { exited, lines } = runScript('src/main.ts', flags);
  expect((await exited).code).toBe(0);
  return lines.map((line) => {
    const {
      target,
      stage,
      verdict,
      outcome,
      stands,
      faults,
      receipts,
      metrics,
      holdback,
      summary,
    } = JSON.parse(line);
    return {
      target,
      stage,
      verdict,
      outcome,
      stands,
      faults,
      receipts,
      metrics,
      holdback,
      summary,
    };
  });
}

/** What a task comes to follows from its number and its values. */
function performer(seed: number): Perform {
  const noise = wanderingNoise(seed);
  const { next } = seededRandom(seed + 1);
  const luck: number[] = [];
  return (i, levels) => {
    while (luck.length <= i) luck.push(next());
    let latencyMs = 1000 * Math.exp(noise(i));
    for (const name of LEVELS) if (levels[name] === 1) latencyMs *= FACTORS[name] ?? 1;
    const fails = levels.failing === 1 || (luck[i] ?? 0) < FAILURE_RATE;
    return { latencyMs, status: fails ? TaskStatus.FAILURE : TaskStatus.SUCCESS };
  };
}

/** Calls at which the sidecar dies; none before the first cycle. */
function chooseDeaths(calls: readonly string[], random: SeededRandom): ReadonlyMap<number, Death> {
  const deaths = new Map<number, Death>();
  const first = calls.indexOf('trial: cycle');
  for (const [name, count] of Object.entries(KILLS)) {
    const places = calls.flatMap((call, i) => (call === name && i >= first ? [i] : []));
    for (let i = 0; i < count; i += 1) {
      const [place = 0] = places.splice(random.between(0, places.length - 1), 1);
      deaths.set(place, chooseDeath(random));
    }
  }
  return deaths;
}

function chooseDeath(random: SeededRandom): Death {
  const chance = random.next();
  if (chance < 0.15) return { moment: 'before' };
  if (chance < 0.3) return { moment: 'after' };
  return { moment: 'during', delayMs: random.next() * MAX_DELAY_MS };
}

/** What must be the same in every run: ids are not, nor times, nor what decays in time. */
function withoutIds(deltas: readonly Delta[]) {
  const numbers = new Map(deltas.map(({ deltaId }, i) => [deltaId, i]));
  return deltas.map((delta) => ({
    sequence: delta.sequence,
    ruleId: delta.ruleId,
    target: delta.target,
    oldValue: delta.oldValue,
    newValue: delta.newValue,
    state: delta.state,
    cycleNumber: delta.cycleNumber,
    effect: delta.effect,
    reverts: numbers.get(delta.revertsDeltaId),
    trial: numbers.get(delta.trialDeltaId),
  }));
}
