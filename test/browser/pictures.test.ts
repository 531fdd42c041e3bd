import { afterAll, expect, test } from 'vitest';
import { DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { learningClient } from '../support/clients/clients.ts';
import { closeBrowser, openPage, until } from './browser.ts';
import { startFed } from './fed-sidecar.ts';

afterAll(closeBrowser);

const LOOKS = [
  { name: 'light', options: { colorScheme: 'light' } },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'phone', options: { viewport: { width: 390, height: 844 } } },
] as const;

/** Where the pictures of docs/observing.md go with SCREENSHOTS=1; otherwise they are taken and thrown away. */
const picture = (name: string) =>
  process.env.SCREENSHOTS === '1' ? { path: `docs/images/${name}.png` } : {};

test('the story of the demo, when it is over: light, dark and on a phone', async () => {
  const { sidecar, orchestrator } = await startFed();
  orchestrator.pace = 'fast';
  const client = learningClient(sidecar.address);
  const proven = await until(async () => {
    const { changes } = await client.getGains({});
    return changes.find(({ gains }) => gains.some(({ lower }) => lower > 0));
  }, 240_000);
  expect(proven.state).toBe(DeltaState.CONFIRMED);
  orchestrator.pace = 'slow';
  for (const { name, options } of LOOKS) {
    const { page, faults } = await openPage(sidecar.adminUrl, options);
    await page.locator('.gained .headline', { hasText: 'lower' }).waitFor();
    await page.locator('.readout', { hasText: 'median' }).first().waitFor();
    await page.screenshot(picture(`overview-${name}`));
    await page.goto(`${sidecar.adminUrl}/deltas/${proven.deltaId}`);
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await page.locator('.verification', { hasText: 'The verdict stands: helped.' }).waitFor();
    await page.locator('.life li').first().waitFor();
    // One is enough for the docs.
    await page.screenshot(name === 'light' ? picture('change-light') : {});
    expect({ name, faults }).toEqual({ name, faults: [] });
  }
});
