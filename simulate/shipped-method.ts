import { LATENCY, type Metric, SUCCESS, type TrialVerdict } from '../src/domain/effect.ts';
import { own } from '../src/domain/value.ts';
import { type Arm, otherArm, tossCoin } from '../src/trial/arm.ts';
import { mean, median, quantileOf, upperTail } from '../src/trial/evidence/distributions.ts';
import { logLatency } from '../src/trial/evidence/outcome.ts';
import { type Method, type Performed, runFlow } from './flow.ts';
import { type TrialSetup, tasksBefore } from './trial-setup.ts';

// A minimal copy of the trials of the release before probation, as a baseline: pairs of neighbours, one
// rank score per metric, pairs counted in order of arrival, guards judged by their estimate.

/** Evidence on one metric; differences: positive is worse. */
interface MetricEvidence {
  readonly metric: Metric;
  readonly harm: number[];
  readonly help: number[];
  readonly differences: number[];
  oldSize: number;
}

export type ShippedEvidence = readonly MetricEvidence[];

interface PairTask {
  readonly arm: Arm;
  readonly sinceMs: number;
  outcome?: Performed;
}
type Pair = Map<string, PairTask>;

const WAGERS = { rank: [0.2, 0.4, 0.6, 0.8, 0.95], rate: [0.5, 0.9, 0.99] } as const;
const SUFFICIENT = 20;
const TIMEOUT_MS = 3_600_000;
const WINDOW_TASKS = 30;
const MIN_GAIN = 0.03;
const MAX_LOSS = 0.05;
const SUCCESS_POINTS = 0.02;

/** The parameters of a trial. */
interface Terms {
  readonly seed: string;
  readonly metrics: readonly Metric[];
  /** Milliseconds that a failed task counts as at least. */
  readonly timeoutMs: number;
  readonly carried?: ShippedEvidence | undefined;
}

/** One trial by the shipped method. */
export class ShippedTrial implements Method {
  verdict: TrialVerdict | undefined;
  used = 0;
  #harm: number;
  readonly evidence: ShippedEvidence;
  readonly #terms: Terms;
  readonly #open = new Set<Pair>();
  #held: Pair[] = [];
  #recent: Record<Arm, boolean[]> = { old: [], new: [] };
  #isPaused = false;
  #tossed = 0;
  #dispatched = 0;
  #expected = 0;
  #missing = 0;
  #known: { key: string; ending?: TrialVerdict | undefined } = { key: '' };

  constructor(terms: Terms) {
    this.#terms = terms;
    this.evidence = terms.metrics.map((metric, i) => {
      const former = terms.carried?.[i];
      if (former !== undefined) return structuredClone(former);
      const wealth = () => wagersOf(metric).map(() => 1);
      return { metric, harm: wealth(), help: wealth(), differences: [], oldSize: 0 };
    });
    this.#harm = this.#reckonHarm();
  }

  get isOver(): boolean {
    return this.verdict !== undefined;
  }

  get restsUntilMs(): number | undefined {
    const oldestMs = this.#oldestMs;
    return oldestMs === undefined || this.#ending() === undefined
      ? undefined
      : oldestMs + TIMEOUT_MS;
  }

  /** When the oldest open task was dispatched. */
  get #oldestMs(): number | undefined {
    for (const pair of this.#open) {
      for (const { outcome, sinceMs } of pair.values()) if (outcome === undefined) return sinceMs;
    }
    return undefined;
  }

  /** The arm of a task; `undefined`: it takes no part. */
  armOf(taskId: string, nowMs: number): Arm | undefined {
    if (this.#isPaused || this.#ending() !== undefined) return undefined;
    this.#dispatched += 1;
    this.#expected += 1;
    const single = [...this.#open].find((pair) => pair.size === 1);
    const [waiting] = single?.values() ?? [];
    if (waiting === undefined) this.#tossed += 1;
    const arm = waiting ? otherArm(waiting.arm) : tossCoin(this.#terms.seed, this.#tossed);
    this.#open.add((single ?? new Map<string, PairTask>()).set(taskId, { arm, sinceMs: nowMs }));
    return arm;
  }

  dispatch(taskId: string, _labels: unknown, nowMs: number): Arm {
    return this.armOf(taskId, nowMs) ?? 'old';
  }

  look(nowMs: number): void {
    if (nowMs - (this.#oldestMs ?? nowMs) < TIMEOUT_MS) return;
    for (const pair of this.#open) {
      const open = [...pair.values()].filter(({ outcome }) => outcome === undefined);
      const late = open.filter(({ sinceMs }) => nowMs - sinceMs >= TIMEOUT_MS).length;
      if (late === 0) continue;
      this.#missing += late;
      this.#leaveOut(pair, open.length - late);
    }
    this.#judge();
  }

  report(taskId: string, outcome: Performed): void {
    if (this.#isPaused && outcome.status === 'success') {
      this.#isPaused = false;
      this.#recent = { old: [], new: [] };
    }
    const pair = [...this.#open].find((one) => one.has(taskId));
    const task = pair?.get(taskId);
    if (pair === undefined || task === undefined || task.outcome !== undefined) return;
    task.outcome = outcome;
    const tasks = [...pair.values()];
    const open = tasks.filter((one) => one.outcome === undefined).length;
    if (outcome.status === 'cancelled') this.#leaveOut(pair, open);
    else if (tasks.length === 2 && open === 0) this.#count(pair);
    this.#judge();
    if (this.verdict === undefined && !this.#isPaused && this.#isOutage()) this.#pause();
  }

  /** @param unexpected tasks of the pair that are no longer expected */
  #leaveOut(pair: Pair, unexpected: number): void {
    this.#expected -= unexpected;
    this.#open.delete(pair);
  }

  #pause(): void {
    this.#isPaused = true;
    for (const pair of this.#open) this.#leaveOut(pair, pair.size);
    this.#held = [];
  }

  /** Pairs in which every task failed wait for one in which some did not. */
  #count(pair: Pair): void {
    this.#open.delete(pair);
    this.#held.push(pair);
    for (const { arm, outcome } of pair.values()) {
      this.#recent[arm] = [...this.#recent[arm], outcome?.status !== 'success'].slice(-10);
    }
    if ([...pair.values()].every(({ outcome }) => outcome?.status !== 'success')) return;
    for (const held of this.#held) this.#bet(held);
    this.#held = [];
    this.#harm = this.#reckonHarm();
  }

  #bet(pair: Pair): void {
    this.used += 2;
    const ofArm = (arm: Arm) => [...pair.values()].find((one) => one.arm === arm)?.outcome;
    for (const one of this.evidence) {
      const [old, fresh] = [
        this.#valueOf(one.metric, 'old', ofArm),
        this.#valueOf(one.metric, 'new', ofArm),
      ];
      if (old === undefined || fresh === undefined) continue;
      const difference = (fresh - old) * (one.metric.better === 'lower' ? 1 : -1);
      one.differences.push(difference);
      one.oldSize += Math.abs(old);
      const size = Math.abs(difference);
      const rank = one.differences.filter((other) => Math.abs(other) <= size).length;
      const isRate = one.metric.kind === 'success';
      const stake = isRate ? difference : (Math.sign(difference) * rank) / one.differences.length;
      wagersOf(one.metric).forEach((wager, i) => {
        one.harm[i] = (one.harm[i] ?? 0) * (1 + wager * stake);
        one.help[i] = (one.help[i] ?? 0) * (1 - wager * stake);
      });
    }
  }

  #valueOf(metric: Metric, arm: Arm, ofArm: (arm: Arm) => Performed | undefined) {
    const outcome = ofArm(arm);
    if (outcome === undefined) return undefined;
    const { status, measurements = {}, isUntimed } = outcome;
    const latencyMs = isUntimed === true ? 0 : outcome.latencyMs;
    if (metric.kind === 'measurement') return own(measurements, metric.name);
    if (metric.kind === 'success') return status === 'success' ? 1 : 0;
    const { timeoutMs } = this.#terms;
    return logLatency(status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs));
  }

  #reckonHarm(): number {
    return mean(this.evidence.map((one) => mean(one.harm)));
  }

  #judge(): void {
    if (this.#harm >= SUFFICIENT) this.verdict ??= 'harmed';
    else if (isExcessive(this.#missing, this.#expected)) this.verdict ??= 'invalid';
    else {
      const ending = this.#ending();
      if (ending === undefined) return;
      const out = [...this.#open].flatMap((pair) => [...pair.values()]);
      const lost = this.#missing + out.filter(({ outcome }) => outcome === undefined).length;
      if (!isExcessive(lost, this.#expected)) this.verdict ??= ending;
    }
  }

  /** The verdict by the evidence so far, without open tasks. */
  #ending(): TrialVerdict | undefined {
    const key = `${this.used}/${this.#dispatched}`;
    if (this.#known.key !== key) this.#known = { key, ending: this.#reckonEnding() };
    return this.#known.ending;
  }

  #reckonEnding(): TrialVerdict | undefined {
    const [primary, ...guards] = this.evidence;
    if (primary === undefined) return undefined;
    const { used } = this;
    const help = mean(primary.help);
    const hasTasks = used >= 30 && primary.differences.length >= 15;
    const isUnharmed = (one: MetricEvidence) => worsening(one) <= limitOf(one.metric, MAX_LOSS);
    const isWorthwhile = -worsening(primary) >= limitOf(primary.metric, MIN_GAIN);
    if (hasTasks && help >= SUFFICIENT && isWorthwhile && guards.every(isUnharmed)) return 'helped';
    if (used >= 200 || this.#dispatched >= 2000) return 'inconclusive';
    return used >= 100 && this.#harm < 1 && help < 1 ? 'inconclusive' : undefined;
  }

  #isOutage(): boolean {
    return (['old', 'new'] as const).every((arm) => this.#recent[arm].filter(Boolean).length >= 8);
  }
}

/** Runs a trial by the shipped method, with the same tasks and coins. */
export function playShipped(
  setup: TrialSetup,
  carried?: ShippedEvidence,
): { readonly trial: ShippedTrial; readonly begun: number } {
  const { primary = LATENCY, guards = [SUCCESS] } = setup.plan ?? {};
  const latencies = tasksBefore(setup).map(({ latencyMs }) => latencyMs ?? 0);
  const trial = new ShippedTrial({
    seed: `${setup.seed}/1`,
    metrics: distinct([primary, ...guards].map((one) => (one.kind === 'outcome' ? LATENCY : one))),
    timeoutMs: quantileOf(latencies.slice(-WINDOW_TASKS), 0.99),
    carried,
  });
  return { trial, begun: runFlow(setup, trial) };
}

function distinct(metrics: readonly Metric[]): Metric[] {
  const isFirst = ({ name }: Metric, i: number) =>
    metrics.findIndex((one) => one.name === name) === i;
  return metrics.filter(isFirst);
}

function wagersOf({ kind }: Metric): readonly number[] {
  return kind === 'success' ? WAGERS.rate : WAGERS.rank;
}

/** In the unit of the thresholds; log latency approximates 3 % as .03 and 5 % as .05. */
function worsening({ metric, differences, oldSize }: MetricEvidence): number {
  if (metric.kind === 'success') return mean(differences);
  const typical = median(differences);
  if (metric.kind === 'latency') return typical;
  return oldSize === 0 ? Math.sign(typical) : typical / (oldSize / differences.length);
}

function limitOf({ kind }: Metric, share: number): number {
  return kind === 'success' ? SUCCESS_POINTS : share;
}

function isExcessive(lost: number, expected: number): boolean {
  return expected >= 40 && upperTail(lost, expected, 0.05) < 0.001;
}
