import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Parameters } from '../../../src/domain/value.ts';
import { createRandom } from '../../../src/rehearse/random.ts';
import type { CreateTuner, SearchOutcome, SearchTask, Tuner, TunerSetting } from '../world.ts';
import { Batch } from './batch.ts';
import { initialPoint, valuesAt } from './grid.ts';

const PYTHON = fileURLToPath(new URL('.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('optimiser.py', import.meta.url));

/** Whether `setup.sh` has installed it. */
export const hasBayesian = existsSync(PYTHON);

/** Tasks at a point. */
const TASKS = 100;

/** Points that the optimiser looks at: the newest. */
const WINDOW = 40;

/** Above the failures of the initial values: the default margin of success, and what chance adds in a batch. */
const MORE_FAILURES = 0.1;

/** Bayesian optimisation by Gaussian processes, with a constraint on failures: the package bayesian-optimization. */
export const bayesian: CreateTuner = (setting) => new Bayesian(setting);

interface Tried {
  readonly values: Parameters;
  readonly loss: number;
  readonly failures: number;
}

class Bayesian implements Tuner {
  readonly #setting: TunerSetting;
  readonly #batch = new Batch(TASKS);
  readonly #tried: Tried[] = [];
  #process: ChildProcessWithoutNullStreams | undefined;
  #answers: AsyncIterator<string> | undefined;
  #mostFailures = 1;
  #point: readonly number[];
  #values: Parameters;

  constructor(setting: TunerSetting) {
    this.#setting = setting;
    this.#point = initialPoint(setting.knobs);
    this.#values = valuesAt(setting.knobs, this.#point);
  }

  choose(): Parameters {
    return this.#values;
  }

  async report(_: SearchTask, values: Parameters, outcome: SearchOutcome): Promise<void> {
    if (values !== this.#values) return;
    const evaluated = this.#batch.add(outcome);
    if (evaluated === undefined) return;
    this.#tried.push({ values, ...evaluated });
    if (this.#process === undefined) this.#begin(evaluated.failures);
    const names = this.#names();
    const point = Object.fromEntries(names.map((name, i) => [name, this.#point[i] ?? 0]));
    const answer = await this.#ask({ point, ...evaluated });
    this.#point = names.map((name) => answer[name] ?? 0);
    this.#values = valuesAt(this.#setting.knobs, this.#point);
  }

  /** The best of the newest points that keep the constraint; the initial values if none does. */
  final(): Parameters {
    const kept = this.#tried
      .slice(-WINDOW)
      .filter(({ failures }) => failures <= this.#mostFailures)
      .sort((a, b) => a.loss - b.loss);
    const { knobs } = this.#setting;
    return kept[0]?.values ?? valuesAt(knobs, initialPoint(knobs));
  }

  async close(): Promise<void> {
    if (this.#process === undefined) return;
    const ended = once(this.#process, 'exit');
    this.#process.stdin.end();
    await ended;
  }

  #names(): readonly string[] {
    return this.#setting.knobs.map(({ name }) => name);
  }

  #begin(failures: number): void {
    const process = spawn(PYTHON, [SCRIPT], { env: { OMP_NUM_THREADS: '1' } });
    this.#process = process;
    this.#answers = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    this.#mostFailures = failures + MORE_FAILURES;
    const seed = Math.floor(createRandom(this.#setting.seed).uniform() * 1e9);
    const most = this.#mostFailures;
    this.#send({ names: this.#names(), seed, most_failures: most, window: WINDOW });
  }

  async #ask(message: unknown): Promise<Readonly<Record<string, number>>> {
    this.#send(message);
    const answer = await this.#answers?.next();
    if (answer === undefined || answer.done) throw new Error('the optimiser has ended');
    // It prints one point a line.
    return JSON.parse(answer.value) as Record<string, number>;
  }

  #send(message: unknown): void {
    this.#process?.stdin.write(`${JSON.stringify(message)}\n`);
  }
}
