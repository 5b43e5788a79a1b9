/** `/docs` as a new integrator meets it, in a real browser. */
import { readFileSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { GUIDE } from '../../src/http/openapi/guide';
import { type Browser, openBrowser } from '../support/browser';
import { KEYS, openStage, type Stage } from '../support/stage';

jest.setTimeout(60_000);

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

let stage: Stage;
let browser: Browser;

beforeAll(async () => {
  stage = await openStage();
  browser = await openBrowser(stage.url);
});

afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

async function openReference(width = 1280): Promise<void> {
  await browser.page.setViewportSize({ width, height: 900 });
  await browser.page.goto(`${stage.url}/docs`);
  await testRequest().waitFor();
}

const testRequest = (): Locator => browser.page.locator('.show-api-client-button').first();

const send = (): Locator =>
  browser.page
    .locator('.scalar-app-layout button:visible')
    .filter({ hasText: /^\s*Send/ })
    .first();

/** What axe finds of the kinds that keep people out: its rule, and how many places. */
async function barriers(): Promise<string[]> {
  await browser.page.evaluate(AXE);
  const found: { id: string; impact: string; places: number }[] = await browser.page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, places: nodes.length })))`,
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, places }) => `${id}: ${places}`);
}

/** Whether something has to be scrolled sideways. */
function isTooWide(): Promise<boolean> {
  return browser.page.evaluate<boolean>(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
}

test('the first screen has every operation, a search, samples in several languages and "try it"', async () => {
  const { page } = browser;
  await openReference();
  expect(await page.title()).toContain('Provider Directory Gateway');
  const operations = page.locator('.sidebar-heading-type');
  expect(await operations.count()).toBe(await operationCount());
  for (const shown of [
    ...(await operations.all()),
    testRequest(),
    page.locator('[type=search], .sidebar-search-placeholder').first(),
  ]) {
    const box = await shown.boundingBox();
    expect(box === null ? Number.POSITIVE_INFINITY : box.y + box.height).toBeLessThanOrEqual(900);
  }
  const languages = await page.locator('.client-libraries-text').allTextContents();
  for (const language of ['Shell', 'JavaScript', 'Python', 'Java']) expect(languages).toContain(language);
});

async function operationCount(): Promise<number> {
  const { body } = await stage.call('GET', '/openapi.json', { key: null });
  return Object.values<object>(body.paths).flatMap((methods) => Object.keys(methods)).length;
}

test('a first update: the key, and two clicks', async () => {
  const { page } = browser;
  stage.clinikapi.reset();
  await stage.call('PUT', '/staff/st-42/links/clinikapi-main', { body: { vendorRecordId: 'pr_def456' } });
  await openReference();
  await page.locator('.scalar-reference-intro-auth input').first().fill(KEYS.north);
  await testRequest().click();
  const answered = page.waitForResponse((response) => response.request().method() === 'PATCH');
  await send().click();
  const answer = await answered;
  expect([new URL(answer.url()).pathname, answer.status()]).toEqual(['/staff/st-42', 200]);
  expect(await answer.json()).toMatchObject({ meta: { receipt: [{ pointer: '/status' }] } });
  await page.getByText('"receipt"').last().waitFor();

  // What axe finds here is the dialog's own markup: its editors announce completion without a list, its information buttons have the
  // role "none", its body and a menu have no name, its tabs name a panel that is not there yet.
  const known = [
    'aria-input-field-name',
    'aria-prohibited-attr',
    'aria-required-attr',
    'aria-valid-attr-value',
    'button-name',
  ];
  const rules = (await barriers()).map((text) => text.replace(/:.*/, ''));
  expect(rules.filter((rule) => !known.includes(rule))).toEqual([]);
});

test.each([
  [1280, 'light'],
  [390, 'dark'],
] as const)(
  'no barrier that axe finds, and nothing too wide, at %i px in the %s',
  async (width, colorScheme) => {
    await browser.page.emulateMedia({ colorScheme });
    await openReference(width);
    await browser.page.locator(`body.${colorScheme}-mode`).waitFor();
    expect(await barriers()).toEqual([]);
    expect(await isTooWide()).toBe(false);
    await browser.page.emulateMedia({ colorScheme: 'light' });
  },
);

test('the guide: every page is reached from the reference, without a barrier, and fits a phone', async () => {
  const { page } = browser;
  await openReference(390);
  for (const { slug, title } of GUIDE) {
    const link = page.getByRole('link', { name: title }).first();
    await link.click();
    await page.waitForURL(`${stage.url}/docs/${slug}`);
    expect(await page.locator('h1').textContent()).toBe(title);
    expect([slug, await barriers(), await isTooWide()]).toEqual([slug, [], false]);
  }
});

test('nothing came from elsewhere, and the console stayed silent', () => {
  expect(browser.foreign).toEqual([]);
  expect(browser.complaints).toEqual([]);
});
