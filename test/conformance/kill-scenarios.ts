import { expect } from 'vitest';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import type { Agent } from './agent.ts';
import { expectInOrder } from './outage-scenarios.ts';
import { type Scenario, scenario } from './scenario.ts';
import { acknowledged, type World } from './world.ts';

const KILLS = 20;

/** Changes, at most, from a start to the next kill. */
const CHANGES = 30;

/** Tasks being recorded at any moment. */
const LANES = 4;

/** How often the client is back before the next kill. */
const BACK_AGAIN = 0.75;

/** Changes a parameter until the sidecar is killed amid it. */
async function changeUntilKilled(
  world: World,
  agent: Agent,
  random: SeededRandom,
  nextLevel: () => number,
) {
  const first = await world.change(nextLevel());
  if (random.next() < BACK_AGAIN) await agent.inForce(first);
  const changes = random.between(0, CHANGES);
  for (let i = 0; i < changes; i += 1) await world.change(nextLevel());
  // Under way as it dies: either is right, that it was made or that it was not.
  const unanswered = world.change(nextLevel()).catch(() => {});
  await world.sidecar.kill();
  await unanswered;
}

/** Records tasks, each until it is durable, as long as it is wanted; answers how many. */
async function recordMeanwhile(agent: Agent, isOver: () => boolean): Promise<number> {
  let recorded = 0;
  const lane = async (name: number) => {
    for (let i = 0; !isOver(); i += 1) {
      await agent.tell('record', { task: { taskId: `lane-${name}-${i}`, latencyMs: 1 } });
      recorded += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, name) => lane(name)));
  return recorded;
}

/** All changes that the ledger knows of, in order. */
async function levelsOfLedger(world: World, last: number): Promise<unknown[]> {
  const stream = world.operator.client.streamDeltas({ clientId: 'auditor', afterSequence: 0n });
  stream.on('error', () => {});
  const levels: unknown[] = [];
  for await (const { event } of stream) {
    if (event.case === 'delta') levels.push(event.value.newValue?.kind.value);
    if (levels.length === last) break;
  }
  stream.cancel();
  return levels;
}

async function randomKills(world: World): Promise<string> {
  const random = seededRandom(chooseSeed(`${world.language.name}: random kills`));
  await world.start();
  const agent = await world.follower();
  let level = 0;
  const nextLevel = () => {
    level += 1;
    return level;
  };
  let isOver = false;
  const recording = recordMeanwhile(agent, () => isOver);
  for (let kills = 0; kills < KILLS; kills += 1) {
    await changeUntilKilled(world, agent, random, nextLevel);
    await world.start();
  }
  const last = await world.change(nextLevel());
  await agent.inForce(last);
  isOver = true;
  const recorded = await recording;

  expect(agent.hasExited).toBe(false);
  expectInOrder(agent);
  const levels = [0, ...(await levelsOfLedger(world, last))];
  for (const { sequence, parameters } of agent.values) {
    expect(parameters.level).toBe(levels[sequence]);
  }
  await acknowledged(world, 'agent', last);
  const { totalTasksRecorded } = await world.operator.client.getStatus({});
  expect(totalTasksRecorded).toBe(BigInt(recorded));
  expect(await agent.end()).toEqual({ code: 0, signal: null });
  const snapshots = agent.values.filter(({ source }) => source === 'snapshot').length;
  return (
    `${KILLS} kills at random, ${last} changes: ${snapshots} snapshots, ${agent.values.length - snapshots} deltas ` +
    `in order, no gap between; ${recorded} tasks recorded, each counted once; the client never exited`
  );
}

export const KILL_SCENARIOS: readonly Scenario[] = [scenario(`${KILLS} random kills`, randomKills)];
