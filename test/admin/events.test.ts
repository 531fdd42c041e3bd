import type { IncomingMessage } from 'node:http';
import { expect, onTestFinished, test, vi } from 'vitest';
import { setParameter } from '../../src/engine/curation.ts';
import { createEngineFixture, tasksOf } from '../support/engine/engine-fixture.ts';
import { openSite, type Site } from '../support/sidecar/admin-site.ts';

interface Heard {
  readonly id: string;
  readonly topics: readonly string[];
}

/** Listens; what has come so far is in `heard`. */
async function listen(site: Site, lastId?: string) {
  const headers = lastId === undefined ? {} : { 'last-event-id': lastId };
  const response: IncomingMessage = await site.open('/api/v1/events', { headers });
  onTestFinished(() => void response.destroy());
  let text = '';
  let ended = false;
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  response.once('close', () => {
    ended = true;
  });
  const heard = (): Heard[] =>
    [...text.matchAll(/id: (.*)\nevent: changed\ndata: (.*)\n\n/g)].map(
      ([, id = '', data = '']) => ({
        id,
        ...JSON.parse(data),
      }),
    );
  return { response, heard, text: () => text, hasEnded: () => ended };
}

const set = (value: number) =>
  setParameter({
    target: 'max_cpu_per_agent',
    value,
    reason: '',
    holdSeconds: 0,
    cohort: undefined,
  });

async function open() {
  const fixture = await createEngineFixture();
  return { ...fixture, site: await openSite(fixture) };
}

test('a stream begins with every topic, then names what a commit has changed', async () => {
  const { engine, clock, site } = await open();
  const { heard } = await listen(site);
  await clock.advance(0);
  await vi.waitUntil(() => heard().length === 1);
  expect(heard()[0]?.topics).toEqual(expect.arrayContaining(['deltas', 'trials', 'timeline']));
  await engine.recordTasks(tasksOf(1));
  await clock.advance(250);
  await vi.waitUntil(() => heard().length === 2);
  expect(heard()[1]?.topics).toEqual(['status', 'timeline']);
  expect(heard()[1]?.id).toBe(`epoch-1/${engine.ledger.state.head.position}`);
});

test('many commits at once are one event', async () => {
  const { engine, clock, site } = await open();
  const { heard } = await listen(site);
  await clock.advance(0);
  await vi.waitUntil(() => heard().length === 1);
  for (let i = 0; i < 50; i += 1) {
    await engine.recordTasks(tasksOf(1));
    await engine.decide(set(50 + i));
  }
  await clock.advance(250);
  await vi.waitUntil(() => heard().length === 2);
  expect(heard()[1]?.topics).toEqual(expect.arrayContaining(['deltas', 'parameters', 'timeline']));
});

test('a stream resumes by the last id: what was missed, nothing, or everything of another history', async () => {
  const { engine, clock, site } = await open();
  const first = await listen(site);
  await clock.advance(0);
  await vi.waitUntil(() => first.heard().length === 1);
  const [{ id = '' } = {}] = first.heard();
  await engine.recordTasks(tasksOf(1));
  const missed = await listen(site, id);
  await clock.advance(250);
  await vi.waitUntil(() => missed.heard().length === 1);
  expect(missed.heard()[0]?.topics).toEqual(['status', 'timeline']);
  const nothing = await listen(site, missed.heard()[0]?.id);
  const other = await listen(site, 'epoch-0/999');
  await clock.advance(250);
  await vi.waitUntil(() => other.heard().length === 1);
  expect(nothing.heard()).toEqual([]);
  expect(other.heard()[0]?.topics.length).toBeGreaterThan(5);
});

test('a silent stream says every 10 s that it is there; all end with the sidecar', async () => {
  const { clock, site } = await open();
  const { text, hasEnded } = await listen(site);
  await clock.advance(10_000);
  await vi.waitUntil(() => text().includes(': still here'));
  site.api.close();
  await vi.waitUntil(hasEnded);
  expect((await site.ask('/api/v1/events')).status).toBe(503);
});

test('streams are bounded, and one that ends makes room', async () => {
  const { site } = await open();
  const streams: Awaited<ReturnType<typeof listen>>[] = [];
  for (let i = 0; i < 63; i += 1) streams.push(await listen(site));
  streams[0]?.response.destroy();
  await listen(site);
  await listen(site);
});
