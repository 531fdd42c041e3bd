import { expect, onTestFinished, test } from 'vitest';
import { type LearningClient, learningClient } from '../support/clients/clients.ts';
import {
  type Attack,
  badHeaders,
  brokenFrame,
  brokenHttp,
  dropped,
  halfClosed,
  randomBytes,
  randomMessages,
  slowLoris,
} from '../support/clients/malformed.ts';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { residentBytes, type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const INPUTS = 100_000;
const INPUTS_PER_CALL = 1000;
const LANES = 32;
const SLOW = 100;
/** How long a normal call may take meanwhile. */
const CALL_DEADLINE_MS = 5000;
/** Inputs after which memory is as it stays: code is compiled, and pools are filled. */
const WARM_UP = 30_000;
const MAX_GROWTH_BYTES = 24 * 2 ** 20;

/** How many inputs of each kind. */
const PLAN: readonly (readonly [Attack, number])[] = [
  [dropped, 8_000],
  [randomBytes, 10_000],
  [brokenFrame, 14_000],
  [randomMessages, 32_000],
  [badHeaders, 12_000],
  [halfClosed, 8_000],
  [brokenHttp, 16_000],
];

test(`${INPUTS} malformed inputs, and a normal call after each thousand`, async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const random = seededRandom(chooseSeed('fuzz'));
  const campaign = new Campaign(sidecar, random);
  const slow = Array.from({ length: SLOW }, () => slowLoris(sidecar.address, random));
  onTestFinished(() => {
    for (const one of slow) one.end();
  });
  const attacks = schedule(random);
  const lane = async () => {
    for (let attack = attacks.pop(); attack !== undefined; attack = attacks.pop()) {
      const made = await attack(sidecar.address, random);
      if (await campaign.count(made)) for (const one of slow) one.step();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await campaign.checkUnharmed();
  console.log(campaign.describe());
  expect(campaign.inputs).toBeGreaterThanOrEqual(INPUTS);
  expect(campaign.growthBytes).toBeLessThan(MAX_GROWTH_BYTES);
});

/** All kinds, mixed. */
function schedule(random: SeededRandom): Attack[] {
  const attacks: Attack[] = [];
  for (const [attack, inputs] of PLAN) {
    const each = [randomMessages, badHeaders, halfClosed].includes(attack) ? 50 : 1;
    for (let made = 0; made < inputs; made += each) attacks.push(attack);
  }
  for (let i = attacks.length - 1; i > 0; i -= 1) {
    const j = random.between(0, i);
    const [one, other] = [attacks[i], attacks[j]];
    if (one !== undefined && other !== undefined) [attacks[i], attacks[j]] = [other, one];
  }
  return attacks;
}

class Campaign {
  inputs = 0;
  #calls = 0;
  #slowestMs = 0;
  readonly #client: LearningClient;
  readonly #sidecar: Sidecar;
  readonly #seed: SeededRandom;
  readonly #startBytes: number;
  readonly #memory: number[] = [];
  readonly #startMs = performance.now();

  constructor(sidecar: Sidecar, random: SeededRandom) {
    this.#sidecar = sidecar;
    this.#client = learningClient(sidecar.address);
    this.#seed = random;
    this.#startBytes = residentBytes(sidecar.pid);
  }

  /** Growth since memory was as it stays. */
  get growthBytes(): number {
    return (this.#memory.at(-1) ?? 0) - (this.#memory[WARM_UP / INPUTS_PER_CALL] ?? 0);
  }

  /** Makes a normal call where a thousand is full; answers whether it was. */
  async count(made: number): Promise<boolean> {
    const before = Math.floor(this.inputs / INPUTS_PER_CALL);
    this.inputs += made;
    if (Math.floor(this.inputs / INPUTS_PER_CALL) === before) return false;
    const startMs = performance.now();
    const taskId = `fuzz-${this.#seed.between(0, 2 ** 30)}-${this.#calls}`;
    const call = { deadlineMs: CALL_DEADLINE_MS };
    await this.#client.recordTask({ task: taskOfId(taskId) }, call).catch((cause: Error) => {
      const said = this.#sidecar.errorLines.slice(-20).join('\n');
      throw new Error(`${cause.message}; the sidecar said:\n${said}`, { cause });
    });
    this.#calls += 1;
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startMs);
    this.#memory.push(residentBytes(this.#sidecar.pid));
    return true;
  }

  async checkUnharmed(): Promise<void> {
    const { lines, errorLines, adminUrl } = this.#sidecar;
    const complaints = lines.filter((line) => JSON.parse(line).level >= 50);
    expect([...complaints.slice(0, 5), ...errorLines.slice(0, 5)]).toEqual([]);
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
  }

  describe(): string {
    const at = (inputs: number) => this.#memory[inputs / INPUTS_PER_CALL - 1] ?? 0;
    const memory = [WARM_UP, 60_000, INPUTS].map((n) => `${mebibytes(at(n))} MiB after ${n}`);
    return (
      `fuzz: ${this.inputs} malformed inputs in ${((performance.now() - this.#startMs) / 1000).toFixed(0)} s; ` +
      `${this.#calls} normal calls answered, the slowest in ${this.#slowestMs.toFixed(0)} ms; memory ` +
      `${mebibytes(this.#startBytes)} MiB before, ${memory.join(', ')}`
    );
  }
}
