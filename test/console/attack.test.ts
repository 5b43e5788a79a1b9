/** Whoever means harm, against every route of the console's API by hand: nobody, a viewer, and pages that are not the operator's. */
import { randomUUID } from 'node:crypto';
import { type ConsoleClient, consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { openStage, type Stage } from '../support/stage';

let stage: Stage;
let olga: ConsoleClient;
let vera: ConsoleClient;
let tokenOfVera: string;
let routes: { method: string; path: string; isAct: boolean }[];

beforeAll(async () => {
  stage = await openStage({ configure: withOperators });
  [olga, vera] = [consoleClient(stage.gateway.opsUrl), consoleClient(stage.gateway.opsUrl)];
  await olga.signIn(OPERATOR_KEYS.olga);
  tokenOfVera = (await vera.signIn(OPERATOR_KEYS.vera)).body.data.csrfToken;
  const { paths } = (await olga.api('GET', '/openapi.json')).body;
  // Every one that needs a session, as the gateway itself says.
  routes = Object.entries<Record<string, { security?: unknown }>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security === undefined)
      .map(([method]) => ({
        method: method.toUpperCase(),
        path: path
          .replace('/console/api', '')
          .replace('{clinic}', 'centro')
          .replace('{name}', 'clinikapi-main')
          .replace('{id}', 'st-1'),
        isAct: method !== 'get',
      })),
  );
});
afterAll(() => stage.close());

const answers = async (client: ConsoleClient, only: typeof routes, headers: Record<string, string> = {}) => {
  const found: string[] = [];
  for (const { method, path } of only) {
    const reply = await client.api(method, path, { headers, ...(method === 'POST' && { body: {} }) });
    found.push(`${method} ${path} ${reply.status} ${reply.body.code}`);
  }
  return found;
};
const all = (only: typeof routes, end: string) => only.map(({ method, path }) => `${method} ${path} ${end}`);
const acts = () => routes.filter(({ isAct }) => isAct);

test('nobody gets anything anywhere', async () => {
  expect(acts().length).toBeGreaterThan(12);
  const nobody = consoleClient(stage.gateway.opsUrl);
  expect(await answers(nobody, routes)).toEqual(all(routes, '401 unauthenticated'));
  nobody.cookie = `console-session=${'A'.repeat(43)}`;
  expect(await answers(nobody, routes)).toEqual(all(routes, '401 unauthenticated'));
});

test('a viewer acts nowhere, whatever is sent along', async () => {
  const signOut = ({ path }: { path: string }) => path === '/session';
  const only = acts().filter((route) => !signOut(route));
  expect(await answers(vera, only)).toEqual(all(only, '403 forbidden'));
  const headers = { 'x-role': 'operator', 'x-http-method-override': 'GET', 'idempotency-key': randomUUID() };
  expect(await answers(vera, only, headers)).toEqual(all(only, '403 forbidden'));
});

test('an act without the token of its own session is none', async () => {
  for (const token of ['', 'x', tokenOfVera, `${tokenOfVera}x`]) {
    const found = await answers(olga, acts(), { 'x-csrf-token': token });
    expect(found).toEqual(all(acts(), '403 forbidden'));
  }
  for (const site of ['cross-site', 'same-site', 'none']) {
    const found = await answers(olga, acts(), { 'sec-fetch-site': site });
    expect(found).toEqual(all(acts(), '403 forbidden'));
  }
  // The other's cookie with one's own token, and both cookies.
  const mixed = consoleClient(stage.gateway.opsUrl);
  for (const cookie of [olga.cookie, `${olga.cookie}; ${vera.cookie}`]) {
    mixed.cookie = cookie;
    const found = await answers(mixed, acts(), { 'x-csrf-token': tokenOfVera });
    expect(found.filter((one) => !/ (403 forbidden|401 unauthenticated)$/.test(one))).toEqual([]);
  }
  expect((await olga.api('GET', '/session')).status).toBe(200);
});

const ODD = [
  '__proto__',
  'constructor',
  'toString',
  '%00',
  '..%2f..',
  '%2e%2e',
  'a%2Fb',
  `${'x'.repeat(5_000)}`,
  '%f0%9f%92%a9',
];

test.each(ODD.map((odd) => [odd.slice(0, 20), odd]))('%s names nothing, in any place', async (_, odd) => {
  const wrong: string[] = [];
  for (const [method, path] of [
    ['GET', `/deliveries/${odd}`],
    ['GET', `/staff/${odd}/st-1`],
    ['GET', `/staff/north/${odd}`],
    ['GET', `/switch/${odd}`],
    ['GET', `/switch/north?connection=${odd}`],
    ['GET', `/capabilities?a=${odd}`],
    ['GET', `/changes?clinic=${odd}`],
    ['GET', `/deliveries?status=${odd}`],
    ['POST', `/connections/${odd}/doctor`],
    ['POST', `/staff/north/${odd}/unlink`],
    ...['check', 'copy', 'review', 'decide', 'stop'].map(
      (task) => ['POST', `/switch/${odd}/${task}`] as const,
    ),
  ] as const) {
    const body = { connection: 'cobalt-main', vendor: 'cobalt-main', vendorRecordId: 'x', id: randomUUID() };
    for (const sent of method === 'GET' ? [undefined] : [body, { connection: decodeURIComponent(odd) }]) {
      const reply = await olga.api(method, path, sent === undefined ? {} : { body: sent });
      // A staff id may be any word: there is nothing of it.
      const isEmpty =
        reply.status === 200 && /"data":\[\]|"links":\[\],"queue":\[\],"changes":\[\]/.test(reply.text);
      if (!isEmpty && ![400, 404, 409, 422].includes(reply.status))
        wrong.push(`${method} ${path} ${reply.status}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.each([
  [
    'a member that would be a prototype',
    '{"ids":["3b241101-e2bb-4255-8caf-4136c566a962"],"__proto__":{"all":true}}',
  ],
  [
    'a prototype of an item',
    '{"connection":"cobalt-main","decisions":[{"__proto__":{"decision":"accept"},"staffId":"a","vendorRecordId":"b"}]}',
  ],
  ['a member twice', '{"ids":[],"ids":["3b241101-e2bb-4255-8caf-4136c566a962"]}'],
  ['very much', JSON.stringify({ ids: Array.from({ length: 100_000 }, (_, index) => String(index)) })],
  ['very deep', `{"ids":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ['no JSON', '<xml/>'],
])('%s is no body of an act', async (_, body) => {
  for (const path of ['/deliveries/retry', '/switch/centro/decide', '/switch/centro/copy']) {
    const reply = await olga.api('POST', path, { body });
    expect({ path, isRefused: [400, 413, 422].includes(reply.status) }).toEqual({ path, isRefused: true });
  }
  // Where nothing is expected, nothing is looked at.
  expect((await olga.api('POST', '/configuration/reload', { body })).status).toBeLessThan(500);
});

test('a key of an act is good for that act of that operator alone', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const asked = { connection: 'cobalt-main' };
  const first = await olga.api('POST', '/switch/centro/check', { body: asked, headers: key });
  expect(first.status).toBe(202);
  const again = await olga.api('POST', '/switch/centro/check', { body: asked, headers: key });
  expect([again.status, again.body.data.id]).toEqual([202, first.body.data.id]);
  const other = await olga.api('POST', '/switch/centro/check', {
    body: { connection: 'clinikapi-main' },
    headers: key,
  });
  expect(other.body.code).toBe('idempotency_key_reused');
  // The same key for another act, or of somebody else, is another key.
  const doctor = await olga.api('POST', '/connections/cobalt-main/doctor', { headers: key });
  expect([doctor.status, doctor.headers.get('idempotency-replayed')]).toEqual([200, null]);
  expect((await vera.api('POST', '/switch/centro/check', { body: asked, headers: key })).status).toBe(403);
  for (const bad of ['', 'x'.repeat(300), 'a\tb']) {
    const reply = await olga.api('POST', '/connections/cobalt-main/doctor', {
      headers: { 'idempotency-key': bad },
    });
    expect({ bad, status: reply.status }).toEqual({ bad, status: bad === '' ? reply.status : 400 });
    expect(reply.status).toBeLessThan(500);
  }
});
