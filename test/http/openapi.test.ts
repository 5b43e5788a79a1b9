/** The OpenAPI document says what the gateway does: routes, examples, codes, and every answer that the suites get. */
import express from 'express';
import Joi from 'joi';
import { SCOPES } from '../../src/config/types';
import { openApiDocument } from '../../src/http/openapi/document';
import { jsonSchemaOf } from '../../src/http/openapi/joiSchema';
import { documentedRoutes } from '../../src/http/openapi/operations';
import { isObject, member } from '../../src/lib/json';
import { PROBLEMS } from '../../src/problem';
import { FIELDS, topLevelOf } from '../../src/staff/fields';
import { parsePatch } from '../../src/staff/patch';
import { complaints, examplesOf, valueComplaints } from '../support/openapi';
import { KEYS, openStage, type Stage } from '../support/stage';

const document = openApiDocument();
const PATCH = { $ref: '#/components/schemas/StaffPatch' };

/** Pages for people, which no program calls. */
const PAGES = ['GET /docs', 'GET /docs/:file'];

describe('the document and the application', () => {
  let stage: Stage;
  let registered: string[];

  beforeAll(async () => {
    // The application registers each path once, for all methods; which of them it has, the 405 answer tells.
    // Express' types leave its `Route` out.
    const all = jest.spyOn(Reflect.get(express, 'Route').prototype, 'all');
    stage = await openStage();
    registered = all.mock.contexts.map((route) => String(Reflect.get(Object(route), 'path')));
    all.mockRestore();
  });
  afterAll(() => stage.close());

  test('every route is documented, and every documented route exists', async () => {
    expect(registered.length).toBeGreaterThan(10);
    const routes = await Promise.all(
      registered.map(async (path) => {
        const reply = await stage.call('PROPFIND', path.replaceAll(/:\w+/g, 'x'));
        expect(reply.status).toBe(405);
        const methods = (reply.headers.get('allow') ?? '').split(', ').filter((name) => name !== 'HEAD');
        return methods.map((method) => `${method} ${path}`);
      }),
    );
    expect(routes.flat().sort()).toEqual([...documentedRoutes(), ...PAGES].sort());
  });

  test('it is small: what is shown in several places is in it once', () => {
    expect(JSON.stringify(document).length).toBeLessThan(100_000);
    expect(JSON.stringify(document, null, 2).length).toBeLessThan(160_000);
  });

  test('it says whom to ask', () => {
    expect(member(document.info, 'contact')).toMatchObject({ name: expect.any(String) });
  });

  test('it is served once built, with an entity tag', async () => {
    const first = await stage.call('GET', '/openapi.json', { key: null });
    expect(first.body).toEqual(JSON.parse(JSON.stringify(document)));
    const etag = first.headers.get('etag') ?? '';
    const again = await stage.call('GET', '/openapi.json', { key: null, headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });

  test.each([
    ['GET', '/healthz', 200],
    ['GET', '/readyz', 200],
    ['GET', '/problems/unsupported_field', 200],
    ['GET', '/problems/no_such_code', 404],
    ['GET', '/capabilities', 200],
    ['HEAD', '/capabilities', 200],
    ['GET', '/capabilities?surplus=1', 400],
    ['GET', '/staff/st-1', 200],
    ['GET', '/staff/st-nobody', 404],
    ['GET', '/staff/st-1/links', 200],
    ['GET', '/changes', 200],
    ['GET', '/changes?limit=0', 400],
    ['GET', '/operations/0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11', 404],
    ['POST', '/operations/0c7e6f52-1c0b-4a0f-9a55-0a7d3a3c9b11/retry', 404],
    ['DELETE', '/staff/st-1/links/no-such-vendor', 404],
    ['GET', '/no-such-route', 404],
    ['POST', '/staff/st-1', 405],
  ])('%s %s → %i, as documented', async (method, path, status) => {
    expect((await stage.call(method, path)).status).toBe(status);
  });

  test('the audit streams as documented', async () => {
    await stage.patch(KEYS.north, { status: 'active' });
    const reply = await stage.call('GET', '/changes', { headers: { accept: 'application/x-ndjson' } });
    expect(reply.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = String(reply.body).trim().split('\n');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(valueComplaints({ $ref: '#/components/schemas/Change' }, JSON.parse(line))).toEqual([]);
    }
  });

  test('FHIR is answered as documented', async () => {
    const reply = await stage.call('GET', '/staff/st-1', { headers: { accept: 'application/fhir+json' } });
    expect(reply.headers.get('content-type')).toContain('application/fhir+json');
    expect(reply.body.resourceType).toBe('PractitionerRole');
  });

  test('an update that is queued, and its operation', async () => {
    const queued = await stage.patch(KEYS.centro, { phone: '+54 11 5555-0001' }, { prefer: 'respond-async' });
    expect(queued.status).toBe(202);
    const location = queued.headers.get('location') ?? '';
    let status = '';
    for (let attempt = 0; attempt < 100 && status !== 'succeeded'; attempt += 1) {
      const operation = await stage.call('GET', location, { key: KEYS.centro });
      status = operation.body.data.status;
      if (status !== 'succeeded') await new Promise((resume) => setTimeout(resume, 50));
    }
    expect(status).toBe('succeeded');
    expect((await stage.call('POST', `${location}/retry`, { key: KEYS.centro })).status).toBe(409);
  });

  test('no documented path can be used without a key but those of the service itself', async () => {
    for (const route of documentedRoutes()) {
      const [method = '', path = ''] = route.split(' ');
      const operation = member(
        member(document.paths, path.replaceAll(/:(\w+)/g, '{$1}')),
        method.toLowerCase(),
      );
      const open = JSON.stringify(member(operation, 'security')) === '[]';
      const reply = await stage.call(method, path.replaceAll(/:\w+/g, 'x'), { key: null });
      expect({ route, refused: reply.status === 401 }).toEqual({ route, refused: !open });
    }
  });
});

describe('the document by itself', () => {
  test('every example is valid', () => {
    const wrong = examplesOf().flatMap(({ at, schema, value }) =>
      valueComplaints(schema, value).map((text) => `${at}: ${text}`),
    );
    expect(wrong).toEqual([]);
    expect(examplesOf().length).toBeGreaterThan(50);
  });

  test('there are examples, and one for every code', () => {
    const codes = new Set(examplesOf().map(({ value }) => member(value, 'code')));
    const elsewhere = ['not_found', 'method_not_allowed'];
    expect(Object.keys(PROBLEMS).filter((code) => !codes.has(code) && !elsewhere.includes(code))).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['a national id as people write it', { nationalId: ' 12.345.678-K ' }],
    ['a short national id', { nationalId: '12.34-56' }],
    ['a national id of 20 digits and separators', { nationalId: '0123-4567 8901.2345-6789' }],
    ['a national id of 21 digits', { nationalId: '012345678901234567890' }],
    ['a national id with a slash', { nationalId: '12/345/678' }],
    ['a national id in full width', { nationalId: '１２．３４５．６７８' }],
    ['a national id with another hyphen', { nationalId: '12\u2011345\u2212678\u200b' }],
    ['a phone with an extension', { phone: '(011) 4567-8901 X23' }],
    ['a phone with no-break spaces', { phone: '\u202a+54\u00a011\u20114567\u202f8901' }],
    ['a phone in full width', { phone: '（０１１）４５６７ ８９０１' }],
    ['a phone of two digits', { phone: '+1 2' }],
    ['a phone with a slash', { phone: '011/4567' }],
    ['a name with blanks and line breaks around', { name: { given: ' \n Ana María \t' } }],
    ['a name with a tab inside', { name: { given: 'Ana\tMaria' } }],
    ['a role with a NUL', { role: 'doctor\0' }],
    ['an address over two lines', { address: { text: 'Calle 1\n2º' } }],
    ['an address with a NUL', { address: { text: 'Calle\0' } }],
    ['a phone of one digit', { phone: '----------1' }],
    ['a phone of six digits', { phone: '+ 12-34-56' }],
    ['only separators', { nationalId: '. - . - . -' }],
    ...['9:00', ' T09:00', '09:00:00', '24:00:00', '9', '09:60'].map((time): [string, unknown] => [
      `the time ${time}`,
      { availableTime: [{ daysOfWeek: ['mon'], availableStartTime: time, availableEndTime: '23:00:00' }] },
    ]),
  ])('the schema of the update and the gateway agree about %s', (_name, body) => {
    expect(valueComplaints(PATCH, body).length === 0).toBe('patch' in parsePatch(body));
  });

  test('every field of the record is in the update and in the answer', () => {
    const schemas = member(document.components, 'schemas');
    const members = [...new Set(FIELDS.map(topLevelOf))];
    expect(Object.keys(asObject(member(member(schemas, 'StaffPatch'), 'properties')))).toEqual(members);
    expect(Object.keys(asObject(member(member(schemas, 'Staff'), 'properties')))).toEqual(['id', ...members]);
  });

  test('every scope is needed somewhere, and the needed ones exist', () => {
    const text = JSON.stringify(document.paths);
    const named = new Set([...text.matchAll(/Needs the scope `([^`]+)`/g)].map(([, scope]) => scope));
    expect([...named].sort()).toEqual([...SCOPES].sort());
  });
});

describe('what the schema of an update accepts, the gateway accepts', () => {
  test.each<[string, unknown]>([
    ['a status', { status: 'on-leave' }],
    ['null', { phone: null }],
    ['a whole name cleared', { name: null }],
    ['a part of a period', { period: { end: '2025-12-31' } }],
    [
      'hours',
      {
        availableTime: [
          { daysOfWeek: ['mon'], availableStartTime: '09:00:00', availableEndTime: '13:00:00' },
        ],
      },
    ],
    ['no hours', { availableTime: [] }],
  ])('%s', (_, patch) => {
    expect(valueComplaints(PATCH, patch)).toEqual([]);
    expect(parsePatch(patch)).toHaveProperty('patch');
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['an unknown member', { phnoe: '+54 11 5555-0000' }],
    ['a number for text', { phone: 5411 }],
    ['an id', { id: 'st-2' }],
    ['another status', { status: 'retired' }],
    [
      'a block without days',
      { availableTime: [{ daysOfWeek: [], availableStartTime: '09:00:00', availableEndTime: '10:00:00' }] },
    ],
    ['a short national id', { nationalId: '123' }],
    ['an empty name', { name: {} }],
    ['a date of no calendar', { birthDate: '1990-02-30' }],
  ])('both refuse %s', (_, patch) => {
    expect(valueComplaints(PATCH, patch)).not.toEqual([]);
    expect(parsePatch(patch)).toHaveProperty('errors');
  });
});

describe('the check itself', () => {
  const headers = new Headers({ 'content-type': 'application/json', 'x-request-id': 'r-1' });
  const good = { method: 'GET', path: '/healthz', status: 200, headers, text: '{"status":"ok"}' };

  test('a good answer has no complaints', () => expect(complaints(good)).toEqual([]));

  test.each([
    ['an undocumented status', { ...good, status: 418 }],
    ['an undocumented URL', { ...good, path: '/surprise' }],
    [
      'an undocumented media type',
      { ...good, headers: new Headers({ 'content-type': 'text/html', 'x-request-id': 'r-1' }) },
    ],
    ['a missing header', { ...good, headers: new Headers({ 'content-type': 'application/json' }) }],
    ['an unknown member', { ...good, text: '{"status":"ok","surprise":1}' }],
    ['a missing member', { ...good, text: '{}' }],
    ['a wrong type', { ...good, text: '{"status":1}' }],
    ['no JSON', { ...good, text: 'ok' }],
  ])('finds %s', (_, exchange) => {
    expect(complaints(exchange)).not.toEqual([]);
  });

  test('a joi rule that the converter does not know is an error, not a gap', () => {
    expect(() => jsonSchemaOf(Joi.string().creditCard(), { rules: 'strict' })).toThrow('creditCard');
    expect(() => jsonSchemaOf(Joi.binary(), { rules: 'strict' })).toThrow('binary');
    const list = Joi.array().items(Joi.string());
    expect(() => jsonSchemaOf(list.length(2), { rules: 'strict' })).toThrow('length');
    expect(jsonSchemaOf(list.unique(), { rules: 'strict' })).toMatchObject({ uniqueItems: true });
    expect(jsonSchemaOf(Joi.boolean(), { rules: 'strict' })).toEqual({ type: 'boolean' });
  });
});

function asObject(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw new TypeError('an object is expected');
  return value;
}
