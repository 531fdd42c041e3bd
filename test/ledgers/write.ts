import { acknowledge } from '../../src/engine/acknowledge.ts';
import { setParameter } from '../../src/engine/curation.ts';
import { reportMetrics } from '../../src/engine/record.ts';
import { revert } from '../../src/engine/revert.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { createEngineFixture, taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { ledgerYaml, runTasks } from '../support/ledger/kept-ledgers.ts';

// Writes a ledger as this version does: node test/ledgers/write.ts <its name> <an empty directory>

const [name, directory] = process.argv.slice(2);
if (name === undefined || directory === undefined)
  throw new Error('expected a name, and a directory');

const { engine, clock } = await createEngineFixture(ledgerYaml(name), {
  store: openSqliteStore(directory),
  newEpoch: () => crypto.randomUUID(),
});
const { state } = engine.ledger;
const at = () => ({ finishTimeMs: clock.now(), latencyMs: 100 });
const isDone = (target: string, wanted: string) =>
  [...state.deltasNewestFirst()].some(
    (delta) => delta.ruleId !== '' && delta.target === target && delta.state === wanted,
  );
const until = async (target: string, wanted: string) => {
  for (let i = 0; i < 100 && !isDone(target, wanted); i += 1) {
    await clock.advance(60_000);
    await engine.runCycle();
    await runTasks({ engine, clock }, 10, `${target}-${i}`);
  }
  if (!isDone(target, wanted)) throw new Error(`no delta on ${target} is ${wanted}`);
};

await engine.recordTasks(tasksOf(60, at()).map((task, i) => ({ ...task, taskId: `first-${i}` })));
const metrics = { subAgentCount: 3, cpuPercent: 40, values: { depth: 2 } };
await engine.decide(reportMetrics({ ...metrics, observeTimeMs: clock.now() }));
await engine.decide(
  reportMetrics({ ...metrics, clientId: 'client-1', observeTimeMs: clock.now() }),
);
await until('harms', 'reverted');
await until('helps', 'confirmed');
await runTasks({ engine, clock }, 30, 'held');
const set = { target: 'max_cpu_per_agent', holdSeconds: 0 };
const override = await engine.decide(setParameter({ ...set, value: 70, reason: 'by hand' }));
const acknowledgement = { clientId: 'client-1', epoch: '', refusal: undefined };
await engine.decide(acknowledge({ ...acknowledgement, deltaId: override.deltaId }));
const helps = [...state.deltasNewestFirst()].find(({ target }) => target === 'helps');
const refusal = { reason: 'UNSUPPORTED', message: 'no such value' };
await engine.decide(
  acknowledge({
    ...{ clientId: 'client-2', epoch: '', refusal },
    deltaId: helps?.deltaId ?? '',
  }),
);
const second = await engine.decide(setParameter({ ...set, value: 60, reason: 'too much' }));
await engine.decide(revert(second.deltaId, 'it was not'));
await until('level', 'provisional');
await engine.resolve({ taskId: 'task-out', labels: {} });
await engine.recordTasks([taskOf({ taskId: 'task-last', ...at() })]);
engine.stop();
await engine.ledger.close();
