/** A real browser: Chromium, in a fresh profile, without a window and without its own calls home. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @throws where there is no browser: a test that needs one fails, it is not skipped */
function executablePath(): string {
  const asked = process.env.CHROMIUM_PATH;
  const found = (asked === undefined ? PLACES : [asked]).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `Chromium is needed for this test and was not found at ${asked ?? PLACES.join(', ')}. Install it ` +
      '(apt-get install -y chromium), or say where it is with CHROMIUM_PATH.',
  );
}

export interface Browser {
  page: Page;
  /** URLs that were asked for outside of `origin`, data URLs not counted. */
  foreign: string[];
  /** What the console complained about, and what was thrown. */
  complaints: string[];
  close(): Promise<void>;
}

export async function openBrowser(origin: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'gateway-browser-'));
  const context: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: executablePath(),
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) foreign.push(url);
  });
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return {
    page,
    foreign,
    complaints,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
