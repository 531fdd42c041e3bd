/**
 * How much is measured. Equal processes differ by some 5 %, by what the compiler makes of them: a ratio
 * repeats only as the median of many lives, each with processes of its own.
 */
export interface Scale {
  /** Lives of each section. */
  readonly lives: {
    readonly unary: number;
    readonly batches: number;
    readonly fanOut: number;
    readonly cycles: number;
    readonly trials: number;
    /** Of the stages that have no target. */
    readonly otherStages: number;
    readonly memory: number;
  };
  /** Turns of each side in a life. */
  readonly turns: number;
  /** Of one turn, where the time is chosen. */
  readonly turnMs: number;
  /** Batches in a turn. */
  readonly batches: number;
  /** Waves of deltas in a turn. */
  readonly waves: number;
  /** Single deltas in a turn. */
  readonly singles: number;
  /** In a life. */
  readonly cycles: number;
  readonly starts: number;
  /** Tasks after which memory is looked at. */
  readonly memoryTasks: number;
}

/** About 30 minutes. */
export const FULL: Scale = {
  lives: { unary: 11, batches: 15, fanOut: 11, cycles: 3, trials: 9, otherStages: 2, memory: 3 },
  turns: 6,
  turnMs: 200,
  batches: 600,
  waves: 2,
  singles: 10,
  cycles: 100,
  starts: 25,
  memoryTasks: 1_000_000,
};

/** Shows that everything works, in about two minutes. */
export const QUICK: Scale = {
  lives: { unary: 2, batches: 2, fanOut: 1, cycles: 1, trials: 1, otherStages: 1, memory: 1 },
  turns: 2,
  turnMs: 100,
  batches: 200,
  waves: 1,
  singles: 3,
  cycles: 20,
  starts: 2,
  memoryTasks: 200_000,
};
