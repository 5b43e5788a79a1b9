/** Vitalis' oddities: whole records, ids that become numbers, Spanish sentences in two shapes. */

import {
  type FieldMapping,
  type MappedField,
  UNREADABLE,
  type VendorRecord,
} from '../../src/adapter/contract';
import { failureIn } from '../../src/connection/failure';
import { FIELDS, type Field, SNOMED_CT } from '../../src/staff/fields';
import { connect, moduleNamed, vitalis } from '../support/adapterSetups';

const adapter = vitalis();

/** As a GET answers it (recorded shape, fake person). */
const stored: VendorRecord = {
  id: 1,
  name: 'Juan',
  surname: 'Pérez García',
  dni: 12345678,
  birthdate: '1985-03-15T00:00:00.000Z',
  gender: 'Masculino',
  address: 'Av. Corrientes 5678, Buenos Aires',
  phone: '+54 11 9876-5432',
  email: 'juan.perez@example.test',
  specialityID: 1,
  state: 'Activo/a',
  createdAt: '2026-11-22T00:55:16.473Z',
  updatedAt: '2026-11-22T00:55:16.749Z',
};

/** The body of the document's example request. */
const documentedBody = {
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

const supported: [Field, MappedField<unknown>][] = FIELDS.flatMap((field) => {
  const mapping: FieldMapping<unknown> = adapter.fields[field];
  return mapping.supported && mapping.resource === undefined ? [[field, mapping]] : [];
});

function mappingOf(field: Field): MappedField<unknown> {
  const found = supported.find(([name]) => name === field);
  if (found === undefined) throw new Error(`${field} is not supported`);
  return found[1];
}

function kept(record: VendorRecord): { body: Record<string, unknown>; blocked: Record<string, string> } {
  const blocked: Record<string, string> = {};
  const body = Object.fromEntries(
    supported.map(([field, mapping]) => [
      mapping.key,
      mapping.keep?.(record, (detail) => {
        blocked[field] = detail;
      }),
    ]),
  );
  return { body, blocked };
}

describe('the ten fields', () => {
  test('the document’s example, from canonical values', () => {
    const values: Partial<Record<Field, unknown>> = {
      'name.given': 'Juan',
      'name.family': 'Pérez García',
      nationalId: '12345678',
      birthDate: '1985-03-15',
      gender: 'male',
      'address.text': 'Av. Corrientes 5678, Buenos Aires',
      phone: '+54 11 9876-5432',
      email: 'juan.perez@example.test',
      specialty: { code: '394579002', system: SNOMED_CT },
      status: 'active',
    };
    const body = Object.fromEntries(
      supported.map(([field, mapping]) => [
        mapping.key,
        mapping.encode(values[field], (at) => {
          throw new Error(`${field}${at} refused`);
        }),
      ]),
    );
    expect(body).toEqual(documentedBody);
    expect(Object.fromEntries(supported.map(([field, mapping]) => [field, mapping.decode(stored)]))).toEqual(
      values,
    );
  });

  test('an untouched record goes back as the documented body: text, a date, a number, nothing else', () => {
    expect(kept(stored)).toEqual({ body: documentedBody, blocked: {} });
    expect(adapter.write('1', documentedBody)).toEqual({
      method: 'PATCH',
      path: '/professionals/1',
      body: documentedBody,
    });
  });

  test.each([
    ['state', 'status', 'Jubilado'],
    ['state', 'status', 'activo/a'],
    ['gender', 'gender', 'No binario'],
    ['specialityID', 'specialty', 99],
  ] as const)('an unknown stored %s is unreadable and goes back untouched', (key, field, value) => {
    const record = { ...stored, [key]: value };
    expect(mappingOf(field).decode(record)).toBe(UNREADABLE);
    expect(kept(record)).toEqual({ body: { ...documentedBody, [key]: value }, blocked: {} });
  });

  test.each<[string, Field, unknown]>([
    ['name', 'name.given', ''],
    ['surname', 'name.family', null],
    ['dni', 'nationalId', -1234567],
    ['dni', 'nationalId', 1234567.5],
    ['dni', 'nationalId', '9007199254740993'],
    ['dni', 'nationalId', '12345'],
    ['dni', 'nationalId', ''],
    ['dni', 'nationalId', null],
    ['dni', 'nationalId', 2 ** 60],
    ['birthdate', 'birthDate', null],
    ['birthdate', 'birthDate', 'Invalid date'],
    ['birthdate', 'birthDate', '15/03/1985'],
    ['birthdate', 'birthDate', '2021-02-30T00:00:00.000Z'],
    ['gender', 'gender', ''],
    ['address', 'address.text', ''],
    ['phone', 'phone', '(011) 4567-8901'],
    ['phone', 'phone', '4567-890'],
    ['phone', 'phone', '1'.repeat(21)],
    ['phone', 'phone', null],
    ['email', 'email', 'juan.perez'],
    ['email', 'email', ''],
    ['specialityID', 'specialty', null],
    ['specialityID', 'specialty', ''],
    ['specialityID', 'specialty', true],
    ['specialityID', 'specialty', '9007199254740993'],
    ['specialityID', 'specialty', 2 ** 53],
    ['state', 'status', ''],
    ['state', 'status', undefined],
  ])('a stored %s that the vendor would refuse blocks %s: %p', (key, field, value) => {
    const { blocked } = kept({ ...stored, [key]: value });
    expect(Object.keys(blocked)).toEqual([field]);
    expect(blocked[field]).toMatch(/^The stored [^0-9()]+Clínica Vitalis.*\.$/);
  });

  test.each([
    ['birthdate', '1985-03-15', '1985-03-15'],
    ['dni', '01234567', '01234567'],
    ['dni', 'AB12345', 'AB12345'],
    ['dni', 345678, '0345678'],
    ['dni', 0, '0000000'],
    ['birthdate', '1985-03-15T00:00:00.000Z', '1985-03-15'],
    ['birthdate', '1985-03-15T03:00:00.000Z', '1985-03-15T03:00:00.000Z'],
    ['specialityID', '7', 7],
    ['phone', '          ', '          '],
    ['name', '   ', '   '],
  ])('a stored %s of %p is kept', (key, value, sent) => {
    const { body, blocked } = kept({ ...stored, [key]: value });
    expect(blocked).toEqual({});
    expect(body[key]).toBe(sent);
  });
});

describe('nationalId', () => {
  const { decode, encode, holds, unconfirmable } = mappingOf('nationalId');

  test('is sent as given, leading zeros included', () => {
    expect(encode('01234567', () => undefined)).toBe('01234567');
  });

  test.each([
    [1234567, '01234567', true],
    [1234567, '1234567', true],
    ['01234567', '01234567', true],
    ['1234567', '01234567', false],
    [1234567, '12345678', false],
    [0, '0000000', true],
    [123456700, '1234567e2', false],
    ['12.345.678', '12345678', true],
    [null, '12345678', false],
  ])('stored %p holds %p: %p', (dni, value, expected) => {
    expect(holds?.({ dni }, value)).toBe(expected);
  });

  test.each([
    ['01234567', true],
    ['12345678', false],
    ['AB012345', false],
    ['0x123456', false],
  ])('%p cannot be confirmed: %p', (value, expected) => {
    expect(unconfirmable?.(value) !== undefined).toBe(expected);
    expect(unconfirmable?.(value) ?? '').not.toContain(value);
  });

  test.each([
    ['12345678901234567890', true],
    ['1234567e2', true],
    ['12E45678', true],
    ['01234567', false],
    ['AB012345', false],
  ])('%p would be stored as something else, and is refused: %p', (value, expected) => {
    const refusals: string[] = [];
    encode(value, (at: string, code: string) => refusals.push(`${at} ${code}`));
    expect(refusals).toEqual(expected ? [' not_expressible'] : []);
  });

  test.each([
    [12345678, '12345678'],
    ['12.345.678', '12345678'],
    ['12/345', UNREADABLE],
    [2 ** 60, UNREADABLE],
    ['', null],
  ])('stored %p reads as %p', (dni, value) => {
    expect(decode({ dni })).toBe(value);
  });
});

describe('specialty', () => {
  const specialty = mappingOf('specialty');
  const refusals = (value: unknown) => {
    const rows: string[] = [];
    specialty.encode(value, (at, code) => rows.push(`${at} ${code}`));
    return rows;
  };

  test('is refused without a configured code, and in another system', () => {
    expect(refusals({ code: '1' })).toEqual(['/code unmapped_code']);
    expect(refusals({ code: 'constructor' })).toEqual(['/code unmapped_code']);
    expect(refusals({ code: '394579002', system: 'urn:other' })).toEqual(['/system unsupported_field']);
    expect(refusals({ display: 'Cardiology' })).toEqual([]);
    expect(specialty.notStored).toHaveProperty('display');
  });

  test('is held whichever type the id comes back in', () => {
    const value = { code: '394819006', system: SNOMED_CT };
    expect(specialty.holds?.({ specialityID: 2 }, value)).toBe(true);
    expect(specialty.holds?.({ specialityID: '2' }, value)).toBe(true);
    expect(specialty.holds?.({ specialityID: 1 }, value)).toBe(false);
    expect(specialty.holds?.({ specialityID: null }, { code: 'unknown' })).toBe(false);
  });

  test('without any configured code is unreadable but kept', () => {
    const bare = connect(moduleNamed('vitalis'), { token: 'jwt-1' }).fields.specialty;
    if (!bare.supported) throw new Error('not supported');
    expect(bare.values).toEqual([]);
    expect(bare.decode(stored)).toBe(UNREADABLE);
    expect(bare.keep?.(stored, () => undefined)).toBe(1);
  });

  test('the first of two codes with one meaning is read, both hold', () => {
    const twice = connect(
      moduleNamed('vitalis'),
      { token: 'jwt-1' },
      {},
      { specialty: { cardio: 1, heart: 1 } },
    ).fields.specialty;
    if (!twice.supported) throw new Error('not supported');
    expect(twice.decode(stored)).toEqual({ code: 'cardio', system: SNOMED_CT });
    expect(twice.holds?.(stored, { code: 'heart' })).toBe(true);
  });
});

describe('settings', () => {
  const { credentials, codes, options } = moduleNamed('vitalis').settings;

  test.each([
    [{ token: 'jwt' }, true],
    [{ email: 'gateway@example.test', password: 'secret1' }, true],
    [{ token: 'jwt', email: 'gateway@example.test', password: 'secret1' }, false],
    [{ email: 'gateway@example.test' }, false],
    [{ password: 'secret1' }, false],
    [{}, false],
  ])('credentials %j: %p', (value, fits) => {
    expect(credentials.validate(value).error === undefined).toBe(fits);
  });

  test('codes and options are checked', () => {
    expect(codes.validate({ specialty: { a: 'Cardiología' } }).error).toBeDefined();
    expect(codes.validate({ gender: { robot: 'X' } }).error).toBeDefined();
    expect(options.validate({ basePath: '/../x' }).error).toBeDefined();
    expect(options.validate({ basePath: '/api' }).error).toBeUndefined();
  });

  test('the gender list is used as it is, or the vendor’s own two words', () => {
    const gender = connect(moduleNamed('vitalis'), { token: 'jwt-1' }).fields.gender;
    if (!gender.supported) throw new Error('not supported');
    expect(gender.values).toEqual(['male', 'female']);
    const refused: string[] = [];
    gender.encode('other', (at, code) => refused.push(at + code));
    expect(refused).toEqual(['unmapped_code']);
  });
});

describe('authorisation', () => {
  test.each([
    ['authorization', { authorization: 'Bearer jwt-1' }],
    ['x-token', { 'x-token': 'jwt-1' }],
    ['both', { authorization: 'Bearer jwt-1', 'x-token': 'jwt-1' }],
  ])('%s', (tokenHeader, headers) => {
    const fixed = vitalis(undefined, { tokenHeader });
    expect(fixed.login).toBeUndefined();
    expect(fixed.authorize(undefined)).toEqual(headers);
  });

  test('a login, below the base path', () => {
    const user = { email: 'gateway@example.test', password: 'secret1' };
    const { login, authorize, read } = vitalis(user, { basePath: '/api' });
    expect(login?.request).toEqual({ method: 'POST', path: '/api/auth/login', body: user });
    expect(login?.session({ name: 'A', token: 'jwt-2' })).toBe('jwt-2');
    expect(login?.session({ token: 7 })).toBeUndefined();
    expect(login?.lifetimeSeconds).toBeLessThan(4 * 3600);
    expect(authorize('jwt-2')).toEqual({ authorization: 'Bearer jwt-2' });
    expect(authorize(undefined)).toEqual({});
    expect(read('1').path).toBe('/api/professionals/1');
  });
});

test('ids that the vendor would turn into another number are not admitted', () => {
  for (const id of ['0', '01', '1e0', '1.0', '0x1', '-1', ' 1', 'abc', '1'.repeat(17)])
    expect(adapter.recordId.test(id)).toBe(false);
  expect(adapter.recordId.test('42')).toBe(true);
});

test('the record, its id and its revision', () => {
  expect(adapter.record({ professional: stored }, '1')).toBe(stored);
  expect(adapter.record({ professionals: [stored] }, '1')).toBeUndefined();
  expect(adapter.record(undefined, '1')).toBeUndefined();
  expect(adapter.idOf(stored)).toBe('1');
  expect(adapter.revision?.(stored)).toBe('2026-11-22T00:55:16.749Z');
});

describe('errors', () => {
  const failure = (status: number, body: unknown) =>
    failureIn({ status, headers: {}, body }, adapter.errors, 'Clínica Vitalis');

  test.each([
    [400, 'Debe enviar un ID y debe ser numérico', 'record_not_found'],
    [404, 'El profesional no está cargado en el sistema', 'record_not_found'],
    [404, 'No hay profesional cargado en el sistema', 'record_not_found'],
    [404, 'Un texto nuevo', 'record_not_found'],
    [401, 'Token no válido', 'session_expired'],
    [401, 'No hay token en la petición', 'credentials_rejected'],
    [401, 'El usuario no es un administrador', 'credentials_rejected'],
    [401, 'Un texto nuevo', 'credentials_rejected'],
    [403, 'Un texto nuevo', 'credentials_rejected'],
    [404, 'El usuario no se encuentra en la DB', 'credentials_rejected'],
    [404, 'No hay usuario confirmado', 'credentials_rejected'],
    [400, 'No se encontró el email', 'credentials_rejected'],
    [401, 'La contraseña es incorrecta', 'credentials_rejected'],
    [500, 'Error del servidor', 'unavailable'],
    [500, 'Error en el servidor', 'unavailable'],
  ])('%i “%s” is %s', (status, msg, kind) => {
    const result = failure(status, { msg });
    expect(result?.kind).toBe(kind);
    const known = msg !== 'Un texto nuevo';
    expect(result?.complaints).toHaveLength(1);
    expect(result?.complaints[0]?.text).toBe(known ? msg : undefined);
    expect(result?.complaints[0]?.code === 'rejected_by_vendor').toBe(!known);
  });

  test.each([
    [400, 'unexpected_response'],
    [401, 'credentials_rejected'],
    [403, 'credentials_rejected'],
    [404, 'unexpected_response'],
    [413, 'unexpected_response'],
    [502, 'unavailable'],
  ])('%i with an HTML page is %s and holds no complaint', (status, kind) => {
    for (const body of [undefined, '<!DOCTYPE html><pre>SyntaxError</pre>']) {
      expect(failure(status, body)).toMatchObject({ kind, complaints: [] });
    }
  });

  /** Every sentence of the contract's section 5: key, sentence, code, whether it may be shown, kind. */
  const sentences: readonly [string, string, string, boolean, string][] = [
    ['name', 'El nombre es obligatorio', 'required', true, 'rejected'],
    ['surname', 'El apellido es obligatorio', 'required', true, 'rejected'],
    ['dni', 'El DNI es obligatorio', 'required', true, 'rejected'],
    ['dni', 'DNI no válido', 'too_short', true, 'rejected'],
    ['dni', 'El DNI ya está registrado', 'already_taken', false, 'conflict'],
    ['dni', 'El DNI 22345678 ya está registrado', 'already_taken', false, 'conflict'],
    ['dni', 'El DNI 22345678 ya está en uso por otro profesional', 'already_taken', false, 'conflict'],
    ['dni', 'WHERE parameter "dni" has invalid "undefined" value', 'required', false, 'rejected'],
    ['birthdate', 'La fecha de nacimiento es obligatoria', 'required', true, 'rejected'],
    ['gender', 'El genero es obligatorio', 'required', true, 'rejected'],
    ['address', 'La dirección es obligatoria', 'required', true, 'rejected'],
    ['phone', 'El teléfono es obligatorio', 'required', true, 'rejected'],
    ['phone', 'El teléfono debe tener entre 10 y 20 caracteres', 'invalid_length', true, 'rejected'],
    [
      'phone',
      'El teléfono solo puede contener números, guiones o espacios',
      'invalid_characters',
      true,
      'rejected',
    ],
    ['email', 'El email es obligatorio', 'required', true, 'rejected'],
    ['email', 'El email no es válido', 'invalid_format', true, 'rejected'],
    ['specialityID', 'La especialidad es obligatoria', 'required', true, 'rejected'],
    ['specialityID', 'La especialidad no existe', 'unknown_code', true, 'rejected'],
    ['specialityID', 'La especialidad con el id 999 no existe', 'unknown_code', false, 'rejected'],
    ['specialityID', 'La especialidad con el id undefined no existe', 'unknown_code', false, 'rejected'],
    ['state', 'El estado es obligatorio', 'required', true, 'rejected'],
  ];

  test.each(sentences)('%s: “%s” is %s in both shapes', (key, msg, code, safe, kind) => {
    const documented = { errors: [{ msg, param: key, location: 'body' }] };
    const observed = {
      errors: { errors: [{ type: 'field', value: '22345678', msg, path: key, location: 'body' }] },
    };
    for (const body of [documented, observed]) {
      const result = failure(400, body);
      expect(result?.kind).toBe(kind);
      expect(result?.complaints).toEqual([
        { key, code, detail: expect.stringMatching(/^[A-Z].*\.$/), ...(safe && { text: msg }) },
      ]);
      expect(JSON.stringify(result?.complaints)).not.toMatch(/22345678|999/);
    }
  });

  test('every key of a sentence is a key of the table', () => {
    const keys = [...supported.map(([, mapping]) => mapping.key), 'schedules'];
    for (const rule of adapter.errors.issueRules) if (rule.key) expect(keys).toContain(rule.key);
  });

  test('all complaints are kept in the vendor’s order; one taken id makes the whole a conflict', () => {
    const result = failure(400, {
      errors: {
        errors: [
          { msg: 'El nombre es obligatorio', path: 'name' },
          { msg: 'El DNI 22345678 ya está en uso por otro profesional', path: 'dni' },
          { msg: 'Algo nuevo', path: 'phone' },
        ],
      },
    });
    expect(result?.kind).toBe('conflict');
    expect(result?.complaints.map(({ key, code }) => [key, code])).toEqual([
      ['name', 'required'],
      ['dni', 'already_taken'],
      ['phone', 'rejected_by_vendor'],
    ]);
  });

  test('a shown sentence matches from its first to its last character', () => {
    for (const rule of adapter.errors.issueRules) {
      if (rule.safe) expect(rule.text.source).toMatch(/^\^[^*+\\]*(\\\.[^*+\\]*)*\$$/);
    }
  });
});
