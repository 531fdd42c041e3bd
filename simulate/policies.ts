import { parseConfig } from '../src/config/load.ts';
import type { LoopSettings } from '../src/domain/settings.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { createMemoryStore } from '../src/store/memory.ts';
import { EngineTuner, openLedger } from './engine-tuner.ts';
import type { Figures } from './experiment.ts';
import type { CreateTuner } from './orchestrator.ts';
import { countReplayFaults } from './replay.ts';
import { RestCheck } from './resting.ts';
import { type Begin, RivalTuner, type Setting } from './rival-tuner.ts';
import { beforeAfter, glrTrial, shippedTrial } from './rivals.ts';

/** A config of the engine. */
export interface EngineMode {
  readonly curation: string;
  readonly assignment: 'task' | 'switchback';
  /** Share of tasks, by default that of the default config. */
  readonly holdback?: number;
}

/** A policy in one run. */
export interface Contestant {
  readonly create: CreateTuner;
  /**
   * Further results of the run.
   *
   * @param isAudited verify its ledger, too
   */
  figures(isAudited: boolean): Figures;
}

export const PARAMETERS: readonly string[] = ['p0', 'p1', 'p2'];

/** `open loop` applies every proposal at once, without a cooldown, as the original did. */
export const ENGINE_MODES = {
  'open loop': {
    curation: '{ mode: apply, cooldown_seconds: 0, max_deltas_per_hour: 0 }',
    assignment: 'task',
  },
  ours: { curation: '{ mode: trial }', assignment: 'task' },
  'ours, switchback': { curation: '{ mode: trial }', assignment: 'switchback' },
} as const satisfies Record<string, EngineMode>;

/** `always`: the rules fire in every cycle. */
export const POLICIES: Readonly<Record<string, (setting: Setting) => Contestant>> = {
  'no tuning': (setting) => rival({ ...setting, slowMs: Number.POSITIVE_INFINITY }, glrTrial),
  'open loop': (setting) => engineContestant(settingsOf(ENGINE_MODES['open loop'], setting)),
  'before/after': (setting) => rival(setting, beforeAfter),
  GLR: (setting) => rival(setting, glrTrial),
  shipped: (setting) => rival(setting, shippedTrial),
  ours: (setting) => engineContestant(settingsOf(ENGINE_MODES.ours, setting)),
  'ours, always': (setting) =>
    engineContestant(settingsOf(ENGINE_MODES.ours, { ...setting, slowMs: 0 })),
  'ours, 2 % held back': (setting) =>
    engineContestant(settingsOf({ ...ENGINE_MODES.ours, holdback: 0.02 }, setting)),
  'ours, none held back': (setting) =>
    engineContestant(settingsOf({ ...ENGINE_MODES.ours, holdback: 0 }, setting)),
  'ours, switchback': (setting) =>
    engineContestant(settingsOf(ENGINE_MODES['ours, switchback'], setting)),
};

function rival(setting: Setting, begin: Begin): Contestant {
  return {
    create: (clock) => new RivalTuner(clock, PARAMETERS.length, setting, begin),
    figures: () => ({}),
  };
}

interface EngineContestant extends Contestant {
  /** `undefined`: it has not been created yet. */
  readonly ledger: Ledger | undefined;
  /** By parameter: whether its new value is in force. */
  inForce(): readonly boolean[];
  /** Cost saved by what is confirmed, as the report tells it, and whether a change was ever found to harm. */
  gains(): { readonly told: number; readonly harmed: number };
}

/** The engine, with counts of its trials, changes and faults. */
export function engineContestant(settings: LoopSettings): EngineContestant {
  const store = createMemoryStore();
  const rests = new RestCheck();
  let tuner: EngineTuner | undefined;
  return {
    get ledger() {
      return tuner?.ledger;
    },
    inForce: () => tuner?.inForce() ?? [],
    gains() {
      const told = tuner?.gains().totals.find(({ metric }) => metric === 'cost')?.estimate ?? 0;
      const all = tuner === undefined ? [] : [...tuner.ledger.state.deltasNewestFirst()];
      return { told, harmed: all.some(({ effect }) => effect?.verdict === 'harmed') ? 1 : 0 };
    },
    async create(clock) {
      tuner = await EngineTuner.create(settings, PARAMETERS, clock, store);
      tuner.ledger.onCommit(({ events }) => rests.take(events));
      return tuner;
    },
    figures(isAudited) {
      if (tuner === undefined) return {};
      const { ledger } = tuner;
      const { repeated, trials } = rests;
      const done = { repeated, trials, changes: ledger.state.head.sequence };
      if (!isAudited) return done;
      const again = openLedger(settings, store);
      return { ...done, replayFaults: countReplayFaults(ledger, store, again) };
    },
  };
}

function settingsOf(mode: EngineMode, { slowMs, seed }: Setting): LoopSettings {
  const rules = PARAMETERS.map((target) => ruleText(`rule-${target}`, target, '1.0', slowMs));
  return parseRules(rules, mode, seed);
}

/** A rule that proposes a value while tasks are slow. */
export function ruleText(id: string, target: string, value: string, slowMs: number): string {
  return `
  - id: ${id}
    when: window.p50_latency_ms > ${slowMs.toFixed(3)}
    type: resource
    operation: adjust
    target: ${target}
    new_value: "${value}"
    reasoning: '"Median latency %.0fms, above the usual by some %%".format([window.p50_latency_ms])'
    confidence: 0.75
    impact: positive`;
}

export function parseRules(
  rules: readonly string[],
  { curation, assignment, holdback = 0.05 }: EngineMode,
  seed: string,
): LoopSettings {
  const text = `
curation: ${curation}
trial: { assignment: ${assignment}, seed: "${seed}", holdback: ${holdback} }
parameters: { ${PARAMETERS.map((name) => `${name}: { initial: 0 }`).join(', ')} }
rules:${rules.join('')}
`;
  return parseConfig(text, 'simulate.yaml', 'yaml').config;
}
