/** GET /changes: what is written down about updates, and how it is read. */
import { request } from 'node:http';
import { type Database, openDatabase } from '../../src/store/database';
import { createJournal } from '../../src/store/journal';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';

interface Row {
  sequence: number;
  requestId: string;
  staffId: string;
}

describe.each(ENGINES)('the audit over HTTP on %s', (engine) => {
  let test: TestDatabase;
  let stage: Stage;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    stage = await openStage({
      configure: (config) => {
        config.store.url = test.url;
        config.vendors['clinikapi-main'].timeoutMs = 2_000;
      },
    });
    database = await openDatabase(test.url);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await stage.close();
    await test.drop();
  });
  beforeEach(() => stage.clinikapi.reset());

  const changes = (query = '', options: Parameters<Stage['call']>[2] = {}) =>
    stage.call('GET', `/changes${query}`, options);
  const newest = async () => (await changes('?limit=1')).body.data[0];
  const send = (body: unknown, headers: Record<string, string> = {}, query = '') =>
    stage.patch(KEYS.north, body, headers, 'st-1', query);
  /** Rows of a clinic, without the way through a vendor. */
  const write = async (count: number, staffId = 'st-many') => {
    const journal = createJournal(database, { values: { kind: 'full' }, keyTtlMs: 1_000 });
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        journal.end({
          change: {
            at: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
            requestId: `many-${index}`,
            clinic: 'north',
            caller: index % 2 ? 'odd' : 'even',
            staffId,
            vendor: 'main',
            vendorRecordId: 'pr_1',
            outcome: index % 3 ? 'success' : 'failed',
            status: 200,
            code: null,
            durationMs: 1,
            fields: { '/status': 'verified' },
            values: { '/status': 'active' },
          },
        }),
      ),
    );
    await journal.close();
  };

  it('has a row for a successful update, with everything but the values', async () => {
    const { body } = await send({ status: 'inactive' }, { 'x-request-id': 'one' });
    expect(await newest()).toEqual({
      kind: 'update',
      sequence: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      requestId: 'one',
      clinic: 'north',
      caller: 'north-app',
      staffId: 'st-1',
      vendor: 'clinikapi-main',
      vendorRecordId: 'pr_abc123',
      outcome: 'success',
      status: 200,
      code: null,
      durationMs: expect.any(Number),
      fields: [{ pointer: '/status', outcome: body.meta.receipt[0].outcome }],
    });
  });

  it.each([
    [
      'refused before it was sent',
      { nationalId: '30999888' },
      undefined,
      'refused',
      'unsupported_field',
      'not_applied',
    ],
    [
      'refused by the vendor',
      { status: 'inactive' },
      { kind: 'answer', status: 422 },
      'refused',
      'vendor_rejected',
      'not_applied',
    ],
    [
      'failed at the vendor',
      { status: 'inactive' },
      { kind: 'answer', status: 503 },
      'failed',
      'vendor_unavailable',
      'not_applied',
    ],
    [
      'without effect',
      { status: 'inactive' },
      { kind: 'no-effect', echo: 'old' },
      'failed',
      'write_not_confirmed',
      'not_confirmed',
    ],
  ] as const)('has a row for an update that was %s', async (_name, body, fault, outcome, code, field) => {
    if (fault) stage.clinikapi.faults.add(fault, { method: 'PATCH' });
    const { status } = await send(body);
    expect(await newest()).toMatchObject({ outcome, code, status, fields: [{ outcome: field }] });
  });

  it('has a row for an update that found nothing to do, and for one with an unknown outcome', async () => {
    await send({ status: 'inactive' });
    const read = await stage.call('GET', '/staff/st-1');
    await send({ status: 'inactive' }, { 'if-match': String(read.headers.get('etag')) });
    expect(await newest()).toMatchObject({ outcome: 'success', fields: [{ outcome: 'unchanged' }] });
    stage.clinikapi.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
    stage.clinikapi.faults.add({ kind: 'answer', status: 500 }, { method: 'GET' });
    expect((await send({ status: 'active' })).status).toBe(504);
    expect(await newest()).toMatchObject({ outcome: 'unknown', fields: [{ outcome: 'unknown' }] });
  });

  it('has none for what is no update: not valid, not allowed, dry run, reading', async () => {
    await send({ status: 'active' }, { 'x-request-id': 'last' });
    await send({ status: 'nonsense' });
    await send('{');
    await send({ status: 'inactive' }, {}, '?dryRun=true');
    await stage.call('GET', '/staff/st-1');
    await stage.patch(KEYS.reader, { status: 'inactive' });
    await stage.call('PATCH', '/staff/st-1', { key: 'wrong', body: { status: 'inactive' } });
    expect((await newest()).requestId).toBe('last');
  });

  describe('of another kind', () => {
    const rows = async (query: string, key: string = KEYS.north) =>
      (await changes(`?${query}`, { key })).body.data;
    /** What is written in the background, as soon as it is there. */
    const row = async (query: string, key: string = KEYS.north) => {
      for (;;) {
        const [found] = await rows(`${query}&limit=1`, key);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };

    it('there is one for a dry run, which says that nothing was sent', async () => {
      await send({ status: 'inactive' }, { 'x-request-id': 'dry' }, '?dryRun=true');
      const [found] = await rows('kind=dry_run&limit=1');
      expect(found).toMatchObject({
        ...{ kind: 'dry_run', requestId: 'dry', caller: 'north-app', staffId: 'st-1', outcome: 'not_sent' },
        ...{ status: 200, fields: [{ pointer: '/status', outcome: 'not_applied' }] },
      });
      await send({ nationalId: '30999888' }, {}, '?dryRun=true');
      expect((await rows('kind=dry_run&limit=1'))[0]).toMatchObject({
        outcome: 'refused',
        code: 'unsupported_field',
      });
    });

    it('there is one for each change of a link, and for each that was refused', async () => {
      const link = (vendorRecordId: string, staffId = 'st-link') =>
        stage.call('PUT', `/staff/${staffId}/links/clinikapi-main`, { body: { vendorRecordId } });
      await link('pr_def456');
      await link('pr_def456');
      await link('pr_ghi789');
      await link('pr_ghi789', 'st-other');
      await stage.call('DELETE', '/staff/st-link/links/clinikapi-main');
      const told = (await rows('kind=all&vendor=clinikapi-main&limit=4')).map((found: object) =>
        Object.entries(found)
          .filter(([name]) => ['kind', 'outcome', 'vendorRecordId', 'staffId'].includes(name))
          .map(([, value]) => value)
          .join(' '),
      );
      expect(told).toEqual([
        'link_removed st-link pr_ghi789 success',
        'link st-other pr_ghi789 refused',
        'link st-link pr_ghi789 success',
        'link st-link pr_def456 success',
      ]);
    });

    it('there is one for a refusal, with the address and without the key, and few for many', async () => {
      for (let index = 0; index < 30; index += 1) {
        expect((await stage.patch(KEYS.reader, { status: 'inactive' })).status).toBe(403);
      }
      const found = await row('kind=refusal&caller=reader');
      expect(found).toMatchObject({ status: 403, code: 'forbidden', outcome: 'refused' });
      expect(found.detail).toMatchObject({ address: expect.stringMatching(/127\.0\.0\.1$/), count: 1 });
      // The rest is counted, and written within a minute as one more.
      expect(await rows('kind=refusal&caller=reader')).toHaveLength(1);
    });

    it('nobody is shown who failed to say who they are, and their keys are kept nowhere', async () => {
      await stage.call('GET', '/staff/st-1', { key: 'a-key-that-nobody-has' });
      const refused = () =>
        database.db
          .selectFrom('changes')
          .selectAll()
          .where('kind', '=', 'refusal')
          .where('clinic', '=', '')
          .execute();
      while ((await refused()).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await refused())[0]).toMatchObject({ code: 'unauthenticated', caller: '' });
      expect(JSON.stringify(await refused())).not.toContain('a-key-that-nobody-has');
    });

    it('they are found by kind and by vendor, and only updates are shown to who names no kind', async () => {
      await send({ status: 'active' });
      const kinds = async (query: string) =>
        new Set((await rows(`${query}limit=500`)).map(({ kind }: { kind: string }) => kind));
      expect(await kinds('')).toEqual(new Set(['update']));
      expect(await kinds('kind=link&')).toEqual(new Set(['link']));
      expect((await kinds('kind=all&')).size).toBeGreaterThan(2);
      expect(await rows('kind=all&vendor=nowhere')).toEqual([]);
    });

    it('a clinic counts its own rows, and no cursor tells of more', async () => {
      await write(60, 'st-count');
      await stage.patch(KEYS.south, { status: 'active' });
      const seen: number[] = [];
      let cursor = '';
      do {
        const { body } = await changes(`?kind=all&limit=500${cursor}`, { key: KEYS.south });
        seen.push(...body.data.map(({ sequence }: Row) => sequence));
        cursor = body.meta.nextCursor ? `&cursor=${body.meta.nextCursor}` : '';
      } while (cursor);
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => seen.length - index));
      const [first] = (await changes('?kind=all&limit=1', { key: KEYS.south })).body.data;
      expect(first).not.toHaveProperty('hash');
      expect(first).not.toHaveProperty('previousHash');
    });
  });

  it('shows a clinic its own rows only, and only to callers with the scope', async () => {
    await stage.patch(KEYS.south, { status: 'inactive' });
    const clinics = async (key: string) =>
      new Set((await changes('', { key })).body.data.map(({ clinic }: { clinic: string }) => clinic));
    expect(await clinics(KEYS.south)).toEqual(new Set(['south']));
    expect(await clinics(KEYS.north)).toEqual(new Set(['north']));
    expect((await changes('', { key: KEYS.reader })).body.code).toBe('forbidden');
    expect((await changes('', { key: null })).status).toBe(401);
  });

  it('keeps no value that was sent', async () => {
    const canaries = ['Zzcanaryfamily', '99887766', 'canary@example.org', '1961-07-13', '0045 9988 7766'];
    const [family, nationalId, email, birthDate, phone] = canaries;
    const sent = await stage.patch(KEYS.centro, { name: { family }, nationalId, email, birthDate, phone });
    expect(sent.status).toBe(200);
    const { body } = await changes('', { key: KEYS.centro });
    expect(body.data[0].fields).toHaveLength(5);
    expect(body.data[0]).not.toHaveProperty('values');
    const tables = ['changes', 'attempts', 'change_chain'] as const;
    const stored = await Promise.all(
      tables.map((name) => database.db.selectFrom(name).selectAll().execute()),
    );
    for (const canary of canaries) expect(JSON.stringify([body, stored])).not.toContain(canary);
  });

  describe('many rows', () => {
    beforeAll(() => write(120));
    const sequences = (reply: Reply) => reply.body.data.map(({ sequence }: Row) => sequence);

    it('come in pages, newest first, none twice and none left out while rows are added', async () => {
      const seen: number[] = [];
      let cursor = '';
      let pages = 0;
      do {
        const page = await changes(`?staffId=st-many&limit=25${cursor && `&cursor=${cursor}`}`);
        seen.push(...sequences(page));
        cursor = page.body.meta.nextCursor ?? '';
        pages += 1;
        if (pages === 2) await write(30, 'st-many');
      } while (cursor);
      expect(pages).toBe(5);
      expect(seen).toHaveLength(120);
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a));
    });

    it.each([
      ['caller=odd', (index: number) => index % 2 === 1],
      ['outcome=failed', (index: number) => index % 3 === 0],
      ['caller=even&outcome=failed', (index: number) => index % 6 === 0],
      ['since=2026-01-01T00:01:00Z', (index: number) => index >= 60],
      ['until=2026-01-01T00:00:10Z', (index: number) => index < 10],
      [
        'since=2026-01-01T01:00:10%2B01:00&until=2026-01-01T00:00:20Z',
        (index: number) => index >= 10 && index < 20,
      ],
      ['since=2026-01-02', () => false],
    ])('are filtered by %s', async (query, matches) => {
      await write(120, 'st-filter');
      const { body } = await changes(`?staffId=st-filter&limit=500&${query}`);
      const found = new Set(body.data.map(({ requestId }: Row) => requestId));
      const wanted = Array.from({ length: 120 }, (_, index) => index).filter(matches);
      expect(found).toEqual(new Set(wanted.map((index) => `many-${index}`)));
    });

    it('come as a stream of lines', async () => {
      await write(700, 'st-stream');
      const response = await fetch(`${stage.url}/changes?staffId=st-stream`, {
        headers: { authorization: `Bearer ${KEYS.north}`, accept: 'application/x-ndjson' },
      });
      expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
      const lines = (await response.text()).trimEnd().split('\n');
      expect(lines).toHaveLength(700);
      const page = await changes('?staffId=st-stream&limit=1');
      expect(JSON.parse(lines[0] ?? '')).toEqual(page.body.data[0]);
    });

    it('are let go of when the client goes away in the middle', async () => {
      await write(3_000, 'st-slow');
      const { port } = new URL(stage.url);
      const first = await new Promise<string>((resolve, reject) => {
        const call = request(
          {
            port,
            path: '/changes?staffId=st-slow',
            headers: { authorization: `Bearer ${KEYS.north}`, accept: 'application/x-ndjson' },
          },
          (response) => response.once('data', (chunk) => resolve(String(chunk)) ?? response.destroy()),
        );
        call.once('error', reject);
        call.end();
      });
      expect(JSON.parse(first.slice(0, first.indexOf('\n'))).staffId).toBe('st-slow');
      // The gateway has let go of that request: it answers the next one, and a stream with nothing in it.
      const empty = await fetch(`${stage.url}/changes?staffId=nobody`, {
        headers: { authorization: `Bearer ${KEYS.north}`, accept: 'application/x-ndjson' },
      });
      expect([empty.status, await empty.text()]).toEqual([200, '']);
    });

    it('end a stream at its limit and go on from a cursor', async () => {
      const page = await changes('?staffId=st-many&limit=10');
      const response = await fetch(
        `${stage.url}/changes?staffId=st-many&limit=5&cursor=${page.body.meta.nextCursor}`,
        { headers: { authorization: `Bearer ${KEYS.north}`, accept: 'application/x-ndjson' } },
      );
      const lines = (await response.text()).trimEnd().split('\n');
      const next = await changes(`?staffId=st-many&limit=5&cursor=${page.body.meta.nextCursor}`);
      expect(lines.map((line) => JSON.parse(line).sequence)).toEqual(sequences(next));
    });
  });

  it.each([
    ['limit=0', ['limit']],
    ['limit=501', ['limit']],
    ['limit=ten', ['limit']],
    ...['1e1', '0x10', '%2B5', '5.0', '%205'].map((limit): [string, string[]] => [
      `limit=${limit}`,
      ['limit'],
    ]),
    ['since=2026-02-30', ['since']],
    ['since=2026-02-29T10:00:00Z&until=2026-04-31T10:00:00%2B02:00', ['since', 'until']],
    ['outcome=great', ['outcome']],
    ['kind=everything', ['kind']],
    ['since=yesterday', ['since']],
    ['since=2026-01-01&since=2026-01-02', ['since']],
    ['cursor=nonsense', ['cursor']],
    ['staffId=%2F', ['staffId']],
    ['stafId=st-1', ['stafId']],
    ['limit=0&until=x&caller=', ['limit', 'until', 'caller']],
  ])('refuses %s by name', async (query, names) => {
    const { status, body } = await changes(`?${query}`);
    expect([status, body.code]).toEqual([400, 'malformed_request']);
    const told = /: ([^.]*)\. Known/.exec(body.detail)?.[1]?.split(', ') ?? [];
    expect(told.sort()).toEqual([...names].sort());
  });

  it('answers HEAD like GET, and other methods with 405', async () => {
    expect((await stage.call('HEAD', '/changes')).status).toBe(200);
    const stream = await stage.call('HEAD', '/changes', { headers: { accept: 'application/x-ndjson' } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
    ]);
    const other = await stage.call('DELETE', '/changes');
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('an operator who wants to know of every reading', () => {
  it('has a row for each record that was shown, and none for one that was not', async () => {
    const stage = await openStage({
      configure: (config) => Object.assign(config, { audit: { reads: true } }),
    });
    await stage.call('GET', '/staff/st-1', { headers: { 'x-request-id': 'read-1' } });
    await stage.call('GET', '/staff/st-none');
    const { body } = await stage.call('GET', '/changes?kind=read');
    expect(body.data).toMatchObject([
      { kind: 'read', requestId: 'read-1', staffId: 'st-1', vendorRecordId: 'pr_abc123', fields: [] },
    ]);
    await stage.close();
  });
});

describe('an operator who keeps the values', () => {
  it('is shown them', async () => {
    const stage = await openStage({
      configure: (config) => Object.assign(config, { audit: { values: 'full' } }),
    });
    await stage.patch(KEYS.north, { status: 'inactive' });
    const { body } = await stage.call('GET', '/changes?limit=1');
    expect(body.data[0].values).toEqual({ '/status': 'inactive' });
    await stage.close();
  });
});

describe('a clinic that takes conditional updates only', () => {
  it('refuses updates without If-Match, before anything is sent', async () => {
    const stage = await openStage({
      configure: (config) => Object.assign(config.clinics.north ?? {}, { requireIfMatch: true }),
    });
    const bare = await stage.patch(KEYS.north, { status: 'inactive' });
    expect([bare.status, bare.body.code]).toEqual([428, 'precondition_required']);
    expect(stage.clinikapi.writes).toBe(0);
    expect((await stage.patch(KEYS.north, { status: 'inactive' }, {}, 'st-1', '?dryRun=true')).status).toBe(
      200,
    );
    const etag = String((await stage.call('GET', '/staff/st-1')).headers.get('etag'));
    expect((await stage.patch(KEYS.north, { status: 'inactive' }, { 'if-match': etag })).status).toBe(200);
    expect((await stage.patch(KEYS.north, { status: 'active' }, { 'if-match': etag })).status).toBe(412);
    expect((await stage.patch(KEYS.south, { status: 'inactive' })).status).toBe(200);
    await stage.close();
  });
});
