import { setInterval as ticks } from 'node:timers/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import type { SetParameterRequestSchema } from '../../src/gen/learning/v1/admin_service_pb.ts';
import { SnapshotOutcome } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { type AdminClient, adminClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { type SeenEvent, startSubscriber } from '../support/clients/subscriber-process.ts';
import { mebibytes, percentile } from '../support/load/percentile.ts';
import { residentBytes, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const OTHERS = 99;
/** Both together put more than the backlog's bound of 256 into ten seconds. */
const TICK_MS = 25;
const PHASE_TICKS = 400;
const TICKS_PER_SECOND = 1000 / TICK_MS;
const ROUNDS = 3;
const MAX_RATIO = 1.5;
const MAX_GROWTH_BYTES = 32 * 2 ** 20;

/** A change so big that a few of them fill what is between a server and a frozen client. */
function bigChange(index: number): MessageInitShape<typeof SetParameterRequestSchema> {
  return {
    target: 'primary_coordination_strategy',
    value: { kind: { case: 'stringValue', value: String(index) } },
    reason: 'r'.repeat(1000),
  };
}

/** Ten seconds of changes. */
interface Phase {
  /** From a change's request to its arrival, over all streams. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The same of the changes made in each second. */
  readonly secondsP99Ms: readonly number[];
  /** Of the sidecar's memory, at its most. */
  readonly growthBytes: number;
}

/** Streams that only measure: how long after its request each change has arrived. */
class Audience {
  readonly #sentMs: number[] = [];
  readonly faults: string[] = [];
  /** In ms, by the second of the phase in which the change was made. */
  #seconds: number[][] = [];

  /** Answers when the stream has begun. */
  join(address: string, clientId: string): Promise<void> {
    const stream = learningClient(address).streamDeltas({ clientId });
    let last: bigint | undefined;
    stream.on('error', () => {}); // The end of the test.
    return new Promise((resolve) => {
      stream.on('data', ({ sequence, event }) => {
        if (event.case === 'snapshot') resolve();
        if (last !== undefined && sequence !== last + 1n) this.faults.push(`${last} ${sequence}`);
        last = sequence;
        const value = event.case === 'delta' ? event.value.newValue?.kind : undefined;
        if (value?.case === 'stringValue') this.#arrived(Number.parseInt(value.value, 10));
      });
    });
  }

  /** Makes changes at a steady pace for ten seconds, and measures. */
  async phase(admin: AdminClient, pid: number): Promise<Phase> {
    this.#seconds = Array.from({ length: PHASE_TICKS / TICKS_PER_SECOND }, () => []);
    const startBytes = residentBytes(pid);
    let mostBytes = startBytes;
    const calls: Promise<unknown>[] = [];
    for await (const _ of ticks(TICK_MS)) {
      mostBytes = Math.max(mostBytes, residentBytes(pid));
      const index = this.#sentMs.push(performance.now()) - 1;
      calls.push(admin.setParameter(bigChange(index)));
      if (calls.length === PHASE_TICKS) break;
    }
    await Promise.all(calls);
    const complete = PHASE_TICKS * OTHERS;
    await vi.waitFor(() => expect(this.#seconds.flat().length).toBe(complete), { timeout: 10_000 });
    const all = this.#seconds.flat();
    return {
      p50Ms: percentile(all, 0.5),
      p99Ms: percentile(all, 0.99),
      secondsP99Ms: this.#seconds.map((second) => percentile(second, 0.99)),
      growthBytes: mostBytes - startBytes,
    };
  }

  #arrived(index: number): void {
    const second = Math.floor((index % PHASE_TICKS) / TICKS_PER_SECOND);
    this.#seconds[second]?.push(performance.now() - (this.#sentMs[index] ?? 0));
  }
}

// Tried again, since whatever else the machine does looks the same; what the sidecar does stays.
const RETRY = { retry: 2 };

test(
  'a frozen subscriber costs the others nothing, and is told what it missed',
  RETRY,
  async () => {
    const { address, pid } = await startSidecar({ dataDir: tempDir() });
    const admin = adminClient(address);
    const audience = new Audience();
    for (let i = 0; i < OTHERS; i += 1) await audience.join(address, `other-${i}`);
    const subscriber = await startSubscriber(address, 'frozen');
    await audience.phase(admin, pid); // Warms up.

    const phases: Round[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const without = await audience.phase(admin, pid);
      const told = subscriber.events.length;
      subscriber.freeze();
      const withIt = await audience.phase(admin, pid);
      subscriber.wake();
      const resetAt = await vi.waitFor(() => {
        const index = subscriber.events.findIndex((event, i) => i >= told && isReset(event));
        expect(index).toBeGreaterThan(0);
        return index;
      });
      phases.push({ without, withIt });
      console.log(
        `stall ${round}: ${describePhase('without', without)}; ${describePhase('with', withIt)}; ` +
          `ratio ${(withIt.p99Ms / without.p99Ms).toFixed(2)}; ` +
          `${resetAt - told} deltas were under way to it`,
      );
      expect(withIt.growthBytes).toBeLessThan(MAX_GROWTH_BYTES);
    }
    // By the second, and the median of them: what else the machine does comes in bursts, which hit
    // phases of both kinds and decide the p99 of a whole one.
    const p99 = compare(phases, ({ secondsP99Ms }) => secondsP99Ms);
    // Bursts leave the median alone: it shows a steady cost that they would hide.
    const p50 = compare(phases, ({ p50Ms }) => [p50Ms]);
    console.log(`stall: delivery, typical p99: ${p99.text}; p50: ${p50.text}`);
    expect(audience.faults).toEqual([]);
    expect(p99.ratio).toBeLessThanOrEqual(MAX_RATIO);
    expect(p50.ratio).toBeLessThanOrEqual(MAX_RATIO);

    const { delta } = await admin.setParameter(bigChange(-1));
    await subscriber.find(({ sequence }) => sequence === Number(delta?.sequence));
    expect(gapsIn(subscriber.events)).toEqual([]);
    expect(subscriber.events.at(-1)?.event).toBe('delta');
    expect(subscriber.events.filter(({ event }) => event === 'broken')).toEqual([]);
  },
);

interface Round {
  readonly without: Phase;
  readonly withIt: Phase;
}

/** The medians of a figure without and with the frozen subscriber, and their ratio. */
function compare(rounds: readonly Round[], figures: (phase: Phase) => readonly number[]) {
  const before = percentile(
    rounds.flatMap(({ without }) => figures(without)),
    0.5,
  );
  const during = percentile(
    rounds.flatMap(({ withIt }) => figures(withIt)),
    0.5,
  );
  const ratio = during / before;
  const text = `without ${before.toFixed(1)} ms, with ${during.toFixed(1)} ms, ratio ${ratio.toFixed(2)}`;
  return { ratio, text };
}

function describePhase(name: string, { p50Ms, p99Ms, growthBytes }: Phase): string {
  const times = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  return `${name} ${times}, memory +${mebibytes(growthBytes)} MiB`;
}

test('a subscriber frozen for longer than keepalive is dropped, and resumes', async () => {
  const { address } = await startSidecar({ dataDir: tempDir() });
  const client = learningClient(address);
  const admin = adminClient(address);
  const follower = new Follower({ clientId: 'awake' });
  void follower.open(client);
  const subscriber = await startSubscriber(address, 'frozen');
  const names = async () => {
    const { subscribers } = await client.getStatus({});
    return subscribers.map(({ clientId }) => clientId).sort();
  };
  expect(await names()).toEqual(['awake', 'frozen']);
  subscriber.freeze();
  const frozenMs = performance.now();
  for (let index = 0; index < PHASE_TICKS; index += 1) await admin.setParameter(bigChange(index));
  await vi.waitFor(async () => expect(await names()).toEqual(['awake']), {
    timeout: 40_000,
    interval: 100,
  });
  const seconds = (performance.now() - frozenMs) / 1000;
  subscriber.wake();
  const { delta } = await admin.setParameter(bigChange(-1));
  const last = Number(delta?.sequence);
  await subscriber.find(({ sequence }) => sequence === last);
  expect(await names()).toEqual(['awake', 'frozen']);
  const { events } = subscriber;
  const deltas = events.filter(({ event }) => event === 'delta');
  expect(events.filter(({ event }) => event === 'snapshot').length).toBe(1);
  expect(events.filter(({ event }) => event === 'broken').length).toBeGreaterThan(0);
  expect(deltas.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: last }, (_, i) => i + 1),
  );
  console.log(
    `stall: dropped after ${seconds.toFixed(1)} s; resumed, ${deltas.length} deltas without a gap`,
  );
  expect(seconds).toBeLessThan(20);
  expect(follower.arrivals.length).toBe(last);
  follower.close();
});

function isReset({ event, outcome }: SeenEvent): boolean {
  return event === 'snapshot' && outcome === SnapshotOutcome.RESET_SLOW;
}

/** Where a delta does not come right after what came before it. */
function gapsIn(events: readonly SeenEvent[]): string[] {
  return events.flatMap(({ event, sequence }, index) => {
    const before = events[index - 1]?.sequence ?? 0;
    if (event !== 'delta') return sequence >= before ? [] : [`back to ${sequence}`];
    return sequence === before + 1 ? [] : [`${sequence} after ${before}`];
  });
}
