import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fromJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { expect, vi } from 'vitest';
import { clientsOf } from '../support/clients/clients.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import type { Language, Mode, Probe } from './probe.ts';

const OBJECT = { a: 1, b: ['x', null] };
const FLAT = { a: 1, b: 'x', c: true };

const CONFIG = {
  cycle: { enabled: false, min_tasks: 1 },
  curation: { mode: 'trial', cooldown_seconds: 0 },
  trial: { assignment: 'task', seed: '1' },
  parameters: {
    text: { initial: 'a' },
    whole: { initial: 3 },
    one: { initial: 1, type: 'number' },
    share: { initial: 0.5 },
    isOn: { initial: true },
    object: { initial: OBJECT },
    flat: { initial: FLAT },
    list: { initial: [1] },
    level: { initial: 0 },
  },
  rules: [
    {
      id: 'raise',
      when: 'true',
      type: 'resource',
      operation: 'adjust',
      target: 'level',
      new_value: '1',
      reasoning: '"observed %"',
      confidence: 0.9,
      impact: 'positive',
    },
  ],
};

/** How long something may take that is waited for: Go's provider waits up to 16 s before it looks again. */
const WAIT = { timeout: 45_000, interval: 50 };

/** A provider, and the sidecar that it reads. */
export class World {
  readonly language: Language;
  readonly mode: Mode;
  readonly probe: Probe;
  readonly #directory = tempDir();
  #sidecar: Sidecar | undefined;
  #address = '';

  constructor(language: Language, mode: Mode, probe: Probe) {
    this.language = language;
    this.mode = mode;
    this.probe = probe;
  }

  get sidecar(): Sidecar {
    if (this.#sidecar === undefined) throw new Error('no sidecar has been started');
    return this.#sidecar;
  }

  /** Starts the sidecar, always at the same address. */
  async start(): Promise<void> {
    const config = join(this.#directory, 'config.json');
    writeFileSync(config, JSON.stringify(CONFIG));
    if (this.#address === '') this.#address = `127.0.0.1:${await freePort()}`;
    const dataDir = join(this.#directory, 'data');
    this.#sidecar = await startSidecar({ dataDir, config, listen: this.#address });
  }

  async open(): Promise<void> {
    await this.start();
    await this.probe.open(this.mode, this.#address);
  }

  async setText(value: string): Promise<void> {
    const { admin } = clientsOf(this.#address);
    await admin.setParameter({
      target: 'text',
      value: fromJson(ValueSchema, value),
      reason: 'test',
    });
  }

  /** Begins a trial of `level`. */
  async beginTrial(): Promise<void> {
    const { client, admin } = clientsOf(this.#address);
    for (let i = 0; i < 30; i += 1) await client.recordTask({ task: taskOfId(`known-${i}`) });
    const { cycle } = await admin.runCycle({});
    expect(cycle?.deltas[0]).toMatchObject({ target: 'level' });
  }
}

/** One thing that is tried; `run` returns what the table says of it, `ok` by default. */
export interface Scenario {
  readonly name: string;
  run(world: World): Promise<string | undefined>;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a value of each type',
    async run({ probe, language }) {
      const expected = [
        ['string', 'text', '', 'a'],
        ['float', 'share', 0.25, 0.5],
        // Whole by chance: written as a float.
        ['float', 'one', 0.25, 1],
        ['boolean', 'isOn', false, true],
        ...(language.hasNoLists ? [] : [['object', 'object', {}, OBJECT] as const]),
        ['object', 'flat', {}, FLAT],
        ...(language.hasIntegers ? [['integer', 'whole', 0, 3] as const] : []),
      ] as const;
      for (const [type, flag, fallback, value] of expected) {
        const details = await probe.evaluate(type, flag, fallback, {
          targetingKey: `type-${flag}`,
        });
        expect([flag, details]).toEqual([flag, expect.objectContaining({ value, error: null })]);
        expect(details.variant).toBe('baseline');
      }
      return undefined;
    },
  },
  {
    name: 'a missing parameter',
    async run({ probe }) {
      const { value, error, ms } = await probe.evaluate('string', 'missing', 'mine');
      expect([value, error]).toEqual(['mine', 'FLAG_NOT_FOUND']);
      // A client that repeats the call takes longer.
      expect(ms).toBeLessThan(1000);
      return undefined;
    },
  },
  {
    name: 'another type',
    async run({ probe, language, mode }) {
      const expected = language.otherType?.[mode] ?? 'TYPE_MISMATCH';
      const text = await probe.evaluate('string', 'isOn', 'mine');
      expect([text.value, text.error]).toEqual(['mine', expected]);
      if (!language.hasIntegers) return undefined;
      const { value, error } = await probe.evaluate('integer', 'share', 7);
      const isCut = language.cutsInProcess === true && mode === 'in-process';
      expect([value, error]).toEqual(isCut ? [0, null] : [7, expected]);
      return isCut ? '0.5 is cut to 0' : expected === 'TYPE_MISMATCH' ? undefined : expected;
    },
  },
  {
    name: 'no key, an odd context',
    async run({ probe }) {
      const deep = { a: [{ b: null }] };
      const contexts = [{}, { targetingKey: '' }, { other: 'x', deep, list: [1, 'x'], n: 1.5 }];
      for (const context of contexts) {
        const details = await probe.evaluate('string', 'text', '', context);
        expect([context, details.value, details.error]).toEqual([context, 'a', null]);
      }
      return undefined;
    },
  },
  {
    name: 'arms of a trial that began later',
    async run(world) {
      const { probe, mode, language } = world;
      const type = language.hasIntegers ? 'integer' : 'float';
      const ask = (key: string) => probe.evaluate(type, 'level', 9, { targetingKey: key });
      // Kept by clients that keep answers.
      expect((await ask('before')).value).toBe(0);
      await world.beginTrial();
      const counts: Record<string, number> = {};
      for (let i = 0; i < 20; i += 1) {
        const { value, variant } = await ask(`task-${i}`);
        expect([variant, value]).toEqual([variant, variant === 'new' ? 1 : 0]);
        counts[`${variant}`] = (counts[`${variant}`] ?? 0) + 1;
      }
      expect(counts).toEqual(mode === 'in-process' ? { baseline: 20 } : { old: 10, new: 10 });
      return mode === 'in-process' ? 'none' : '10/10';
    },
  },
  {
    name: 'a change of what is in force',
    async run(world) {
      const { probe, mode, language } = world;
      const ask = () => probe.evaluate('string', 'text', 'mine', { targetingKey: 'change' });
      expect((await ask()).value).toBe('a');
      await world.setText('b');
      await vi.waitFor(async () => expect((await ask()).value).toBe('b'), WAIT);
      if (mode === 'ofrep' || language.hasNoEvents) return 'read';
      await vi.waitFor(async () => expect(await probe.changed()).toContain('text'), WAIT);
      return 'told';
    },
  },
  {
    name: 'while the sidecar is away',
    async run(world) {
      const { probe, mode } = world;
      const ask = () => probe.evaluate('string', 'text', 'mine', { targetingKey: 'away' });
      expect((await ask()).value).toBe('a');
      await world.sidecar.kill();
      const { value, ms } = await ask();
      expect(value).toBe(mode === 'in-process' ? 'a' : 'mine');
      const what = mode === 'in-process' ? 'last value' : 'default';
      return `${what} in ${(ms / 1000).toFixed(1)} s`;
    },
  },
  {
    name: 'after a restart',
    async run(world) {
      const { probe } = world;
      const ask = () => probe.evaluate('string', 'text', 'mine', { targetingKey: 'again' });
      expect((await ask()).value).toBe('a');
      await world.sidecar.kill();
      await ask();
      await world.start();
      await world.setText('c');
      const startMs = performance.now();
      await vi.waitFor(async () => expect((await ask()).value).toBe('c'), WAIT);
      return `back in ${((performance.now() - startMs) / 1000).toFixed(1)} s`;
    },
  },
  {
    name: 'a drain',
    async run({ probe, sidecar }) {
      expect((await probe.evaluate('string', 'text', 'mine')).value).toBe('a');
      const startMs = performance.now();
      expect((await sidecar.end('SIGTERM')).code).toBe(0);
      const seconds = (performance.now() - startMs) / 1000;
      expect(seconds).toBeLessThan(8);
      return `ended in ${seconds.toFixed(1)} s`;
    },
  },
];

/** A port that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
