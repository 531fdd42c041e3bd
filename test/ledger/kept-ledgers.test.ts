import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Parameters } from '../../src/domain/value.ts';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { Subscription } from '../../src/ledger/subscription.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { configOf, createEngineFixture, taskOf } from '../support/engine/engine-fixture.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';
import { ledgerYaml, runTasks } from '../support/ledger/kept-ledgers.ts';
import { readLedgerFile } from '../support/ledger/read-ledger.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { auditStore } from '../support/trials/audited.ts';
import { TrialFixture } from '../support/trials/trial-fixture.ts';

const FOLDER = join(import.meta.dirname, '../ledgers');
const LEDGERS = readdirSync(FOLDER).filter((name) => name.endsWith('.db'));
const IN_BLOCKS = LEDGERS.filter((name) => name.includes('blocks'));

/** A copy, since SQLite makes files beside what it opens. */
function copyOf(name: string): string {
  const directory = tempDir();
  copyFileSync(join(FOLDER, name), join(directory, 'ledger.db'));
  return directory;
}

/** As it was written. */
function storedIn(name: string) {
  const stored = readLedgerFile(join(copyOf(name), 'ledger.db'));
  if (stored === undefined) throw new Error(`${name} is empty`);
  return stored;
}

/** A sidecar that is started on a copy of a ledger, soon after it had stopped. */
async function openLedger(name: string, yaml = ledgerYaml(name)) {
  const store = openSqliteStore(copyOf(name));
  onTestFinished(() => store.close());
  const clock = new ManualClock(storedIn(name).head.clock.timeMs + 1000);
  const fixture = new TrialFixture(await createEngineFixture(yaml, { store, clock }));
  return { fixture, store };
}

/** Without what the release that wrote it had beside the parameters of its config. */
function declaredOf(name: string, parameters: Parameters): Parameters {
  const declared = configOf(ledgerYaml(name)).parameters;
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => key in declared));
}

/** The newest delta of a rule on a parameter. */
function deltaOn({ state }: TrialFixture, target: string) {
  const found = [...state.deltasNewestFirst()].find(
    (delta) => delta.target === target && delta.cycleNumber > 0,
  );
  if (found === undefined) throw new Error(`there is no delta on ${target}`);
  return found;
}

async function work(fixture: TrialFixture, count: number, name: string) {
  for (let i = 0; i < count; i += 10) {
    await runTasks(fixture, 10, `${name}-${i}`);
    await fixture.clock.advance(30_000);
    await fixture.engine.runCycle();
  }
}

test('a refusal is told as it was, and counts', async () => {
  const { fixture } = await openLedger('0012-refusals.db');
  const { deltaId, ...delta } = deltaOn(fixture, 'helps');
  expect(delta).toMatchObject({
    state: 'confirmed',
    refusals: [{ clientId: 'client-2', reason: 'UNSUPPORTED', message: 'no such value' }],
  });
  const refusal = { reason: 'UNSUPPORTED', message: '' };
  await fixture.engine.decide(acknowledge({ clientId: 'client-1', epoch: '', deltaId, refusal }));
  expect(fixture.delta(deltaId)).toMatchObject({
    state: 'reverted',
    summary: expect.stringMatching(/^Refused by 2 of 2 clients: "client-2": UNSUPPORTED: no such/),
  });
});

describe.each(LEDGERS.filter((name) => !IN_BLOCKS.includes(name)))('%s', (name) => {
  test('opens with all that had been decided', async () => {
    const { fixture } = await openLedger(name);
    const { head } = storedIn(name);
    const { counters, parameters, metrics, epoch, rules } = fixture.state.head;
    expect(counters).toEqual(head.counters);
    expect(parameters).toEqual(declaredOf(name, head.parameters));
    expect(parameters).toMatchObject({ harms: 0, helps: 1, max_cpu_per_agent: 70 });
    expect({ metrics, epoch }).toEqual({ metrics: head.metrics, epoch: head.epoch });
    expect(rules).toMatchObject({ worse: { harmed: 1 }, better: { helped: 1 } });
    expect(fixture.state.acknowledged('client-1')).toBeGreaterThan(0);
    expect(fixture.state.taskCount).toBeGreaterThan(50);
    expect(fixture.state.hasTaskId(fixture.state.newestTasks(1)[0]?.taskId ?? '')).toBe(true);
    expect(deltaOn(fixture, 'harms')).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'harmed' },
      summary: expect.stringMatching(/^Harmed, in \d+ tasks/),
    });
    expect(deltaOn(fixture, 'helps')).toMatchObject({ effect: { verdict: 'helped' } });
    expect([...fixture.state.cyclesNewestFirst()]).toHaveLength(counters.cycles);
  });

  test('goes on: what helps comes to be in force, and is the same when it is opened again', async () => {
    const { fixture, store } = await openLedger(name);
    await work(fixture, 400, 'later');
    expect(fixture.state.head.parameters).toMatchObject({ helps: 1, level: 1, harms: 0 });
    expect(deltaOn(fixture, 'level')).toMatchObject({ state: 'confirmed' });
    for (const { faults } of auditStore(store).values()) expect(faults).toEqual([]);
    const again = await fixture.reopen(ledgerYaml(name));
    expect(again.state.trials).toEqual(fixture.state.trials);
    expect(again.state.head.counters).toEqual(fixture.state.head.counters);
    expect([...again.state.deltasNewestFirst()]).toEqual([...fixture.state.deltasNewestFirst()]);
  });
});

/** The deltas that a snapshot names. */
function liveDeltas({ state }: TrialFixture): Readonly<Record<string, string>> {
  const request = { epoch: '', afterSequence: undefined, types: [] };
  const first = new Subscription(state, request).next(0);
  return first?.kind === 'snapshot' ? first.deltaIds : {};
}

test.each(LEDGERS)('of %s, a snapshot names the deltas of values set from now on', async (name) => {
  const { fixture } = await openLedger(name);
  const set = { target: 'max_cpu_per_agent', value: 55, holdSeconds: 0, reason: '' };
  const { deltaId } = await fixture.engine.decide(setParameter(set));
  const ids = liveDeltas(fixture);
  expect(ids.max_cpu_per_agent).toBe(deltaId);
  for (const id of Object.values(ids)) expect(fixture.delta(id).sequence).toBeGreaterThan(0);
});

test.each([
  ['0013.db', false],
  ['0015.db', true],
])('%s knows the deltas of its values: %s', async (name, isKnown) => {
  const { fixture } = await openLedger(name);
  const { helps } = liveDeltas(fixture);
  expect(helps).toBe(isKnown ? deltaOn(fixture, 'helps').deltaId : undefined);
});

test.each(LEDGERS)('of %s, all parameters leave with a config that has none', async (name) => {
  const { fixture, store } = await openLedger(name, 'rules: []\nparameters: {}');
  expect(fixture.state.trials).toEqual([]);
  expect([...fixture.state.pending()]).toEqual([]);
  const { parameters, declared } = fixture.state.head;
  expect({ parameters, declared }).toEqual({ parameters: {}, declared: {} });
  for (const { faults } of auditStore(store).values()) expect(faults).toEqual([]);
});

describe('of the release before probation', () => {
  test('the trial that was on ends, and says why', async () => {
    const { fixture } = await openLedger('0011-before.db');
    expect(fixture.state.trials).toEqual([]);
    const delta = deltaOn(fixture, 'level');
    expect(delta).toMatchObject({
      state: 'reverted',
      sequence: 0,
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(/^Inconclusive: it was begun by an earlier release, whose/),
    });
    expect(fixture.state.head.parameters.level).toBe(0);
    // It was cut short: nothing is learned of its rule, which may try again.
    expect(fixture.state.head.rules).not.toHaveProperty('raise');
    expect(deltaOn(fixture, 'helps').state).toBe('applied');
    await work(fixture, 60, 'later');
    expect(deltaOn(fixture, 'level').deltaId).not.toBe(delta.deltaId);
  });

  test('the audit vouches for the chain of its trials alone', async () => {
    const { fixture, store } = await openLedger('0011-before.db');
    await work(fixture, 100, 'later');
    const audits = [...auditStore(store).values()];
    const former = audits.map(({ isChainOnly }) => isChainOnly);
    expect(former.slice(0, 4)).toEqual([true, true, true, false]);
    expect(former.slice(4)).not.toContain(true);
    for (const { faults, isOver, isChainOnly, unchecked } of audits) {
      expect(faults).toEqual([]);
      if (!isChainOnly) continue;
      expect(isOver).toBe(true);
      expect(unchecked).toEqual([expect.stringMatching(/^all but the chain of hashes/)]);
    }
  });

  test('the ledger has a secret of its own from then on', async () => {
    expect(storedIn('0011-before.db').head.secret ?? '').toBe('');
    const { fixture } = await openLedger('0011-before.db');
    expect(fixture.state.head.secret).not.toBe('');
  });
});

test('of the first release with probation, what was being proven goes on', async () => {
  const { fixture } = await openLedger('0011.db');
  expect(fixture.state.trials).toMatchObject([
    { stage: 'holdback', plan: { target: 'helps' } },
    { stage: 'probation', plan: { target: 'level' } },
  ]);
  expect(deltaOn(fixture, 'helps').state).toBe('confirmed');
  expect(deltaOn(fixture, 'level').state).toBe('provisional');
  const [held, proven] = fixture.state.trials;
  expect(proven?.sets.flatMap(({ tasks }) => tasks)).toMatchObject([{ taskId: 'task-out' }]);
  // The task that was out is still known.
  const finishTimeMs = fixture.clock.now();
  await fixture.engine.recordTasks([taskOf({ taskId: 'task-out', finishTimeMs })]);
  expect(fixture.state.trials[1]?.steps).toBe((proven?.steps ?? 0) + 1);
  await work(fixture, 60, 'later');
  expect(fixture.state.trials[0]?.steps).toBeGreaterThan(held?.steps ?? 0);
});

describe('of trials in blocks', () => {
  test.each(IN_BLOCKS)('%s opens, and goes on the same after a restart', async (name) => {
    const { fixture, store } = await openLedger(name);
    const { counters } = storedIn(name).head;
    expect(fixture.state.head.counters.tasksRecorded).toBe(counters.tasksRecorded);
    await work(fixture, 400, 'later');
    expect(fixture.state.head.counters.deltasProposed).toBeGreaterThan(counters.deltasProposed);
    for (const { faults } of auditStore(store).values()) expect(faults).toEqual([]);
    const again = await fixture.reopen(ledgerYaml(name));
    expect(again.state.trials).toEqual(fixture.state.trials);
    expect([...again.state.deltasNewestFirst()]).toEqual([...fixture.state.deltasNewestFirst()]);
  });

  test('the open one ends where late reports did not count yet', async () => {
    const { fixture } = await openLedger('0012-blocks-3.db');
    expect(fixture.state.trials).toEqual([]);
    expect(deltaOn(fixture, 'level')).toMatchObject({
      effect: { verdict: 'inconclusive' },
      summary: expect.stringMatching(/^Inconclusive: it was begun by an earlier release, whose/),
    });
  });

  test('pairs that wait are counted', async () => {
    const { fixture } = await openLedger('0012-blocks.db');
    const [trial] = fixture.state.trials;
    expect(trial).toMatchObject({ plan: { assignment: 'switchback' } });
    expect(trial?.blocks.length).toBeGreaterThan(2);
    await work(fixture, 60, 'later');
    const [later] = fixture.state.trials.filter(({ plan }) => plan.deltaId === trial?.plan.deltaId);
    expect(later?.tasksUsed).toBeGreaterThan(trial?.tasksUsed ?? 0);
  });
});
