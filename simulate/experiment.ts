import type { Table } from '../scripts/report/table.ts';

/** The size of a simulation. */
export interface Scale {
  readonly seed: number;
  /** Trials without effect in each world; other experiments run a fifth to a twentieth as many. */
  readonly trials: number;
  /** Runs of a whole orchestrator in each world. */
  readonly runs: number;
}

/** The results of one run, by name. */
export type Figures = Readonly<Record<string, number>>;

/** The results of an experiment's runs, in order, by name. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** An experiment with many runs. The same run always has the same results. */
export interface Experiment {
  /** Unique within its section. */
  readonly name: string;
  readonly runs: number;
  /** @param run 0, 1, 2 … */
  play(run: number): Figures | Promise<Figures>;
}

/** A part of the simulation. */
export interface Section {
  experiments(scale: Scale): Experiment[];
  /** @param samplesOf the results of an experiment, by its name */
  tables(scale: Scale, samplesOf: (name: string) => Samples): Table[];
}
