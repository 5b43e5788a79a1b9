/** `GET /staff`: spellings that people and vendors use, lists that are not what they say, and how long a cursor is good. */
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';

const ROLES = '/v1/practitioner-roles';
/** The roles of the person that is changed. */
const BOTH = ['role-abc123', 'role-ghi789'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    fhir: {},
    configure: ({ clinics, vendors }) => {
      for (const clinic of ['north', 'centro', 'west'])
        Object.assign(clinics[clinic] ?? {}, { identity: 'direct' });
      Object.assign(vendors['clinikapi-main'], { listCacheSeconds: 300, readRetries: 0 });
    },
  });
});
afterAll(() => stage.close());
beforeEach(() => {
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.fhir]) sandbox?.reset();
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.fhir]) sandbox?.faults.clear();
});

const list = (query = '', key: string = KEYS.north, headers: Record<string, string> = {}) =>
  stage.call('GET', `/staff${query}`, { key, headers });
const fresh = (query = '', key: string = KEYS.north) => list(query, key, { 'cache-control': 'no-cache' });
const ids = ({ body }: Reply): string[] => body.data.map(({ id }: { id: string }) => id);
const codes = ({ body }: Reply): string[] => body.meta.warnings.map(({ code }: { code: string }) => code);

function later(seconds: number): void {
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + seconds * 1000);
}

test.each([
  ['limit=0', 'Expected: limit is 1 to 200.'],
  ['limit=201', 'Expected: limit is 1 to 200.'],
  ['limit=1.5', 'Expected: limit is 1 to 200.'],
  ['status=retired', 'Expected: status is active, inactive or on-leave.'],
  ['linked=no', 'Expected: linked is true or false.'],
  [`q=${'a'.repeat(201)}`, 'Expected: q is at most 200 characters.'],
  ['limit=500&page=2', 'cannot be used: limit, page. '],
])('a parameter that cannot be used is told with what it may be: %s', async (query, told) => {
  const { status, body } = await list(`?${query}`);
  expect([status, body.code]).toEqual([400, 'malformed_request']);
  expect(body.detail).toContain(told);
});

describe('spellings at the vendor', () => {
  const person = (id: string, change: Record<string, unknown>) =>
    stage.fhir?.state.change('Practitioner', id, (stored) => ({ ...stored, ...change }));
  const identifier = (value: string) => ({ identifier: [{ system: 'urn:oid:2.16.32.5.3', value }] });

  test.each<[string, string[], string[]]>([
    ['20.000.010', ['20000010', '20.000.010', '20%20000%20010', '20-000-010'], ['2000001', '020000010']],
    ['0012345', ['0012345', '00-12345'], ['12345', '012345']],
    ['x1234567L', ['X1234567L', 'x1234567l', 'X-1234567-L'], ['1234567']],
  ])('a national id stored as %s', async (stored, found, not) => {
    await person('prac-abc123', identifier(stored));
    await fresh('', KEYS.west);
    for (const value of found) {
      expect([value, ids(await list(`?nationalId=${value}`, KEYS.west))]).toEqual([value, BOTH]);
    }
    for (const value of not) expect(ids(await list(`?nationalId=${value}`, KEYS.west))).toEqual([]);
  });

  test('an e-mail address with spaces around it, composed otherwise, in any case', async () => {
    const stored = ` Jos\u0065\u0301@Example.test `;
    await person('prac-abc123', { telecom: [{ system: 'email', value: stored }] });
    await fresh('', KEYS.west);
    for (const value of ['jos\u00e9@example.test', 'JOS\u00c9@EXAMPLE.TEST', ' jose\u0301@example.test']) {
      expect(ids(await list(`?email=${encodeURIComponent(value)}`, KEYS.west))).toEqual(BOTH);
    }
    expect(ids(await list('?email=jose%40example.test', KEYS.west))).toEqual([]);
  });

  test.each([
    ['Νίκος', 'Παπαδόπουλος', ['νικοσ', 'ΠΑΠΑΔΟΠΟΥΛΟΣ', 'πουλος', 'δοπουλοσ%20νικ']],
    ['Iñaki', 'Muñoz-Peña', ['inaki', 'IÑAKI', 'munoz', 'pena', 'mu%C3%B1oz%20pe', 'n%CC%83oz', '-pena']],
    ['İrem', 'Yıldız', ['irem', 'yildiz', 'YILDIZ']],
    ['Anne  Marie', 'O’Neill', ['anne%20marie', 'marie%20anne', "o'neill", 'oneill', '%20o´neill%20']],
  ])('%s %s is found by parts of the name', async (given, family, words) => {
    await person('prac-abc123', { name: [{ use: 'official', given: [given], family }] });
    await fresh('', KEYS.west);
    for (const word of words) {
      expect([word, ids(await list(`?q=${word}`, KEYS.west))]).toEqual([word, BOTH]);
    }
  });
});

describe('a list that is not what it says', () => {
  const page = (data: object) => ({ kind: 'answer' as const, status: 200, body: { data } });
  const row = (id: string, role = 'doctor') => ({
    id,
    practitionerId: 'prac_abc123',
    role,
    status: 'active',
  });

  test('a record that is listed twice is shown once, as it came first', async () => {
    const rows = [row('pr_a'), row('pr_b'), row('pr_a', 'nurse')];
    stage.clinikapi.faults.next(page({ data: rows, total: 3, hasMore: false }), { path: ROLES });
    const reply = await fresh();
    expect([ids(reply), reply.body.data[0].role, reply.body.meta.total]).toEqual([
      ['pr_a', 'pr_b'],
      'doctor',
      2,
    ]);
    expect(reply.body.meta).not.toHaveProperty('complete');
  });

  test('one that ends before all that the vendor counts is not shown as whole', async () => {
    const short = page({ data: [row('pr_a'), {}], total: 7, hasMore: false });
    stage.clinikapi.faults.next(short, { path: ROLES });
    const reply = await fresh('?limit=1');
    expect([reply.status, reply.body.meta.complete, codes(reply)]).toEqual([
      200,
      false,
      expect.arrayContaining(['list_incomplete', 'rows_skipped']),
    ]);
    expect(reply.body.meta.warnings[0].detail).toMatch(/ counts 5 records more /);
    const bundle = await list('', KEYS.north, { accept: 'application/fhir+json' });
    expect(JSON.stringify(bundle.body.entry.at(-1))).toContain('counts 5 records more');
    const whole = await fresh();
    expect(whole.body.meta).not.toHaveProperty('complete');
  });

  test('records whose ids are no staff ids are told, where the ids are the vendor’s', async () => {
    const rows = [row('_a'), row('pr_b'), row('.c')];
    stage.clinikapi.faults.next(page({ data: rows, total: 3, hasMore: false }), { path: ROLES });
    const reply = await fresh();
    expect([ids(reply), codes(reply)]).toEqual([['pr_b'], expect.arrayContaining(['ids_not_usable'])]);
    expect((await list('?linked=false')).body.meta.warnings).toEqual([]);
  });

  test('a further resource whose list fails half way', async () => {
    stage.clinikapi.faults.next({ kind: 'answer', status: 500 }, { path: '/v1/practitioners', after: 1 });
    const { status, body } = await fresh();
    expect([status, body.code]).toEqual([503, 'vendor_unavailable']);
  });
});

describe('a cursor', () => {
  test('is good for five minutes from when its walk begins, however old the list is', async () => {
    await fresh('?limit=1');
    later(299);
    const { body } = await list('?limit=1');
    expect(body.meta.source).toBe('cache');
    jest.restoreAllMocks();
    later(299 + 299);
    const next = await list(`?limit=1&cursor=${body.meta.nextCursor}`);
    expect(next.status).toBe(200);
    jest.restoreAllMocks();
    // Going on does not make it last longer.
    later(299 + 301);
    for (const cursor of [body.meta.nextCursor, next.body.meta.nextCursor]) {
      const { status, body: problem } = await list(`?limit=1&cursor=${cursor}`);
      expect([status, problem.code]).toEqual([410, 'cursor_expired']);
    }
  });

  test.each([
    ['q=a', ''],
    ['', 'q=a'],
    ['linked=true', 'linked=false'],
    ['status=active', 'status=inactive'],
  ])('of the question "%s" does not go with "%s"', async (asked, other) => {
    const { body } = await list(`?limit=1&${asked}`);
    const { status, body: problem } = await list(`?limit=1&${other}&cursor=${body.meta.nextCursor}`);
    expect([status, problem.code]).toEqual([400, 'malformed_request']);
  });

  test('goes with the same question in another spelling', async () => {
    const { body } = await list('?limit=1&status=ACTIVE');
    expect((await list(`?status=active&limit=2&linked=true&cursor=${body.meta.nextCursor}`)).status).toBe(
      200,
    );
  });
});

test('the very first requests share one reading', async () => {
  stage.vitalis.log.length = 0;
  const replies = await Promise.all(Array.from({ length: 20 }, () => list('', KEYS.centro)));
  expect(new Set(replies.map(({ body }) => body.meta.asOf)).size).toBe(1);
  expect(stage.vitalis.log.filter(({ path }) => path === '/professionals')).toHaveLength(1);
});
