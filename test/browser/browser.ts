import { execFileSync } from 'node:child_process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';

/** Debian's, or another one that CHROMIUM names. */
function chromiumPath(): string {
  const { CHROMIUM } = process.env;
  if (CHROMIUM !== undefined) return CHROMIUM;
  return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();
}

/** A name that leads to this machine, as somebody else's domain may. */
export const STRANGE_HOST = 'strange.example';

const ARGUMENTS = [
  // In a container there is often no user namespace, which its own sandbox wants.
  '--no-sandbox',
  `--host-resolver-rules=MAP ${STRANGE_HOST} 127.0.0.1`,
];

let browser: Promise<Browser> | undefined;

/** One Chromium for all tests of a file. */
function chromiumOf(): Promise<Browser> {
  browser ??= chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS });
  return browser;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** What a page did that it should not have. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, and refusals of the Content-Security-Policy. */
  readonly faults: readonly string[];
  /** Requests to any other host than the sidecar's. */
  readonly strangers: readonly string[];
}

/** An empty page until the test ends. */
export async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await (await chromiumOf()).newContext(options);
  onTestFinished(() => context.close());
  return context.newPage();
}

/** The page of a sidecar at a path, until the test ends. */
export async function openPage(
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const page = await newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const faults: string[] = [];
  const strangers: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (said) => {
    if (/Content Security Policy|Refused to/.test(said.text())) faults.push(said.text());
  });
  page.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== new URL(url).origin) strangers.push(request.url());
  });
  await page.goto(url);
  await page.locator('h1').first().waitFor();
  return { page, faults, strangers };
}

/** Waits until a look at the page finds something; answers it. */
export async function until<T>(look: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  let found: T | undefined;
  await expect
    .poll(
      async () => {
        found = await look();
        return found !== undefined;
      },
      { timeout: timeoutMs, interval: 25 },
    )
    .toBe(true);
  // It was just found.
  return found as T;
}
