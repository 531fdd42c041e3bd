import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { startConfigured } from '../support/sidecar/secure-sidecar.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { closeBrowser, newPage, openPage, STRANGE_HOST } from './browser.ts';
import { configFile } from './fed-sidecar.ts';

afterAll(closeBrowser);

/** The origin of an empty page of somebody else. */
async function strangeOrigin(): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<h1>elsewhere</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // It listens on a port, not on a pipe.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("another site's page reads nothing and changes nothing, and another host's name is refused", async () => {
  const sidecar = await startSidecar({ dataDir: ':memory:' });
  const page = await newPage();
  await page.goto(await strangeOrigin());
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (response.url().startsWith(sidecar.adminUrl)) statuses.push(response.status());
  });
  const asked = await page.evaluate(async (url) => {
    const body = JSON.stringify({});
    const simple = { 'content-type': 'text/plain' };
    const ask = (init: RequestInit, path: string) =>
      fetch(`${url}/api/v1/${path}`, init).then(
        () => 'answered',
        () => 'refused',
      );
    return [
      await ask({}, 'status'),
      await ask(
        { method: 'POST', body, headers: { 'content-type': 'application/json' } },
        'trials/pause',
      ),
      await ask({ method: 'POST', body, headers: simple }, 'trials/pause'),
      // Its answer is hidden from the page that asks, and still has a status.
      await ask({ method: 'POST', body, headers: simple, mode: 'no-cors' }, 'trials/pause'),
    ];
  }, sidecar.adminUrl);
  expect(asked.slice(0, 3)).toEqual(['refused', 'refused', 'refused']);
  expect(new Set(statuses)).toEqual(new Set([403]));
  const trials = await fetch(`${sidecar.adminUrl}/api/v1/trials`);
  expect(await trials.json()).toMatchObject({ paused: false });
  const { port } = new URL(sidecar.adminUrl);
  const answer = await page.goto(`http://${STRANGE_HOST}:${port}/`);
  expect(answer?.status()).toBe(403);
});

/** What would run, or be drawn, if text of clients were taken for anything but text. */
const INJECTIONS = [
  '<img src=x onerror="window.injected=1">',
  '"><script>window.injected=1</script>',
  "'-window.injected=1-'",
  '{{constructor.constructor("window.injected=1")()}}',
  'javascript:window.injected=1',
];

const TEXTS = `
cycle: { enabled: false }
curation: { mode: recommend, cooldown_seconds: 0, max_deltas_per_hour: 0 }
reflection: { min_score: 0, min_confidence: 0 }
parameters: { text: { initial: "before" } }
rules:
  - { id: r, when: "true", type: resource, operation: adjust, target: text,
      new_value: '${'"<b>bold</b>"'}', reasoning: '"<u>reason</u>"', confidence: 1, impact: positive }
`;

test('whatever clients and rules write is text on the page', async () => {
  const sidecar = await startSidecar({ dataDir: ':memory:', config: configFile(TEXTS) });
  const client = learningClient(sidecar.address);
  const admin = adminClient(sidecar.address);
  for (const [i, text] of INJECTIONS.entries()) {
    const value = { kind: { case: 'stringValue' as const, value: text } };
    await admin.setParameter({ target: 'text', value, reason: text });
    void new Follower({ clientId: text }).open(client);
    for (let j = 0; j < 30; j += 1) {
      const task = {
        taskId: `${text} ${j}`,
        agentId: text,
        labels: { kind: text },
        status: TaskStatus.SUCCESS,
      };
      await client.recordTask({ task: { ...task, taskId: `${i} ${task.taskId}` } });
    }
  }
  const { cycle } = await admin.runCycle({});
  const proposed = cycle?.deltas[0]?.deltaId ?? '';
  const { page, faults } = await openPage(sidecar.adminUrl);
  await page.getByText('<u>reason</u>').first().waitFor();
  await page.goto(`${sidecar.adminUrl}/deltas/${proposed}`);
  await page.getByText('<b>bold</b>').first().waitFor();
  for (const path of ['/deltas', '/subscribers']) {
    await page.goto(`${sidecar.adminUrl}${path}`);
    for (const text of INJECTIONS) {
      await page.locator('td', { hasText: text }).first().waitFor();
    }
  }
  expect(await page.locator('main img, main script, main b b, main u').count()).toBe(0);
  expect(await page.evaluate('window.injected')).toBeUndefined();
  expect(faults).toEqual([]);
});

test('with tokens the page asks for one, reads with that of a client, and changes with that of an admin', async () => {
  const directory = tempDir();
  const path = (name: string) => join(directory, name);
  const [reader, operator] = ['client-token-of-some-length', 'admin-token-of-some-length'];
  writeFileSync(path('client'), reader, { mode: 0o600 });
  writeFileSync(path('admin'), operator, { mode: 0o600 });
  const tokens = { client_file: path('client'), admin_file: path('admin') };
  const { sidecar } = await startConfigured(directory, { tokens });
  const { page } = await openPage(sidecar.adminUrl);
  const signIn = async (token: string) => {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await signIn('not-a-token-of-this-sidecar');
  await page.getByText('the token is not known').waitFor();
  await signIn(reader);
  await page.getByRole('button', { name: 'Pause trials' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Pause trials' }).click();
  await signIn(operator);
  await page.getByText('admin', { exact: false }).first().waitFor();
  await dialog.getByRole('button', { name: 'Pause trials' }).click();
  await page.getByRole('button', { name: 'Resume trials' }).waitFor();
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.getByRole('button', { name: 'sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});
