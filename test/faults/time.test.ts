import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { expect, test, vi } from 'vitest';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { fakeTime } from '../support/sidecar/fake-time.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const DAY_SECONDS = 86_400;
const INTERVAL_SECONDS = 0.2;
const CYCLES = 25;
const HOLD_SECONDS = 3600;

/** Where the wall clock is taken, one after the other, in days from the machine's. */
const DAYS = [0, 1, 0, -1, 1, 0];

test('a wall clock that jumps by a day neither stalls the timer nor makes it hurry', async () => {
  const directory = tempDir();
  const time = fakeTime(directory);
  const config = join(directory, 'config.yaml');
  writeFileSync(
    config,
    `cycle: { interval_seconds: ${INTERVAL_SECONDS} }
parameters: { held: { initial: 0 } }
rules:
  - { id: raise, when: 'true', type: resource, operation: adjust, target: held,
      new_value: parameters.held + 1.0, reasoning: '"observed %"', confidence: 0.9,
      impact: positive }
`,
  );
  const options = { dataDir: join(directory, 'data'), config, env: time.env };
  const sidecar = await startSidecar(options);
  const client = learningClient(sidecar.address);
  await client.recordTask({ task: { latencyMs: 10 } });
  await adminClient(sidecar.address).setParameter({
    target: 'held',
    value: { kind: { case: 'numberValue', value: 5 } },
    holdSeconds: HOLD_SECONDS,
  });
  const hold = { startedMs: performance.now() };

  for (const days of DAYS) {
    time.set(days * DAY_SECONDS);
    await expectNothingHappened(client, days, hold);
  }
  expect(sidecar.lines.filter((line) => line.includes('the wall clock has jumped'))).toHaveLength(
    DAYS.length - 1,
  );
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });

  time.set(-DAY_SECONDS);
  const again = await startSidecar(options);
  await expectNothingHappened(learningClient(again.address), -1, hold);
});

/** The timer runs as it should, and the hold goes on, told by the clock there is. */
async function expectNothingHappened(
  client: LearningClient,
  days: number,
  { startedMs }: { startedMs: number },
): Promise<void> {
  const rate = await cyclesPerSecond(client);
  const nominal = 1 / INTERVAL_SECONDS;
  console.log(`time: ${days} days off: ${rate.toFixed(2)} cycles a second, ${nominal} are due`);
  expect(rate).toBeGreaterThan(nominal * 0.7);
  expect(rate).toBeLessThan(nominal * 1.1);

  const status = await client.getStatus({});
  const wallMs = Date.now() + days * DAY_SECONDS * 1000;
  const toldMs = status.lastCycleTime ? timestampMs(status.lastCycleTime) : 0;
  expect(Math.abs(toldMs - wallMs)).toBeLessThan(5000);
  const [rule] = status.rules;
  const restsMs = (rule?.restingUntil ? timestampMs(rule.restingUntil) : 0) - wallMs;
  const leftMs = HOLD_SECONDS * 1000 - (performance.now() - startedMs);
  expect(Math.abs(restsMs - leftMs)).toBeLessThan(10_000);
  expect(status.totalDeltasApplied).toBe(0n);
}

/** Over so many cycles, by the machine's monotonic clock. */
async function cyclesPerSecond(client: LearningClient): Promise<number> {
  const cycles = async () => Number((await client.getStatus({})).totalCycles);
  /** Waits for a cycle to end: both moments are as long after one. */
  const next = async (atLeast: number) => {
    await vi.waitFor(async () => expect(await cycles()).toBeGreaterThanOrEqual(atLeast), {
      interval: 5,
      timeout: 30_000,
    });
    return { count: await cycles(), ms: performance.now() };
  };
  const from = await next((await cycles()) + 1);
  const to = await next(from.count + CYCLES);
  return (1000 * (to.count - from.count)) / (to.ms - from.ms);
}
