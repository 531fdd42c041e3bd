import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { learningClient } from '../support/clients/clients.ts';
import { closeBrowser, openPage, until } from './browser.ts';
import { startFed } from './fed-sidecar.ts';

afterAll(closeBrowser);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const LOOKS = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'phone', options: { viewport: { width: 390, height: 844 } } },
] as const;

const VIEWS = ['/', '/deltas', '/parameters', '/rules', '/subscribers', '/cycles', '/health'];

/** Faults that axe finds, in words. */
async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  // axe-core has just been loaded there.
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

test('axe finds nothing on any view, in light, dark and on a phone, and nothing is wider than the screen', async () => {
  const { sidecar } = await startFed();
  const client = learningClient(sidecar.address);
  const deltaId = await until(async () => {
    const { deltas } = await client.listDeltas({});
    return deltas.find(({ effect }) => effect?.verdict)?.deltaId;
  }, 120_000);
  for (const { name, options } of LOOKS) {
    const { page } = await openPage(sidecar.adminUrl, options);
    for (const path of [...VIEWS, `/deltas/${deltaId}`]) {
      await page.goto(`${sidecar.adminUrl}${path}`);
      await page.locator('h1').first().waitFor();
      await page.waitForLoadState('load');
      expect({ name, path, faults: await faultsOf(page) }).toEqual({ name, path, faults: [] });
      const wider = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect({ name, path, wider }).toEqual({ name, path, wider: false });
    }
  }
});
