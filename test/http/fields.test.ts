/** Header fields and queries to the letter: what is inside of quotes is no list, and what is not understood is no wish. */
import { requestBytes, speak } from '../support/hostile';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.clinikapi.reset());

/** Fits but for the field that this vendor cannot hold. */
const BOTH = { status: 'inactive', nationalId: '30111222' };

describe('Prefer is a list of members with parameters', () => {
  test.each<[string, string | null]>([
    ['foo="bar, respond-async, baz", handling=lenient', 'handling=lenient'],
    ['foo="a;b", handling=lenient', 'handling=lenient'],
    ['foo="say \\", respond-async, \\"", handling=lenient', 'handling=lenient'],
    ['foo;bar="x, respond-async", handling=lenient', 'handling=lenient'],
    ['handling = "lenient"; why="a, b"', 'handling=lenient'],
    ['handling="len\\ient"', 'handling=lenient'],
    [', ,handling=lenient,,', 'handling=lenient'],
    ['HANDLING=lenient', 'handling=lenient'],
    ['handling=lenient, handling=strict', 'handling=lenient'],
    ['handling=lenient extra, handling=lenient', 'handling=lenient'],
    ['foo="x, handling=lenient, y"', null],
    ['foo="x, handling=lenient', null],
    ['foo="x\\", handling=lenient', null],
    ['foo=bar;handling=lenient', null],
    ['handling=strict, handling=lenient', null],
    ['"handling"=lenient', null],
    ['handling=lenient extra', null],
  ])('%s', async (prefer, applied) => {
    const reply = await stage.patch(KEYS.north, BOTH, { prefer });
    expect([reply.status, reply.headers.get('preference-applied')]).toEqual([
      applied === null ? 422 : 200,
      applied,
    ]);
  });

  test('over several lines', async () => {
    const headers: [string, string][] = [
      ['prefer', 'foo="a, respond-async"'],
      ['prefer', 'handling=lenient;x="y, z"'],
    ];
    const [answer] = await speak(stage.url, requestBytes({ json: BOTH, headers }));
    expect([answer?.status, answer?.headers['preference-applied']]).toEqual([200, 'handling=lenient']);
  });
});

describe('Content-Type with parameters', () => {
  test.each<[string, number]>([
    ['application/json; note="a; charset=latin1"', 200],
    ['application/json; charset="utf\\-8"', 200],
    ['application/json;;charset=utf-8;', 200],
    ['application/json; charset = UTF-8', 200],
    ['application/json; charset=latin1; charset=utf-8', 415],
    ['application/json; charset=utf-8; charset=latin1', 415],
    ['application/json; note="a', 415],
  ])('%s: %i', async (type, status) => {
    const [answer] = await speak(stage.url, requestBytes({ json: { status: 'inactive' }, type }));
    expect(answer?.status).toBe(status);
  });
});

describe('Accept is a list of media ranges', () => {
  const FHIR = 'application/fhir+json';
  test.each<[string, string]>([
    [FHIR, FHIR],
    [`${FHIR};fhirVersion="4.0"`, FHIR],
    [`${FHIR};q=0.5, */*;q=0.1`, FHIR],
    [`text/html;x="a, b", ${FHIR};q="0.9"`, FHIR],
    [`application/json;q=0.2, application/*;q=0.9, ${FHIR};q=0.3`, FHIR],
    [`text/html;x="\\", ${FHIR};q=1, \\""`, 'application/json'],
    [`text/html;x="a, ${FHIR}"`, 'application/json'],
    [`${FHIR};q=0`, 'application/json'],
    [`${FHIR};q=0.5, application/json`, 'application/json'],
    [`${FHIR};q=none, application/json;q=0.1`, 'application/json'],
    [`${FHIR};fhirVersion=5.0`, 'application/json'],
  ])('%s: %s', async (accept, type) => {
    const reply = await stage.call('GET', '/staff/st-1', { headers: { accept } });
    expect(reply.headers.get('content-type')?.split(';')[0]).toBe(type);
  });

  test.each<[string, string]>([
    ['application/x-ndjson', 'application/x-ndjson'],
    ['text/html;x="\\", application/x-ndjson, \\""', 'application/json'],
    ['*/*', 'application/json'],
  ])('of the audit, %s: %s', async (accept, type) => {
    const reply = await stage.call('GET', '/changes', { headers: { accept } });
    expect(reply.headers.get('content-type')?.split(';')[0]).toBe(type);
  });
});

describe('Idempotency-Key is an item', () => {
  const send = (key: string, role: string) => stage.patch(KEYS.north, { role }, { 'idempotency-key': key });
  const replayed = ({ status, headers }: Reply) => [status, headers.get('idempotency-replayed')];

  test.each([
    ['parameters', 'k1', ['"k1";a=1', '"k1"; b="x, y";c', '"k1"', '  "k1" ']],
    ['escapes', 'k"2\\', ['"k\\"2\\\\";a=?1', '"k\\"2\\\\"']],
    ['a comma', 'k,3', ['"k,3"', '"k,3";a']],
  ])('%s: one key, however it is written', async (_name, plain, spellings) => {
    const bare = /^[\w]+$/.test(plain) ? [plain] : [];
    const [first, ...others] = [...spellings, ...bare];
    expect(replayed(await send(first ?? '', 'nurse'))).toEqual([200, null]);
    for (const other of others) expect(replayed(await send(other, 'nurse'))).toEqual([200, 'true']);
    expect(stage.clinikapi.writes).toBe(1);
  });

  test('what is not in quotes is the key to the letter', async () => {
    expect(replayed(await send('k4;a=1', 'nurse'))).toEqual([200, null]);
    expect(replayed(await send('k4;a=2', 'nurse'))).toEqual([200, null]);
  });

  test.each([
    '""',
    '"k1',
    '"k1" x',
    '"k1";',
    '"k1";A=1',
    '"k1";a=',
    '"a", "b"',
    '"a";x=1, "a"',
    '"k\\1"',
    `"${'k'.repeat(256)}"`,
  ])('%s is none: 400', async (key) => {
    const reply = await send(key, 'nurse');
    expect([reply.status, reply.body.code]).toEqual([400, 'malformed_request']);
    expect(stage.clinikapi.log).toEqual([]);
  });
});

describe('entity tags', () => {
  const read = (headers: Record<string, string> = {}) => stage.call('GET', '/staff/st-1', { headers });
  const tag = async () => (await read()).headers.get('etag') ?? '';

  test.each<[string, (etag: string) => string, number]>([
    ['itself', (etag) => etag, 304],
    ['its weak form', (etag) => `W/${etag}`, 304],
    ['anything', () => '*', 304],
    ['a list', (etag) => `"a,b", W/"c" , ${etag}`, 304],
    ['empty members', (etag) => `,, ${etag},`, 304],
    ['another', () => '"other"', 200],
    ['one inside of another', (etag) => `"a, ${etag.replaceAll('"', '')}, b"`, 200],
    ['one with something before it', (etag) => `x${etag}`, 200],
    ['an open one', (etag) => etag.slice(0, -1), 200],
    ['none', () => '', 200],
  ])('If-None-Match that names %s', async (_name, value, status) => {
    const etag = await tag();
    const reply = await read({ 'if-none-match': value(etag) });
    expect([reply.status, reply.headers.get('etag')]).toEqual([status, etag]);
    expect(reply.headers.get('vary')).toMatch(/accept/i);
    if (status === 304) expect([reply.body, reply.headers.get('content-type')]).toEqual([undefined, null]);
  });

  test('If-None-Match of the FHIR form', async () => {
    const accept = 'application/fhir+json';
    const etag = (await read({ accept })).headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\//);
    const reply = await read({ accept, 'if-none-match': etag });
    expect([reply.status, reply.headers.get('etag')]).toEqual([304, etag]);
  });

  test('If-None-Match makes no record of one that is not there', async () => {
    const reply = await stage.call('GET', '/staff/nobody', { headers: { 'if-none-match': '*' } });
    expect(reply.status).toBe(404);
  });

  test('HEAD is answered as GET', async () => {
    const reply = await stage.call('HEAD', '/staff/st-1', { headers: { 'if-none-match': await tag() } });
    expect(reply.status).toBe(304);
  });

  test.each<[string, (etag: string) => string, number]>([
    ['a list', (etag) => `"a,b", ${etag}`, 200],
    ['one inside of another', (etag) => `"a, ${etag.replaceAll('"', '')}, b"`, 412],
    ['one with something before it', (etag) => `x${etag}`, 412],
    ['its weak form', (etag) => `W/${etag}`, 412],
  ])('If-Match that names %s', async (_name, value, status) => {
    const reply = await stage.patch(KEYS.north, { role: 'nurse' }, { 'if-match': value(await tag()) });
    expect(reply.status).toBe(status);
  });

  test.each(['abc', '"a" "b"', '"a', 'W"a"'])(
    'an update with If-None-Match: %s is refused',
    async (value) => {
      const reply = await stage.patch(KEYS.north, { role: 'nurse' }, { 'if-none-match': value });
      expect([reply.status, reply.body.code]).toEqual([400, 'malformed_request']);
      expect(stage.clinikapi.writes).toBe(0);
    },
  );
});

describe('a query', () => {
  test.each([
    `${'&'.repeat(1000)}dryRun=true`,
    `${'&'.repeat(60)}dryRun=true`,
    `${'x=&'.repeat(1000)}dryRun=true`,
    'dryRun=true&dryRun=true',
    'dryRun=false&dryRun=true',
    'dryRun',
    'dryRun=',
    'dryRun=TRUE',
    'dryRun=1',
    'dryRun=true;x',
    'dryRun=%74rue%',
    'dryRun=true&=x',
    'dry%00Run=true',
    'dryRun=true%ff',
    '%64ryRun[]=true',
    'x#?dryRun=true',
  ])('of which something is not understood is no real write: ?%s', async (query) => {
    const [answer] = await speak(
      stage.url,
      requestBytes({ path: `/staff/st-1?${query}`, json: { role: 'nurse' } }),
    );
    expect(answer?.status).toBe(400);
    expect(answer?.text).toContain('malformed_request');
    expect(stage.clinikapi.log).toEqual([]);
  });

  test('behind a fragment is no query', async () => {
    const bytes = requestBytes({ path: '/staff/st-1#?dryRun=true', json: { role: 'nurse' } });
    const [answer] = await speak(stage.url, bytes);
    expect(answer?.status).toBe(400);
    expect(stage.clinikapi.log).toEqual([]);
  });

  test.each(['dryRun=true', '&&dryRun=true&', '%64ryRun=%74rue'])(
    'that is understood: ?%s',
    async (query) => {
      const reply = await stage.patch(KEYS.north, { role: 'nurse' }, {}, 'st-1', `?${query}`);
      expect(reply.status).toBe(200);
      expect(stage.clinikapi.writes).toBe(0);
    },
  );

  test.each([
    'caller=%00',
    'caller=a%00b',
    'caller=%ed%a0%80',
    'caller=%ff',
    'caller=%0a',
    'caller=%7f',
    'staffId=%00',
    'outcome=%00',
    'cursor=%00',
    'limit=1%00',
    'caller=a&caller=b',
    `${'&'.repeat(1000)}caller=a`,
  ])('that no store can hold: /changes?%s', async (query) => {
    const reply = await stage.call('GET', `/changes?${query}`);
    expect([reply.status, reply.body.code]).toEqual([400, 'malformed_request']);
  });

  test.each(['/staff/st-1/links', '/capabilities', '/operations/0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11'])(
    'of %s too',
    async (path) => {
      expect((await stage.call('GET', `${path}?x=%00`)).status).toBe(400);
    },
  );
});
