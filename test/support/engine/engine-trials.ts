import { OUTCOME, SUCCESS } from '../../../src/domain/effect.ts';
import type { LoopSettings, TrialSettings } from '../../../src/domain/settings.ts';
import type { TaskStatus } from '../../../src/domain/task.ts';
import { setTrialsPaused } from '../../../src/engine/trials.ts';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import { configOf, createEngineFixture, taskOf, tasksOf } from './engine-fixture.ts';
import { seededRandom } from './seed.ts';

/** What an engine tries, and on what. */
export interface EngineTrials {
  readonly assignment: 'task' | 'switchback';
  /** `undefined`: the coins come from the ledger's secret. */
  readonly seed?: string;
  /** When the rule raises `level` by one, as an expression. */
  readonly when: string;
  readonly tasks: number;
  /** How many times as long as with level 0 a task takes. */
  readonly factorOf: (level: number, task: number) => number;
  readonly trial?: Partial<TrialSettings>;
}

/** Runs one rule that raises `level` on task after task, with pauses, losses and cancellations. */
export async function runTrials(store: SyncLedgerStore, run: EngineTrials): Promise<void> {
  const settings = settingsOf(run);
  const { engine, clock } = await createEngineFixture('', { store });
  await engine.configure(settings);
  engine.start();
  const random = seededRandom(5);
  await engine.recordTasks(tasksOf(30));
  for (let i = 0; i < run.tasks; i += 1) {
    const isOn = engine.ledger.state.trials.some(({ stage }) => stage === 'trial');
    if (!isOn && i % 10 === 0) await engine.runCycle();
    if (i % 300 === 150) await engine.decide(setTrialsPaused(true));
    if (i % 300 === 160) await engine.decide(setTrialsPaused(false));
    const taskId = `t${i}`;
    const labels = { size: random.next() < 0.5 ? 'large' : 'small' };
    const { parameters, deltaSequence } = await engine.resolve({ taskId, labels });
    await clock.advance(1000);
    if (random.next() < 0.01) continue;
    const factor = run.factorOf(Number(parameters.level), i);
    const latencyMs = 100 * Math.exp(random.next()) * factor;
    const drawn = random.next();
    const status: TaskStatus = drawn < 0.05 ? 'failure' : drawn < 0.06 ? 'cancelled' : 'success';
    const ended = { taskId, labels, deltaSequence, finishTimeMs: clock.now(), latencyMs, status };
    await engine.recordTasks([taskOf(ended)]);
  }
  engine.stop();
}

function settingsOf({ assignment, when, seed, trial }: EngineTrials): LoopSettings {
  const config = configOf(`
curation: { mode: trial, cooldown_seconds: 10 }
parameters: { level: { initial: 0 } }
trial: { assignment: ${assignment}, outcome_timeout_seconds: 60 }
rules:
  - { id: raise, when: '${when}', type: resource, operation: adjust, target: level,
      new_value: 'parameters.level + 1.0', reasoning: '"it may help"', confidence: 0.9, impact: positive }`);
  return {
    ...config,
    cycle: { ...config.cycle, enabled: false, maxAgeSeconds: 0 },
    rules: config.rules.map((rule) => ({
      ...rule,
      primary: OUTCOME,
      guards: [{ ...SUCCESS, margin: 0.2 }],
    })),
    trial: {
      ...config.trial,
      ...{ predictBy: ['size'], outcomeTimeoutSeconds: 60, seed, timeoutMs: undefined },
      ...{ probationTasks: 300, probationSeconds: 86_400, holdback: 0.1 },
      ...trial,
    },
  };
}
