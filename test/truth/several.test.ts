/** Where a vendor holds several values and one is shown: a read says so, an update looks first, and tells what goes. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject } from '../../src/lib/json';
import { openTruth, receipt, type Truth, warnings } from '../support/truth';

type Json = Record<string, unknown>;

/** A ClinikAPI of the most tolerant kind: one role of any form, whose members are replaced by those that are sent. */
async function openRawVendor() {
  let role: Json = {};
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    calls.push(request.method ?? '');
    let text = '';
    for await (const chunk of request) text += chunk;
    const sent: unknown = text === '' ? {} : JSON.parse(text);
    if (isObject(sent)) role = { ...role, ...sent };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: role, meta: {} }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    store: (id: string, members: Json) => {
      role = { id, ...members };
      calls.length = 0;
    },
    role: () => role,
    calls,
    close: () =>
      new Promise<void>((resolve) => server.close(() => resolve()) && server.closeAllConnections()),
  };
}

const CODES = {
  specialty: { '394579002': 'Cardiología', '394537008': 'Pediatrics' },
  organization: { norte: 'Northside Clinic', sur: 'Southside Clinic' },
  location: { main: 'Main Building', annex: 'Annex' },
};

const concept = (display: string, ...codes: string[]) => ({
  coding: codes.map((code) => ({ system: `urn:${code}`, code, display })),
});
const phone = (value: string, use: string) => ({ system: 'phone', value, use });

describe('lists by type', () => {
  let truth: Truth;
  let raw: Awaited<ReturnType<typeof openRawVendor>>;
  beforeAll(async () => {
    raw = await openRawVendor();
    truth = await openTruth((config) => {
      config.vendors['clinikapi-main'].baseUrl = raw.url;
      Object.assign(config.vendors['clinikapi-live'], { baseUrl: raw.url, codes: CODES });
    });
  });
  afterAll(async () => {
    await truth.close();
    await raw.close();
  });

  const SPECIALTY = { specialty: { code: '394537008' } };
  const ROWS: readonly [string, Json, string, Json][] = [
    ['two specialties', { specialty: [concept('A', '1'), concept('B', '2')] }, 'unreadable', SPECIALTY],
    ['three as text', { specialty: ['Cardiología', 'Pediatrics', 'Surgery'] }, 'unreadable', SPECIALTY],
    [
      'one of two without a name',
      { specialty: ['Pediatrics', { coding: [{ code: '2' }] }] },
      'unreadable',
      SPECIALTY,
    ],
    ['one with two codings', { specialty: [concept('Cardiología', '1', '2')] }, 'lost_on_update', SPECIALTY],
    [
      'one with a text of its own',
      { specialty: [{ ...concept('Cardiología', '1'), text: 'Heart' }] },
      'lost_on_update',
      SPECIALTY,
    ],
    ['two roles', { code: [concept('A', 'doctor'), concept('B', 'nurse')] }, 'unreadable', { role: 'nurse' }],
    [
      'a role with two codings',
      { code: [concept('A', 'doctor', '17561000')] },
      'lost_on_update',
      { role: 'nurse' },
    ],
    [
      'two phones',
      { telecom: [phone('1', 'work'), phone('2', 'home')] },
      'unreadable',
      { phone: '555 0100' },
    ],
    ['a list of phones', { phone: ['555 0100', '555 0101'] }, 'unreadable', { phone: '555 0102' }],
    [
      'two addresses',
      {
        telecom: [
          { system: 'email', value: 'a@example.test' },
          { system: 'email', value: 'b@example.test' },
        ],
      },
      'unreadable',
      { email: 'c@example.test' },
    ],
    [
      'two organizations',
      { organization: [{ display: 'Northside Clinic' }, { display: 'Southside Clinic' }] },
      'unreadable',
      { organizationId: 'sur' },
    ],
    [
      'an organization without a name',
      { organization: { reference: 'Organization/9' } },
      'unreadable',
      { organizationId: 'sur' },
    ],
    [
      'two locations',
      { location: [{ display: 'Annex' }, { reference: 'Location/2' }] },
      'unreadable',
      { locationId: 'main' },
    ],
    ['a location of no code', { locationName: 'Basement' }, 'unreadable', { locationId: 'main' }],
    [
      'two weeks of which one is all day',
      {
        availableTime: [
          { daysOfWeek: ['mon'], allDay: true },
          { daysOfWeek: ['tue'], allDay: true },
        ],
      },
      'unreadable',
      {
        availableTime: [
          { daysOfWeek: ['mon'], availableStartTime: '08:00:00', availableEndTime: '12:00:00' },
        ],
      },
    ],
  ];

  test.each(ROWS)(
    'live: %s (%j): a read says %s, an update looks first',
    async (_name, members, code, update) => {
      const pointer = `/${Object.keys(update)[0]}`;
      raw.store('pr_def456', members);
      expect(warnings(await truth.vendors.live.get())).toContain(`${pointer} ${code}`);
      raw.store('pr_def456', members);
      const reply = await truth.vendors.live.patch(update);
      expect([reply.status, receipt(reply)]).toEqual([200, [expect.stringContaining(pointer)]]);
      expect(warnings(reply)).toContain(`${pointer} lost_on_update`);
      expect(raw.calls.slice(0, 2)).toEqual(['GET', 'PATCH']);
    },
  );

  test.each<[string, Json, Json]>([
    ['a role', { role: 'doctor' }, { role: 'nurse' }],
    [
      'the same coding twice',
      { specialty: [concept('Cardiología', '1'), concept('Cardiología', '1')] },
      SPECIALTY,
    ],
    ['the same phone twice', { telecom: [phone('1', 'work'), phone('1', 'home')] }, { phone: '555 0100' }],
    ['no phone', { telecom: [] }, { phone: '555 0100' }],
    ['nothing', {}, { email: 'c@example.test' }],
  ])('live: %s: nothing is lost', async (_name, members, update) => {
    raw.store('pr_def456', members);
    const reply = await truth.vendors.live.patch(update);
    expect([reply.status, warnings(reply)]).toEqual([200, []]);
  });

  test.each<[string, Json, string, Json]>([
    [
      'two specialties',
      { specialty: [concept('A', '1'), concept('B', '2')] },
      '/specialty unreadable',
      { specialty: { code: '9', display: 'C' } },
    ],
    [
      'a specialty with two codings',
      { specialty: concept('A', '1', '2') },
      '/specialty lost_on_update',
      { specialty: { code: '9', display: 'C' } },
    ],
    [
      'two roles',
      { code: [concept('A', 'doctor'), concept('B', 'nurse')] },
      '/role unreadable',
      { role: 'nurse' },
    ],
    [
      'two locations',
      { location: [{ reference: 'Location/1' }, { reference: 'Location/2' }] },
      '/locationId unreadable',
      { locationId: '3' },
    ],
  ])(
    'documented: %s (%j): a read says %s, an update makes no extra one',
    async (_name, members, warning, update) => {
      raw.store('pr_abc123', members);
      expect(warnings(await truth.vendors.clinikapi.get())).toContain(warning);
      raw.store('pr_abc123', members);
      expect((await truth.vendors.clinikapi.patch(update)).status).toBe(200);
      expect(raw.calls).toEqual(['PATCH']);
    },
  );
});

describe('what the live ClinikAPI takes by name', () => {
  let truth: Truth;
  beforeAll(async () => {
    truth = await openTruth((config) => {
      config.vendors['clinikapi-live'].codes = CODES;
    });
  });
  afterAll(() => truth.close());
  beforeEach(() => truth.reset());

  test.each<['flat' | 'fhir', Json, Json]>([
    ['fhir', { specialty: { code: '394579002' } }, { specialty: ['Cardiología'] }],
    ['fhir', { specialty: { code: '394579002', display: 'x' } }, { specialty: ['Cardiología'] }],
    [
      'fhir',
      { specialty: { code: ' 394537008' }, role: 'doctor' },
      { specialty: ['Pediatrics'], role: 'doctor' },
    ],
    ['flat', { specialty: { code: '394579002' } }, { specialty: ['Cardiología'] }],
    ['fhir', { organizationId: 'sur' }, { organizationName: 'Southside Clinic' }],
    ['flat', { organizationId: 'sur' }, { organizationName: 'Southside Clinic' }],
    ['fhir', { locationId: 'main' }, { locationName: 'Main Building' }],
    ['flat', { locationId: 'main' }, { locationName: 'Main Building' }],
    [
      'fhir',
      { locationId: 'main', organizationId: 'sur' },
      { locationName: 'Main Building', organizationName: 'Southside Clinic' },
    ],
  ])('shown as %s: %j is sent as %j and read back', async (rendering, update, body) => {
    truth.render(rendering);
    const { live } = truth.vendors;
    const reply = await live.patch(update);
    expect([reply.status, live.sent()]).toEqual([200, [body]]);
    expect(receipt(reply).every((row) => row.endsWith(' verified'))).toBe(true);
    const read = await live.get();
    for (const [name, value] of Object.entries(update)) {
      const shown = read.body.data[name];
      expect(isObject(value) ? shown.code : shown).toBe(isObject(value) ? String(value.code).trim() : value);
    }
  });

  test.each<[Json, string, unknown]>([
    [
      { specialties: [{ display: 'Cardiologi\u0301a' }] },
      'specialty',
      { code: '394579002', system: 'http://snomed.info/sct' },
    ],
    [
      { specialties: [{ display: ' pediatrics ' }] },
      'specialty',
      { code: '394537008', system: 'http://snomed.info/sct' },
    ],
    [
      { specialties: [{ code: '1', display: 'PEDIATRICS' }] },
      'specialty',
      { code: '394537008', system: 'http://snomed.info/sct' },
    ],
    [{ specialties: [] }, 'specialty', undefined],
    [{ organizationName: 'northside  clinic' }, 'organizationId', 'norte'],
    [{ locationName: 'ANNEX' }, 'locationId', 'annex'],
    [{ locationName: 'Annexe' }, 'locationId', undefined],
  ])('stored %j: %s reads as %j', async (stored, name, value) => {
    truth.render('fhir');
    truth.vendors.live.store(stored);
    expect((await truth.vendors.live.get()).body.data[name]).toEqual(value);
  });

  test.each<[Json, string]>([
    [{ specialty: { code: '1' } }, '/specialty/code'],
    [{ organizationId: 'org_north1' }, '/organizationId'],
    [{ locationId: 'Main Building' }, '/locationId'],
  ])('%j has no name', async (update, pointer) => {
    const reply = await truth.vendors.live.patch(update);
    expect([reply.status, reply.body.errors]).toMatchObject([422, [{ pointer, code: 'unmapped_code' }]]);
    expect(truth.vendors.live.sent()).toEqual([]);
  });
});
