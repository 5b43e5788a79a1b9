/** `/docs` as a new integrator meets it, in a real browser. */
import { type Browser, openBrowser } from '../support/browser';
import { KEYS, openStage, type Stage } from '../support/stage';

jest.setTimeout(60_000);

let stage: Stage;
let browser: Browser;

beforeAll(async () => {
  stage = await openStage();
  browser = await openBrowser(stage.url);
  await browser.page.goto(`${stage.url}/docs`);
  await browser.page.locator('.opblock').first().waitFor();
});

afterAll(async () => {
  await browser?.close();
  await stage?.close();
});

test('the page shows the guide and every operation', async () => {
  const { page } = browser;
  expect(await page.title()).toContain('Provider Directory Gateway');
  const text = await page.locator('.info').textContent();
  for (const part of ['Quick start', 'Reading the receipt', 'verified', 'unsupported_field']) {
    expect(text).toContain(part);
  }
  expect(await page.locator('.opblock').count()).toBeGreaterThan(10);
});

test('"try it" carries out an update and shows the receipt', async () => {
  const { page } = browser;
  await page.locator('button.authorize').first().click();
  await page
    .locator('.dialog-ux input[type="text"], .dialog-ux input[type="password"]')
    .first()
    .fill(KEYS.north);
  await page.locator('.dialog-ux button.authorize[type="submit"]').first().click();
  await page.locator('.dialog-ux .btn-done').first().click();

  const update = page.locator('#operations-Staff-updateStaff');
  await update.locator('button.opblock-summary-control').click();
  await update.locator('button.try-out__btn').click();
  await update.locator('input[placeholder="id"]').fill('st-1');
  await update.locator('textarea.body-param__text').fill('{"status": "inactive"}');
  await update.locator('button.execute').click();

  const answer = update.locator('.live-responses-table');
  await answer.waitFor();
  expect(await answer.locator('tr.response td.response-col_status').first().textContent()).toContain('200');
  const body = await answer.textContent();
  expect(body).toContain('"receipt"');
  expect(body).toContain('"outcome": "verified"');
  expect(stage.clinikapi.log.some(({ method }) => method === 'PATCH')).toBe(true);
});

test('nothing came from elsewhere, and the console stayed silent', () => {
  expect(browser.foreign).toEqual([]);
  expect(browser.complaints).toEqual([]);
});
