import type { LoopSettings } from '../domain/settings.ts';
import type { Parameters } from '../domain/value.ts';
import { ChangeLog } from './change-log.ts';
import { type Draw, Draws, endOf } from './draws.ts';
import { EventQueue } from './event-queue.ts';
import type { OrchestratorText } from './orchestrator-keys.ts';
import type { Planted } from './planted.ts';
import { createRandom, type Random } from './random.ts';
import { RunFigures } from './run-figures.ts';
import type { Truth } from './truth.ts';
import { type Given, VirtualEngine } from './virtual-engine.ts';

/** What is played: a config, and a described orchestrator with its truth. */
export interface Play {
  readonly settings: LoopSettings;
  readonly text: OrchestratorText;
  readonly planted: Planted;
  /** Each of some kinds; together, of all. */
  readonly truths: readonly Truth[];
  /** Tasks dispatched in a run. */
  readonly tasks: number;
}

/** The result of one run. */
export interface Run {
  readonly seed: number;
  /** Virtual hours. */
  readonly hours: number;
  readonly changes: Readonly<ChangeLog>;
  readonly figures: RunFigures;
  /** By truth: the values in force at the end. */
  readonly ended: readonly Parameters[];
}

/** A Monday. */
const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;

type Event = 'arrival' | 'cycle' | Running;

interface Running {
  readonly i: number;
  readonly draw: Draw;
  readonly dispatchMs: number;
  readonly given: Given;
  readonly ended: ReturnType<typeof endOf>;
}

/** Plays a config in virtual time. The same seed gives the same run. */
export async function playRun(play: Play, seed: number): Promise<Run> {
  const { settings, text } = play;
  const name = `rehearse-${seed}`;
  const engine = await VirtualEngine.create(settings, name, START_MS, !text.resolves);
  return new Player(play, engine, seed).run();
}

class Player {
  readonly #play: Play;
  readonly #engine: VirtualEngine;
  readonly #seed: number;
  readonly #draws: Draws;
  readonly #arrivals: Random;
  readonly #queue = new EventQueue<Event>();
  readonly #changes = new ChangeLog();
  readonly #figures: RunFigures;
  #arrived = 0;
  #dispatched = 0;
  #running = 0;

  constructor(play: Play, engine: VirtualEngine, seed: number) {
    const { planted, text, truths } = play;
    this.#play = play;
    this.#engine = engine;
    this.#seed = seed;
    this.#draws = new Draws({ ...text, kinds: planted.kinds }, `${seed}`);
    this.#arrivals = createRandom(`arrivals/${seed}`);
    this.#figures = new RunFigures(truths);
    engine.ledger.onCommit(({ events }) =>
      this.#changes.take(events, engine.ledger.state, {
        tasks: this.#dispatched,
        hours: this.#hours(),
      }),
    );
  }

  async run(): Promise<Run> {
    const { tasks, settings } = this.#play;
    const cycleMs = settings.cycle.intervalSeconds * 1000;
    this.#queue.add(START_MS, 'arrival');
    if (settings.cycle.enabled) this.#queue.add(START_MS + cycleMs, 'cycle');
    while (this.#dispatched < tasks || this.#running > 0) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      await this.#engine.goTo(next.atMs);
      if (next.event === 'arrival') await this.#arrive(next.atMs);
      else if (next.event === 'cycle') {
        await this.#engine.cycle();
        this.#queue.add(next.atMs + cycleMs, 'cycle');
      } else await this.#finish(next.event, next.atMs);
    }
    return {
      seed: this.#seed,
      hours: this.#hours(),
      changes: this.#changes,
      figures: this.#figures,
      ended: this.#play.truths.map(({ cohort }) => this.#engine.inForce(cohort)),
    };
  }

  #hours(): number {
    return (this.#engine.clock.now() - START_MS) / HOUR_MS;
  }

  async #arrive(nowMs: number): Promise<void> {
    const { tasks, text } = this.#play;
    this.#arrived += 1;
    if (this.#arrived < tasks) {
      // Arrivals of a Poisson process.
      const waitMs = (-Math.log1p(-this.#arrivals.uniform()) * 60_000) / text.tasks_per_minute;
      this.#queue.add(nowMs + waitMs, 'arrival');
    }
    await this.#dispatch(nowMs);
  }

  /** Dispatches the next task that has arrived, if there is one and it may run. */
  async #dispatch(nowMs: number): Promise<void> {
    const { text, planted } = this.#play;
    if (this.#running >= text.in_flight || this.#dispatched >= this.#arrived) return;
    const i = this.#dispatched;
    this.#dispatched += 1;
    this.#running += 1;
    const draw = this.#draws.next(nowMs);
    const labels = { [text.label]: draw.kind.name };
    const given = text.resolves
      ? await this.#engine.resolve(`task-${i}`, labels)
      : this.#engine.streamed(labels);
    const outlook = planted.outlook(given.parameters, draw.kind, i);
    const ended = endOf(draw, outlook, text.losses.hanging_seconds * 1000);
    this.#figures.dispatched(given.parameters, draw.kind, i);
    this.#queue.add(nowMs + ended.latencyMs, { i, draw, dispatchMs: nowMs, given, ended });
  }

  async #finish({ i, draw, given, ended }: Running, nowMs: number): Promise<void> {
    this.#running -= 1;
    if (draw.fate !== 'unreported') {
      await this.#engine.record({
        taskId: `task-${i}`,
        agentId: '',
        ...ended,
        finishTimeMs: nowMs,
        labels: { [this.#play.text.label]: draw.kind.name },
        deltaSequence: given.sequence,
      });
    }
    await this.#dispatch(nowMs);
  }
}
