import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { adminClient, learningClient } from '../support/clients/clients.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { allDeltas } from '../support/ledger/history.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { LongRun, TRIALS_CONFIG } from '../support/trials/long-run.ts';
import { closeBrowser, openPage } from './browser.ts';
import { configFile } from './fed-sidecar.ts';

afterAll(closeBrowser);

const VERDICTS = 10;

/** What Verify says of a change. */
async function verified(page: Page, url: string): Promise<string> {
  await page.goto(url);
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  const found = page.locator('.verification');
  await found.waitFor();
  return (await found.textContent()) ?? '';
}

test('ten verdicts stand in the browser, and of ten damaged answers each damaged receipt is named', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir(), config: configFile(TRIALS_CONFIG) });
  const { address, adminUrl } = sidecar;
  const clients = { client: learningClient(address), admin: adminClient(address) };
  await new LongRun(clients, chooseSeed('browser-verify')).play(VERDICTS + 2);
  const deltas = await allDeltas(clients.client);
  const judged = deltas.filter(({ effect }) => effect?.verdict).slice(0, VERDICTS);
  expect(judged.length).toBe(VERDICTS);
  const { page, faults } = await openPage(adminUrl);
  for (const { deltaId } of judged) {
    expect(await verified(page, `${adminUrl}/deltas/${deltaId}`)).toMatch(/^The verdict stands: /);
  }
  for (const [index, { deltaId }] of judged.entries()) {
    let damaged = 0;
    await page.route('**/receipts', async (route) => {
      const answer = await route.fetch();
      const share = (index + 0.5) / VERDICTS;
      const { text, number } = damagedAt(await answer.text(), share);
      damaged = number;
      await route.fulfill({ response: answer, body: text });
    });
    const text = await verified(page, `${adminUrl}/deltas/${deltaId}`);
    await page.unroute('**/receipts');
    expect(text).toMatch(/^The verdict does not stand: /);
    expect(text).toMatch(new RegExp(`\\breceipts? (\\d+ to )?${damaged} `));
  }
  expect(faults).toEqual([]);
});

/** Flips the lowest bit of a digit of a receipt's step: it is another digit then. */
function damagedAt(text: string, share: number): { text: string; number: number } {
  const numbers = [...text.matchAll(/"content":\{"number":(\d+),"step":\{/g)];
  const receipt = numbers[Math.floor(share * numbers.length)];
  if (receipt === undefined) throw new Error('no receipt to damage');
  const at = text.indexOf('"timeMs":', receipt.index) + '"timeMs":'.length;
  const flipped = String.fromCharCode(text.charCodeAt(at + 2) ^ 1);
  return { text: text.slice(0, at + 2) + flipped + text.slice(at + 3), number: Number(receipt[1]) };
}
