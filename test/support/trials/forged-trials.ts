import { playTrial } from './trial-play.ts';

const SWITCHBACK = { assignment: 'switchback' } as const;
const HELD = { seed: 2, effect: -0.7, others: 3, leaveAt: 900 } as const;

/** Through probation and confirmation into the third part of its holdback. */
export const LASTING = playTrial({ ...HELD, plan: { holdback: 0.05, seed: undefined } });
export const HARMED = playTrial({ seed: 3, effect: 0.7 });
export const PAUSED = playTrial({ seed: 7, success: 0.1, pauseAt: 9, lost: 0.05 });
export const BLOCKS = playTrial({ seed: 6, effect: 0.8, plan: SWITCHBACK });
export const PAIRED = playTrial({ seed: 4, lost: 0.05, plan: { pairBy: ['size'], predictBy: [] } });
export const LATE = playTrial({ seed: 4, success: 0.9, late: 0.01 });
export const SUSPENDED = playTrial({
  ...{ seed: 1, delay: { old: 12 } },
  plan: { outcomeTimeoutMs: 60_000 },
});
export const RETRIED = playTrial({ seed: 2, effect: -0.7, plan: { retrialOf: 'delta-0' } });
export const FAILED = playTrial({ seed: 1 });
export const STOPPED = playTrial({ seed: 9, stopAt: 40 });
export const TAKEN_BACK = playTrial({ ...HELD, plan: { holdback: 0.05 }, stopAt: 700 });

export const ALL = [
  LASTING,
  HARMED,
  PAUSED,
  BLOCKS,
  PAIRED,
  LATE,
  SUSPENDED,
  RETRIED,
  FAILED,
  STOPPED,
];
