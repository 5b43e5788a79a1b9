/** FHIR R4 end to end: the gateway before a FHIR server, receipts held against what the server stores. */
import type { Json } from '../../sandbox/fhir/store';
import { type FhirStage, openFhirStage, PRACTITIONER, ROLE } from '../support/fhirStage';
import { complaints, form, receipt, warnings } from '../support/truth';

let stage: FhirStage;
beforeAll(async () => {
  stage = await openFhirStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.sandbox.reset());

const role = async (): Promise<Json> => (await stage.sandbox.state.get('PractitionerRole', ROLE)) ?? {};
const person = async (): Promise<Json> => (await stage.sandbox.state.get('Practitioner', PRACTITIONER)) ?? {};
const calls = () => stage.sandbox.log.map(({ method, path }) => `${method} ${path.split('/')[3]}`);

/** A resource without what the server stamps on it. */
function unstamped({ meta: _, ...resource }: Json): Json {
  return resource;
}

const SNOMED = 'http://snomed.info/sct';
const ROLES = 'http://terminology.hl7.org/CodeSystem/practitioner-role';
const BLOCK = { daysOfWeek: ['tue'], availableStartTime: '09:00:00', availableEndTime: '10:00:00' };

/** Every field: the update, the member of the resource that changes, and what it is then. */
const CELLS: readonly [
  name: string,
  patch: Json,
  resource: 'role' | 'person',
  change: (stored: Json) => Json,
][] = [
  ['status', { status: 'inactive' }, 'role', (stored) => ({ ...stored, active: false })],
  [
    'role',
    { role: 'nurse' },
    'role',
    (stored) => ({ ...stored, code: [{ coding: [{ system: ROLES, code: 'nurse' }] }] }),
  ],
  [
    'specialty',
    { specialty: { code: '394537008', display: 'Pediatrics' } },
    'role',
    (stored) => ({
      ...stored,
      specialty: [{ coding: [{ system: SNOMED, code: '394537008', display: 'Pediatrics' }] }],
    }),
  ],
  [
    'specialty of another system',
    { specialty: { code: '207Q', system: 'http://nucc.org/provider-taxonomy' } },
    'role',
    (stored) => ({
      ...stored,
      specialty: [{ coding: [{ system: 'http://nucc.org/provider-taxonomy', code: '207Q' }] }],
    }),
  ],
  [
    'organizationId',
    { organizationId: 'org-south' },
    'role',
    (stored) => ({ ...stored, organization: { reference: 'Organization/org-south' } }),
  ],
  [
    'locationId',
    { locationId: 'loc-annex' },
    'role',
    (stored) => ({ ...stored, location: [{ reference: 'Location/loc-annex' }] }),
  ],
  [
    'one bound of period',
    { period: { end: '2027-01-31' } },
    'role',
    (stored) => ({ ...stored, period: { start: '2024-01-01', end: '2027-01-31' } }),
  ],
  [
    'availableTime',
    {
      availableTime: [
        BLOCK,
        ...[{ ...BLOCK, daysOfWeek: ['wed', 'mon'], availableStartTime: '8:00', availableEndTime: '12:00' }],
      ],
    },
    'role',
    (stored) => ({ ...stored, availableTime: [stored.availableTime[0], BLOCK] }),
  ],
  [
    'name',
    { name: { given: 'Ana', family: 'Núñez' } },
    'person',
    (stored) => ({
      ...stored,
      name: [stored.name[0], { use: 'official', family: 'Núñez', given: ['Ana'], prefix: ['Dr.'] }],
    }),
  ],
  [
    'nationalId',
    { nationalId: '28333444' },
    'person',
    (stored) => ({
      ...stored,
      identifier: [{ ...stored.identifier[0], value: '28333444' }, stored.identifier[1]],
    }),
  ],
  ['birthDate', { birthDate: '1990-02-28' }, 'person', (stored) => ({ ...stored, birthDate: '1990-02-28' })],
  ['gender', { gender: 'other' }, 'person', (stored) => ({ ...stored, gender: 'other' })],
  [
    'address.text',
    { address: { text: 'Calle 7 100, La Plata' } },
    'person',
    (stored) => ({
      ...stored,
      address: [{ use: 'work', text: 'Calle 7 100, La Plata' }, stored.address[1]],
    }),
  ],
  [
    'phone',
    { phone: '+54 11 9999-0000' },
    'person',
    (stored) => ({
      ...stored,
      telecom: stored.telecom.map((point: Json) =>
        point.use === 'work' && point.system === 'phone' ? { ...point, value: '+54 11 9999-0000' } : point,
      ),
    }),
  ],
  [
    'email',
    { email: 'ana@example.test' },
    'person',
    (stored) => ({
      ...stored,
      telecom: stored.telecom.map((point: Json) =>
        point.system === 'email' ? { ...point, value: 'ana@example.test' } : point,
      ),
    }),
  ],
];

test.each(CELLS)(
  '%s is stored, with all else as it was, and read back',
  async (_name, patch, resource, change) => {
    const before = { role: await role(), person: await person() };
    const reply = await stage.patch(patch);
    expect([reply.status, receipt(reply)]).toEqual([
      200,
      Object.keys(patch).map((key) => `/${key} verified`),
    ]);
    const after = { role: await role(), person: await person() };
    const other = resource === 'role' ? 'person' : 'role';
    expect(after[other]).toEqual(before[other]);
    expect(JSON.stringify(unstamped(after[resource]))).toBe(
      JSON.stringify(unstamped(change(before[resource]))),
    );
    expect(stage.sandbox.writes).toBe(1);
    expect((await stage.get()).body.data).toMatchObject(reply.body.data);
  },
);

test.each<[name: string, patch: Json, resource: 'role' | 'person', member: string]>([
  ['role', { role: null }, 'role', 'code'],
  ['specialty', { specialty: null }, 'role', 'specialty'],
  ['organizationId', { organizationId: null }, 'role', 'organization'],
  ['locationId', { locationId: null }, 'role', 'location'],
  ['period', { period: null }, 'role', 'period'],
  ['availableTime', { availableTime: [] }, 'role', 'availableTime'],
  ['birthDate', { birthDate: null }, 'person', 'birthDate'],
  ['gender', { gender: null }, 'person', 'gender'],
])('%s is emptied by taking the element away', async (_name, patch, resource, member) => {
  const reply = await stage.patch(patch);
  expect([reply.status, receipt(reply)]).toEqual([200, Object.keys(patch).map((key) => `/${key} verified`)]);
  const stored = resource === 'role' ? await role() : await person();
  expect(Object.keys(stored)).not.toContain(member);
});

test('of several telephones, names and addresses none is taken away unseen', async () => {
  expect(complaints(await stage.patch({ phone: null }))).toEqual(['/phone not_clearable']);
  expect(complaints(await stage.patch({ address: { text: null } }))).toEqual(['/address/text not_clearable']);
  expect(stage.sandbox.writes).toBe(0);
  expect((await stage.patch({ email: null, nationalId: null })).status).toBe(200);
  const { telecom, identifier } = await person();
  expect([telecom.length, identifier.length]).toEqual([3, 1]);
});

test('an update over both resources is two writes and one receipt', async () => {
  const reply = await stage.patch({ status: 'inactive', gender: 'other', role: 'doctor' });
  expect(receipt(reply)).toEqual(['/status verified', '/gender verified', '/role unchanged']);
  expect(calls()).toEqual([
    'GET PractitionerRole',
    'GET Practitioner',
    'PUT PractitionerRole',
    'PUT Practitioner',
  ]);
});

test('what a form sends back as it was shown writes nothing', async () => {
  const shown = await stage.get();
  const reply = await stage.patch(form(shown));
  expect(receipt(reply).filter((row) => !row.endsWith('unchanged'))).toEqual([]);
  expect(stage.sandbox.writes).toBe(0);
});

test.each<[name: string, resource: 'role' | 'person', stored: Json, pointer: string]>([
  ['a partial date of birth', 'person', { birthDate: '1985-03' }, '/birthDate'],
  ['a year of birth', 'person', { birthDate: '1985' }, '/birthDate'],
  ['a name that is text only', 'person', { name: [{ text: 'Dana Example' }] }, '/name/family'],
  [
    'two national ids',
    'person',
    { identifier: ['1', '2'].map((value) => ({ system: 'urn:oid:2.16.32.5.3', value: `3011122${value}` })) },
    '/nationalId',
  ],
  ['another gender', 'person', { gender: 'diverse' }, '/gender'],
  [
    'two specialties',
    'role',
    { specialty: ['1', '2'].map((code) => ({ coding: [{ code }] })) },
    '/specialty',
  ],
  ['a specialty in words', 'role', { specialty: [{ text: 'Cardiology' }] }, '/specialty'],
  ['a role in words', 'role', { code: [{ text: 'Consultant' }] }, '/role'],
  [
    'two locations',
    'role',
    { location: ['a', 'b'].map((id) => ({ reference: `Location/${id}` })) },
    '/locationId',
  ],
  [
    'an organization elsewhere',
    'role',
    { organization: { reference: 'https://other.example.test/Organization/1' } },
    '/organizationId',
  ],
  [
    'an organization without an address',
    'role',
    { organization: { display: 'Northside' } },
    '/organizationId',
  ],
  ['a part of a period', 'role', { period: { start: '2024' } }, '/period'],
  ['a whole day', 'role', { availableTime: [{ daysOfWeek: ['mon'], allDay: true }] }, '/availableTime'],
])('%s is unreadable, and told', async (_name, resource, members, pointer) => {
  const [type, id] =
    resource === 'role' ? (['PractitionerRole', ROLE] as const) : (['Practitioner', PRACTITIONER] as const);
  await stage.sandbox.state.change(type, id, (stored) => ({ ...stored, ...members }));
  const reply = await stage.get();
  expect(warnings(reply)).toContain(`${pointer} unreadable`);
  // It goes back as it is stored if another field changes.
  await stage.patch(resource === 'role' ? { status: 'inactive' } : { email: 'ana@example.test' });
  expect(await stage.sandbox.state.get(type, id)).toMatchObject(members);
});

test('an address in parts is read, and only read', async () => {
  await stage.sandbox.state.change('Practitioner', PRACTITIONER, (stored) => ({
    ...stored,
    address: [{ line: ['Calle 7 100', 'Piso 2'], city: 'La Plata' }],
  }));
  const shown = await stage.get();
  expect(shown.body.data.address).toEqual({ text: 'Calle 7 100, Piso 2' });
  expect(receipt(await stage.patch({ address: shown.body.data.address }))).toEqual(['/address unchanged']);
  expect(complaints(await stage.patch({ address: { text: 'Calle 8' } }))).toEqual([
    '/address/text not_expressible',
  ]);
});

test('the work telephone comes before the one at home, and what is old counts for nothing', async () => {
  const show = async (telecom: Json[], name: Json[] = []) => {
    await stage.sandbox.state.change('Practitioner', PRACTITIONER, (stored) => ({
      ...stored,
      telecom,
      name,
    }));
    const { phone, name: shown } = (await stage.get()).body.data;
    return [phone, shown.family];
  };
  const phone = (value: string, rest: Json) => ({ system: 'phone', value, ...rest });
  const [home, work] = [phone('111', { use: 'home' }), phone('222', { use: 'work' })];
  expect(await show([home, work])).toEqual(['222', null]);
  expect(
    await show([
      { ...home, rank: 1 },
      { ...work, rank: 2 },
    ]),
  ).toEqual(['111', null]);
  expect(
    await show(
      [{ ...work, use: 'old' }, { ...work, value: '333', period: { end: '2020-01-01' } }, home],
      [
        { use: 'maiden', family: 'A' },
        { family: 'B', period: { end: '2020' } },
        { family: 'C' },
        { use: 'official', family: 'D' },
      ],
    ),
  ).toEqual(['111', 'D']);
});

test('unknown members, orders and digits of numbers survive byte for byte', async () => {
  stage.sandbox.state.settings.validates = false;
  for (const [type, id, patch, from, to] of [
    ['PractitionerRole', ROLE, { status: 'inactive' }, '"active":true', '"active":false'],
    ['Practitioner', PRACTITIONER, { gender: 'other' }, '"gender":"female"', '"gender":"other"'],
  ] as const) {
    const text = (await stage.sandbox.state.text(type, id)) ?? '';
    const odd = `{"zeta":[1.50,1e2,12345678901234567890,-0.0,0.1000,-0,1E-7,"1.50",null,{"z":1,"a":2}],${text.slice(1)}`;
    stage.sandbox.state.set(odd);
    expect(await stage.patch(patch)).toMatchObject({ status: 200 });
    const sent = stage.sandbox.log.findLast(({ method }) => method === 'PUT');
    expect(sent?.path).toContain(type);
    const meta = /"meta":\{[^}]*\}/;
    expect((await stage.sandbox.state.text(type, id))?.replace(meta, '')).toBe(
      odd.replace(from, to).replace(meta, ''),
    );
  }
});

describe('versions', () => {
  const meanwhile = (change: (stored: Json) => Json, times = 1) =>
    stage.sandbox.faults.next(
      {
        kind: 'hook',
        when: 'commit',
        run: () => stage.sandbox.state.change('PractitionerRole', ROLE, change),
      },
      { method: 'PUT', times },
    );

  test.each([412, 409] as const)('a stale one (%d) is read, merged and written once more', async (status) => {
    stage.sandbox.state.settings.staleStatus = status;
    meanwhile((stored) => ({ ...stored, availabilityExceptions: 'Added meanwhile' }));
    const reply = await stage.patch({ status: 'inactive' });
    expect([reply.status, receipt(reply)]).toEqual([200, ['/status verified']]);
    expect(await role()).toMatchObject({ active: false, availabilityExceptions: 'Added meanwhile' });
    expect(calls().filter((call) => call.startsWith('PUT'))).toHaveLength(2);
  });

  test('the same field changed by somebody else is a conflict', async () => {
    meanwhile((stored) => ({ ...stored, active: false, code: [{ coding: [{ code: 'ict' }] }] }));
    const reply = await stage.patch({ role: 'nurse' });
    expect(reply).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'not_applied' } });
    expect(complaints(reply)).toEqual(['/role changed_meanwhile']);
    expect((await role()).code[0].coding[0].code).toBe('ict');
  });

  test('a second stale one is a conflict', async () => {
    let count = 0;
    meanwhile((stored) => ({ ...stored, availabilityExceptions: String(count++) }), 2);
    expect(await stage.patch({ role: 'nurse' })).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(stage.sandbox.writes).toBe(0);
  });

  test('a taken value is no stale version', async () => {
    const body = {
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'duplicate',
          diagnostics: 'Dana Example has it',
          expression: ['Practitioner.identifier[0].value'],
        },
      ],
    };
    stage.sandbox.faults.next({ kind: 'answer', status: 409, body }, { method: 'PUT' });
    const reply = await stage.patch({ nationalId: '28333444' });
    expect([reply.status, complaints(reply)]).toEqual([409, ['/nationalId already_taken']]);
    expect(JSON.stringify(reply.body)).not.toContain('Dana');
    expect(calls().filter((call) => call.startsWith('PUT'))).toHaveLength(1);
  });
});

test('a national id that is stored in groups is shown, found and kept as the number that it is', async () => {
  const { system } = (await person()).identifier[0];
  const identifier = [{ system, value: '30.111.222' }];
  await stage.sandbox.state.change('Practitioner', PRACTITIONER, (stored) => ({ ...stored, identifier }));
  expect((await stage.get()).body.data.nationalId).toBe('30111222');
  for (const asked of ['30111222', '30.111.222']) {
    const headers = { 'cache-control': 'no-cache' };
    const { body } = await stage.call('GET', `/staff?nationalId=${asked}`, undefined, headers);
    expect(body.data.map(({ id }: { id: string }) => id)).toContain(ROLE);
  }
  expect(receipt(await stage.patch({ nationalId: '30111222' }))).toEqual(['/nationalId unchanged']);
  expect((await person()).identifier).toEqual(identifier);
});

test.each(['1"', '1\r\nx-more: 1', 'versión'])(
  'a version that no header can carry: %j',
  async (versionId) => {
    const body = { ...(await role()), meta: { versionId } };
    stage.sandbox.faults.add({ kind: 'answer', status: 200, body }, { method: 'GET', path: /Role\/role/ });
    const reply = await stage.patch({ status: 'inactive' });
    stage.sandbox.faults.clear();
    expect(reply).toMatchObject({
      status: 502,
      body: { code: 'vendor_unexpected_response', outcome: 'not_applied' },
    });
  },
);

test.each(['..', '.'])('a reference to %j leads nowhere, and nothing is asked for there', async (id) => {
  await stage.sandbox.state.change('PractitionerRole', ROLE, (stored) => ({
    ...stored,
    practitioner: { reference: `Practitioner/${id}` },
  }));
  expect(complaints(await stage.patch({ gender: 'other' }))).toEqual(['/gender stored_value_invalid']);
  expect(calls()).toEqual(['GET PractitionerRole']);
});

test.each(['nothing', 'outcome'] as const)(
  'an answer with %s in it is followed by a read',
  async (answers) => {
    stage.sandbox.state.settings.answersUpdates = answers;
    const reply = await stage.patch({ status: 'inactive', gender: 'male' });
    expect([reply.status, receipt(reply)]).toEqual([200, ['/status verified', '/gender verified']]);
    stage.sandbox.faults.next({ kind: 'no-effect' }, { method: 'PUT' });
    expect(await stage.patch({ status: 'active' })).toMatchObject({
      status: 502,
      body: { code: 'write_not_confirmed' },
    });
  },
);

test('issues point at the fields that they are about, and nothing of the server’s words is told', async () => {
  const issue = (code: string, ...expression: string[]) => ({
    severity: 'error',
    code,
    diagnostics: 'Dana Example, born 1985-03-15',
    ...(expression.length > 0 && { expression }),
  });
  const body = {
    resourceType: 'OperationOutcome',
    issue: [
      issue('value', 'Practitioner.telecom[1].value'),
      issue('too-long', 'Practitioner.name[1].family'),
      issue('required', 'Practitioner.name[1].given[0]'),
      issue('business-rule', 'Practitioner.birthDate'),
      { ...issue('processing', 'Practitioner.gender'), severity: 'warning' },
    ],
  };
  stage.sandbox.faults.next({ kind: 'answer', status: 422, body }, { method: 'PUT' });
  const reply = await stage.patch({
    phone: '+54 11 1',
    name: { given: 'A', family: 'B' },
    birthDate: '1990-01-01',
  });
  expect(reply).toMatchObject({ status: 422, body: { code: 'vendor_rejected', outcome: 'not_applied' } });
  expect(complaints(reply).sort()).toEqual([
    '/birthDate rule_violated',
    '/name/family too_long',
    '/name/given required',
    '/phone invalid_format',
  ]);
  expect(JSON.stringify(reply.body)).not.toMatch(/Dana|1985/);
});

test('the server judges what is sent as the standard does', async () => {
  const reply = await stage.patch({ specialty: { code: 'a b', display: 'x' }, status: 'inactive' });
  expect(reply.status).toBe(200);
  await stage.sandbox.state.change('Practitioner', PRACTITIONER, (stored) => ({ ...stored, favourite: 1 }));
  const refused = await stage.patch({ gender: 'male' });
  expect(refused).toMatchObject({ status: 422, body: { outcome: 'not_applied' } });
  expect(JSON.stringify(refused.body)).not.toContain('favourite');
});

test('the list is read over all pages, with the people beside their roles', async () => {
  Object.assign(stage.sandbox.state.settings, { largestPage: 1, outcomeRows: true });
  for (const nextPages of ['same-path', 'other-path', 'relative'] as const) {
    stage.sandbox.state.settings.nextPages = nextPages;
    const { body } = await stage.call('GET', '/staff', undefined, { 'cache-control': 'no-cache' });
    expect(body.meta.total).toBe(3);
    expect(body.data.map((row: Json) => `${row.id} ${row.name.family}`)).toEqual([
      'role-abc123 Example',
      'role-def456 Sample',
      'role-ghi789 Example',
    ]);
  }
  stage.sandbox.state.settings.nextPages = 'other-origin';
  const { status, body } = await stage.call('GET', '/staff', undefined, { 'cache-control': 'no-cache' });
  expect([status, body.code]).toEqual([503, 'vendor_unavailable']);
});
