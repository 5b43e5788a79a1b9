/** `GET /staff` of a large vendor: many pages, within its ceiling, and each record once. */
import { makePeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';
import { KEYS, openStage, type Stage } from '../support/stage';

const STAFF = 10_000;
const CEILING = { requests: 60, perSeconds: 0.5 };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    clinikapi: seedPeople(makePeople(STAFF)).clinikapi,
    configure: (config) => {
      config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
      config.vendors['clinikapi-main'].rateLimit = CEILING;
    },
  });
}, 60_000);
afterAll(() => stage?.close());

test('10,000 staff are listed completely, at half the ceiling, so that updates get through meanwhile', async () => {
  const arrivals: number[] = [];
  stage.clinikapi.faults.add(
    { kind: 'hook', when: 'request', run: () => void arrivals.push(performance.now()) },
    { path: '/v1/practitioner-roles' },
  );
  const first = stage.call('GET', '/staff?limit=200');
  const update = await stage.call('PATCH', '/staff/pr_seed00001', { body: { role: 'nurse' } });
  expect(update.status).toBe(200);
  const seen = new Set<string>();
  let { status, body } = await first;
  for (let pages = 1; ; pages += 1) {
    expect(status).toBe(200);
    for (const { id } of body.data) seen.add(id);
    if (body.meta.nextCursor === null) {
      expect(pages).toBe(STAFF / 200);
      break;
    }
    ({ status, body } = await stage.call('GET', `/staff?limit=200&cursor=${body.meta.nextCursor}`));
  }
  expect(seen.size).toBe(STAFF);
  expect(body.meta).toMatchObject({ total: STAFF, warnings: [] });
  expect(arrivals).toHaveLength(100);
  const period = CEILING.perSeconds * 1000;
  const most = Math.max(
    ...arrivals.map((from) => arrivals.filter((time) => time >= from && time < from + period).length),
  );
  expect(most).toBeLessThanOrEqual(CEILING.requests);
}, 60_000);

describe('a vendor that gives its whole list in one answer', () => {
  let large: Stage;
  beforeAll(async () => {
    const { vitalis, cobalt } = seedPeople(makePeople(STAFF));
    large = await openStage({
      vitalis: { seeds: vitalis },
      cobalt: { seeds: cobalt },
      configure: ({ clinics, vendors }) => {
        clinics.centro = { vendor: 'vitalis-centro', identity: 'direct' };
        clinics.south = { vendor: 'cobalt-main', identity: 'direct' };
        for (const name of ['vitalis-centro', 'cobalt-main']) vendors[name].timeoutMs = 20_000;
      },
    });
  }, 60_000);
  afterAll(() => large?.close());

  test.each(['centro', 'south'] as const)(
    '10,000 people of %s are one list',
    async (clinic) => {
      const { status, body } = await large.call('GET', '/staff?limit=200', { key: KEYS[clinic] });
      expect([status, body.data?.length, body.meta?.total]).toEqual([200, 200, STAFF]);
    },
    60_000,
  );

  test.each([
    ['a list', '/staff', 64, 502],
    ['a list', '/staff', 8, 200],
    ['one record', '/staff/1', 4, 502],
    ['one record', '/staff/1', 3, 200],
  ])(
    '%s (%s) of %i MiB and a bit: %i',
    async (_, path, mebibytes, expected) => {
      const bytes = mebibytes * 1024 * 1024 + 1;
      large.vitalis.faults.next(
        { kind: 'malformed', form: 'huge', bytes },
        { method: 'GET', path: /^\/prof/ },
      );
      const headers = { 'cache-control': 'no-cache' };
      const { status, body } = await large.call('GET', path, { key: KEYS.centro, headers });
      expect(status).toBe(expected);
      if (expected === 502) expect(body.detail).toMatch(/too large/);
    },
    60_000,
  );
});
