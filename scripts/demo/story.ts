import { setTimeout as delay } from 'node:timers/promises';
import { describeChange, wordOf } from '../../src/cli/delta-line.ts';
import type { LearningClient } from '../../src/client/channel.ts';
import { valuesOf } from '../../src/client/values.ts';
import { type Delta, DeltaState, VerdictSchema } from '../../src/gen/learning/v1/delta_pb.ts';
import { type Orchestrator, PACES } from './orchestrator.ts';
import { elapsedSeconds, tell } from './print.ts';

/** How often the sidecar is asked what it does. */
const LOOK_MS = 100;

/** A sign of life, where nothing else happens. */
const QUIET_SECONDS = 5;

/** Tasks from the confirmation until the report: about 250 of them keep the old value. */
const MEASURED_TASKS = 5000;

/** A slow machine's demo ends here, wherever it is. */
const MAX_SECONDS = 48;

/** Tells what the sidecar does about the changes that its rules propose, while it does. */
export class Story {
  readonly #client: LearningClient;
  readonly #orchestrator: Orchestrator;
  readonly #states = new Map<string, DeltaState>();
  /** Tasks when a change was confirmed. */
  #confirmedAt: number | undefined;
  #toldAt = 0;

  constructor(client: LearningClient, orchestrator: Orchestrator) {
    this.#client = client;
    this.#orchestrator = orchestrator;
  }

  /** Resolves once what was confirmed has been measured, or there is no time left. */
  async end(signal: AbortSignal): Promise<void> {
    while (!this.#isOver() && !signal.aborted) {
      const { deltas } = await this.#client.listDeltas({});
      for (const delta of deltas.toReversed()) this.#look(delta);
      if (elapsedSeconds() > this.#toldAt + QUIET_SECONDS) this.#tellProgress();
      await delay(LOOK_MS);
    }
  }

  #isOver(): boolean {
    const measured = this.#tasks - (this.#confirmedAt ?? Number.POSITIVE_INFINITY);
    return measured >= MEASURED_TASKS || elapsedSeconds() > MAX_SECONDS;
  }

  get #tasks(): number {
    return this.#orchestrator.outcomes.length;
  }

  #look(delta: Delta): void {
    const { deltaId, state } = delta;
    const before = this.#states.get(deltaId);
    if (state === before || !isStage(state)) return;
    // What only restores a value was never tried.
    if (before === undefined && state !== DeltaState.TRIAL && delta.revertsDeltaId !== '') return;
    this.#states.set(deltaId, state);
    if (before === undefined) this.#tellTrial(delta);
    if (state !== DeltaState.TRIAL) this.#tellFinding(delta);
  }

  #tellTrial(delta: Delta): void {
    const by = delta.revertsDeltaId === '' ? `, by rule ${delta.ruleId}` : '';
    const half = 'Every other task tries it.';
    this.#tell('TRIAL', `${describeChange(delta)}${by}: ${sentence(delta.reasoning)} ${half}`);
  }

  #tellFinding(delta: Delta): void {
    const { state, effect, target } = delta;
    const summary = sentence(effect?.summary ?? '');
    if (state === DeltaState.PROVISIONAL) {
      this.#orchestrator.pace = 'fast';
      const faster = `Tasks now run ${PACES.fast / PACES.slow} times as fast as before.`;
      this.#tell('PROVISIONAL', `${summary} One task in five keeps the old value. ${faster}`);
    } else if (state === DeltaState.CONFIRMED) {
      this.#confirmedAt ??= this.#tasks;
      const kept = 'From now on one task in twenty keeps the old value, to measure what is gained.';
      this.#tell('CONFIRMED', `${summary} ${kept}`);
    } else {
      const verdict = wordOf(VerdictSchema, effect?.verdict ?? 0).toUpperCase();
      const isOldAgain = delta.revertsDeltaId !== '';
      const what = isOldAgain ? `stays ${show(delta)}` : `is ${show(delta)} for every task again`;
      this.#tell(verdict, `${target} ${what}. ${summary}`);
    }
  }

  #tellProgress(): void {
    const since = this.#confirmedAt === undefined ? 0 : this.#tasks - this.#confirmedAt;
    const measured = `measuring what is gained, for ${since.toLocaleString('en-US')} tasks so far`;
    this.#tell('', since > 0 ? measured : 'still being compared');
  }

  #tell(headline: string, text: string): void {
    this.#toldAt = elapsedSeconds();
    tell(this.#tasks, headline, text);
  }
}

const NOT_TRIED: ReadonlySet<DeltaState> = new Set([
  DeltaState.PROPOSED,
  DeltaState.REJECTED,
  DeltaState.EXPIRED,
]);

/** Whether a change is, or was, tried. */
function isStage(state: DeltaState): boolean {
  return !NOT_TRIED.has(state);
}

/** The value before a change, as JSON. */
function show({ oldValue }: Delta): string {
  return oldValue === undefined ? 'unset' : JSON.stringify(valuesOf({ oldValue }).oldValue);
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
