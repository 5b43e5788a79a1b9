/** The HTTP surface as tables: what is sent, the status, the code. Every answer that is no success is a problem document. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { PROBLEMS } from '../../src/problem';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { type RawAnswer, type RawRequest, sendRaw } from '../support/raw';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => {
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
});

interface Row extends Partial<RawRequest> {
  name: string;
  /** The key, null for none; default: that of the clinic in the north. */
  key?: string | null;
  status: number;
  code?: string;
  /** Headers that the answer must have. */
  answer?: Record<string, string | RegExp>;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const PATCH = { method: 'PATCH', path: '/staff/st-1', headers: JSON_TYPE };

function sendRow({
  key = KEYS.north,
  method = 'GET',
  path = '/staff/st-1',
  headers,
  ...rest
}: Row): Promise<RawAnswer> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  return sendRaw(stage.url, { ...rest, method, path, headers: { ...authorization, ...headers } });
}

/** RFC 9457 with all members that the contract promises, about this very request. */
function expectProblem(answer: RawAnswer, code: string | undefined): void {
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const body = JSON.parse(answer.text);
  const kind = Object.entries(PROBLEMS).find(([name]) => name === code)?.[1];
  expect(body).toMatchObject({
    type: `/problems/${code}`,
    title: kind?.title,
    status: answer.status,
    code,
    detail: expect.stringMatching(/^.{10,}[.!]$/s),
    requestId: answer.headers['x-request-id'],
  });
  expect(kind?.status).toBe(answer.status);
  const known = [
    'type',
    'title',
    'status',
    'code',
    'detail',
    'requestId',
    'errors',
    'vendor',
    'outcome',
    'receipt',
  ];
  expect(known).toEqual(expect.arrayContaining(Object.keys(body)));
  for (const error of body.errors ?? []) {
    expect(error).toEqual({
      pointer: expect.stringMatching(/^(\/|$)/),
      code: expect.stringMatching(/^[a-z_]+$/),
      detail: expect.any(String),
    });
  }
  expect(answer.headers['cache-control']).toBe('no-store');
}

async function check(row: Row): Promise<RawAnswer> {
  const answer = await sendRow(row);
  expect({
    status: answer.status,
    code: answer.status < 300 ? undefined : JSON.parse(answer.text).code,
  }).toEqual({
    status: row.status,
    code: row.code,
  });
  if (answer.status >= 300) expectProblem(answer, row.code);
  for (const [name, value] of Object.entries(row.answer ?? {})) {
    expect(answer.headers[name]).toEqual(typeof value === 'string' ? value : expect.stringMatching(value));
  }
  return answer;
}

const wrote = () => stage.clinikapi.writes + stage.vitalis.writes + stage.cobalt.writes;

describe('who is calling', () => {
  const unknown = { status: 401, code: 'unauthenticated', answer: { 'www-authenticate': /^Bearer/ } };
  test.each<Row>([
    { name: 'no key', key: null, ...unknown },
    { name: 'an empty header', key: null, headers: { authorization: '' }, ...unknown },
    { name: 'a scheme without a key', key: null, headers: { authorization: 'Bearer' }, ...unknown },
    { name: 'another scheme', key: null, headers: { authorization: `Basic ${KEYS.north}` }, ...unknown },
    { name: 'the bare key', key: null, headers: { authorization: KEYS.north }, ...unknown },
    { name: 'a wrong key', key: 'not-a-key', ...unknown },
    { name: 'a key with a tail', key: `${KEYS.north}x`, ...unknown },
    { name: 'two keys', key: `${KEYS.north} ${KEYS.centro}`, ...unknown },
    { name: 'the hash in place of the key', key: 'a'.repeat(64), ...unknown },
    { name: 'a very long key', key: 'k'.repeat(2000), ...unknown },
    { name: 'no key, before the method is judged', key: null, method: 'POST', ...unknown },
    { name: 'no key, before the body is read', ...PATCH, key: null, body: '{', ...unknown },
    { name: 'no key for capabilities', key: null, path: '/capabilities', ...unknown },
    { name: 'no key for links', key: null, path: '/staff/st-1/links', ...unknown },
    {
      name: 'no key for a link',
      key: null,
      method: 'PUT',
      path: '/staff/st-1/links/clinikapi-main',
      ...unknown,
    },
    {
      name: 'the scheme in lower case is the same',
      key: null,
      headers: { authorization: `bearer ${KEYS.north}` },
      status: 200,
    },
    { name: 'a reader reads', key: KEYS.reader, status: 200 },
    { name: 'a reader sees capabilities', key: KEYS.reader, path: '/capabilities', status: 200 },
    { name: 'a reader sees links', key: KEYS.reader, path: '/staff/st-1/links', status: 200 },
    {
      name: 'a reader does not write',
      ...PATCH,
      key: KEYS.reader,
      body: '{"status":"inactive"}',
      status: 403,
      code: 'forbidden',
    },
    {
      name: 'a reader does not even try',
      ...PATCH,
      key: KEYS.reader,
      path: '/staff/st-1?dryRun=true',
      body: '{"status":"inactive"}',
      status: 403,
      code: 'forbidden',
    },
    {
      name: 'a reader does not link',
      key: KEYS.reader,
      method: 'PUT',
      path: '/staff/st-2/links/clinikapi-main',
      headers: JSON_TYPE,
      body: '{"vendorRecordId":"pr_def456"}',
      status: 403,
      code: 'forbidden',
    },
    {
      name: 'a reader does not unlink',
      key: KEYS.reader,
      method: 'DELETE',
      path: '/staff/st-1/links/clinikapi-main',
      status: 403,
      code: 'forbidden',
    },
  ])('$name: $status', async (row) => {
    const answer = await check(row);
    if (row.status === 403) expect(JSON.parse(answer.text).detail).toMatch(/staff:write|links:write/);
    expect(wrote()).toBe(0);
    if (row.status >= 400) expect(stage.clinikapi.log).toEqual([]);
  });

  test('a key leads to its own clinic and to no other', async () => {
    const vendors = await Promise.all(
      [KEYS.north, KEYS.centro, KEYS.south].map((key) => stage.call('GET', '/staff/st-1', { key })),
    );
    expect(vendors.map((reply) => [reply.status, reply.body.meta.clinic, reply.body.meta.vendor])).toEqual([
      [200, 'north', 'clinikapi-main'],
      [200, 'centro', 'vitalis-centro'],
      [200, 'south', 'cobalt-main'],
    ]);
  });
});

describe('media types', () => {
  const refused = {
    status: 415,
    code: 'unsupported_media_type',
    answer: { 'accept-patch': 'application/merge-patch+json, application/json' },
  };
  const type = (value: string, more = {}) => ({
    ...PATCH,
    headers: { 'content-type': value, ...more },
    body: '{"status":"inactive"}',
  });
  test.each<Row>([
    { name: 'JSON', ...type('application/json'), status: 200 },
    { name: 'merge patch', ...type('application/merge-patch+json'), status: 200 },
    { name: 'with a charset', ...type('application/json; charset=utf-8'), status: 200 },
    {
      name: 'with a charset in quotes and capitals',
      ...type('Application/JSON;Charset="UTF-8"'),
      status: 200,
    },
    {
      name: 'identity encoding',
      ...type('application/json', { 'content-encoding': 'identity' }),
      status: 200,
    },
    { name: 'none', method: 'PATCH', body: '{"status":"inactive"}', ...refused },
    { name: 'text', ...type('text/plain'), ...refused },
    { name: 'a form', ...type('application/x-www-form-urlencoded'), ...refused },
    { name: 'JSON Patch', ...type('application/json-patch+json'), ...refused },
    { name: 'another +json', ...type('application/fhir+json'), ...refused },
    { name: 'a prefix of JSON', ...type('application/jsonx'), ...refused },
    { name: 'another charset', ...type('application/json; charset=latin1'), ...refused },
    { name: 'UTF-16', ...type('application/json; charset=utf-16'), ...refused },
    { name: 'gzip', ...type('application/json', { 'content-encoding': 'gzip' }), ...refused },
    {
      name: 'gzip over identity',
      ...type('application/json', { 'content-encoding': 'gzip, identity' }),
      ...refused,
    },
    {
      name: 'a link in another type',
      method: 'PUT',
      path: '/staff/st-2/links/clinikapi-main',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
      ...refused,
    },
  ])('$name: $status', async (row) => {
    await check(row);
    expect(wrote()).toBe(row.status === 200 ? 1 : 0);
  });
});

const LIMIT = 100 * 1024;
/** A JSON object of exactly so many bytes; its one member is refused by the schema. */
const sized = (bytes: number) => `{"role":"${'x'.repeat(bytes - 11)}"}`;

describe('bodies', () => {
  const malformed = { status: 400, code: 'malformed_request' };
  const invalid = { status: 422, code: 'validation_failed' };
  test.each<Row>([
    { name: 'none', ...PATCH, ...malformed },
    { name: 'empty', ...PATCH, body: '', ...malformed },
    { name: 'blank', ...PATCH, body: ' \n', ...malformed },
    { name: 'cut off', ...PATCH, body: '{"status":', ...malformed },
    { name: 'two documents', ...PATCH, body: '{"status":"active"}{}', ...malformed },
    { name: 'a comment', ...PATCH, body: '{/* */"status":"active"}', ...malformed },
    { name: 'single quotes', ...PATCH, body: "{'status':'active'}", ...malformed },
    { name: 'not UTF-8', ...PATCH, body: Buffer.from('{"role":"\xe1"}', 'latin1'), ...malformed },
    { name: 'NaN', ...PATCH, body: '{"role":NaN}', ...malformed },
    { name: 'an empty object', ...PATCH, body: '{}', ...invalid },
    { name: 'null', ...PATCH, body: 'null', ...invalid },
    { name: 'a list', ...PATCH, body: '[{"op":"replace"}]', ...invalid },
    { name: 'text', ...PATCH, body: '"inactive"', ...invalid },
    { name: 'the id', ...PATCH, body: '{"id":"st-2"}', ...invalid },
    {
      name: 'a specialty without its code',
      ...PATCH,
      body: '{"specialty":{"code":null}}',
      status: 422,
      code: 'not_clearable',
    },
    { name: 'that and another fault', ...PATCH, body: '{"specialty":{"code":null},"role":1}', ...invalid },
    { name: 'an unknown member', ...PATCH, body: '{"satus":"inactive"}', ...invalid },
    { name: '__proto__', ...PATCH, body: '{"status":"active","__proto__":{"a":1}}', ...invalid },
    {
      name: 'nested 20000 deep',
      ...PATCH,
      body: `{"name":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      ...malformed,
    },
    { name: 'exactly at the limit', ...PATCH, body: sized(LIMIT), ...invalid },
    { name: 'one byte more', ...PATCH, body: sized(LIMIT + 1), status: 413, code: 'payload_too_large' },
    { name: 'exactly at the limit, in pieces', ...PATCH, body: sized(LIMIT), chunked: true, ...invalid },
    {
      name: 'one byte more, in pieces',
      ...PATCH,
      body: sized(LIMIT + 1),
      chunked: true,
      status: 413,
      code: 'payload_too_large',
    },
    {
      name: 'far too much, in pieces',
      ...PATCH,
      body: sized(LIMIT * 20),
      chunked: true,
      status: 413,
      code: 'payload_too_large',
    },
    {
      name: 'a link that is too large',
      method: 'PUT',
      path: '/staff/st-2/links/clinikapi-main',
      headers: JSON_TYPE,
      body: sized(LIMIT + 1),
      status: 413,
      code: 'payload_too_large',
    },
    {
      name: 'a byte order mark is none of the content',
      ...PATCH,
      body: '\ufeff{"status":"inactive"}',
      status: 200,
    },
  ])('$name: $status', async (row) => {
    expect(Buffer.byteLength(sized(LIMIT))).toBe(LIMIT);
    const answer = await check(row);
    if (row.status === 413) expect(answer.headers.connection).toBe('close');
    if (row.status >= 400) expect(stage.clinikapi.log).toEqual([]);
  });

  test('the suggestion for a misspelt member', async () => {
    const { body } = await stage.patch(KEYS.north, { satus: 'inactive' });
    expect(body.errors).toEqual([
      { pointer: '/satus', code: 'unknown_field', detail: 'There is no such member. Did you mean status?' },
    ]);
  });

  test('what is not HTTP at all is refused without harm', async () => {
    const { hostname, port } = new URL(stage.url);
    const socket = connect(Number(port), hostname);
    socket.end('GET /healthz HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n');
    const [first] = await once(socket, 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
    expect((await sendRow({ name: '', path: '/healthz', status: 200 })).status).toBe(200);
  });
});

describe('routes', () => {
  const notFound = { status: 404, code: 'not_found' };
  const notStaff = { status: 404, code: 'staff_not_found' };
  const notAllowed = (allow: string) => ({ status: 405, code: 'method_not_allowed', answer: { allow } });
  test.each<Row>([
    { name: 'nothing', path: '/', ...notFound },
    { name: 'an unknown path', path: '/nothing', ...notFound },
    { name: 'an unknown path without a key', path: '/nothing', key: null, ...notFound },
    { name: 'an empty id', path: '/staff/', ...notFound },
    { name: 'a trailing slash', path: '/staff/st-1/', ...notFound },
    { name: 'another case', path: '/Staff/st-1', ...notFound },
    { name: 'a doubled slash', path: '//staff/st-1', ...notFound },
    { name: 'a deeper path', path: '/staff/st-1/role', ...notFound },
    { name: 'an encoded slash in the id', path: '/staff/st-1%2Flinks', ...notStaff },
    { name: 'dots for an id', path: '/staff/..', ...notStaff },
    { name: 'encoded dots for an id', path: '/staff/%2e%2e', ...notStaff },
    { name: 'an id without a link', path: '/staff/st-404', ...notStaff },
    { name: 'an id in another case', path: '/staff/ST-1', ...notStaff },
    { name: 'an id of 129 characters', path: `/staff/${'x'.repeat(129)}`, ...notStaff },
    { name: 'an id with a line break', path: '/staff/st-1%0a', ...notStaff },
    {
      name: 'an update of an id without a link',
      ...PATCH,
      path: '/staff/st-404',
      body: '{"status":"inactive"}',
      ...notStaff,
    },
    { name: 'a bad percent encoding', path: '/staff/%zz', status: 400, code: 'malformed_request' },
    { name: 'half a character', path: '/staff/%c3', status: 400, code: 'malformed_request' },
    { name: 'POST to staff', method: 'POST', ...notAllowed('GET, HEAD, PATCH') },
    {
      name: 'PUT to staff',
      method: 'PUT',
      headers: JSON_TYPE,
      body: '{}',
      ...notAllowed('GET, HEAD, PATCH'),
    },
    { name: 'DELETE of staff', method: 'DELETE', ...notAllowed('GET, HEAD, PATCH') },
    { name: 'OPTIONS of staff', method: 'OPTIONS', ...notAllowed('GET, HEAD, PATCH') },
    { name: 'POST to links', method: 'POST', path: '/staff/st-1/links', ...notAllowed('GET, HEAD') },
    { name: 'GET of one link', path: '/staff/st-1/links/clinikapi-main', ...notAllowed('PUT, DELETE') },
    { name: 'PATCH of capabilities', method: 'PATCH', path: '/capabilities', ...notAllowed('GET, HEAD') },
    { name: 'POST to healthz', method: 'POST', path: '/healthz', key: null, ...notAllowed('GET, HEAD') },
    { name: 'POST to readyz', method: 'POST', path: '/readyz', key: null, ...notAllowed('GET, HEAD') },
    { name: 'the method override is not ours', headers: { 'x-http-method-override': 'PATCH' }, status: 200 },
    { name: 'a known problem', path: '/problems/unsupported_field', key: null, status: 200 },
    { name: 'an unknown problem', path: '/problems/nonsense', key: null, ...notFound },
    { name: 'an inherited member is no problem', path: '/problems/constructor', key: null, ...notFound },
    { name: 'health', path: '/healthz', key: null, status: 200 },
    { name: 'readiness', path: '/readyz', key: null, status: 200 },
  ])('$name: $status', async (row) => {
    await check(row);
    expect(wrote()).toBe(0);
  });

  test.each(Object.keys(PROBLEMS))('/problems/%s says what the type means', async (code) => {
    const reply = await stage.call('GET', `/problems/${code}`, { key: null });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ code, ...Object.entries(PROBLEMS).find(([name]) => name === code)?.[1] });
    expect(reply.body.meaning).toMatch(/^.{20,}\.$/);
  });

  test('HEAD is GET without the body', async () => {
    for (const path of ['/staff/st-1', '/capabilities', '/healthz']) {
      const [get, head] = [
        await sendRow({ name: '', path, status: 200 }),
        await sendRow({ name: '', path, method: 'HEAD', status: 200 }),
      ];
      expect(head.status).toBe(200);
      expect(head.text).toBe('');
      expect(head.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(head.headers.etag).toBe(get.headers.etag);
    }
    const missing = await sendRow({ name: '', path: '/staff/st-404', method: 'HEAD', status: 404 });
    expect([missing.status, missing.text]).toEqual([404, '']);
  });

  test('a request id is taken over where it is one, and made where it is not', async () => {
    const ids = async (given: string) => {
      const answer = await sendRow({
        name: '',
        path: '/staff/st-404',
        headers: { 'x-request-id': given },
        status: 404,
      });
      expect(JSON.parse(answer.text).requestId).toBe(answer.headers['x-request-id']);
      return answer.headers['x-request-id'];
    };
    expect(await ids('trace-1.A_b')).toBe('trace-1.A_b');
    expect(await ids('no spaces')).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(await ids('x'.repeat(65))).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const { headers, body } = await stage.call('GET', '/staff/st-1');
    expect(body.meta.requestId).toBe(headers.get('x-request-id'));
  });
});

describe('the limits that capabilities tell', () => {
  const noteOf = async (key: string, pointer: string) => {
    const { body } = await stage.call('GET', '/capabilities', { key });
    return body.data.fields.find((row: { pointer: string }) => row.pointer === pointer).note;
  };

  test('recurrence units and locations of a block are those that are taken', async () => {
    expect(await noteOf(KEYS.south, '/availableTime')).toBe(
      'Replaces the whole week. The end of a recurrence cannot be read back. `recurrence.unit`: `day`. ' +
        '`locationId`: `centro`, a facility id of Cobalt’s.',
    );
    const send = (more: object) =>
      stage.patch(
        KEYS.south,
        {
          availableTime: [
            { daysOfWeek: ['mon'], availableStartTime: '08:00', availableEndTime: '09:00', ...more },
          ],
        },
        {},
        'st-1',
        '?dryRun=true',
      );
    const unit = (word: string) => ({ recurrence: { interval: 1, unit: word } });
    const tries = [unit('day'), unit('week'), { locationId: 'centro' }, { locationId: 'nope' }].map(send);
    expect((await Promise.all(tries)).map(({ status }) => status)).toEqual([200, 422, 200, 422]);
  });

  test('the pointer to a refused block is its place in the request, not in the sorted week', async () => {
    const block = (day: string, more: object = {}) => ({
      daysOfWeek: [day],
      availableStartTime: '08:00',
      availableEndTime: '09:00',
      ...more,
    });
    const nowhere = { locationId: 'nope' };
    const { body } = await stage.patch(KEYS.south, {
      availableTime: [block('fri', nowhere), block('mon'), block('wed', nowhere)],
    });
    expect(body.code).toBe('unmapped_code');
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/availableTime/0/locationId',
      '/availableTime/2/locationId',
    ]);
  });

  test('one bound of a period can be cleared, the whole cannot', async () => {
    expect(await noteOf(KEYS.north, '/period')).toMatch(/one bound can, with `null`/);
    expect((await stage.patch(KEYS.north, { period: null })).body.code).toBe('not_clearable');
    const { status, body } = await stage.patch(KEYS.north, { period: { end: null } });
    expect([status, body.data.period]).toEqual([200, { start: expect.any(String) }]);
  });
});

describe('queries', () => {
  const malformed = { status: 400, code: 'malformed_request' };
  const update = (query: string) => ({
    ...PATCH,
    path: `/staff/st-1${query}`,
    body: '{"status":"inactive"}',
  });
  test.each<Row & { writes?: number }>([
    { name: 'a real update', ...update(''), status: 200, writes: 1 },
    { name: 'dryRun=false', ...update('?dryRun=false'), status: 200, writes: 1 },
    { name: 'dryRun=true', ...update('?dryRun=true'), status: 200 },
    { name: 'an empty query', ...update('?'), status: 200, writes: 1 },
    { name: 'a misspelt dryRun', ...update('?dryrun=true'), ...malformed },
    { name: 'dryRun=1', ...update('?dryRun=1'), ...malformed },
    { name: 'dryRun=TRUE', ...update('?dryRun=TRUE'), ...malformed },
    { name: 'dryRun without a value', ...update('?dryRun'), ...malformed },
    { name: 'dryRun empty', ...update('?dryRun='), ...malformed },
    { name: 'dryRun twice', ...update('?dryRun=true&dryRun=true'), ...malformed },
    { name: 'dryRun twice, contradicting', ...update('?dryRun=false&dryRun=true'), ...malformed },
    { name: 'dryRun[]', ...update('?dryRun[]=true'), ...malformed },
    { name: 'an unknown parameter', ...update('?dryRun=true&x=1'), ...malformed },
    { name: '__proto__', ...update('?__proto__=1'), ...malformed },
    { name: 'a parameter on GET', path: '/staff/st-1?fields=name', ...malformed },
    { name: 'dryRun on GET', path: '/staff/st-1?dryRun=true', ...malformed },
    { name: 'a parameter on capabilities', path: '/capabilities?x=1', ...malformed },
    { name: 'a parameter on links', path: '/staff/st-1/links?x=1', ...malformed },
    {
      name: 'a parameter on PUT of a link',
      method: 'PUT',
      path: '/staff/st-2/links/clinikapi-main?dryRun=true',
      headers: JSON_TYPE,
      body: '{"vendorRecordId":"pr_def456"}',
      ...malformed,
    },
    {
      name: 'a parameter on DELETE of a link',
      method: 'DELETE',
      path: '/staff/st-1/links/clinikapi-main?dryRun=true',
      ...malformed,
    },
  ])('$name: $status', async (row) => {
    await check(row);
    expect(wrote()).toBe(row.writes ?? 0);
  });
});

describe('Prefer', () => {
  const BOTH = { status: 'inactive', nationalId: '30999888' };
  test.each<[string | undefined, number, string | null]>([
    [undefined, 422, null],
    ['handling=strict', 422, null],
    ['handling=lenient', 200, 'handling=lenient'],
    ['Handling = "lenient"', 200, 'handling=lenient'],
    ['handling=lenient; x=1', 200, 'handling=lenient'],
    ['handling=lenient, handling=strict', 200, 'handling=lenient'],
    ['handling=strict, handling=lenient', 422, null],
    ['wait=10, handling=lenient', 200, 'handling=lenient'],
    ['handling=lenient, return=minimal', 200, 'handling=lenient, return=minimal'],
    ['return=representation, handling=lenient', 200, 'handling=lenient, return=representation'],
    ['handling=loose', 422, null],
    ['lenient', 422, null],
    ['return=lenient', 422, null],
  ])('%s: %i', async (prefer, status, applied) => {
    const reply = await stage.patch(KEYS.north, BOTH, prefer === undefined ? {} : { prefer });
    expect(reply.status).toBe(status);
    expect(reply.headers.get('preference-applied')).toBe(applied);
    expect('data' in reply.body).toBe(status === 200 && !prefer?.includes('minimal'));
    if (status === 200) expect(reply.body.meta.receipt).toHaveLength(2);
    else expect(stage.clinikapi.log).toEqual([]);
  });

  test('two header lines count as one list', async () => {
    const answer = await sendRow({
      name: '',
      ...PATCH,
      headers: { ...JSON_TYPE, prefer: ['return=minimal', 'handling=lenient'] },
      body: JSON.stringify(BOTH),
      status: 200,
    });
    expect(answer.headers['preference-applied']).toBe('handling=lenient, return=minimal');
    expect(Object.keys(JSON.parse(answer.text))).toEqual(['meta']);
  });

  test('a strict wish that was honoured is echoed', async () => {
    const reply = await stage.patch(KEYS.north, { status: 'inactive' }, { prefer: 'handling=strict' });
    expect(reply.headers.get('preference-applied')).toBe('handling=strict');
  });
});

describe('entity tags', () => {
  const keys = { ClinikAPI: KEYS.north, Vitalis: KEYS.centro, Cobalt: KEYS.south };

  test.each(Object.entries(keys))(
    '%s: strong, the same for the same record, another one after a change',
    async (_vendor, key) => {
      const tag = async () => (await stage.call('GET', '/staff/st-1', { key })).headers.get('etag');
      const before = await tag();
      expect(before).toMatch(/^"[\w-]{20,}"$/);
      expect(await tag()).toBe(before);
      const reply = await stage.patch(key, { status: 'inactive' });
      expect(reply.status).toBe(200);
      const after = await tag();
      expect(after).not.toBe(before);
      // A PATCH shows a tag only where it knows the whole record, and then it is that of the next GET.
      expect([null, after]).toContain(reply.headers.get('etag'));
      if (key !== KEYS.north) expect(reply.headers.get('etag')).toBe(after);
    },
  );

  test.each(Object.entries(keys))('%s: If-Match guards an update', async (_vendor, key) => {
    const etag = (await stage.call('GET', '/staff/st-1', { key })).headers.get('etag') ?? '';
    const update = (value: string, status: string, query = '') =>
      stage.patch(key, { status }, { 'if-match': value }, 'st-1', query);

    for (const wrong of ['"another"', `W/${etag}`, etag.replaceAll('"', ''), '"a", "b"', '']) {
      const refused = await update(wrong, 'inactive');
      expect([wrong, refused.status, refused.body.code]).toEqual([wrong, 412, 'precondition_failed']);
      expect(refused.headers.get('etag')).toBe(etag);
      expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
    expect((await update('"another"', 'inactive', '?dryRun=true')).status).toBe(412);
    expect(wrote()).toBe(0);

    expect((await update(`"another", ${etag}`, 'inactive')).status).toBe(200);
    expect(wrote()).toBe(1);
    // The tag has been used up by that update.
    expect((await update(etag, 'active')).status).toBe(412);
    expect((await update('*', 'active')).status).toBe(200);
    expect(wrote()).toBe(2);
  });

  test('If-Match of a record that the vendor no longer has', async () => {
    stage.vitalis.state.professionals.remove(1);
    const reply = await stage.patch(KEYS.centro, { status: 'inactive' }, { 'if-match': '*' });
    expect([reply.status, reply.body.code]).toEqual([404, 'staff_not_found']);
  });
});

describe('links', () => {
  const put = (staffId: string, vendor: string, body: unknown, key: string = KEYS.north) =>
    stage.call('PUT', `/staff/${staffId}/links/${vendor}`, { key, body });
  const remove = (staffId: string, vendor: string, key: string = KEYS.north) =>
    stage.call('DELETE', `/staff/${staffId}/links/${vendor}`, { key });
  const list = async (staffId: string, key: string = KEYS.north) =>
    (await stage.call('GET', `/staff/${staffId}/links`, { key })).body.data;

  test('the life of a link: made, seen, used, kept, changed, removed', async () => {
    const made = await put('st-7', 'clinikapi-main', { vendorRecordId: 'pr_def456' });
    expect([made.status, made.body.data]).toEqual([
      201,
      { vendor: 'clinikapi-main', vendorRecordId: 'pr_def456' },
    ]);
    expect(made.body.meta).toEqual({ requestId: made.headers.get('x-request-id'), clinic: 'north' });
    expect(await list('st-7')).toEqual([{ vendor: 'clinikapi-main', vendorRecordId: 'pr_def456' }]);
    expect((await stage.call('GET', '/staff/st-7')).body.data.role).toBe('nurse');

    expect((await put('st-7', 'clinikapi-main', { vendorRecordId: 'pr_def456' })).status).toBe(200);
    expect((await put('st-7', 'clinikapi-main', { vendorRecordId: 'pr_ghi789' })).status).toBe(200);
    expect((await stage.call('GET', '/staff/st-7')).body.data.role).toBe('consultant');

    const removed = await remove('st-7', 'clinikapi-main');
    expect([removed.status, removed.body]).toEqual([204, undefined]);
    expect(await list('st-7')).toEqual([]);
    const again = await remove('st-7', 'clinikapi-main');
    expect([again.status, again.body.code]).toEqual([404, 'staff_not_found']);
    const gone = await stage.call('GET', '/staff/st-7');
    expect([gone.status, gone.body.code]).toEqual([404, 'staff_not_found']);
  });

  test('a vendor record has one staff id', async () => {
    const reply = await put('st-8', 'vitalis-centro', { vendorRecordId: '1' }, KEYS.centro);
    expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    expect(reply.body.errors).toEqual([
      { pointer: '/vendorRecordId', code: 'already_taken', detail: expect.any(String) },
    ]);
    expect(await list('st-8', KEYS.centro)).toEqual([]);
    // Not even who has it is told.
    expect(JSON.stringify(reply.body)).not.toMatch(/st-1|"centro"/);
  });

  test('a clinic links at no connection of others, whose record may be linked already or not', async () => {
    for (const vendorRecordId of ['1', '2']) {
      const reply = await put('st-8', 'vitalis-centro', { vendorRecordId });
      const unknown = await put('st-8', 'nowhere', { vendorRecordId });
      expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
      // Nothing tells such a connection from one that does not exist.
      expect({ ...reply.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    }
    const own = await put('st-8', 'vitalis-centro', { vendorRecordId: '2' }, KEYS.centro);
    expect(own.status).toBe(201);
    expect((await remove('st-8', 'vitalis-centro', KEYS.centro)).status).toBe(204);
  });

  test('another clinic neither sees, changes nor removes a link', async () => {
    expect(await list('st-1', KEYS.north)).toEqual([
      { vendor: 'clinikapi-main', vendorRecordId: 'pr_abc123' },
    ]);
    expect(await list('st-1', KEYS.centro)).toEqual([{ vendor: 'vitalis-centro', vendorRecordId: '1' }]);
    const reply = await remove('st-1', 'vitalis-centro', KEYS.north);
    const unknown = await remove('st-1', 'nowhere', KEYS.north);
    expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
    expect({ ...reply.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
    expect(await list('st-1', KEYS.centro)).toHaveLength(1);
  });

  test.each<[string, string, string, unknown, number, string]>([
    ['an unknown connection', 'st-9', 'nowhere', { vendorRecordId: 'pr_1' }, 404, 'not_found'],
    [
      'the adapter in place of the connection',
      'st-9',
      'clinikapi',
      { vendorRecordId: 'pr_1' },
      404,
      'not_found',
    ],
    ['an inherited name', 'st-9', 'constructor', { vendorRecordId: 'pr_1' }, 404, 'not_found'],
    ['an impossible staff id', '.st', 'clinikapi-main', { vendorRecordId: 'pr_1' }, 404, 'staff_not_found'],
    ['no id', 'st-9', 'clinikapi-main', {}, 422, 'validation_failed'],
    ['a number', 'st-9', 'vitalis-centro', { vendorRecordId: 2 }, 422, 'validation_failed'],
    ['null', 'st-9', 'clinikapi-main', { vendorRecordId: null }, 422, 'validation_failed'],
    [
      'more members',
      'st-9',
      'clinikapi-main',
      { vendorRecordId: 'pr_1', clinic: 'south' },
      422,
      'validation_failed',
    ],
    ['a list', 'st-9', 'clinikapi-main', ['pr_1'], 422, 'validation_failed'],
    [
      'an id with a path in it',
      'st-9',
      'clinikapi-main',
      { vendorRecordId: '../practitioners/1' },
      422,
      'validation_failed',
    ],
    ['dots', 'st-9', 'cobalt-main', { vendorRecordId: '..' }, 422, 'validation_failed'],
    [
      'an id that means another one',
      'st-9',
      'vitalis-centro',
      { vendorRecordId: '02' },
      422,
      'validation_failed',
    ],
    ['an exponent', 'st-9', 'vitalis-centro', { vendorRecordId: '2e0' }, 422, 'validation_failed'],
    [
      'an id with a line break',
      'st-9',
      'vitalis-centro',
      { vendorRecordId: '2\n' },
      422,
      'validation_failed',
    ],
  ])('%s is refused', async (_name, staffId, vendor, body, status, code) => {
    const own =
      vendor === 'vitalis-centro' ? KEYS.centro : vendor === 'cobalt-main' ? KEYS.south : KEYS.north;
    const reply = await put(staffId, vendor, body, own);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    if (status === 422) expect(reply.body.errors[0].pointer).toBe('/vendorRecordId');
    expect(await list('st-9')).toEqual([]);
  });
});

test('no answer tells what it runs on, and each forbids sniffing', async () => {
  const { headers } = await stage.call('GET', '/staff/st-1');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('server')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
});

test('a field that the answer to a write leaves out is read, and is accepted only where a read does not show it either', async () => {
  const { settings } = stage.clinikapi.state;
  stage.clinikapi.reset();
  const reads = () => stage.clinikapi.log.filter(({ method }) => method === 'GET').length;
  const plain = await stage.patch(KEYS.north, { status: 'inactive' });
  expect([plain.body.meta.receipt[0].outcome, reads()]).toEqual(['verified', 0]);
  const shown = await stage.patch(KEYS.north, { locationId: 'loc_annex2' });
  expect(shown.body.meta.receipt).toEqual([{ pointer: '/locationId', outcome: 'verified' }]);
  expect([shown.body.data.locationId, reads()]).toEqual(['loc_annex2', 1]);
  // The person was not looked at, so that the record is not known as a whole.
  expect(shown.headers.get('etag')).toBeNull();
  settings.showReferences = 'never';
  const hidden = await stage.patch(KEYS.north, { locationId: 'loc_main1' });
  settings.showReferences = 'get';
  expect(hidden.body.meta.receipt).toEqual([
    { pointer: '/locationId', outcome: 'accepted', detail: expect.any(String) },
  ]);
  // A vendor that says yes and keeps the old value is found out here as well.
  stage.clinikapi.faults.next({ kind: 'no-effect', echo: 'new' }, { method: 'PATCH' });
  const lost = await stage.patch(KEYS.north, { locationId: 'loc_annex2' });
  expect([lost.status, lost.body.code]).toEqual([502, 'write_not_confirmed']);
});

test('a link to a record that the vendor does not have: 404, told apart by the vendor’s part', async () => {
  const body = { vendorRecordId: 'pr_nothing' };
  const refused = await stage.call('PUT', '/staff/st-55/links/clinikapi-main', { body });
  expect([refused.status, refused.body.code]).toEqual([404, 'staff_not_found']);
  expect(refused.body.errors).toMatchObject([{ pointer: '/vendorRecordId', code: 'record_not_found' }]);

  const database = await openDatabase(stage.config.store.url);
  await createLinks(database).put({
    clinic: 'north',
    staffId: 'st-55',
    vendor: 'clinikapi-main',
    ...body,
  });
  await database.close();
  for (const reply of [
    await stage.call('GET', '/staff/st-55'),
    await stage.patch(KEYS.north, { status: 'inactive' }, {}, 'st-55'),
  ]) {
    expect([reply.status, reply.body.code]).toEqual([404, 'staff_not_found']);
    expect(reply.body.vendor).toEqual({ name: 'clinikapi-main', status: 404, code: 'NOT_FOUND' });
  }
});
