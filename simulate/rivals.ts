import { LATENCY, SUCCESS } from '../src/domain/effect.ts';
import type { Task } from '../src/domain/task.ts';
import { otherArm, tossCoin } from '../src/trial/arm.ts';
import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { logLatency } from '../src/trial/evidence/outcome.ts';
import { restAfterHarm } from '../src/trial/memory/learned.ts';
import { MAX_TASKS } from '../src/trial/task-limits.ts';
import { WINDOW_TASKS } from './change.ts';
import { Glr } from './glr.ts';
import type { Attempt, Begin } from './rival-tuner.ts';
import { type ShippedEvidence, ShippedTrial } from './shipped-method.ts';
import { compareMeans } from './welch.ts';

/** The default of `curation.cooldown_seconds`. */
const COOLDOWN_MS = 300_000;

/** 30 tasks before against 30 after: kept if Welch's test finds it better, else rolled back. */
export const beforeAfter: Begin = ({ window }) => {
  const before = window.map(logOf);
  const after: number[] = [];
  return {
    nextArm: () => 'new',
    take(task) {
      after.push(logOf(task));
      if (after.length < WINDOW_TASKS) return undefined;
      return compareMeans(before, after) === 'lower' ? 'keep' : { tasks: 0, ms: COOLDOWN_MS };
    },
  };
};

/** A trial task by task that the GLR rule ends; after harm, a value rests as in the engine. */
export const glrTrial: Begin = ({ window, harmed }, seed) => {
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
    take({ status, latencyMs = 0 }, arm) {
      ended += 1;
      const counted = status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs);
      const better = glr.add(arm, logLatency(counted));
      if (better === 'new') return 'keep';
      if (better === 'old') return restAfterHarm(harmed);
      return ended < MAX_TASKS ? undefined : { tasks: 0, ms: 0 };
    },
  };
};

/** A trial by the shipped method, from the evidence of an inconclusive one before. */
export const shippedTrial: Begin = ({ window, harmed, former }, seed): ShippedAttempt => {
  const carried = isShipped(former) ? former.carried() : undefined;
  const metrics = [LATENCY, SUCCESS];
  const trial = new ShippedTrial({ seed, metrics, timeoutMs: p99Of(window), carried });
  return {
    carried: () => (trial.verdict === 'inconclusive' ? trial.evidence : undefined),
    nextArm: (taskId, nowMs) => trial.armOf(taskId, nowMs),
    take({ taskId, latencyMs = 0, status, labels }, _arm, nowMs) {
      trial.look(nowMs);
      trial.report(taskId, { latencyMs, status, labels });
      if (trial.verdict === undefined) return undefined;
      if (trial.verdict === 'helped') return 'keep';
      const { tasks, ms } = restAfterHarm(harmed);
      return { tasks: trial.verdict === 'inconclusive' ? 0 : tasks, ms };
    },
  };
};

interface ShippedAttempt extends Attempt {
  carried(): ShippedEvidence | undefined;
}

function isShipped(attempt: Attempt | undefined): attempt is ShippedAttempt {
  return attempt !== undefined && 'carried' in attempt;
}

function p99Of(tasks: readonly Task[]): number {
  return quantileOf(
    tasks.map(({ latencyMs = 0 }) => latencyMs),
    0.99,
  );
}

function logOf({ latencyMs = 0 }: Task): number {
  return logLatency(latencyMs);
}
