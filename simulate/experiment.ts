import type { Table } from './table.ts';

/** How much is played. */
export interface Scale {
  readonly seed: number;
  /** Null trials in each world; of other trials there are a fifth to a twentieth as many. */
  readonly trials: number;
  /** Runs of a whole orchestrator, in each world. */
  readonly runs: number;
}

/** What one run came to. */
export type Figures = Readonly<Record<string, number>>;

/** What the runs of an experiment came to, one after the other, by figure. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** Something that is played many times over. The same run always comes to the same. */
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
  /** @param samplesOf what an experiment's runs came to, by its name */
  tables(scale: Scale, samplesOf: (name: string) => Samples): Table[];
}
