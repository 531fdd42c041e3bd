import type { Labelled, LearnedSources, TrialFigures } from '../admin/metrics/learned.ts';
import { DELTA_STATES } from '../domain/delta.ts';
import { MAX_PARAMETERS } from '../domain/parameters.ts';
import { quantile } from '../domain/quantile.ts';
import type { Engine } from '../engine/engine.ts';
import { sumGains } from '../engine/gains.ts';
import { isOfThisFormat } from '../trial/trial.ts';
import { harmReading, helpReading } from '../trial/verdict.ts';
import { systemClock } from './system-clock.ts';

/** Maximum of tasks of the window that are read: a scrape is to take less than 10 ms. */
const MAX_WINDOW = 1000;

/** Maximum of metrics whose gains are told. */
const MAX_METRICS = 100;

const QUANTILES = [0.5, 0.95, 0.99] as const;

/** Sums over all retained deltas are made again after this time. */
const KEEP_MS = 10_000;

/** What was learned, for the metrics. */
export function learnedFigures(engine: Engine): LearnedSources {
  const { state } = engine.ledger;
  const gains = keptFor(KEEP_MS, () => gainsOf(engine));
  const deltas = keptFor(KEEP_MS, () => deltasByState(engine));
  return {
    *parameterValues() {
      const numbers = Object.entries(state.head.parameters).slice(0, MAX_PARAMETERS);
      for (const [name, value] of numbers) if (typeof value === 'number') yield [name, value];
    },
    window: () => windowOf(engine),
    gains,
    trials: () => trialsOf(engine),
    deltas,
  };
}

function windowOf({ ledger, settings }: Engine) {
  const tasks = ledger.state.newestTasks(Math.min(settings.cycle.analysisWindow, MAX_WINDOW));
  const latencies = Float64Array.from(tasks.flatMap(({ latencyMs }) => latencyMs ?? [])).sort();
  const successes = tasks.filter(({ status }) => status === 'success').length;
  return {
    tasks: tasks.length,
    successRatio: tasks.length === 0 ? undefined : successes / tasks.length,
    latencies:
      latencies.length === 0
        ? []
        : QUANTILES.map((share): Labelled => [String(share), quantile(latencies, share) / 1000]),
  };
}

function gainsOf({ ledger }: Engine): Labelled[] {
  const { totals } = sumGains(ledger.state);
  return totals.slice(0, MAX_METRICS).map(({ metric, estimate }) => [metric, estimate]);
}

/** By parameter: of several trials of one, the strongest evidence. */
function trialsOf({ ledger }: Engine): Iterable<TrialFigures> {
  const found = new Map<string, TrialFigures>();
  for (const trial of ledger.state.trials) {
    if (trial.stage === 'holdback' || !isOfThisFormat(trial.plan)) continue;
    const parameter = trial.plan.target;
    const { harm = 0, help = 0 } = found.get(parameter) ?? {};
    found.set(parameter, {
      parameter,
      harm: Math.max(harm, harmReading(trial, trial.evidence).e),
      help: Math.max(help, helpReading(trial).e),
    });
  }
  return found.values();
}

function deltasByState({ ledger }: Engine): Labelled[] {
  const counts = new Map<string, number>(DELTA_STATES.map((state) => [state, 0]));
  for (const { state } of ledger.state.deltasNewestFirst()) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return [...counts];
}

function keptFor<T>(keepMs: number, make: () => T): () => T {
  let kept: { readonly value: T; readonly madeMs: number } | undefined;
  return () => {
    const nowMs = systemClock.monotonic();
    if (kept === undefined || nowMs - kept.madeMs >= keepMs)
      kept = { value: make(), madeMs: nowMs };
    return kept.value;
  };
}
