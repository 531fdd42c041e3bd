/** How much is measured. Many short rounds: the turns are then close to each other. */
export interface Scale {
  /** In all, however many processes they are shared among. */
  readonly rounds: number;
  /** Of one side in one round, where the time is chosen. */
  readonly roundMs: number;
  /** Processes of each side, one after the other, where processes differ. */
  readonly lives: number;
  /** Batches sent by one side in one round. */
  readonly batches: number;
  /** Waves of deltas sent by one side in one round. */
  readonly waves: number;
  /** Single deltas sent by one side in one round. */
  readonly singles: number;
  readonly cycles: number;
  readonly starts: number;
  /** Tasks after which memory is looked at. */
  readonly memoryTasks: number;
}

export const FULL: Scale = {
  rounds: 18,
  roundMs: 600,
  lives: 3,
  batches: 800,
  waves: 2,
  singles: 10,
  cycles: 100,
  starts: 15,
  memoryTasks: 1_000_000,
};

export const QUICK: Scale = {
  rounds: 5,
  roundMs: 200,
  lives: 1,
  batches: 300,
  waves: 2,
  singles: 5,
  cycles: 30,
  starts: 3,
  memoryTasks: 200_000,
};
