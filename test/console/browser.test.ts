/** The console as an operator meets it at night, in a real browser. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { CHANGE_KINDS, CHANGE_OUTCOMES } from '../../src/store/changes';
import { type Browser, openBrowser } from '../support/browser';
import { consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { TYPESCRIPT } from '../support/gatewayProcess';
import { openQueue, type Queue, STAFF } from '../support/queue';
import { openStage, type Stage } from '../support/stage';
import { aClinicThatMoves } from './moving';

jest.setTimeout(60_000);

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const ROOT = join(__dirname, '../..');
const PAGE = join(ROOT, 'dist/console');
const [FIRST = '', SECOND = '', THIRD = '', FOURTH = ''] = STAFF;

let queue: Queue;
let browser: Browser;
let page: Page;
let url: string;
/** What is added to the clock by which sessions end. */
let later = 0;

beforeAll(async () => {
  execFileSync(process.execPath, [
    '-r',
    join(ROOT, 'test/support/typescript.cjs'),
    join(ROOT, 'scripts/bundleConsole.ts'),
  ]);
  queue = await openQueue({
    engine: 'sqlite',
    deliveries: { maxAttempts: 1 },
    configure: withOperators,
    now: () => new Date(Date.now() + later),
  });
  url = `${queue.gateway.opsUrl}/console`;
  browser = await openBrowser(queue.gateway.opsUrl);
  page = browser.page;
  page.setDefaultTimeout(10_000);
});

afterAll(async () => {
  await browser?.close();
  await queue?.close();
});

/** Updates that no attempt could deliver. */
async function deadDeliveries(...staff: string[]): Promise<string[]> {
  await queue.switchOff();
  const ids: string[] = [];
  for (const id of staff) ids.push((await queue.queue(id, { role: 'nurse' })).body.data.id);
  for (const id of ids) await queue.reaches(id, 'dead');
  await queue.switchOn();
  return ids;
}

async function signIn(key: string): Promise<void> {
  await page.goto(url);
  await page.getByLabel('Your operator key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation').waitFor();
}

async function signOut(): Promise<void> {
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.getByLabel('Your operator key').waitFor();
}

test('a dead delivery is found, understood and retried', async () => {
  const [id = ''] = await deadDeliveries(FIRST);
  await page.goto(url);
  await page.getByLabel('Your operator key').fill('not a key');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This is not the key of an operator.').waitFor();
  await signIn(OPERATOR_KEYS.olga);
  await page.getByText('1 dead: no attempt gave a definite answer').waitFor();
  await page.getByRole('listitem').filter({ hasText: '1 dead' }).getByRole('link', { name: 'Show' }).click();
  await page.getByRole('link', { name: `north/${FIRST}` }).click();
  await page.getByText('The vendor cannot be reached or says that it failed.', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Retry (1)' }).click();
  // The question begins at its way out: Enter alone does nothing.
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect((await queue.get(id)).body.data.status).toBe('dead');
  await page.getByRole('button', { name: 'Retry (1)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry (1)' }).click();
  await page.getByText('1 done, 0 not done.').waitFor();
  await queue.reaches(id, 'succeeded');
  await page.getByRole('main').getByText('succeeded').first().waitFor();
});

test('exactly the chosen ones are discarded, by a double click once', async () => {
  const [second = '', third = ''] = await deadDeliveries(SECOND, THIRD);
  await page.goto(`${url}/deliveries?status=dead`);
  await page.getByLabel(`Choose north/${SECOND}`).check();
  await page.getByText('1 chosen').waitFor();
  await page.getByRole('button', { name: 'Discard (1)' }).click();
  await page.getByText('Discard 1 delivery?').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard (1)' }).dblclick();
  await page.getByText('1 done, 0 not done.').waitFor();
  expect((await queue.get(second)).body.data.status).toBe('failed');
  expect((await queue.get(third)).body.data.status).toBe('dead');
  const olga = consoleClient(queue.gateway.opsUrl);
  await olga.signIn(OPERATOR_KEYS.olga);
  expect((await olga.api('GET', '/changes?clinic=north&kind=discard')).body.data).toHaveLength(1);
});

test('what was decided is told also if nothing is left to show, and the vendor is one click away', async () => {
  const [id = ''] = await deadDeliveries(FOURTH);
  await page.goto(`${url}/deliveries/${id}`);
  await page.getByRole('main').getByRole('link', { name: 'clinikapi-main' }).click();
  await page.getByRole('heading', { name: 'clinikapi-main' }).waitFor();
  expect(new URL(page.url()).hash).toBe('#connection-clinikapi-main');
  await page.goto(`${url}/deliveries?status=dead&staffId=${FOURTH}`);
  await page.getByLabel('Choose all on this page').check();
  await page.getByRole('button', { name: 'Retry (1)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Retry (1)' }).click();
  await queue.reaches(id, 'succeeded');
  await page.getByText('There are none like this.').waitFor();
  await page.getByText('1 done, 0 not done.').waitFor();
});

test('a viewer sees everything and has nothing to act with', async () => {
  await signOut();
  await signIn(OPERATOR_KEYS.vera);
  await page.getByRole('link', { name: 'Deliveries' }).click();
  await page.getByText('You may look at everything.').waitFor();
  expect(await page.getByRole('button', { name: /Retry|Discard/ }).count()).toBe(0);
  await page.getByRole('link', { name: 'Connections' }).click();
  await page.getByRole('heading', { name: 'cobalt-main' }).waitFor();
  expect(await page.getByRole('button', { name: /Check/ }).count()).toBe(0);
  // By hand, with the session and the token of the page.
  const status = await page.evaluate<number>(`(async () => {
    const { data } = await (await fetch('/console/api/session')).json();
    const body = JSON.stringify({ ids: ['3b241101-e2bb-4255-8caf-4136c566a962'] });
    const headers = { 'content-type': 'application/json', 'x-csrf-token': data.csrfToken };
    return (await fetch('/console/api/deliveries/retry', { method: 'POST', headers, body })).status;
  })()`);
  expect(status).toBe(403);
  browser.complaints.length = 0;
  await signOut();
});

test('the doctor is called, and a person’s story is found, by keyboard only', async () => {
  await signIn(OPERATOR_KEYS.olga);
  await page.getByRole('link', { name: 'Connections' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Check vitalis-centro' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('All checks passed.').waitFor();
  await page.getByRole('link', { name: 'A staff member' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Clinic').focus();
  await page.keyboard.type('north');
  await page.keyboard.press('Tab');
  await page.keyboard.type(THIRD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: `north/${THIRD}` }).waitFor();
  await page.getByRole('main').getByText('dead').waitFor();
});

test('what callers and vendors have planted is text, and nothing runs', async () => {
  const planted = '<img src=x onerror="document.title=1">';
  await page.goto(`${url}/changes?caller=${encodeURIComponent(planted)}`);
  await page.getByText('There are no such rows.').waitFor();
  expect(await page.getByLabel('Caller').inputValue()).toBe(planted);
  // What can be chosen is what the audit knows.
  const offered = (name: string) =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('#filter-${name} option')].map(({ value }) => value).slice(1)`,
    );
  expect(await offered('kind')).toEqual([...CHANGE_KINDS]);
  expect(await offered('outcome')).toEqual([...CHANGE_OUTCOMES]);
  await page.goto(`${url}/staff/north/${encodeURIComponent(planted)}`);
  await page.getByText('No staff id has this form.').waitFor();
  expect(await page.locator('img').count()).toBe(0);
  browser.complaints.length = 0;
});

const SCREENS = [
  '',
  '/deliveries?status=dead',
  `/staff/north/${THIRD}`,
  '/connections',
  '/capabilities?a=vitalis-centro&b=clinikapi-main',
  '/switch?clinic=centro&connection=clinikapi-main',
  '/changes',
  '/configuration',
];

/** Loaded once: screens change without another request for the page. */
async function show(screen: string): Promise<void> {
  await page.evaluate(
    `history.pushState(null, '', '/console${screen}'); dispatchEvent(new PopStateEvent('popstate'));`,
  );
  await page.locator('main h1').waitFor();
  // All of them: a screen may wait for two answers.
  await page.waitForSelector('main [role=status].quiet', { state: 'detached' });
}

async function barriers(): Promise<string[]> {
  const found: { id: string; places: string[] }[] = await page.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, places: nodes.map(({ html }) => html) })))`,
  );
  return found.map(({ id, places }) => `${id}: ${places.join(' ')}`);
}

/** What decides how a screen is drawn, and moments; all else is text of somebody. */
const DRAWN_BY = /^(kind|urgency|screen|status|state|outcome|role|csrfToken|at|since|until|.*At)$/;

function planted(value: unknown, text: string): unknown {
  if (typeof value === 'string') return text;
  if (Array.isArray(value)) return value.map((item) => planted(item, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, DRAWN_BY.test(name) ? item : planted(item, text)]),
  );
}

test('every text of every screen may be markup, and is shown as text', async () => {
  const text = '<img src=x onerror="document.title=1"><script>document.title=1</script>javascript:alert(1)';
  await page.goto(url);
  await page.getByRole('navigation').waitFor();
  await page.route('**/console/api/**', async (route) => {
    if (/\/(session|sign-in)$/.test(route.request().url())) return route.continue();
    const response = await route.fetch({ headers: { ...route.request().headers(), 'if-none-match': '' } });
    await route.fulfill({ response, json: planted(await response.json(), text) });
  });
  const shown: string[] = [];
  for (const screen of SCREENS) {
    await show(screen);
    const inMain = await page.locator('main').textContent();
    if (inMain?.includes(text)) shown.push(screen);
    expect(await page.locator('img, main script, main [href^="javascript:"]').count()).toBe(0);
    expect(await page.title()).toContain('Directory gateway');
  }
  // It was there to be seen: on all but those that have nothing to tell.
  expect(shown.length).toBeGreaterThan(5);
  await page.unroute('**/console/api/**');
  // A link that is written wrongly leads to its screen all the same.
  await page.goto(`${url}/connections#%E0%A4%A`);
  await page.getByRole('heading', { name: 'cobalt-main' }).waitFor();
  browser.complaints.length = 0;
});

test('no screen keeps anybody out, in either language and theme, and none is too wide for a phone', async () => {
  await page.goto(url);
  await page.getByRole('navigation').waitFor();
  await page.evaluate(AXE);
  const found: string[] = [];
  for (const tongue of ['en', 'es']) {
    if (tongue === 'es') await page.getByRole('button', { name: 'Español' }).click();
    expect(await page.evaluate('document.documentElement.lang')).toBe(tongue);
    for (const screen of SCREENS) {
      await page.setViewportSize({ width: 1280, height: 900 });
      await show(screen);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        found.push(...(await barriers()).map((barrier) => `${screen} ${tongue} ${colorScheme} ${barrier}`));
      }
      await page.setViewportSize({ width: 390, height: 800 });
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > 390) found.push(`${screen} ${tongue} is ${width} wide`);
    }
  }
  expect(found).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole('button', { name: 'Salir', exact: true }).click();
  await page.getByLabel('Su clave de operador').waitFor();
  expect(await barriers()).toEqual([]);
  await page.getByRole('button', { name: 'English' }).click();
});

test('nothing was asked of anybody else, and the browser had nothing to complain of', async () => {
  await signIn(OPERATOR_KEYS.olga);
  await show('/connections');
  expect(browser.foreign).toEqual([]);
  expect(browser.complaints).toEqual([]);
});

test('a session that has ended leads to the way in, and back to the same screen', async () => {
  await show('/deliveries?status=dead');
  later = 13 * 3_600_000;
  await page.reload();
  await page.getByLabel('Your operator key').fill(OPERATOR_KEYS.olga);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
  // While it is looked at: the next look finds it out.
  later = 26 * 3_600_000;
  await page.getByRole('link', { name: 'Connections' }).click();
  await page.getByText('Your session has ended.').waitFor();
});

describe('a clinic that moves', aClinicThatMoves);

describe('at a provider', () => {
  let provider: ChildProcess;
  let stage: Stage;

  beforeAll(async () => {
    const [port, opsPort] = [await freePort(), await freePort()];
    const script = join(ROOT, 'test/support/oidcProvider.ts');
    const redirectUri = `http://127.0.0.1:${opsPort}/console/api/oidc/callback`;
    provider = spawn(process.execPath, [...TYPESCRIPT, script, String(port), redirectUri], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (provider.stdout) await once(provider.stdout, 'data');
    stage = await openStage({
      configure: (config) =>
        Object.assign(config.ops, {
          port: opsPort,
          oidc: {
            issuer: `http://127.0.0.1:${port}`,
            clientId: 'gateway-console',
            clientSecret: 'secret-of-the-console',
            roles: { 'directory-operators': 'operator', 'directory-viewers': 'viewer' },
          },
        }),
    });
  });

  afterAll(async () => {
    provider.kill();
    await stage.close();
  });

  async function signInAt(name: string, screen: string): Promise<void> {
    await page.context().clearCookies();
    await page.goto(`${stage.gateway.opsUrl}/console${screen}`);
    await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
    await page.locator('input[name=login]').fill(name);
    await page.locator('input[name=password]').fill('any');
    await page.locator('button[type=submit]').click();
    await page.getByRole('button', { name: 'Continue' }).click();
  }

  test('people sign in with what it says about them, and come back to where they were', async () => {
    await signInAt('olga', '/connections');
    await page.getByText('Signed in as oidc/olga (operator)').waitFor();
    await page.getByRole('heading', { name: 'cobalt-main' }).waitFor();
    await signInAt('vera', '');
    await page.getByText('Signed in as oidc/vera (viewer)').waitFor();
    await signInAt('mallory', '');
    await page.getByText('no role here is yours').waitFor();
  });

  test('an answer that nobody here has asked for opens nothing, and no sign-in leads elsewhere', async () => {
    const client = consoleClient(stage.gateway.opsUrl);
    const back = await client.api('GET', '/oidc/callback?code=stolen&state=x');
    expect([back.status, back.headers.get('location')]).toEqual([303, '/console?refused=1']);
    expect(back.headers.getSetCookie().filter((one) => one.startsWith('console-session='))).toEqual([]);
    for (const to of [
      'https://evil.example',
      '//evil.example',
      '/console/../..//evil.example',
      '/console\\evil',
    ]) {
      const start = await client.api('GET', `/oidc/start?to=${encodeURIComponent(to)}`);
      const attempt = /console-sign-in=([\w-]+)/.exec(start.headers.get('set-cookie') ?? '')?.[1] ?? '';
      const kept = JSON.parse(Buffer.from(attempt, 'base64url').toString());
      expect(new URL(kept.to, 'http://here').origin).toBe('http://here');
      expect(kept.to).toMatch(/^\/console/);
      const url = new URL(start.headers.get('location') ?? '');
      expect(url.searchParams.get('code_challenge_method')).toBe('S256');
      expect(url.searchParams.get('state')).toBe(kept.state);
    }
    expect(stage.lines.join('\n')).not.toContain('secret-of-the-console');
    expect((await client.signIn(OPERATOR_KEYS.olga)).status).toBe(401);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('the page is small', async () => {
  const names = (await readdir(PAGE)).filter((name) => /\.(html|js|css|svg)$/.test(name));
  const sizes = await Promise.all(
    names.map(async (name) => gzipSync(await readFile(join(PAGE, name))).length),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000);
});
