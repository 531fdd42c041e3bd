import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { setParameter } from '../../src/engine/curation.ts';
import { revert } from '../../src/engine/revert.ts';
import { auditTrial } from '../../src/trial/audit/audit.ts';
import type { FoundReceipt } from '../../src/trial/audit/chain.ts';
import { createEngineFixture, tasksOf } from '../support/engine/engine-fixture.ts';
import { openSite, type Site } from '../support/sidecar/admin-site.ts';
import { faster, TrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: object;
  readonly responses: {
    readonly '200': { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  };
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const DESCRIPTION = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as Description;

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(DESCRIPTION, 'api');

/** Holds an answer to the description; answers the answer. */
function held(method: string, template: string, body: string): unknown {
  const escaped = template.replaceAll('~', '~0').replaceAll('/', '~1');
  const place = `responses/200/content/application~1json/schema`;
  const check = ajv.compile({ $ref: `api#/paths/${escaped}/${method}/${place}` });
  const value: unknown = JSON.parse(body);
  check(value);
  expect({ template, errors: check.errors }).toEqual({ template, errors: null });
  return value;
}

function heldError(body: string): { readonly code: string; readonly message: string } {
  const value = JSON.parse(body);
  const check = ajv.compile({ $ref: 'api#/components/schemas/Error' });
  check(value);
  expect(check.errors).toBeNull();
  return value;
}

/** Without a seed: receipts of a repeatable trial are withheld. */
const YAML = trialYaml({ trial: 'holdback: 0.2', rules: [{ more: 'guards: [success]' }] }).replace(
  'seed: s, ',
  '',
);

async function openTrial() {
  const engine = await createEngineFixture(YAML);
  const fixture = new TrialFixture(engine);
  await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
  const site = await openSite(engine);
  const deltaId = await fixture.begin();
  return { fixture, site, deltaId };
}

async function json(site: Site, path: string) {
  const { body, status } = await site.ask(`/api/v1/${path}`);
  expect(status).toBe(200);
  // Each test knows what it asks for.
  return JSON.parse(body);
}

test('every answer is as docs/openapi.json says', async () => {
  const { fixture, site, deltaId } = await openTrial();
  await fixture.runUntil(deltaId, 'provisional', faster);
  await fixture.engine.decide(
    setParameter({ target: 'other', value: 5, reason: '', holdSeconds: 60, cohort: undefined }),
  );
  const seen = new Set<string>();
  const bodies: Readonly<Record<string, object>> = {
    '/api/v1/parameters/{name}': { value: 3 },
    '/api/v1/session': { token: 'none' },
  };
  for (const [template, operations] of Object.entries(DESCRIPTION.paths)) {
    for (const [method, { operationId, requestBody, responses }] of Object.entries(operations)) {
      seen.add(operationId);
      if (!('application/json' in responses['200'].content)) continue;
      const path = template.replace('{id}', deltaId).replace('{name}', 'other');
      const body = requestBody === undefined ? undefined : (bodies[template] ?? {});
      const answer = await site.ask(path, { method: method.toUpperCase(), body });
      if (answer.status === 200) held(method, template, answer.body);
      else heldError(answer.body);
      // What is in force cannot be approved, and there are no tokens to exchange.
      const isRefused = ['approveDelta', 'rejectDelta', 'beginSession'].includes(operationId);
      expect({ operationId, isDone: answer.status === 200 }).toEqual({
        operationId,
        isDone: !isRefused,
      });
    }
  }
  const served = site.api.routes.map(({ doc }) => doc.id).sort();
  expect([...seen].sort()).toEqual(served);
  expect(site.errors).toEqual([]);
});

test('the receipts of a confirmed change are told page by page, and its verdicts stand', async () => {
  const { fixture, site, deltaId } = await openTrial();
  await fixture.runUntil(deltaId, 'confirmed', faster);
  const found: FoundReceipt[] = [];
  let pages = 0;
  for (let token = ''; ; pages += 1) {
    const page = await json(site, `deltas/${deltaId}/receipts?page_token=${token}`);
    found.push(...page.receipts);
    token = page.nextPageToken;
    if (pages === 0) {
      expect(page.stages.map(({ end }: { end: string }) => end)).toEqual(['promote', 'confirm']);
    }
    if (token === '') break;
  }
  const audit = auditTrial(deltaId, found, { retrials: [], mayLackRetrials: false });
  expect(audit.faults).toEqual([]);
  expect(audit.lastNumber).toBe(found.length);
  expect(audit.stages.filter(({ end }) => end !== undefined)).toHaveLength(2);
  await fixture.engine.decide(revert(deltaId, 'enough'));
  const { events } = await json(site, `deltas/${deltaId}/history`);
  const kinds = events.map(({ kind }: { kind: string }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['proposed', 'trial', 'promoted', 'confirmed']));
  expect(kinds.indexOf('promoted')).toBeLessThan(kinds.indexOf('confirmed'));
});

test('receipts are withheld where trial.seed makes coins repeatable', async () => {
  const engine = await createEngineFixture(trialYaml());
  const fixture = new TrialFixture(engine);
  await fixture.engine.recordTasks(tasksOf(30, { finishTimeMs: fixture.clock.now() }));
  const deltaId = await fixture.begin();
  await fixture.runUntil(deltaId, 'provisional', faster);
  const told = await json(await openSite(engine), `deltas/${deltaId}/receipts`);
  expect(told).toMatchObject({ receipts: [], stages: [] });
  expect(told.withheld).toContain('trial.seed');
});

test('evidence moves set by set, and both arms are told apart', async () => {
  const { fixture, site } = await openTrial();
  for (let i = 0; i < 10; i += 1) await fixture.run(faster);
  const [before] = (await json(site, 'trials')).trials;
  for (let i = 0; i < 4; i += 1) await fixture.run(faster);
  const [after] = (await json(site, 'trials')).trials;
  expect(before.series[0].sets).toEqual([1, 2, 3, 4, 5]);
  expect(after.series[0].sets).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(after.series[0].help.at(-1)).toBeGreaterThan(before.series[0].help.at(-1));
  expect(after.series[0].help.at(-1)).toBeCloseTo(after.help);
  const [{ old, new: fresh }] = after.distributions;
  expect([old.length, fresh.length]).toEqual([21, 21]);
  expect(old[10]).toBe(2 * fresh[10]);
});

test('what is written is told as the RPC tells it, and what is refused says why', async () => {
  const { fixture, site } = await openTrial();
  const write = (path: string, body: unknown) =>
    site.ask(`/api/v1/${path}`, { method: 'POST', body });
  const set = await write('parameters/level', { value: 2, reason: '<b>why</b>' });
  expect(JSON.parse(set.body).delta).toMatchObject({ newValue: 2, state: 'DELTA_STATE_APPLIED' });
  expect(fixture.level).toBe(2);
  const wrong = await write('parameters/level', { value: 'two' });
  expect([wrong.status, heldError(wrong.body)]).toMatchObject([
    400,
    { code: 'INVALID_FIELD', fields: [{ field: 'value' }] },
  ]);
  const unknown = await write('deltas/none/revert', { reason: '' });
  expect([unknown.status, heldError(unknown.body).code]).toEqual([404, 'DELTA_NOT_FOUND']);
  const large = await write('deltas/none/revert', { reason: 'x'.repeat(70_000) });
  expect(large.status).toBe(413);
  const cycle = await write('cycles', {});
  expect(JSON.parse(cycle.body).cycle).toBeDefined();
  const paused = await write('trials/pause', {});
  expect(JSON.parse(paused.body)).toEqual({ paused: true });
  expect(fixture.state.head.trialsPaused).toBe(true);
});
