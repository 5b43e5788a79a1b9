/** Each vendor document's own example, from the caller's PATCH to the vendor's body, and the answer that tells what became of it. */
import { FACILITY, KEYS, openStage, RECORDS, type Stage } from '../support/stage';

type Exchange = Stage['clinikapi']['log'][number];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ cobalt: { logLimit: 100 } });
});
afterAll(() => stage.close());
beforeEach(() => {
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
});

function writesIn(log: readonly Exchange[]): Exchange[] {
  return log.filter((exchange) => exchange.method !== 'GET');
}

/** The one write that the vendor received. */
function theWrite(log: readonly Exchange[]): Exchange {
  const [write, ...more] = writesIn(log);
  if (write === undefined || more.length > 0)
    throw new Error(`expected one write, got ${more.length + (write ? 1 : 0)}`);
  return write;
}

const meta = (vendor: keyof typeof RECORDS, clinic: string, receipt: object[]) => ({
  requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  clinic,
  vendor,
  vendorRecordId: RECORDS[vendor],
  receipt,
  warnings: [],
});

describe('ClinikAPI', () => {
  test('update specialty', async () => {
    const reply = await stage.patch(KEYS.north, {
      specialty: { code: '394819006', display: 'Interventional Cardiology' },
    });

    const write = theWrite(stage.clinikapi.log);
    expect(write.method).toBe('PATCH');
    expect(write.path).toBe('/v1/practitioner-roles/pr_abc123');
    expect(write.body).toStrictEqual({
      specialty: { code: '394819006', display: 'Interventional Cardiology' },
    });
    expect(write.headers['content-type']).toBe('application/json');
    expect(stage.clinikapi.log).toHaveLength(1);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({
      data: {
        id: 'st-1',
        status: 'active',
        role: 'doctor',
        specialty: {
          code: '394819006',
          display: 'Interventional Cardiology',
          system: 'http://snomed.info/sct',
        },
        period: { start: '2024-01-01' },
      },
      meta: meta('clinikapi-main', 'north', [{ pointer: '/specialty', outcome: 'verified' }]),
    });
    expect(stage.clinikapi.state.roles.get('pr_abc123')?.specialties).toEqual([
      { code: '394819006', display: 'Interventional Cardiology' },
    ]);
  });

  test('deactivate a role', async () => {
    const body = { status: 'inactive', period: { start: '2024-01-01', end: '2025-12-31' } };
    const reply = await stage.patch(KEYS.north, body);

    expect(theWrite(stage.clinikapi.log).body).toStrictEqual(body);
    expect(stage.clinikapi.log).toHaveLength(1);
    expect(reply.status).toBe(200);
    expect(reply.body.data).toMatchObject({ id: 'st-1', ...body });
    expect(reply.body.meta).toEqual(
      meta('clinikapi-main', 'north', [
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/period', outcome: 'verified' },
      ]),
    );
    expect(stage.clinikapi.state.roles.get('pr_abc123')).toMatchObject(body);
  });
});

describe('Vitalis', () => {
  /** The document's body; its e-mail address is masked there. */
  const documented = {
    name: 'Juan',
    surname: 'Pérez García',
    dni: '12345678',
    birthdate: '1985-03-15',
    gender: 'Masculino',
    address: 'Av. Corrientes 5678, Buenos Aires',
    phone: '+54 11 9876-5432',
    email: 'juan.perez@example.test',
    specialityID: 1,
    state: 'Activo/a',
  };
  const canonical = {
    name: { given: 'Juan', family: 'Pérez García' },
    nationalId: '12345678',
    birthDate: '1985-03-15',
    gender: 'male',
    address: { text: 'Av. Corrientes 5678, Buenos Aires' },
    phone: '+54 11 9876-5432',
    email: 'juan.perez@example.test',
    specialty: { code: '394579002' },
    status: 'active',
  };

  test('the example body as canonical fields', async () => {
    const reply = await stage.patch(KEYS.centro, canonical);

    const write = theWrite(stage.vitalis.log);
    expect(write.path).toBe('/professionals/1');
    expect(write.headers.authorization).toMatch(/^Bearer \S+$/);
    expect(write.body).toStrictEqual(documented);
    expect(reply.status).toBe(200);
    expect(reply.body.data).toEqual({
      ...canonical,
      id: 'st-1',
      specialty: { code: '394579002', system: 'http://snomed.info/sct' },
    });
    expect(reply.body.meta).toEqual(
      meta('vitalis-centro', 'centro', [
        { pointer: '/status', outcome: 'unchanged' },
        { pointer: '/name', outcome: 'verified' },
        { pointer: '/nationalId', outcome: 'verified' },
        { pointer: '/birthDate', outcome: 'unchanged' },
        { pointer: '/gender', outcome: 'unchanged' },
        { pointer: '/address', outcome: 'verified' },
        { pointer: '/phone', outcome: 'verified' },
        { pointer: '/email', outcome: 'unchanged' },
        { pointer: '/specialty', outcome: 'unchanged' },
      ]),
    );
    expect(stage.vitalis.state.professionals.get(1)).toMatchObject({
      ...documented,
      dni: 12345678,
      birthdate: '1985-03-15T00:00:00.000Z',
    });
  });

  test('on-leave is Licencia, and nothing else of the record moves', async () => {
    const before = stage.vitalis.state.professionals.get(1);
    const reply = await stage.patch(KEYS.centro, { status: 'on-leave' });

    expect(theWrite(stage.vitalis.log).body).toMatchObject({ state: 'Licencia' });
    expect(reply.status).toBe(200);
    expect(reply.body.data.status).toBe('on-leave');
    expect(reply.body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    expect(stage.vitalis.state.professionals.get(1)).toEqual({
      ...before,
      state: 'Licencia',
      updatedAt: expect.any(String),
    });
  });
});

describe('Cobalt', () => {
  const period = { start: '2025-11-13', end: '2026-11-13' };
  const canonical = {
    status: 'active',
    availableTime: [
      {
        daysOfWeek: ['Monday'],
        availableStartTime: '9:00',
        availableEndTime: '18:00',
        locationId: 'centro',
        period,
      },
      {
        daysOfWeek: ['tue'],
        availableStartTime: '08:00',
        availableEndTime: '17:00',
        locationId: FACILITY,
        period,
      },
    ],
  };
  const dates = { set_start_date: '2025-11-13T00:00:00', set_end_date: '2026-11-13T00:00:00' };
  const documented = {
    status: 'active',
    hours: [
      { day: 'Monday', shifts: [{ start: 'T09:00:00', end: 'T18:00:00', facility_id: FACILITY, ...dates }] },
      { day: 'Tuesday', shifts: [{ start: 'T08:00:00', end: 'T17:00:00', facility_id: FACILITY, ...dates }] },
    ],
  };

  test('two days of hours', async () => {
    const reply = await stage.patch(KEYS.south, canonical);

    const write = theWrite(stage.cobalt.log);
    expect(write.path).toBe(`/v1/providers/${RECORDS['cobalt-main']}`);
    expect(write.body).toStrictEqual(documented);
    expect(Object.keys(write.headers)).toEqual(
      expect.arrayContaining(['client_id', 'client_secret', 'access_token']),
    );
    expect(reply.status).toBe(200);
    expect(reply.body.data).toEqual({
      id: 'st-1',
      status: 'active',
      availableTime: [
        {
          daysOfWeek: ['mon'],
          availableStartTime: '09:00:00',
          availableEndTime: '18:00:00',
          locationId: 'centro',
          period,
        },
        {
          daysOfWeek: ['tue'],
          availableStartTime: '08:00:00',
          availableEndTime: '17:00:00',
          locationId: 'centro',
          period,
        },
      ],
    });
    expect(reply.body.meta).toEqual(
      meta('cobalt-main', 'south', [
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/availableTime', outcome: 'verified' },
      ]),
    );
    expect(stage.cobalt.state.providers.get(RECORDS['cobalt-main'])).toMatchObject(documented);
  });

  test('a list without blocks is an empty week', async () => {
    const reply = await stage.patch(KEYS.south, { availableTime: [] });

    expect(theWrite(stage.cobalt.log).body).toStrictEqual({ hours: [] });
    expect(reply.status).toBe(200);
    expect(reply.body.meta.receipt).toEqual([{ pointer: '/availableTime', outcome: 'verified' }]);
    expect(stage.cobalt.state.providers.get(RECORDS['cobalt-main'])?.hours).toEqual([]);
  });
});

describe.each([
  {
    title: 'ClinikAPI',
    key: KEYS.north,
    sandbox: () => stage.clinikapi,
    record: () => stage.clinikapi.state.roles.get('pr_abc123'),
    other: { role: 'nurse' },
  },
  {
    title: 'Cobalt',
    key: KEYS.south,
    sandbox: () => stage.cobalt,
    record: () => stage.cobalt.state.providers.get(RECORDS['cobalt-main']),
    other: {
      availableTime: [{ daysOfWeek: ['fri'], availableStartTime: '09:00:00', availableEndTime: '10:00:00' }],
    },
  },
])('on-leave on $title, which knows none', ({ title, key, sandbox, record, other }) => {
  test('strict: 422, nothing sent', async () => {
    const before = record();
    const reply = await stage.patch(key, { status: 'on-leave', ...other });
    expect(reply.status).toBe(422);
    expect(reply.body).toMatchObject({ code: 'unsupported_field', detail: expect.stringContaining(title) });
    expect(reply.body.errors).toEqual([
      { pointer: '/status', code: 'unsupported_field', detail: expect.stringContaining('leave') },
    ]);
    expect(sandbox().log).toEqual([]);
    expect(record()).toEqual(before);
  });

  test('lenient with another field: dropped, the other one lands', async () => {
    const { status } = Object(record());
    const reply = await stage.patch(key, { status: 'on-leave', ...other }, { prefer: 'handling=lenient' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('preference-applied')).toBe('handling=lenient');
    expect(reply.body.meta.receipt).toEqual([
      { pointer: '/status', outcome: 'dropped', detail: expect.stringContaining('leave') },
      { pointer: `/${Object.keys(other)[0]}`, outcome: 'verified' },
    ]);
    expect(reply.body.data.status).toBe(status);
    expect(Object.keys(Object(theWrite(sandbox().log).body))).toHaveLength(1);
    expect(Object(record()).status).toBe(status);
  });

  test('lenient with nothing left: 422, nothing sent', async () => {
    const reply = await stage.patch(key, { status: 'on-leave' }, { prefer: 'handling=lenient' });
    expect(reply.status).toBe(422);
    expect(reply.body.code).toBe('unsupported_field');
    expect(reply.body.errors).toHaveLength(1);
    expect(sandbox().log).toEqual([]);
  });
});
