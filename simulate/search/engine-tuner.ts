import { createVirtualClock, type VirtualClock } from '../../src/backtest/virtual-clock.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Parameters } from '../../src/domain/value.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openLedger } from '../engine-tuner.ts';
import type { CreateTuner, Knob, SearchOutcome, SearchTask, Tuner, TunerSetting } from './world.ts';

/** Tasks between two cycles. */
const CYCLE_TASKS = 10;

/** Factor of a fixed step. */
const FIXED_STEP = 1.25;

/** Rules with fixed steps, up and down, each tried first. */
export const fixedSteps: CreateTuner = (setting) => EngineTuner.create(configOf(setting, ruled));

/** The search of this repository. */
export const search: CreateTuner = (setting) => EngineTuner.create(configOf(setting, searched));

/** The engine of this repository, by a config. */
class EngineTuner implements Tuner {
  readonly #clock: VirtualClock;
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  #reports = 0;

  private constructor(engine: Engine, clock: VirtualClock) {
    this.#engine = engine;
    this.#ledger = engine.ledger;
    this.#clock = clock;
  }

  static async create(text: string): Promise<EngineTuner> {
    const settings = parseConfig(text, 'simulate.yaml', 'yaml').config;
    const clock = createVirtualClock(0);
    let ids = 0;
    const engine = new Engine({
      ledger: openLedger(settings, createMemoryStore()),
      settings,
      clock,
      newId() {
        ids += 1;
        return `simulate-${ids}`;
      },
      observer: { tasksRecorded() {}, cycleCompleted() {}, cycleFailed() {} },
    });
    await engine.configure(settings);
    return new EngineTuner(engine, clock);
  }

  async choose({ taskId, labels, dispatchMs }: SearchTask): Promise<Parameters> {
    this.#clock.set(dispatchMs);
    const { parameters } = await this.#engine.resolve({ taskId, labels });
    return parameters;
  }

  async report({ taskId, labels }: SearchTask, _: Parameters, outcome: SearchOutcome) {
    const { finishMs, latencyMs, status } = outcome;
    this.#clock.set(finishMs);
    const ran = { latencyMs, status, finishTimeMs: finishMs, measurements: {} };
    await this.#engine.recordTasks([{ taskId, agentId: '', labels, deltaSequence: 0, ...ran }]);
    this.#reports += 1;
    if (this.#reports % CYCLE_TASKS === 0) await this.#engine.runCycle();
  }

  /** The values in force; of one on trial, the old one. */
  final(): Parameters {
    const { head } = this.#ledger.state;
    return { ...head.parameters };
  }
}

/** A config for knobs, whose trials are repeatable. */
function configOf({ knobs, seed }: TunerSetting, writeKnob: (knob: Knob) => KnobText): string {
  const written = knobs.map(writeKnob);
  return JSON.stringify({
    curation: { mode: 'trial' },
    trial: { assignment: 'task', seed },
    parameters: Object.assign({}, ...written.map(({ parameters }) => parameters)),
    rules: written.flatMap(({ rules }) => rules),
  });
}

interface KnobText {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly rules: readonly unknown[];
}

/** A knob with a search. */
function searched({ name, initial, space }: Knob): KnobText {
  const parameter =
    'min' in space
      ? { type: 'number', min: space.min, max: space.max, search: { scale: space.scale } }
      : { search: space };
  return { parameters: { [name]: { initial, ...parameter } }, rules: [] };
}

/** A knob with rules: a factor up and down, or each of its values. */
function ruled({ name, initial, space }: Knob): KnobText {
  const isRange = 'min' in space;
  const bounds = isRange ? { min: space.min, max: space.max } : { allowed: space.values };
  const proposed = isRange
    ? [`parameters.${name} * ${FIXED_STEP}`, `parameters.${name} / ${FIXED_STEP}`]
    : space.values.map((value) => JSON.stringify(value));
  return {
    parameters: { [name]: { initial, type: isRange ? 'number' : 'string', ...bounds } },
    rules: proposed.map((new_value, i) => ({
      id: `${name}-${i}`,
      when: 'true',
      type: 'resource',
      operation: 'adjust',
      target: name,
      new_value,
      reasoning: '"It may be better"',
      confidence: 0.75,
      impact: 'positive',
    })),
  };
}
