import { afterAll, expect, test } from 'vitest';
import { valuesOf } from '../../src/client/values.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { closeBrowser, openPage, until } from './browser.ts';
import { configFile, startFed } from './fed-sidecar.ts';

afterAll(closeBrowser);

/** A change that is put in force is on the page within this time. */
const SEEN_WITHIN_MS = 1000;

test('the timeline fills, evidence moves, and what the page asks for is its own', async () => {
  const { sidecar } = await startFed();
  const { page, faults, strangers } = await openPage(sidecar.adminUrl);
  const median = page.locator('.readout', { hasText: 'median' }).first();
  await until(async () => ((await median.textContent())?.includes(' s') ? true : undefined));
  const evidence = page.locator('.readout', { hasText: 'that it helps' }).first();
  await evidence.waitFor();
  const first = await evidence.textContent();
  await until(async () => ((await evidence.textContent()) === first ? undefined : true));
  expect(faults).toEqual([]);
  expect(strangers).toEqual([]);
});

test('a change is on the page within a second of being put in force', async () => {
  const { sidecar } = await startFed();
  const { page } = await openPage(sidecar.adminUrl);
  await page.locator('.readout', { hasText: 'median' }).first().waitFor();
  const admin = adminClient(sidecar.address);
  for (const agents of [3, 5, 2]) {
    const value = { kind: { case: 'numberValue' as const, value: agents } };
    await admin.setParameter({ target: 'max_agents', value });
    const appliedMs = performance.now();
    await page.getByRole('link', { name: new RegExp(`max_agents \\d+ → ${agents}$`) }).waitFor();
    expect(performance.now() - appliedMs).toBeLessThan(SEEN_WITHIN_MS);
  }
});

const WAITING = `
cycle: { enabled: false }
curation: { mode: recommend, cooldown_seconds: 0, max_deltas_per_hour: 0 }
reflection: { min_score: 0, min_confidence: 0 }
parameters: { a: { initial: 1 }, b: { initial: 1 } }
rules:
  - { id: ra, when: "true", type: resource, operation: adjust, target: a, new_value: "2.0",
      reasoning: '"because"', confidence: 1, impact: positive }
  - { id: rb, when: "true", type: resource, operation: adjust, target: b, new_value: "2.0",
      reasoning: '"because"', confidence: 1, impact: positive }
`;

test('approve, reject, revert, set, pause: each asks once, is seen on the wire, and says what it became', async () => {
  const config = configFile(WAITING);
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const client = learningClient(sidecar.address);
  for (let i = 0; i < 120; i += 1)
    await client.recordTask({ task: { taskId: `t${i}`, status: 1 } });
  const follower = new Follower({ clientId: 'wire' });
  void follower.open(client);
  const { page, faults } = await openPage(sidecar.adminUrl);
  const confirm = async (name: string) => {
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  const seen = (target: string, value: unknown) =>
    until(async () => {
      const values = follower.deltas.filter((delta) => delta.target === target).map(valuesIn);
      return values.includes(value) ? true : undefined;
    });
  await page.getByRole('button', { name: 'Run a cycle' }).click();
  await confirm('Run a cycle');
  const proposal = (target: string) => page.locator('.cards .card', { hasText: `${target} 1 → 2` });
  await proposal('a').getByRole('button', { name: 'Approve' }).click();
  expect(await page.getByRole('dialog').textContent()).toContain('Set a to 2 for every task?');
  await confirm('Approve');
  await seen('a', 2);
  await proposal('b').getByRole('button', { name: 'Reject' }).click();
  await confirm('Reject');
  await page.getByText('Nothing waits for you.').waitFor();
  await page.getByRole('link', { name: 'a 1 → 2' }).click();
  await page.getByRole('button', { name: 'Revert' }).click();
  expect(await page.getByRole('dialog').textContent()).toContain('Revert a to 1?');
  await confirm('Revert');
  await seen('a', 1);
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('button', { name: 'Pause trials' }).click();
  await confirm('Pause trials');
  await page.getByRole('button', { name: 'Resume trials' }).waitFor();
  expect(faults).toEqual([]);
});

function valuesIn(delta: Follower['deltas'][number]): unknown {
  const { newValue } = delta;
  return newValue === undefined ? undefined : valuesOf({ newValue }).newValue;
}

test('the page goes on by itself after the sidecar was restarted', async () => {
  const dataDir = tempDir();
  const first = await startSidecar({ dataDir });
  const admin = new URL(first.adminUrl);
  const { page } = await openPage(first.adminUrl);
  await page.getByText('live', { exact: true }).waitFor();
  await first.end('SIGTERM');
  await page.getByText('no connection, trying again').waitFor();
  const again = await startSidecar({ dataDir, flags: ['--admin-listen', admin.host] });
  await page.getByText('live', { exact: true }).waitFor();
  const client = learningClient(again.address);
  await client.recordTask({ task: { taskId: 'after', status: 1, latencyMs: 5 } });
  await page.getByText('1 task recorded').first().waitFor();
});
