/** A staff record of which the further resource is not there, is kept back or is rubbish; and one that is to be left alone. */
import type { Fault } from '../../sandbox/faults';
import { KEYS, openStage, type Stage } from '../support/stage';

const PERSON = '/v1/practitioners/prac_abc123';
const OF_THE_PERSON = ['/name', '/birthDate', '/gender', '/address', '/phone', '/email'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    fhir: {},
    configure: ({ vendors }) => {
      const quick = { timeoutMs: 400, readRetries: 0, breaker: { failures: 1_000 } };
      for (const name of ['clinikapi-main', 'fhir-main']) Object.assign(vendors[name], quick);
    },
  });
});
afterAll(() => stage.close());
beforeEach(async () => {
  stage.clinikapi.reset();
  await stage.fhir?.reset();
});

const read = (key: string = KEYS.north) => stage.call('GET', '/staff/st-1', { key });
const writes = () => stage.clinikapi.log.filter(({ method }) => method === 'PATCH').map(({ path }) => path);
const missing = (body: { meta: { warnings: { code: string; pointer: string }[] } }) =>
  body.meta.warnings.filter(({ code }) => code === 'part_not_found').map(({ pointer }) => pointer);

describe('a role without its practitioner', () => {
  const NOT_FOUND: Fault = { kind: 'answer', status: 404, body: { code: 'NOT_FOUND' } };
  beforeEach(() => stage.clinikapi.faults.add(NOT_FOUND, { path: PERSON }));

  test('is shown with what it holds itself; a warning names each field that is missing', async () => {
    const { status, body } = await read();
    expect([status, missing(body).sort()]).toEqual([200, [...OF_THE_PERSON].sort()]);
    expect(body.data).toMatchObject({ status: 'active', role: 'doctor' });
    for (const pointer of OF_THE_PERSON) expect(body.data).not.toHaveProperty(pointer.slice(1));
  });

  test('takes updates of its own fields, its entity tag too', async () => {
    const { headers } = await read();
    const conditional = { 'if-match': headers.get('etag') ?? '' };
    const { status, body } = await stage.patch(KEYS.north, { status: 'inactive' }, conditional);
    expect([status, body.meta.receipt]).toEqual([200, [{ pointer: '/status', outcome: 'verified' }]]);
    const old = await stage.patch(KEYS.north, { status: 'active' }, conditional);
    expect([old.status, writes()]).toEqual([412, ['/v1/practitioner-roles/pr_abc123']]);
  });

  test('refuses what is merged on the practitioner, before anything is written', async () => {
    const { status, body } = await stage.patch(KEYS.north, {
      status: 'inactive',
      address: { text: 'Calle 1' },
    });
    expect([status, body.code, body.outcome]).toEqual([422, 'stored_value_invalid', 'not_applied']);
    expect(body.errors).toMatchObject([{ pointer: '/address/text', code: 'stored_value_invalid' }]);
    expect(writes()).toEqual([]);
  });

  test('tells what was written if only the write to the practitioner shows that it is not there', async () => {
    const { status, body } = await stage.patch(KEYS.north, { status: 'inactive', gender: 'other' });
    expect([status, body.code, body.outcome]).toEqual([422, 'stored_value_invalid', 'partial']);
    expect(body.receipt).toEqual([
      { pointer: '/status', outcome: 'verified' },
      { pointer: '/gender', outcome: 'not_applied' },
    ]);
  });
});

test('the same at a FHIR server', async () => {
  stage.fhir?.faults.add(
    { kind: 'answer', status: 410, body: { resourceType: 'OperationOutcome', issue: [] } },
    { path: /\/Practitioner\// },
  );
  const { status, body } = await read(KEYS.west);
  expect([status, missing(body).sort()]).toEqual([200, [...OF_THE_PERSON, '/nationalId'].sort()]);
  stage.fhir?.faults.clear();
  expect(missing((await read(KEYS.west)).body)).toEqual([]);
});

test.each<[string, Fault, number, string]>([
  ['refused', { kind: 'answer', status: 403 }, 502, 'vendor_credentials_rejected'],
  ['refused without a login', { kind: 'answer', status: 401 }, 502, 'vendor_credentials_rejected'],
  ['too late', { kind: 'delay', milliseconds: 800 }, 504, 'vendor_timeout'],
  ['a failure', { kind: 'answer', status: 500 }, 503, 'vendor_unavailable'],
  ['a page for people', { kind: 'malformed', form: 'html' }, 502, 'vendor_unexpected_response'],
  ['a list', { kind: 'malformed', form: 'array' }, 502, 'vendor_unexpected_response'],
  ['that of somebody else', { kind: 'wrong-id', id: 'prac_xyz789' }, 502, 'vendor_unexpected_response'],
  ['empty', { kind: 'answer', status: 200, body: { data: null } }, 502, 'vendor_unexpected_response'],
])(
  'a practitioner that is %s is a failure of the read, never a half record',
  async (_name, fault, status, code) => {
    stage.clinikapi.faults.add(fault, { path: PERSON });
    const reply = await read();
    expect([reply.status, reply.body.code, reply.body.vendor?.name]).toEqual([
      status,
      code,
      'clinikapi-main',
    ]);
    expect(reply.body).not.toHaveProperty('data');
  },
);

test.each<[string, Fault, number, string]>([
  ['fails', { kind: 'answer', status: 500 }, 503, 'vendor_unavailable'],
  ['is refused', { kind: 'answer', status: 403 }, 502, 'vendor_credentials_rejected'],
  ['is no list', { kind: 'malformed', form: 'html' }, 502, 'vendor_unexpected_response'],
])(
  'a list of practitioners of which a page %s is never shown as whole',
  async (_name, fault, status, code) => {
    const list = () => stage.call('GET', '/staff', { headers: { 'cache-control': 'no-cache' } });
    // The inactive ones come last.
    const page = { path: '/v1/practitioners', after: 1 };
    stage.clinikapi.faults.add(fault, page);
    const reply = await list();
    stage.clinikapi.faults.clear();
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.body).not.toHaveProperty('data');
    expect((await list()).body.data[0]).toHaveProperty('name');
  },
);

describe('a further resource that is switched off', () => {
  let alone: Stage;
  beforeAll(async () => {
    alone = await openStage({
      configure: ({ vendors }) => {
        vendors['clinikapi-main'].options = { practitioner: false };
        vendors['vitalis-centro'].options = { schedules: false };
      },
    });
  });
  afterAll(() => alone.close());

  const HOURS = [{ daysOfWeek: ['mon'], availableStartTime: '09:00:00', availableEndTime: '10:00:00' }];

  test.each<['clinikapi' | 'vitalis', string, RegExp, Record<string, unknown>, readonly string[]]>([
    [
      'clinikapi',
      KEYS.north,
      /practitioners/,
      { email: 'ana@example.test' },
      ['/name/given', '/name/family', ...OF_THE_PERSON.slice(1)],
    ],
    ['vitalis', KEYS.centro, /work_schedules/, { availableTime: HOURS }, ['/availableTime']],
  ])('is not asked for by anything: %s', async (vendor, key, path, patch, fields) => {
    const [field = ''] = Object.keys(patch);
    const { status, body } = await alone.call('GET', '/staff/st-1', { key });
    expect([status, body.meta.warnings]).toEqual([200, []]);
    expect(body.data).not.toHaveProperty(field);
    const [listed, ...more] = (await alone.call('GET', '/staff', { key })).body.data;
    expect([listed.id, more]).toEqual(['st-1', []]);
    expect(listed).not.toHaveProperty(field);
    const refused = await alone.patch(key, patch);
    expect([refused.status, refused.body.code]).toEqual([422, 'unsupported_field']);
    expect((await alone.patch(key, { status: 'inactive' })).status).toBe(200);
    const capabilities = (await alone.call('GET', '/capabilities', { key })).body.data.fields;
    const told = capabilities.filter(({ pointer }: { pointer: string }) =>
      fields.some((name) => pointer === name || pointer.startsWith(`${name}/`)),
    );
    expect(told.length).toBeGreaterThanOrEqual(fields.length);
    for (const { read, write } of told) expect([read, write]).toEqual([false, false]);
    expect(alone[vendor].log.filter((call) => path.test(call.path))).toEqual([]);
  });
});
