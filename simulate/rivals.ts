import { quantile } from '../src/cycle/window-statistics.ts';
import type { Task } from '../src/domain/task.ts';
import { otherArm, tossCoin } from '../src/trial/arm.ts';
import { restAfterHarm } from '../src/trial/learned.ts';
import { MAX_TASKS } from '../src/trial/verdict.ts';
import { WINDOW_TASKS } from './change.ts';
import { Glr } from './glr.ts';
import type { Begin } from './rival-tuner.ts';
import { compareMeans } from './welch.ts';

/** As `curation.cooldown_seconds` is without a config. */
const COOLDOWN_MS = 300_000;

/** 30 tasks before against 30 after: what Welch's test does not call better is rolled back. */
export const beforeAfter: Begin = (window) => {
  const before = window.map(({ latencyMs }) => logLatency(latencyMs));
  const after: number[] = [];
  return {
    nextArm: () => 'new',
    take({ latencyMs }) {
      after.push(logLatency(latencyMs));
      if (after.length < WINDOW_TASKS) return undefined;
      return compareMeans(before, after) === 'lower' ? 'keep' : { tasks: 0, ms: COOLDOWN_MS };
    },
  };
};

/** A trial task by task, as ours, that the GLR rule ends; what harmed rests as with ours. */
export const glrTrial: Begin = (window, seed, harmed) => {
  const glr = new Glr();
  const timeoutMs = p99Of(window);
  let begun = 0;
  let ended = 0;
  return {
    nextArm() {
      if (begun >= MAX_TASKS) return undefined;
      const first = tossCoin(seed, Math.floor(begun / 2) + 1);
      begun += 1;
      return begun % 2 === 1 ? first : otherArm(first);
    },
    take({ status, latencyMs }, arm) {
      ended += 1;
      const counted = status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs);
      const better = glr.add(arm, logLatency(counted));
      if (better === 'new') return 'keep';
      if (better === 'old') return restAfterHarm(harmed);
      return ended < MAX_TASKS ? undefined : { tasks: 0, ms: 0 };
    },
  };
};

function p99Of(tasks: readonly Task[]): number {
  return quantile(Float64Array.from(tasks, ({ latencyMs }) => latencyMs).sort(), 0.99);
}

function logLatency(latencyMs: number): number {
  return Math.log(Math.max(latencyMs, 1));
}
