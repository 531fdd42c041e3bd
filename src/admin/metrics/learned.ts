import { Gauge, type Registry } from 'prom-client';

/** A number with the value of a label. */
export type Labelled = readonly [label: string, value: number];

/** Evidence of a trial or a probation, as e-values. */
export interface TrialFigures {
  readonly parameter: string;
  readonly harm: number;
  readonly help: number;
}

/** The window that the next cycle looks at. */
export interface WindowFigures {
  readonly tasks: number;
  /** Absent without tasks. */
  readonly successRatio: number | undefined;
  /** By quantile, in seconds; empty without latencies. */
  readonly latencies: readonly Labelled[];
}

/** What was learned, as numbers, read at each scrape. No label is an id of a task, an agent, a client or a delta. */
export interface LearnedSources {
  /** By parameter; only values that are numbers. */
  parameterValues(): Iterable<Labelled>;
  window(): WindowFigures;
  /** By metric: what confirmed changes have gained so far. */
  gains(): Iterable<Labelled>;
  /** Trials and probations that are on. */
  trials(): Iterable<TrialFigures>;
  /** By state: deltas retained. */
  deltas(): Iterable<Labelled>;
}

/** Adds gauges of what was learned. */
export function addLearnedGauges(registry: Registry, sources: LearnedSources): void {
  const gauge = (name: string, help: string, label: string, read: () => Iterable<Labelled>) =>
    new Gauge({
      name: `learning_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        // What is no longer there must not be told.
        this.reset();
        for (const [value, number] of read()) this.set({ [label]: value }, number);
      },
    });
  gauge(
    'parameter_value',
    'Values in force of parameters that are numbers, for tasks without a cohort',
    'parameter',
    () => sources.parameterValues(),
  );
  addWindow(registry, sources);
  gauge(
    'window_latency_seconds',
    'Latency of the newest tasks, by quantile',
    'quantile',
    () => sources.window().latencies,
  );
  gauge(
    'gain',
    'What confirmed changes have gained so far: task-hours of latency, tasks that succeed, or the unit of the metric',
    'metric',
    () => sources.gains(),
  );
  addEvidence(registry, sources);
  gauge('deltas', 'Deltas retained, by state', 'state', () => sources.deltas());
}

function addWindow(registry: Registry, sources: LearnedSources): void {
  const registers = [registry];
  new Gauge({
    name: 'learning_window_tasks',
    help: 'Tasks in the window that the next cycle looks at',
    registers,
    collect() {
      this.set(sources.window().tasks);
    },
  });
  new Gauge({
    name: 'learning_window_success_ratio',
    help: 'Share of the tasks in the window that succeeded; absent without tasks',
    registers,
    collect() {
      const { successRatio } = sources.window();
      if (successRatio === undefined) this.remove();
      else this.set(successRatio);
    },
  });
}

function addEvidence(registry: Registry, sources: LearnedSources): void {
  new Gauge({
    name: 'learning_trial_evidence',
    help: 'Evidence (e-value) of a trial or probation that is on, of harm and of help; 1: none',
    labelNames: ['parameter', 'side'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { parameter, harm, help } of sources.trials()) {
        this.set({ parameter, side: 'harm' }, harm);
        this.set({ parameter, side: 'help' }, help);
      }
    },
  });
}
