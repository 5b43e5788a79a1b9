import { request as httpRequest } from 'node:http';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import type { Listening } from '../../sandbox/kit';
import { createVitalisSandbox } from '../../sandbox/vitalis';

/**
 * What the real Vitalis backend does with values, ids and queries that nobody expects (vitalis.md, the rows marked
 * [Cr]): express-validator judges, Sequelize refuses or converts, SQLite's columns have an affinity.
 */

const STAMP = '2026-11-22T12:00:00.000Z';
const sandbox = createVitalisSandbox({ dialect: 'code', now: () => Date.parse(STAMP) });
let listening: Listening;

beforeAll(async () => {
  listening = await sandbox.listen();
});
beforeEach(() => sandbox.reset());
afterAll(() => listening.close());

const ADMIN = { 'x-token': SANDBOX_CREDENTIALS.vitalis.staticAdminToken };
const JUAN = {
  name: 'Juan',
  surname: 'Pérez',
  dni: 30111222,
  birthdate: '1985-03-15',
  gender: 'Masculino',
  address: 'Av. Corrientes 1234, Buenos Aires',
  phone: '+54 11 4567-8901',
  email: 'juan.perez@example.test',
  specialityID: 1,
  state: 'Activo/a',
};
const NEW = { ...JUAN, dni: '39999999', email: 'nuevo@example.test' };
const HOURS = { professionalID: 4, dayOfWeek: 1, startTime: '08:00', endTime: '12:00' };
const ACCOUNT = { name: 'Nora', surname: 'Nueva', email: 'nora@example.test', password: 'secret-1' };

interface Answer {
  status: number;
  text: string;
  body: unknown;
}

/** Node's own client: it sends a path as it is given. */
function call(
  route: string,
  body?: unknown,
  headers: Record<string, string> = ADMIN,
  base = listening.url,
): Promise<Answer> {
  const [method = 'GET', path = ''] = route.split(' ');
  const sent = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const type = sent === undefined ? {} : { 'content-type': 'application/json' };
    const request = httpRequest(
      { hostname, port, method, path, headers: { ...type, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = response.headers['content-type']?.startsWith('application/json');
          resolve({ status: response.statusCode ?? 0, text, body: isJson ? JSON.parse(text) : text });
        });
      },
    );
    request.on('error', reject);
    request.end(sent);
  });
}

/** The nested list of what failed; a value that is not given here must be absent. */
function refused(...errors: [path: string, msg: string, value?: unknown, location?: string][]): object {
  return {
    errors: {
      errors: errors.map(([path, msg, value, location = 'body']) => ({
        type: 'field',
        ...(value === undefined ? {} : { value }),
        msg,
        path,
        location,
      })),
    },
  };
}

const SERVER_ERROR = { msg: 'Error del servidor' };

describe('ids', () => {
  const found = ['1', '01', '001', '+1', '%2B1', '%201', '1%20', '1%09', '1.0', '1.', '1e0', '.1e1', '10e-1'];
  const absent = ['0x1', '0b1', '1.5', '-1', '0', '9999', 'Infinity', '1e400', '%C2%A01'];
  const words = ['abc', '1_', '1,2', '1e', "'1", 'NaN', 'undefined', '%EF%BC%91'];

  test.each([
    ...found.map((id) => ({ id, read: 200, write: 200 })),
    // SQLite compares the text, JavaScript only looks whether it is a number.
    ...absent.map((id) => ({ id, read: 404, write: 404 })),
    ...words.map((id) => ({ id, read: 404, write: 400 })),
    { id: '1%00', read: 500, write: 400 },
  ])('$id: GET $read, PATCH $write', async ({ id, read, write }) => {
    const before = sandbox.state.professionals.all();
    for (const list of ['professionals', 'specialities', 'work_schedules']) {
      expect([list, (await call(`GET /${list}/${id}`)).status]).toEqual([list, read]);
    }
    const body = { ...JUAN, dni: '39999999' };
    expect((await call(`PATCH /professionals/${id}`, body)).status).toBe(write);
    const speciality = { name: 'Cirugía', state: 'Activa' };
    expect((await call(`PATCH /specialities/${id}`, speciality)).status).toBe(write);
    if (write === 200) return expect(sandbox.state.professionals.get(1)?.dni).toBe(39999999);
    expect(sandbox.state.professionals.all()).toEqual(before);
    expect(sandbox.writes).toBe(0);
  });

  test.each([
    ...['1', '01', '+1', '%2B1'].map((id) => ({ id, status: 200 })),
    ...['999', '-1', '0'].map((id) => ({ id, status: 404 })),
    ...['abc', '1.0', '1e0', '0x1', '%201', '1%20', '1%0A'].map((id) => ({ id, status: 400 })),
  ])('PATCH of the hours $id: $status', async ({ id, status }) => {
    const answer = await call(`PATCH /work_schedules/${id}`, { ...HOURS, professionalID: 1 });
    expect(answer.status).toBe(status);
    if (status !== 400) return;
    expect(answer.body).toEqual(refused(['id', 'ID inválido', decodeURIComponent(id), 'params']));
  });

  test('a path that is no UTF-8', async () => {
    expect(await call('GET /professionals/%')).toMatchObject({ status: 400 });
  });
});

describe('values of a professional', () => {
  test.each<{ change: Record<string, unknown>; stored: Record<string, unknown> }>([
    { change: { dni: {} }, stored: { dni: '[object Object]' } },
    { change: { dni: { a: 1 } }, stored: { dni: '[object Object]' } },
    { change: { dni: ['30111222'] }, stored: { dni: 30111222 } },
    { change: { dni: [] }, stored: { dni: '' } },
    { change: { dni: '030111222' }, stored: { dni: 30111222 } },
    { change: { dni: '30111222.0' }, stored: { dni: 30111222 } },
    { change: { dni: ' 30111222' }, stored: { dni: 30111222 } },
    { change: { dni: '\u00a030111222' }, stored: { dni: '\u00a030111222' } },
    { change: { dni: 30111222.5 }, stored: { dni: 30111222.5 } },
    { change: { dni: '9007199254740993' }, stored: { dni: 9007199254740992 } },
    { change: { name: 7 }, stored: { name: '7' } },
    { change: { name: true }, stored: { name: '1' } },
    { change: { name: false }, stored: { name: '0' } },
    { change: { name: 1.5 }, stored: { name: '1.5' } },
    { change: { surname: 12345678901 }, stored: { surname: '12345678901.0' } },
    { change: { gender: 1e21 }, stored: { gender: '1.0e+21' } },
    { change: { address: 1e-7 }, stored: { address: '1.0e-07' } },
    { change: { phone: 1145678901 }, stored: { phone: '1145678901' } },
    { change: { phone: 5411456789 }, stored: { phone: '5411456789.0' } },
    { change: { state: 1 }, stored: { state: '1' } },
    { change: { specialityID: '1e0' }, stored: { specialityID: 1 } },
    { change: { specialityID: '02' }, stored: { specialityID: 2 } },
    { change: { birthdate: '0000-01-01' }, stored: { birthdate: '2000-01-01T00:00:00.000Z' } },
  ])('$change', async ({ change, stored }) => {
    const answer = await call('PATCH /professionals/1', { ...JUAN, ...change });
    // The answer repeats what was sent, in the type in which it was sent; dates apart.
    const { birthdate, ...echo } = change;
    expect(answer).toMatchObject({ status: 200, body: { professional: echo } });
    expect(sandbox.state.professionals.get(1)).toMatchObject(stored);
  });

  test.each([
    [true, '1970-01-01T00:00:00.001Z', '1970-01-01T00:00:00.001Z'],
    [0, 0, '1970-01-01T00:00:00.000Z'],
    [1, '1970-01-01T00:00:00.001Z', '1970-01-01T00:00:00.001Z'],
    [false, false, null],
    [[], null, null],
    [{}, null, null],
    [['1985-03-16'], '1985-03-16T00:00:00.000Z', '1985-03-16T00:00:00.000Z'],
    ['1985', '1985-01-01T00:00:00.000Z', '1985-01-01T00:00:00.000Z'],
    ['1985-03-15T00:00:00-03:00', '1985-03-15T03:00:00.000Z', '1985-03-15T03:00:00.000Z'],
    ['+010000-01-01', '+010000-01-01T00:00:00.000Z', '+010000-01-01T00:00:00.000Z'],
    ['foo', null, null],
    [8.64e15 + 1, null, null],
  ])('the birthdate %p is answered as %p and read as %p', async (birthdate, shown, stored) => {
    const answer = await call('PATCH /professionals/1', { ...JUAN, birthdate });
    expect(answer).toMatchObject({ status: 200, body: { professional: { birthdate: shown } } });
    expect((await call('GET /professionals/1')).body).toMatchObject({ professional: { birthdate: stored } });
  });

  const texts = ['name', 'surname', 'gender', 'address', 'state'];
  test.each([
    ...texts.flatMap((field) => [[], ['a'], {}, { a: 1 }].map((value) => ({ change: { [field]: value } }))),
    { change: { email: ['a@b.test'] } },
    { change: { email: [] } },
    { change: { phone: ['+54 11 4567-8901'] } },
  ])('$change is an error of the server', async ({ change }) => {
    for (const [route, body] of [
      ['PATCH /professionals/1', JUAN],
      ['POST /professionals', NEW],
    ] as const) {
      expect(await call(route, { ...body, ...change })).toMatchObject({ status: 500, body: SERVER_ERROR });
    }
    expect(sandbox.writes).toBe(0);
  });

  test.each<{ change: Record<string, unknown>; errors: Parameters<typeof refused> }>([
    { change: { name: ['a', ''] }, errors: [['name', 'El nombre es obligatorio', '']] },
    { change: { name: null }, errors: [['name', 'El nombre es obligatorio', null]] },
    {
      change: { dni: [1, 2] },
      errors: [
        ['dni', 'DNI no válido', 1],
        ['dni', 'DNI no válido', 2],
      ],
    },
    { change: { dni: true }, errors: [['dni', 'DNI no válido', true]] },
    {
      change: { dni: [28333444, 7654321] },
      errors: [['dni', 'El DNI 28333444,7654321 ya está en uso por otro profesional', [28333444, 7654321]]],
    },
    {
      change: { dni: ['30111222', null] },
      errors: [
        ['dni', 'El DNI es obligatorio', null],
        ['dni', 'DNI no válido', null],
      ],
    },
    {
      change: { dni: '1234567\0' },
      errors: [['dni', 'SQLITE_ERROR: unrecognized token: "\'1234567"', '1234567\0']],
    },
    {
      change: { phone: [], specialityID: 99 },
      errors: [['specialityID', 'La especialidad con el id 99 no existe', 99]],
    },
    {
      change: { phone: '(011) 4567-8901' },
      errors: [['phone', 'El teléfono solo puede contener números, guiones o espacios', '(011) 4567-8901']],
    },
    {
      change: { phone: '😀' },
      errors: [
        ['phone', 'El teléfono debe tener entre 10 y 20 caracteres', '😀'],
        ['phone', 'El teléfono solo puede contener números, guiones o espacios', '😀'],
      ],
    },
    { change: { email: 'a@b' }, errors: [['email', 'El email no es válido', 'a@b']] },
    {
      change: { specialityID: null },
      errors: [
        ['specialityID', 'La especialidad es obligatoria', null],
        ['specialityID', 'La especialidad con el id null no existe', null],
      ],
    },
    ...[true, [1], {}].map((specialityID) => ({
      change: { specialityID },
      errors: [
        ['specialityID', `Argument passed to findByPk is invalid: ${specialityID}`, specialityID],
      ] as Parameters<typeof refused>,
    })),
    ...['0x1', '1.5', ' '].map((specialityID) => ({
      change: { specialityID },
      errors: [
        ['specialityID', `La especialidad con el id ${specialityID} no existe`, specialityID],
      ] as Parameters<typeof refused>,
    })),
  ])('$change is refused', async ({ change, errors }) => {
    const answer = await call('PATCH /professionals/1', { ...JUAN, ...change });
    expect(answer.body).toEqual(refused(...errors));
    expect(answer.status).toBe(400);
  });

  test('a DNI that is no text is compared as its text', async () => {
    await call('PATCH /professionals/1', { ...JUAN, dni: {} });
    const answer = await call('PATCH /professionals/2', { ...JUAN, dni: { b: 2 } });
    expect(answer.body).toEqual(
      refused(['dni', 'El DNI [object Object] ya está en uso por otro profesional', { b: 2 }]),
    );
  });

  test('every place that holds a field is judged, each member of a repetition by itself', async () => {
    const answer = await call('PATCH /professionals/1?phone=1&phone=2&name=&dni=28333444', JUAN, {
      ...ADMIN,
      state: '',
    });
    const phone = 'El teléfono debe tener entre 10 y 20 caracteres';
    expect(answer.body).toEqual(
      refused(
        ['name', 'El nombre es obligatorio', '', 'query'],
        ['dni', 'El DNI 28333444 ya está en uso por otro profesional', '28333444', 'query'],
        ['phone', phone, '1', 'query'],
        ['phone', phone, '2', 'query'],
        ['state', 'El estado es obligatorio', '', 'headers'],
      ),
    );
  });

  test.each([
    [{ id: 77 }, { id: 77 }],
    [{ id: '77' }, { id: '77' }],
    [{ id: null }, { id: 6 }],
    [{ createdAt: '2020-01-01' }, { createdAt: '2020-01-01T00:00:00.000Z', updatedAt: STAMP }],
    [{ updatedAt: '2020-01-01', otra: 1 }, { updatedAt: STAMP }],
    [{ state: '' }, { state: '' }],
  ])('a new record brings %p', async (more, shown) => {
    const { state, ...rest } = NEW;
    expect(await call('POST /professionals', { ...rest, ...more })).toMatchObject({
      status: 201,
      body: { professional: { ...rest, birthdate: '1985-03-15T00:00:00.000Z', ...shown } },
    });
  });

  test.each([{ id: 1 }, { id: 'x' }, { id: {} }, { id: 1.5 }, { state: null }])(
    'a new record cannot bring %p',
    async (more) => {
      expect(await call('POST /professionals', { ...NEW, ...more })).toMatchObject({
        status: 500,
        body: SERVER_ERROR,
      });
    },
  );

  test.each([
    ['PATCH /professionals/1', 'PATCH /professionals/2', { ...JUAN, dni: '39999999' }, SERVER_ERROR, 500],
    ['POST /professionals', 'POST /professionals', NEW, SERVER_ERROR, 500],
    [
      'POST /work_schedules',
      'POST /work_schedules',
      HOURS,
      { msg: 'El profesional ya tiene horarios configurados para este día.' },
      409,
    ],
    ['POST /specialities', 'POST /specialities', { name: 'Cirugía' }, SERVER_ERROR, 500],
    ['POST /auth/register', 'POST /auth/register', ACCOUNT, { msg: 'Error en el servidor' }, 500],
  ])('%s and %s at once: the second fails', async (first, second, body, answer, status) => {
    // Both have passed the checks before either writes.
    const both = { arrived: 0, go: () => {} };
    const met = new Promise<void>((resolve) => {
      both.go = resolve;
    });
    const run = async (): Promise<void> => {
      both.arrived += 1;
      if (both.arrived === 2) both.go();
      await met;
    };
    sandbox.faults.next({ kind: 'hook', when: 'commit', run }, { times: 2 });
    const answers = await Promise.all([call(first, body), call(second, body)]);
    const [good, bad] = answers.sort((left, right) => left.status - right.status);
    expect(good?.status).toBeLessThan(300);
    expect(bad).toMatchObject({ status, body: answer });
  });
});

describe('lists', () => {
  const ids = (body: unknown, list: string): number[] =>
    Object(body)[list].map((row: { id: number }) => row.id);

  test.each([
    ['specialityID=1&specialityID=3', [1, 3, 4]],
    ['specialityID=1e0', [1, 4]],
    ['specialityID=%201', [1, 4]],
    ['specialityID=01&specialityID=x', [1, 4]],
    ['specialityID=0x1', []],
    ['specialityID=0', []],
    ['specialityID=', [1, 2, 3, 4, 5]],
    ['specialityID=&specialityID=', []],
    ['specialityID[]=1', [1, 2, 3, 4, 5]],
    ['gender=Femenino&gender=Masculino', [1, 2, 3, 4, 5]],
    ['gender=femenino', []],
    ['state=Licencia&state=Inactivo/a', [4, 5]],
    ['search=a&search=z', []],
    ['search=1222', [1]],
    ['search=REZ', [1]],
    ['search=_rez', [1]],
    ['search=%25', [1, 2, 3, 4, 5]],
    ['search=ez&specialityID=2&specialityID=1&state=Licencia', [4]],
  ])('/professionals?%s', async (query, wanted) => {
    const answer = await call(`GET /professionals?${query}`);
    expect(answer).toMatchObject({ status: 200, body: { countActives: 3 } });
    expect(ids(answer.body, 'professionals')).toEqual(wanted);
  });

  test.each([
    ['professionalID=1&professionalID=2', [1, 3, 2]],
    ['professionalID=1e0', [1, 2]],
    ['professionalID=+1&dayOfWeek=3', [2]],
    ['dayOfWeek=1&dayOfWeek=2', [1, 3]],
    ['dayOfWeek=', [1, 3, 2, 4]],
  ])('/work_schedules?%s', async (query, wanted) => {
    expect(ids((await call(`GET /work_schedules?${query}`)).body, 'schedules')).toEqual(wanted);
  });

  test.each(['professionalID=0x1', 'professionalID=5', 'dayOfWeek=0', 'dayOfWeek=&dayOfWeek='])(
    '/work_schedules?%s finds none',
    async (query) => {
      expect(await call(`GET /work_schedules?${query}`)).toMatchObject({
        status: 404,
        body: { msg: 'No se encontraron horarios con los filtros proporcionados' },
      });
    },
  );

  test.each([
    ['state=Activa&state=Inactiva', [1, 2, 3]],
    ['state=Inactiva', []],
    ['search=%C3%ADa&state=Activa', [1, 2]],
  ])('/specialities?%s', async (query, wanted) => {
    expect(ids((await call(`GET /specialities?${query}`)).body, 'specialities')).toEqual(wanted);
  });

  test.each(['professionals?search=%00', 'professionals?gender=%00', 'specialities?state=a%00'])(
    '%s breaks the statement',
    async (path) => {
      expect(await call(`GET /${path}`)).toMatchObject({ status: 500, body: SERVER_ERROR });
    },
  );
});

describe('hours', () => {
  const day = 'El día debe ser un número entre 0 (Domingo) y 6 (Sábado)';
  const format = 'El formato de hora debe ser HH:mm (Ej: 09:30)';
  const order = 'La hora de finalización debe ser posterior a la hora de inicio';

  test.each<{ body: object; errors: Parameters<typeof refused> }>([
    {
      body: {},
      errors: [
        ['professionalID', 'El ID del profesional es obligatorio'],
        ['professionalID', 'El profesional con ID undefined no existe'],
        ['dayOfWeek', 'El día es obligatorio'],
        ['dayOfWeek', day],
        ['startTime', 'La hora de inicio es obligatoria'],
        ['endTime', 'La hora de fin es obligatoria'],
      ],
    },
    {
      body: { professionalID: true, dayOfWeek: null, startTime: null, endTime: '' },
      errors: [
        ['professionalID', 'Argument passed to findByPk is invalid: true', true],
        ['dayOfWeek', 'El día es obligatorio', null],
        ['dayOfWeek', day, null],
        ['startTime', 'La hora de inicio es obligatoria', null],
        ['endTime', 'La hora de fin es obligatoria', ''],
      ],
    },
    {
      body: { professionalID: '0x1', dayOfWeek: 7, startTime: '8', endTime: '24:00' },
      errors: [
        ['professionalID', 'El profesional con ID 0x1 no existe', '0x1'],
        ['dayOfWeek', day, 7],
        ['startTime', format, '8'],
        ['endTime', format, '24:00'],
        ['endTime', order, '24:00'],
      ],
    },
    {
      body: { ...HOURS, dayOfWeek: '1e0', startTime: 900, endTime: 800 },
      errors: [
        ['dayOfWeek', day, '1e0'],
        ['startTime', format, 900],
        ['endTime', format, 800],
        ['endTime', order, 800],
      ],
    },
    { body: { ...HOURS, dayOfWeek: [1, 9] }, errors: [['dayOfWeek', day, 9]] },
    { body: { ...HOURS, startTime: '12:00' }, errors: [['endTime', order, '12:00']] },
    { body: { ...HOURS, startTime: [] }, errors: [['startTime', format, []]] },
  ])('POST $body', async ({ body, errors }) => {
    const answer = await call('POST /work_schedules', body);
    expect(answer.body).toEqual(refused(...errors));
    expect(answer.status).toBe(400);
  });

  test.each([
    [{ dayOfWeek: '+2' }, { dayOfWeek: 2 }],
    [{ dayOfWeek: '02' }, { dayOfWeek: 2 }],
    [{ dayOfWeek: [2] }, { dayOfWeek: 2 }],
    [{ professionalID: '4.0' }, { professionalID: 4 }],
    [{ startTime: ['08:00'] }, { startTime: '08:00' }],
    [
      { startTime: 0, endTime: false },
      { startTime: 0, endTime: 0 },
    ],
    [{ startTime: '08:00:30' }, { startTime: '08:00:30' }],
  ])('POST %p is stored as %p', async (change, stored) => {
    expect(await call('POST /work_schedules', { ...HOURS, ...change })).toMatchObject({
      status: 201,
      body: { schedule: { ...HOURS, ...change, id: 5, createdAt: STAMP, updatedAt: STAMP } },
    });
    expect(sandbox.state.schedules.get(5)).toMatchObject({ ...HOURS, ...stored });
  });

  test.each([{ dayOfWeek: 1 }, { dayOfWeek: '1' }, { dayOfWeek: '+1' }, { professionalID: '01' }])(
    'POST %p: the day is taken',
    async (change) => {
      expect(await call('POST /work_schedules', { ...HOURS, professionalID: 1, ...change })).toMatchObject({
        status: 409,
        body: { msg: 'El profesional ya tiene horarios configurados para este día.' },
      });
      expect(sandbox.writes).toBe(0);
    },
  );

  test('PATCH of an empty body: no word about formats', async () => {
    expect((await call('PATCH /work_schedules/abc', {})).body).toEqual(
      refused(
        ['id', 'ID inválido', 'abc', 'params'],
        ['dayOfWeek', 'El día es obligatorio'],
        ['startTime', 'La hora de inicio es obligatoria'],
        ['endTime', 'La hora de fin es obligatoria'],
      ),
    );
  });

  test('PATCH of a bad day, in three places', async () => {
    const body = { dayOfWeek: 'lunes', startTime: '08:00', endTime: '09:00' };
    const headers = { ...ADMIN, dayOfWeek: 'x' };
    expect((await call('PATCH /work_schedules/1?dayOfWeek=9', body, headers)).body).toEqual(
      refused(
        ['dayOfWeek', 'Día inválido (0-6)', 'lunes'],
        ['dayofweek', 'Día inválido (0-6)', 'x', 'headers'],
        ['dayOfWeek', 'Día inválido (0-6)', '9', 'query'],
      ),
    );
  });

  test.each([
    { change: { professionalID: '2' }, status: 200, body: { schedule: { id: 1, professionalID: '2' } } },
    { change: { professionalID: true }, status: 200, body: { schedule: { professionalID: true } } },
    { change: { professionalID: 99 }, status: 500, body: SERVER_ERROR },
    { change: { professionalID: null }, status: 500, body: SERVER_ERROR },
    { change: { professionalID: {} }, status: 500, body: SERVER_ERROR },
    { change: { dayOfWeek: 3 }, status: 409, body: { msg: 'Ya existe otro bloque horario para ese día.' } },
    {
      change: { dayOfWeek: '03' },
      status: 409,
      body: { msg: 'Ya existe otro bloque horario para ese día.' },
    },
    { change: { id: 3, createdAt: 'x', otra: 1 }, status: 200, body: { schedule: { id: 1 } } },
  ])('PATCH $change: $status', async ({ change, status, body }) => {
    const sent = { dayOfWeek: 1, startTime: '08:00', endTime: '12:00', ...change };
    expect(await call('PATCH /work_schedules/1', sent)).toMatchObject({ status, body });
  });

  test('PATCH of equal values is no write; a query completes the body but is not written', async () => {
    const same = { dayOfWeek: 1, startTime: '08:00', endTime: '12:00' };
    expect((await call('PATCH /work_schedules/1', same)).status).toBe(200);
    expect((await call('PATCH /work_schedules/1?dayOfWeek=4&startTime=07:00&endTime=09:00', {})).status).toBe(
      200,
    );
    expect(sandbox.writes).toBe(0);
    await call('PATCH /work_schedules/1', { ...same, dayOfWeek: '1' });
    expect(sandbox.writes).toBe(1);
  });
});

describe('specialities', () => {
  test.each([
    ['POST', { name: {} }, 400, refused(['name', 'Invalid value {}', {}])],
    ['POST', { name: { a: 1 } }, 400, refused(['name', 'Invalid value { a: 1 }', { a: 1 }])],
    ['POST', { name: ['a'] }, 500, SERVER_ERROR],
    ['POST', { name: ['Pediatría'] }, 400, refused(['name', 'Pediatría ya está registrado', ['Pediatría']])],
    ['POST', { name: 'Nueva', state: {} }, 500, SERVER_ERROR],
    [
      'POST',
      {},
      400,
      refused(
        ['name', 'El nombre es obligatorio'],
        ['name', 'WHERE parameter "name" has invalid "undefined" value'],
      ),
    ],
    [
      'PATCH',
      { name: 'Pediatría', state: 'x' },
      400,
      refused(['name', 'Pediatría ya está en uso', 'Pediatría']),
    ],
    ['PATCH', { name: 'Cardiología', state: [] }, 500, SERVER_ERROR],
  ])('%s %p: %p', async (method, body, status, shown) => {
    const route = method === 'POST' ? 'POST /specialities' : 'PATCH /specialities/1';
    expect(await call(route, body)).toMatchObject({ status, body: shown });
  });

  test('a number is stored as text and answered as it came', async () => {
    expect((await call('POST /specialities', { name: 7 })).body).toMatchObject({
      speciality: { id: 4, name: 7, state: 'Activa' },
    });
    expect(sandbox.state.specialities.get(4)?.name).toBe('7');
  });
});

describe('accounts', () => {
  test('a new user can log in, but not write', async () => {
    const answer = await call('POST /auth/register', ACCOUNT, {});
    const { password, ...shown } = ACCOUNT;
    expect(answer).toMatchObject({
      status: 201,
      body: { user: { ...shown, id: 3, rol: '50yunUs3r', createdAt: STAMP, updatedAt: STAMP } },
    });
    expect(Object(answer.body).user.password).toMatch(/^\$2b\$10\$[./A-Za-z0-9]{53}$/);
    const login = await call('POST /auth/login', { email: shown.email, password }, {});
    const token = { 'x-token': String(Object(login.body).token) };
    expect((await call('GET /professionals/1', undefined, token)).status).toBe(200);
    expect((await call('PATCH /professionals/1', JUAN, token)).status).toBe(401);
  });

  test.each([
    ['the key', {}, { 'admin-key': SANDBOX_CREDENTIALS.vitalis.adminKey }, '50yun4dmin'],
    ['a wrong key', {}, { 'admin-key': 'guess' }, '50yunUs3r'],
    ['the role in the body', { rol: '50yun4dmin' }, {}, '50yun4dmin'],
    ['a role of its own', { rol: 'x' }, {}, 'x'],
  ])('%s makes the role', async (_name, more, headers, rol) => {
    const answer = await call('POST /auth/register', { ...ACCOUNT, ...more }, headers);
    expect(answer).toMatchObject({ status: 201, body: { user: { rol } } });
  });

  const short = 'La contraseña debe tener al menos 6 caracteres';
  test.each<{ route: string; body: object; status: number; shown: object }>([
    {
      route: 'register',
      body: {},
      status: 400,
      shown: refused(
        ['name', 'El nombre es obligatorio'],
        ['surname', 'El apellido es obligatorio'],
        ['email', 'El email es obligatorio'],
        ['email', 'El email no es válido'],
        ['email', 'WHERE parameter "email" has invalid "undefined" value'],
        ['password', short],
      ),
    },
    {
      route: 'register',
      body: { ...ACCOUNT, email: 'admin@example.test' },
      status: 400,
      shown: refused(['email', 'El email admin@example.test ya está registrado', 'admin@example.test']),
    },
    {
      route: 'register',
      body: { ...ACCOUNT, rol: null },
      status: 500,
      shown: { msg: 'Error en el servidor' },
    },
    {
      route: 'register',
      body: { ...ACCOUNT, password: 12345678 },
      status: 500,
      shown: { msg: 'Error en el servidor' },
    },
    {
      route: 'login',
      body: {},
      status: 400,
      shown: refused(
        ['email', 'El email es obligatorio'],
        ['email', 'El email no es válido'],
        ['password', `${short})`],
      ),
    },
    {
      route: 'login',
      body: { email: 'admin@example.test', password: 123456 },
      status: 500,
      shown: { msg: 'Error en el servidor' },
    },
    {
      route: 'login',
      body: { email: ['admin@example.test'], password: 'admin-pass-1' },
      status: 200,
      shown: { rol: '50yun4dmin' },
    },
  ])('$route $body: $status', async ({ route, body, status, shown }) => {
    const answer = await call(`POST /auth/${route}`, body, {});
    expect(answer.body).toMatchObject(shown);
    expect(answer.status).toBe(status);
  });

  test('an empty PATCH of nobody tells who may write, and changes nothing', async () => {
    const as = (id: string) => ({ 'x-token': sandbox.state.issueToken(id) });
    expect(await call('PATCH /professionals/0', {}, as('2'))).toMatchObject({
      status: 401,
      body: { msg: 'El usuario no es un administrador' },
    });
    const answer = await call('PATCH /professionals/0', {}, as('1'));
    expect(answer.status).toBe(400);
    expect(Object(answer.body).errors.errors).toHaveLength(15);
    expect(sandbox.writes).toBe(0);
  });
});

describe('in production mode', () => {
  const production = createVitalisSandbox({ dialect: 'code', production: true });
  let there: Listening;
  beforeAll(async () => {
    there = await production.listen();
  });
  afterAll(() => there.close());

  test.each<[string, string | undefined, number, string]>([
    ['PATCH /professionals/1', '{"name":"Juan",', 400, 'Bad Request'],
    ['PATCH /professionals/1', `{"name":"${'x'.repeat(110_000)}"}`, 413, 'Payload Too Large'],
    ['GET /professionals/%', undefined, 400, 'Bad Request'],
    ['DELETE /professionals/1', undefined, 404, 'Cannot DELETE /professionals/1'],
  ])('%s: a short page', async (route, body, status, words) => {
    const answer = await call(route, body, ADMIN, there.url);
    expect(answer.status).toBe(status);
    expect(answer.text).toBe(
      `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>${words}</pre>\n</body>\n</html>\n`,
    );
  });
});
