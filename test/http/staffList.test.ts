/** `GET /staff`: lists, searches and pages, over the vendors' real lists. */
import { makePeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';
import { type Database, openDatabase } from '../../src/store/database';
import { createLinks, type Links } from '../../src/store/links';
import { r4Checker } from '../support/r4';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';
import { until } from '../support/until';
import { createGate } from '../support/wire';

const PEOPLE = makePeople(250);
const SEEDS = seedPeople(PEOPLE);
/** Another clinic at the vendor connection of north. */
const WEST = KEYS.reader;
const LISTS = /^\/(v1\/practitioner-roles|professionals|v1\/providers)$/;

let stage: Stage;
let database: Database;
let links: Links;
beforeAll(async () => {
  stage = await openStage({
    clinikapi: { ...SEEDS.clinikapi, phantomRows: true },
    vitalis: { seeds: seedPeople(PEOPLE.slice(0, 60)).vitalis },
    cobalt: { seeds: seedPeople(PEOPLE.slice(0, 5)).cobalt },
    configure: (config) => {
      config.clinics.west = { vendor: 'clinikapi-main', identity: 'linked' };
      config.clinics.south = { vendor: 'cobalt-main', identity: 'direct' };
      for (const caller of config.callers) if (caller.name === 'reader') caller.clinic = 'west';
      config.vendors['clinikapi-main'].readRetries = 0;
      config.vendors['clinikapi-main'].breaker = { failures: 1000 };
    },
  });
  database = await openDatabase(stage.config.store.url);
  links = createLinks(database);
  for (let number = 1; number <= 130; number += 1) {
    await link('north', `st-${number}`, 'clinikapi-main', seedRole(number));
  }
  for (let number = 1; number <= 55; number += 1) {
    await link('centro', `st-${number}`, 'vitalis-centro', String(number));
  }
});
afterAll(async () => {
  await database?.close();
  await stage?.close();
});

const seedRole = (number: number) => `pr_seed${String(number).padStart(5, '0')}`;
/** Past the gateway, as an import does: where clinics share a connection, no caller may link. */
const link = (clinic: string, staffId: string, vendor: string, vendorRecordId: string) =>
  links.put({ clinic, staffId, vendor, vendorRecordId }, { checked: true });

const list = (query = '', key: string = KEYS.north, headers: Record<string, string> = {}) =>
  stage.call('GET', `/staff${query}`, { key, headers });
const fresh = (query = '', key: string = KEYS.north) => list(query, key, { 'cache-control': 'no-cache' });
const ids = ({ body }: Reply): string[] => body.data.map(({ id }: { id: string }) => id);

/** All pages, following the cursor. */
async function walk(query: string, key: string = KEYS.north): Promise<Reply[]> {
  const pages = [await list(query, key)];
  for (;;) {
    const { body } = pages.at(-1) ?? { body: undefined };
    if (!body?.meta?.nextCursor) return pages;
    pages.push(await list(`${query}&cursor=${body.meta.nextCursor}`, key));
  }
}

/** Calls of the lists at the sandboxes, as their paths with the query. */
function calls(): string[] {
  return [stage.clinikapi, stage.vitalis, stage.cobalt].flatMap(({ log }) =>
    log
      .filter(({ method, path }) => method === 'GET' && LISTS.test(path))
      .map(({ path, query }) => `${path} ${new URLSearchParams(query as Record<string, string>)}`),
  );
}
const forgetCalls = () => {
  for (const { log } of [stage.clinikapi, stage.vitalis, stage.cobalt]) log.length = 0;
};

/** The gateway's clock goes on by so many seconds at once, until the test ends. */
function later(seconds: number): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + seconds * 1000);
}
beforeEach(() => forgetCalls());
afterEach(() => {
  jest.restoreAllMocks();
  for (const { faults } of [stage.clinikapi, stage.vitalis, stage.cobalt]) faults.clear();
});

describe('the list', () => {
  test('has every linked record of the clinic once, over all pages of the vendor and of ours', async () => {
    const pages = await walk('?limit=60');
    const all = pages.flatMap(ids);
    expect(pages.map(({ body }) => body.data.length)).toEqual([60, 60, 10]);
    expect(new Set(all).size).toBe(130);
    expect(all[0]).toBe('st-1');
    expect(pages.map(({ body }) => body.meta.total)).toEqual([130, 130, 130]);
    expect(pages.map(({ body }) => body.meta.source)).toEqual(['live', 'cache', 'cache']);
    expect(new Set(pages.map(({ body }) => body.meta.asOf)).size).toBe(1);
    expect(calls()).toEqual([
      '/v1/practitioner-roles count=100',
      '/v1/practitioner-roles count=100&cursor=100',
      '/v1/practitioner-roles count=100&cursor=200',
    ]);
  });

  test.each<[string, string, string]>([
    ['north', KEYS.north, 'st-2'],
    ['centro', KEYS.centro, 'st-2'],
    ['south', KEYS.south, SEEDS.cobalt.providers[1]?.id ?? ''],
  ])('shows each record as a read of it does: %s', async (_name, key, id) => {
    const { body } = await list('?limit=200', key);
    const listed = body.data.find((item: { id: string }) => item.id === id);
    const { vendorRecordId, ...record } = listed;
    const single = await stage.call('GET', `/staff/${id}`, { key });
    expect(record).toEqual(single.body.data);
    expect(vendorRecordId).toBe(single.body.meta.vendorRecordId);
  });

  test('says what could not be read, with pointers into the page', async () => {
    stage.vitalis.state.professionals.set({
      ...(stage.vitalis.state.professionals.get(3) ?? fail()),
      state: 'Jubilado',
    });
    const { body } = await fresh('?limit=5', KEYS.centro);
    expect(body.data[2]).not.toHaveProperty('status');
    expect(body.meta.warnings).toContainEqual(
      expect.objectContaining({ pointer: '/2/status', code: 'unreadable' }),
    );
    // The drift is counted under the field, whichever row it was in.
    const told = stage.lines.filter((line) => line.includes('unreadable_value')).join('');
    expect(told).toContain('"/status"');
    expect(told).not.toContain('/2/status');
    const { body: active } = await list('?status=active&limit=200', KEYS.centro);
    expect(ids({ body: active } as Reply)).not.toContain('st-3');
  });

  test('tells of rows that are no records, and of linked records that are not in it', async () => {
    await link('north', 'st-gone', 'clinikapi-main', 'pr_not_there');
    // What another process links is seen when the kept links are five seconds old.
    const { body } = await until(
      () => list('?limit=1'),
      ({ body }) => body.meta.warnings.length > 1,
    );
    expect(body.meta.warnings).toEqual([
      expect.objectContaining({ code: 'rows_skipped', detail: expect.stringMatching(/ 3 rows/) }),
      expect.objectContaining({ code: 'not_listed', detail: expect.stringMatching(/^1 linked/) }),
    ]);
    await links.remove('north', 'st-gone', 'clinikapi-main');
  });

  test('of an empty vendor is empty, whatever that looks like', async () => {
    stage.vitalis.faults.next({ kind: 'answer', status: 200, body: [] }, { path: '/professionals' });
    const { status, body } = await fresh('?q=x', KEYS.centro);
    expect([status, body.data, body.meta.total, body.meta.nextCursor]).toEqual([200, [], 0, null]);
    await fresh('', KEYS.centro);
  });

  test('is read again if it changes meanwhile: those behind a removed record are not passed over', async () => {
    const removed = stage.clinikapi.state.roles.get(seedRole(60)) ?? fail();
    stage.clinikapi.faults.next(
      { kind: 'hook', when: 'request', run: () => void stage.clinikapi.state.roles.remove(removed.id) },
      { path: '/v1/practitioner-roles', after: 1 },
    );
    const reply = await fresh('?limit=200');
    expect(reply.body.meta.total).toBe(129);
    expect(ids(reply)).toContain('st-101');
    expect(calls()).toHaveLength(5);
    let left = 10;
    stage.clinikapi.faults.add(
      {
        kind: 'hook',
        when: 'request',
        run: () => {
          left -= 1;
          stage.clinikapi.state.roles.remove(seedRole(240 + left));
        },
      },
      { path: '/v1/practitioner-roles' },
    );
    const { status, body } = await fresh();
    expect([status, body.code]).toEqual([503, 'vendor_unavailable']);
    expect(body.detail).toMatch(/changed each time/);
    stage.clinikapi.faults.clear();
    stage.clinikapi.state.roles.set(removed);
    expect((await fresh()).body.meta.total).toBe(130);
  });

  test('HEAD has no body', async () => {
    const { status, body } = await stage.call('HEAD', '/staff');
    expect([status, body]).toEqual([200, undefined]);
  });
});

function fail(): never {
  throw new Error('there is no such seed');
}

describe('two clinics at one connection', () => {
  test('each sees its own, and a record that is linked anew changes sides', async () => {
    await list();
    expect((await list('', WEST)).body.meta.total).toBe(0);
    await links.remove('north', 'st-9', 'clinikapi-main');
    await link('west', 'st-9', 'clinikapi-main', seedRole(9));
    await until(
      async () => [await list('?limit=200'), await list('', WEST)].map(({ body }) => body.meta.total),
      ([north, west]) => north === 129 && west === 1,
    );
    await links.remove('west', 'st-9', 'clinikapi-main');
    await link('north', 'st-9', 'clinikapi-main', seedRole(9));
    await until(
      () => list('?limit=200'),
      ({ body }) => body.meta.total === 130,
    );
    // All of it from one reading.
    expect(calls().length).toBeLessThanOrEqual(3);
  });

  test('a cursor of the other one shows nothing', async () => {
    const { body } = await list('?limit=1');
    const { status, body: problem } = await list(`?limit=1&cursor=${body.meta.nextCursor}`, WEST);
    expect([status, problem.code]).toEqual([400, 'malformed_request']);
    const elsewhere = await list(`?limit=1&cursor=${body.meta.nextCursor}`, KEYS.centro);
    expect([elsewhere.status, elsewhere.body.code]).toEqual([410, 'cursor_expired']);
  });

  test('neither sees records without a link', async () => {
    const { status, body } = await list('?linked=false');
    expect([status, body.code]).toEqual([403, 'forbidden']);
    expect((await list('?linked=false', WEST)).body.code).toBe('forbidden');
  });
});

test('records without a link have no id, and filters find them', async () => {
  const { body } = await list('?linked=false&limit=200', KEYS.centro);
  expect(body.data.map(({ id, vendorRecordId }: Record<string, unknown>) => [id, vendorRecordId])).toEqual(
    ['56', '57', '58', '59', '60'].map((vendorId) => [null, vendorId]),
  );
  expect((await list('?linked=false&q=nunez', KEYS.centro)).body.meta.total).toBeLessThan(5);
  expect((await list('?linked=true', KEYS.centro)).body.meta.total).toBe(55);
  // Every record of a clinic without links is staff.
  expect((await list('?linked=false', KEYS.south)).body.data).toEqual([]);
});

describe('filters', () => {
  const CENTRO = PEOPLE.slice(0, 55);
  const where = (fits: (person: (typeof CENTRO)[number]) => boolean) =>
    CENTRO.flatMap((person, index) => (fits(person) && index !== 2 ? [`st-${index + 1}`] : []));
  const named = (family: string, given = '') =>
    where(({ name }) => name?.family === family && (name.given ?? '').includes(given));

  test.each<[string, string[]]>([
    ['q=nunez', named('Núñez')],
    ['q=NÚÑEZ', named('Núñez')],
    [`q=${encodeURIComponent('Núñez'.normalize('NFD'))}`, named('Núñez')],
    ['q=u%C3%B1e', named('Núñez')],
    ['q=lukasiew', named('Łukasiewicz')],
    ['q=o%27higgins', named("O'Higgins")],
    ['q=o%E2%80%99higgins', named("O'Higgins")],
    ['q=saenz%20ibarra', named('Ibarra-Sáenz')],
    ['q=muller', named('Müller')],
    ['q=garcia%20maria', named('García Márquez', 'María')],
    ['q=Garc%C3%ADa%20M%C3%A1rquez,%20Zo%C3%AB', named('García Márquez', 'Zoë')],
    ['q=nobody', []],
    ['status=on-leave', where(({ status }) => status === 'on-leave')],
    ['status=ON-LEAVE', where(({ status }) => status === 'on-leave')],
    ['specialty=394537008', where(({ specialty }) => specialty?.code === '394537008')],
    ['email=PERSONA7%40example.test', ['st-7']],
    ['nationalId=20000010', ['st-2']],
    ['nationalId=20.000.010', ['st-2']],
    // The vendor keeps numbers.
    ['nationalId=0020000010', ['st-2']],
    ['nationalId=2000001', []],
    [
      'status=active&specialty=394537008&q=a',
      where(
        ({ status, specialty, name }) =>
          status === 'active' &&
          specialty?.code === '394537008' &&
          /[aáÁ]/i.test(`${name?.given} ${name?.family}`),
      ),
    ],
    ['status=active&email=persona4%40example.test', []],
  ])('%s', async (query, expected) => {
    const reply = await list(`?limit=200&${query}`, KEYS.centro);
    expect(ids(reply).filter((id) => id !== 'st-3')).toEqual(expected.filter((id) => id !== 'st-3'));
    expect(reply.body.meta.total).toBe(reply.body.data.length);
  });

  test('stay with their cursor', async () => {
    const pages = await walk('?limit=2&status=on-leave', KEYS.centro);
    const all = pages.flatMap(ids);
    expect(new Set(all).size).toBe(pages[0]?.body.meta.total);
    const cursor = pages[0]?.body.meta.nextCursor;
    const { status, body } = await list(`?limit=2&status=active&cursor=${cursor}`, KEYS.centro);
    expect([status, body.code]).toEqual([400, 'malformed_request']);
    // The size of a page may change.
    expect((await list(`?limit=200&status=on-leave&cursor=${cursor}`, KEYS.centro)).body.data).toHaveLength(
      all.length - 2,
    );
  });

  test.each<[string, string, string[]]>([
    [KEYS.north, 'q=a&nationalId=1234567&status=active', ['/nationalId']],
    [KEYS.north, 'status=on-leave', ['/status']],
    [KEYS.south, 'specialty=1&email=a%40b.example', ['/email', '/specialty']],
  ])('on what the vendor does not show are refused: %s %s', async (key, query, pointers) => {
    const { status, body } = await list(`?${query}`, key);
    expect([status, body.code]).toEqual([422, 'unsupported_field']);
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
    expect(calls()).toEqual([]);
  });

  test('on what the vendor holds, and its list does not show, are refused too', async () => {
    const rows = [{ id: 1, name: 'Ana', surname: 'Paz' }];
    stage.vitalis.faults.next(
      { kind: 'answer', status: 200, body: { professionals: rows } },
      { path: '/professionals' },
    );
    const { status, body } = await fresh('?specialty=394537008', KEYS.centro);
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'unsupported_field', '/specialty']);
    await fresh('', KEYS.centro);
  });
});

test.each([
  'limit=0',
  'limit=201',
  'limit=1e1',
  'limit=',
  'limit=2&limit=2',
  'q=',
  'q=%20',
  'q=%27',
  `q=${'a'.repeat(201)}`,
  'q[]=a',
  'status=retired',
  'status=active&status=inactive',
  'nationalId=%20',
  'nationalId=1.5',
  'email=%20',
  'specialty=',
  'linked=no',
  'linked=',
  'cursor=abc',
  'cursor=',
  'page=2',
  'Q=a',
])('a query that cannot be used is refused: %s', async (query) => {
  const { status, body } = await list(`?${query}`, KEYS.centro);
  expect([status, body.code]).toEqual([400, 'malformed_request']);
});

test('without the scopes nothing is shown', async () => {
  expect((await list('?linked=false', WEST)).body.code).toBe('forbidden');
  expect((await stage.call('GET', '/staff', { key: null })).status).toBe(401);
});

test('records without a link are not shown where another clinic is going to be', async () => {
  const { centro, ...others } = stage.config.clinics;
  for (const soon of [{ mirror: 'cobalt-main' }, { links: ['cobalt-main'] }]) {
    expect((await list('?linked=false', KEYS.south)).status).toBe(200);
    await stage.rewrite({ ...stage.config, clinics: { ...others, centro: { ...centro, ...soon } } });
    await stage.gateway.reload();
    expect((await list('?linked=false', KEYS.south)).body.code).toBe('forbidden');
    await stage.rewrite(stage.config);
    await stage.gateway.reload();
  }
});

describe('what is kept', () => {
  test('is shown again, until it is too old, or it is asked for anew', async () => {
    const first = (await fresh()).body.meta;
    forgetCalls();
    expect((await list()).body.meta).toMatchObject({ source: 'cache', asOf: first.asOf });
    expect(calls()).toEqual([]);
    expect((await list('', KEYS.north, { 'cache-control': 'max-age=0, no-cache' })).body.meta.source).toBe(
      'live',
    );
    expect(calls()).toHaveLength(3);
    later(31);
    expect((await list()).body.meta.source).toBe('live');
    expect(calls()).toHaveLength(6);
  });

  test('is read once for all who ask at the same time; who asks anew does not share what began before', async () => {
    const gate = createGate();
    stage.clinikapi.faults.next(
      { kind: 'hook', when: 'answer', run: () => gate.wait() },
      { path: '/v1/practitioner-roles' },
    );
    later(100);
    const early = [list(), list('?limit=1')];
    await gate.reached;
    const late = [fresh(), fresh('?limit=2'), list()];
    // They have been taken before the vendor goes on.
    await stage.call('GET', '/capabilities');
    gate.open();
    const [a, b] = await Promise.all(early);
    const [c, d, e] = await Promise.all(late);
    expect(calls()).toHaveLength(6);
    expect(a?.body.meta.asOf).toBe(b?.body.meta.asOf);
    expect(a?.body.meta.asOf).toBe(e?.body.meta.asOf);
    expect(c?.body.meta.asOf).toBe(d?.body.meta.asOf);
    expect(c?.body.meta.asOf).not.toBe(a?.body.meta.asOf);
  });

  test('stays for its cursors although it has changed since, and for five minutes', async () => {
    const before = await fresh('?limit=1');
    const cursor = before.body.meta.nextCursor;
    const role = stage.clinikapi.state.roles.get(seedRole(2)) ?? fail();
    stage.clinikapi.state.roles.set({ ...role, role: 'nurse' });
    expect((await fresh('?limit=200')).body.data[1].role).toBe('nurse');
    const next = await list(`?limit=1&cursor=${cursor}`, KEYS.north, { 'cache-control': 'no-cache' });
    expect(next.body.data[0]).toMatchObject({ id: 'st-2', role: 'doctor' });
    expect(next.body.meta).toMatchObject({ asOf: before.body.meta.asOf, source: 'cache' });
    later(299);
    expect((await list(`?limit=1&cursor=${cursor}`)).status).toBe(200);
    jest.restoreAllMocks();
    later(301);
    const { status, body } = await list(`?limit=1&cursor=${cursor}`);
    expect([status, body.code]).toEqual([410, 'cursor_expired']);
    stage.clinikapi.state.roles.set(role);
  });

  test.each([
    ['another list', (text: string) => text.replace(/^\w{32}/, 'f'.repeat(32)), 410],
    ['a place that does not exist', (text: string) => text.replace(/:\d+:/, ':999999:'), 400],
    ['another question', (text: string) => text.replace(/:[\w-]{16}$/, ':aaaaaaaaaaaaaaaa'), 400],
    ['a negative place', (text: string) => text.replace(/:\d+:/, ':-1:'), 400],
  ])('a forged cursor to %s', async (_name, forge, expected) => {
    const { body } = await list('?limit=1');
    const text = forge(Buffer.from(body.meta.nextCursor, 'base64url').toString());
    const { status } = await list(`?limit=1&cursor=${Buffer.from(text).toString('base64url')}`);
    expect(status).toBe(expected);
  });

  test('a search that lags behind shows what the vendor lists, and filters agree with what is shown', async () => {
    stage.clinikapi.state.settings.searchLagMs = 60_000;
    await stage.patch(KEYS.north, { status: 'inactive' });
    await stage.patch(KEYS.north, { status: 'inactive' }, {}, 'st-2');
    const read = await stage.call('GET', '/staff/st-2');
    expect(read.body.data.status).toBe('inactive');
    const listed = (await fresh('?limit=200&status=active')).body.data.find(
      ({ id }: { id: string }) => id === 'st-2',
    );
    expect(listed.status).toBe('active');
    stage.clinikapi.state.settings.searchLagMs = 0;
  });
});

describe('a list that cannot be read to its end is no list', () => {
  const page = (data: object) => ({ kind: 'answer' as const, status: 200, body: { data } });
  const row = { id: 'pr_x1', practitionerId: 'p', role: 'doctor', status: 'active' };

  test.each<[string, Parameters<Stage['clinikapi']['faults']['next']>[0], number, string]>([
    ['a failure', { kind: 'answer', status: 500 }, 503, 'vendor_unavailable'],
    ['a broken connection', { kind: 'drop', when: 'during' }, 503, 'vendor_unavailable'],
    ['a broken page', { kind: 'malformed', form: 'truncated' }, 503, 'vendor_unavailable'],
    ['no list', { kind: 'answer', status: 200, body: { data: {} } }, 503, 'vendor_unavailable'],
    ['a page that does not exist', { kind: 'answer', status: 404 }, 503, 'vendor_unavailable'],
    ['a page that leads nowhere', page({ data: [row], hasMore: true }), 503, 'vendor_unavailable'],
    [
      'a page that leads back',
      page({ data: [row], hasMore: true, cursor: '100' }),
      503,
      'vendor_unavailable',
    ],
    [
      'a used-up quota',
      { kind: 'answer', status: 429, body: { code: 'MONTHLY_QUOTA_EXCEEDED' } },
      503,
      'vendor_rate_limited',
    ],
  ])('half way: %s', async (name, fault, status, code) => {
    if (name === 'a used-up quota') return expectQuota();
    stage.clinikapi.faults.next(fault, { path: '/v1/practitioner-roles', after: 1 });
    const reply = await fresh();
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.body.detail).toMatch(/up to page 1 only|none of it is shown/);
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(reply.body.vendor.name).toBe('clinikapi-main');
    // The list that is kept is whole, and the next one is read.
    expect((await list()).body.meta.total).toBe(130);
    expect((await fresh()).body.meta.total).toBe(130);
  });

  /** The connection is quiet for an hour after it, so that this is another vendor's. */
  async function expectQuota(): Promise<void> {
    stage.cobalt.faults.next({ kind: 'answer', status: 429, headers: { 'retry-after': '3600' } });
    const { status, body, headers } = await fresh('', KEYS.south);
    expect([status, body.code]).toEqual([503, 'vendor_rate_limited']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }

  test.each<[string, Parameters<Stage['clinikapi']['faults']['next']>[0], number, string]>([
    ['a failure', { kind: 'answer', status: 500 }, 503, 'vendor_unavailable'],
    ['refused credentials', { kind: 'answer', status: 401 }, 502, 'vendor_credentials_rejected'],
    ['no JSON', { kind: 'malformed', form: 'html' }, 502, 'vendor_unexpected_response'],
    ['no such page', { kind: 'answer', status: 404 }, 502, 'vendor_unexpected_response'],
  ])('from the start: %s', async (_name, fault, status, code) => {
    stage.clinikapi.faults.next(fault, { path: '/v1/practitioner-roles' });
    const reply = await fresh();
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });
});

describe('as FHIR R4', () => {
  const expectBundle = r4Checker('Bundle', ['PractitionerRole', 'Practitioner', 'OperationOutcome']);
  const fhir = (query: string, key: string) => list(query, key, { accept: 'application/fhir+json' });

  test.each<[string, string, number]>([
    ['?limit=3', KEYS.north, 4],
    ['?limit=200', KEYS.centro, 55],
    ['?linked=false&limit=2', KEYS.centro, 2],
    ['?q=nobody', KEYS.centro, 0],
  ])('%s is a valid searchset', async (query, key, entries) => {
    const plain = await list(query, key);
    const { status, headers, body } = await fhir(query, key);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/fhir+json; charset=utf-8');
    expect(headers.get('vary')).toMatch(/accept/i);
    expectBundle(body);
    expect(body.total).toBe(plain.body.meta.total);
    expect(body.entry ?? []).toHaveLength(entries);
    expect(body.link[0]).toEqual({ relation: 'self', url: `/staff${query}` });
  });

  test('its next link leads on, with the filters', async () => {
    const first = await fhir('?limit=2&status=active', KEYS.centro);
    const next = first.body.link.find(({ relation }: { relation: string }) => relation === 'next');
    const second = await stage.call('GET', next.url, {
      key: KEYS.centro,
      headers: { accept: 'application/fhir+json' },
    });
    const plain = await list('?limit=4&status=active', KEYS.centro);
    const shown = [first, second].flatMap(({ body }) =>
      body.entry.map(({ resource }: { resource: { id: string } }) => resource.id),
    );
    expect(shown).toEqual(ids(plain));
  });
});
