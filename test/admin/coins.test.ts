import { expect, test } from 'vitest';
import { secretSeed } from '../../src/trial/arm.ts';
import { createEngineFixture, taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { openSite, type Site } from '../support/sidecar/admin-site.ts';
import { faster, TrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';

const YAML = trialYaml({ trial: 'holdback: 0.2', rules: [{ more: 'guards: [success]' }] }).replace(
  'seed: s, ',
  '',
);

/** Every name of a ledger, and every secret, is another one. */
let names = 0;

/** What every path answers, by path, without what counts events. */
async function toldBy(site: Site, deltaId: string): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  for (const { method, path, doc } of site.api.routes) {
    if (method !== 'GET' || doc.mediaType !== undefined) continue;
    const { body } = await site.ask(path.replace(':id', deltaId));
    const { events, position, sizeBytes, ...rest } = JSON.parse(body);
    told[path] = path.endsWith('/ledger') || Array.isArray(rest) ? rest : { ...rest, events };
  }
  delete told['/api/v1/openapi.json'];
  return told;
}

/** Its events are counted by the ledger, whatever the arm. */
function withoutCounts({ '/api/v1/ledger': _, ...told }: Record<string, unknown>) {
  return told;
}

test.for(['a', 'b', 'c', 'd'])(
  'no answer tells a coin that is still to come: ledger %s',
  async (name) => {
    const engine = await createEngineFixture(YAML, {
      newEpoch: () => `of-${name}-${++names}-0123456789`,
    });
    const fixture = new TrialFixture(engine);
    await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
    const site = await openSite(engine);
    const deltaId = await fixture.begin();
    const { secret } = fixture.state.head;
    for (const [stage, state] of (['trial', 'provisional', 'confirmed'] as const).entries()) {
      await fixture.runUntil(deltaId, state, faster);
      for (let i = 0; i < 7; i += 1) await fixture.run(faster);
      const before = await toldBy(site, deltaId);
      // A task of a set that is not complete has an arm now, and the next one's follows from it.
      const asked = `open-${stage}`;
      await fixture.engine.resolve({ taskId: asked, labels: {} });
      const after = await toldBy(site, deltaId);
      expect(withoutCounts(after)).toEqual(withoutCounts(before));
      const text = JSON.stringify(after);
      expect(text.includes(asked)).toBe(false);
      expect(text.includes(secret)).toBe(false);
      for (const open of [stage + 1, stage + 2, stage + 3]) {
        expect(text.includes(secretSeed(secret, deltaId, open))).toBe(false);
      }
      // Its seed is told once a stage has ended: the test would notice if receipts were not served at all.
      if (stage > 0) expect(text.includes(secretSeed(secret, deltaId, stage))).toBe(true);
      await fixture.engine.recordTasks([
        taskOf({ taskId: asked, latencyMs: 100, finishTimeMs: fixture.clock.now() }),
      ]);
      expect(JSON.stringify(await toldBy(site, deltaId)).includes(asked)).toBe(false);
    }
  },
);
