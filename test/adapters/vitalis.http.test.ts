/** The legacy vendor that wants whole records, end to end: lost updates, values that block, sessions, and 404s of other kinds. */
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { KEYS, openStage, type Reply, type Stage, type StageOptions } from '../support/stage';

const key = KEYS.centro;

function withCredentials(credentials: object): NonNullable<StageOptions['configure']> {
  return (config) => {
    config.vendors['vitalis-centro'].credentials = credentials;
  };
}

const receiptOf = (reply: Reply) =>
  Object.fromEntries(
    reply.body.meta.receipt.map((row: { pointer: string; outcome: string }) => [row.pointer, row.outcome]),
  );
const errorsOf = (reply: Reply) =>
  reply.body.errors.map((error: { pointer: string; code: string }) => [error.pointer, error.code]);

describe('with a static token', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({
      configure: (config) => {
        config.vendors['vitalis-centro'].timeoutMs = 60_000;
      },
    });
  });
  afterAll(() => stage.close());
  beforeEach(() => stage.vitalis.reset());

  const patch = (body: unknown, headers = {}) => stage.patch(key, body, headers);
  const row = () => stage.vitalis.state.professionals.get(1);
  const change = (values: Parameters<Stage['vitalis']['state']['professionals']['change']>[1]) =>
    stage.vitalis.state.professionals.change(1, values);
  const sent = () =>
    stage.vitalis.log.filter((exchange) => exchange.method === 'PATCH').map(({ body }) => Object(body));

  test('50 concurrent updates of different fields and values: none is lost', async () => {
    const kinds: ((index: number) => [string, object])[] = [
      (index) => ['name', { name: { given: `Juan ${index}` } }],
      (index) => ['surname', { name: { family: `Pérez ${index}` } }],
      (index) => ['dni', { nationalId: `3000000${index}` }],
      (index) => ['birthdate', { birthDate: `198${index}-03-15` }],
      (index) => ['gender', { gender: ['female', 'other', 'unknown', 'female', 'other'][index] }],
      (index) => ['address', { address: { text: `Calle ${index}` } }],
      (index) => ['phone', { phone: `0221-456789${index}` }],
      (index) => ['email', { email: `juan${index}@example.test` }],
      (index) => ['specialityID', { specialty: { code: index % 2 === 0 ? '394537008' : '419192003' } }],
      (index) => ['state', { status: index % 2 === 0 ? 'inactive' : 'on-leave' }],
    ];
    const updates = Array.from({ length: 5 }, (_, index) => kinds.map((kind) => kind(index))).flat();
    const seed = Object(row());
    const replies = await Promise.all(updates.map(([, body]) => patch(body)));

    expect(updates).toHaveLength(50);
    expect(replies.map((reply) => reply.status)).toEqual(updates.map(() => 200));
    for (const [index, reply] of replies.entries())
      expect(reply.body.data).toMatchObject(shown(updates[index]?.[1]));
    // One after another: each body is the one before with a single member changed, so no update undid another.
    const bodies = sent();
    let previous = { ...seed, dni: String(seed.dni), birthdate: seed.birthdate.slice(0, 10) };
    for (const body of bodies) {
      const moved = Object.keys(body).filter((name) => body[name] !== previous[name]);
      expect(Object.keys(body)).toHaveLength(10);
      expect(moved).toHaveLength(1);
      previous = body;
    }
    expect(stage.vitalis.writes).toBe(bodies.length);
    const unchanged = replies.filter((reply) => Object.values(receiptOf(reply)).includes('unchanged'));
    expect(bodies.length + unchanged.length).toBe(50);
    // The seeds are gone from all ten fields.
    for (const [name] of kinds.map((kind) => kind(0)))
      expect([name, Object(row())[name]]).not.toEqual([name, seed[name]]);
  });

  /** The answer shows at least what was sent; a specialty with its system. */
  function shown(body: unknown): object {
    const { specialty, ...rest } = Object(body);
    return specialty ? { specialty: { code: specialty.code, system: 'http://snomed.info/sct' } } : rest;
  }

  describe('a change from outside between reading and writing', () => {
    const STAMP = '2026-11-30T10:00:00.000Z';
    /** Right before the gateway compares the record for the last time. */
    const meanwhile = (values: Parameters<typeof change>[0]) =>
      stage.vitalis.faults.next(
        { kind: 'hook', when: 'request', run: () => void change({ ...Object(values), updatedAt: STAMP }) },
        { method: 'GET', after: 1 },
      );

    test('of the same field: 409, nothing sent', async () => {
      meanwhile({ phone: '0221-0000000' });
      const reply = await patch({ phone: '0221-1111111', status: 'inactive' });
      expect([reply.status, reply.body.code, reply.body.outcome]).toEqual([409, 'conflict', 'not_applied']);
      expect(errorsOf(reply)).toEqual([['/phone', 'changed_meanwhile']]);
      expect(sent()).toEqual([]);
      expect(row()).toMatchObject({ phone: '0221-0000000', state: 'Activo/a' });
      expect((await patch({ phone: '0221-1111111' })).status).toBe(200);
    });

    test.each<[Parameters<typeof change>[0], object, string]>([
      [{ phone: '0221-1111111' }, { phone: '0221-1111111' }, '/phone'],
      [{ state: 'Licencia' }, { status: 'on-leave' }, '/status'],
      [{ gender: 'otro' }, { gender: 'other' }, '/gender'],
      [{ dni: 345678 }, { nationalId: '0345678' }, '/nationalId'],
      [{ birthdate: '1990-05-06T03:00:00.000Z' }, { birthDate: '1990-05-06' }, '/birthDate'],
      [{ name: 'Ana', surname: 'Soto' }, { name: { given: 'Ana', family: 'Soto' } }, '/name'],
      [{ specialityID: 2 }, { specialty: { code: '394537008' } }, '/specialty'],
    ])('to the very value that is wanted, %j: unchanged, nothing sent', async (values, update, pointer) => {
      meanwhile(values);
      const reply = await patch(update);
      expect([reply.status, receiptOf(reply)]).toEqual([200, { [pointer]: 'unchanged' }]);
      expect(sent()).toEqual([]);
      expect(row()).toMatchObject(Object(values));
    });

    test('of another field: both stand', async () => {
      meanwhile({ address: 'Calle nueva 1', state: 'Jubilado' });
      const reply = await patch({ phone: '0221-1111111' });
      expect([reply.status, receiptOf(reply)]).toEqual([200, { '/phone': 'verified' }]);
      expect(sent()).toEqual([
        expect.objectContaining({ address: 'Calle nueva 1', state: 'Jubilado', phone: '0221-1111111' }),
      ]);
      expect(row()).toMatchObject({ address: 'Calle nueva 1', state: 'Jubilado', phone: '0221-1111111' });
      expect(reply.body.data.address).toEqual({ text: 'Calle nueva 1' });
    });

    test('of another field, to something that blocks: refused', async () => {
      meanwhile({ birthdate: null });
      const reply = await patch({ phone: '0221-1111111' });
      expect([reply.status, reply.body.code, errorsOf(reply)]).toEqual([
        422,
        'stored_value_invalid',
        [['/birthDate', 'stored_value_invalid']],
      ]);
      expect(sent()).toEqual([]);
    });

    test('under If-Match, of any field: 412, nothing sent', async () => {
      const etag = (await stage.call('GET', '/staff/st-1', { key })).headers.get('etag') ?? '';
      meanwhile({ address: 'Calle nueva 1' });
      const reply = await patch({ phone: '0221-1111111' }, { 'if-match': etag });
      expect([reply.status, reply.body.code]).toEqual([412, 'precondition_failed']);
      expect(reply.headers.get('etag')).not.toBe(etag);
      expect(sent()).toEqual([]);
    });
  });

  describe('a stored value that blocks every update', () => {
    test.each<[string, Parameters<typeof change>[0], string, object, string]>([
      ['a short DNI', { dni: 'AB123' }, '/nationalId', { nationalId: '0123456' }, 'accepted'],
      ['no birth date', { birthdate: null }, '/birthDate', { birthDate: '1985-03-15' }, 'verified'],
      ['a phone with brackets', { phone: '(0221) 4567890' }, '/phone', { phone: '0221 4567890' }, 'verified'],
      ['an empty address', { address: '' }, '/address/text', { address: { text: 'Calle 1' } }, 'verified'],
    ])('%s: named, and fixed by sending it', async (_name, values, pointer, repair, outcome) => {
      change(values);
      const before = row();
      const update = { name: { given: 'Juana' } };
      const refused = await patch(update);
      expect([refused.status, refused.body.code]).toEqual([422, 'stored_value_invalid']);
      expect(errorsOf(refused)).toEqual([[pointer, 'stored_value_invalid']]);
      expect(sent()).toEqual([]);
      expect(row()).toEqual(before);

      const mended = await patch({ ...update, ...repair });
      expect(mended.status).toBe(200);
      expect(receiptOf(mended)).toEqual({ '/name': 'verified', [`/${pointer.split('/')[1]}`]: outcome });
      expect(row()?.name).toBe('Juana');
      expect(sent()).toEqual([expect.objectContaining({ name: 'Juana' })]);
    });

    test('all of them at once', async () => {
      change({ dni: 'AB123', birthdate: null, phone: '(0221) 4567890', email: 'nobody' });
      const refused = await patch({ status: 'inactive' });
      expect(errorsOf(refused).map(([pointer]: [string]) => pointer)).toEqual([
        '/nationalId',
        '/birthDate',
        '/phone',
        '/email',
      ]);
      const dry = await stage.patch(key, { status: 'inactive' }, {}, 'st-1', '?dryRun=true');
      expect({ ...dry.body, requestId: '' }).toEqual({ ...refused.body, requestId: '' });
    });

    test('does not block where nothing would change', async () => {
      change({ birthdate: null });
      const reply = await patch({ phone: '+54 11 4567-8901' });
      expect([reply.status, receiptOf(reply)]).toEqual([200, { '/phone': 'unchanged' }]);
      expect(sent()).toEqual([]);
    });
  });

  test('a state that means nothing here is not shown but warned of, and survives an update of another field', async () => {
    change({ state: 'Jubilado', specialityID: 3, gender: 'Mujer trans' });
    const warned = (reply: Reply) =>
      reply.body.meta.warnings.map((row: { pointer: string; code: string }) => [row.pointer, row.code]);
    const unreadable = [
      ['/status', 'unreadable'],
      ['/gender', 'unreadable'],
    ];
    const read = await stage.call('GET', '/staff/st-1', { key });
    expect(read.body.data).toMatchObject({ specialty: { code: '419192003' } });
    expect(read.body.data).not.toHaveProperty('status');
    expect(read.body.data).not.toHaveProperty('gender');
    expect(warned(read)).toEqual(unreadable);

    const reply = await patch({ phone: '0221-1111111' });
    expect([reply.status, receiptOf(reply)]).toEqual([200, { '/phone': 'verified' }]);
    expect(reply.body.data).not.toHaveProperty('status');
    expect(warned(reply)).toEqual(unreadable);
    expect(row()).toMatchObject({ state: 'Jubilado', gender: 'Mujer trans', phone: '0221-1111111' });
    expect(JSON.stringify([read.body, reply.body])).not.toContain('Jubilado');

    expect(receiptOf(await patch({ status: 'active' }))).toEqual({ '/status': 'verified' });
    expect(row()?.state).toBe('Activo/a');
  });

  test('a national id of somebody else: 409 at the field, neither number shown', async () => {
    const reply = await patch({ nationalId: '28.333.444' });
    expect([reply.status, reply.body.code, errorsOf(reply)]).toEqual([
      409,
      'conflict',
      [['/nationalId', 'already_taken']],
    ]);
    expect(JSON.stringify(reply.body)).not.toMatch(/28\.?333\.?444|30111222/);
    expect(row()?.dni).toBe(30111222);
  });

  test('a deleted user of ours is no missing staff member', async () => {
    stage.vitalis.state.users.remove('1');
    for (const reply of [
      await stage.call('GET', '/staff/st-1', { key }),
      await patch({ phone: '0221-1111111' }),
    ]) {
      expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
      expect(reply.body.vendor).toEqual({
        name: 'vitalis-centro',
        status: 404,
        message: 'El usuario no se encuentra en la DB',
      });
    }
    expect(stage.vitalis.writes).toBe(0);
  });

  test('a record that is gone is one', async () => {
    stage.vitalis.state.professionals.remove(1);
    for (const reply of [
      await stage.call('GET', '/staff/st-1', { key }),
      await patch({ phone: '0221-1111111' }),
    ])
      expect([reply.status, reply.body.code]).toEqual([404, 'staff_not_found']);
  });

  test('an invalid static token is the operator’s matter: 502, asked once, no login tried', async () => {
    stage.vitalis.state.expireTokens({ staticToken: true });
    const reply = await patch({ phone: '0221-1111111' });
    expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
    expect(stage.vitalis.log.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /professionals/1',
    ]);
    expect(JSON.stringify(reply.body)).not.toContain(SANDBOX_CREDENTIALS.vitalis.staticAdminToken);
  });
});

describe('with a login', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({
      configure: withCredentials({ ...SANDBOX_CREDENTIALS.vitalis.admin }),
      vitalis: { adminToken: null },
    });
  });
  afterAll(() => stage.close());

  const read = () => stage.call('GET', '/staff/st-1', { key });
  const logins = () => stage.vitalis.log.filter(({ path }) => path === '/auth/login').length;

  test('100 concurrent requests: one login before the first, exactly one more when the token has run out', async () => {
    const first = await Promise.all(Array.from({ length: 100 }, read));
    expect(first.map((reply) => reply.status)).toEqual(first.map(() => 200));
    expect(logins()).toBe(1);

    stage.vitalis.state.expireTokens();
    const second = await Promise.all(Array.from({ length: 100 }, read));
    expect(second.map((reply) => reply.status)).toEqual(second.map(() => 200));
    expect(stage.vitalis.log.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
    expect(logins()).toBe(2);
  });

  test('a token that runs out between reading and writing: renewed, written once', async () => {
    const before = logins();
    stage.vitalis.faults.next(
      { kind: 'hook', when: 'request', run: () => stage.vitalis.state.expireTokens() },
      { method: 'PATCH' },
    );
    const reply = await stage.patch(key, { phone: '0221-2222222' });
    expect([reply.status, receiptOf(reply)]).toEqual([200, { '/phone': 'verified' }]);
    expect(logins()).toBe(before + 1);
    expect(stage.vitalis.writes).toBe(1);
  });

  test('a new token that is refused as well: 502, and no third try', async () => {
    const before = logins();
    const stop = stage.vitalis.faults.add(
      { kind: 'answer', status: 401, body: { msg: 'Token no válido' } },
      { method: 'GET' },
    );
    const reply = await read();
    stop();
    expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
    expect(logins()).toBe(before + 1);
    expect((await read()).status).toBe(200);
  });

  test('a password that was refused is not tried again for each request', async () => {
    const wrong = await openStage({
      configure: withCredentials({ ...SANDBOX_CREDENTIALS.vitalis.admin, password: 'wrong-password' }),
      vitalis: { adminToken: null },
    });
    try {
      for (let round = 0; round < 3; round += 1) {
        const reply = await wrong.call('GET', '/staff/st-1', { key });
        expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
      }
      expect(wrong.vitalis.log.filter(({ path }) => path === '/auth/login')).toHaveLength(1);
    } finally {
      await wrong.close();
    }
  });

  test('no right to write: 502, no new login for it', async () => {
    const before = logins();
    const admin = stage.vitalis.state.users.get('1');
    stage.vitalis.state.users.change('1', { rol: '50yunUs3r' });
    const reply = await stage.patch(key, { phone: '0221-3333333' });
    if (admin) stage.vitalis.state.users.set(admin);
    expect([reply.status, reply.body.code]).toEqual([502, 'vendor_credentials_rejected']);
    expect(reply.body.vendor.message).toBe('El usuario no es un administrador');
    expect(logins()).toBe(before);
  });

  test('a wrong password: 502, without the password', async () => {
    stage.vitalis.state.expireTokens();
    stage.vitalis.state.users.change('1', { password: 'changed-by-someone' });
    const reply = await stage.patch(key, { phone: '0221-4444444' });
    expect([reply.status, reply.body.code, reply.body.outcome]).toEqual([
      502,
      'vendor_credentials_rejected',
      'not_applied',
    ]);
    const shown = JSON.stringify(reply.body) + stage.lines.join('');
    for (const secret of Object.values(SANDBOX_CREDENTIALS.vitalis.admin))
      expect(shown).not.toContain(secret);
  });
});

describe('as its document says: Bearer only, no stamps, the other error shape', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage({ vitalis: { dialect: 'documented' } });
  });
  afterAll(() => stage.close());
  beforeEach(() => stage.vitalis.reset());

  test('an update lands', async () => {
    const reply = await stage.patch(key, { status: 'on-leave', nationalId: '12345678' });
    expect([reply.status, receiptOf(reply)]).toEqual([
      200,
      { '/status': 'verified', '/nationalId': 'verified' },
    ]);
    expect(stage.vitalis.state.professionals.get(1)).toMatchObject({ state: 'Licencia', dni: 12345678 });
  });

  test('a taken national id', async () => {
    const reply = await stage.patch(key, { nationalId: '28333444' });
    expect([reply.status, reply.body.code, errorsOf(reply)]).toEqual([
      409,
      'conflict',
      [['/nationalId', 'already_taken']],
    ]);
  });

  test('without a stamp, the record itself is compared before writing', async () => {
    stage.vitalis.faults.next(
      {
        kind: 'hook',
        when: 'request',
        run: () => void stage.vitalis.state.professionals.change(1, { phone: '0221-0000000' }),
      },
      { method: 'GET', after: 1 },
    );
    const reply = await stage.patch(key, { phone: '0221-1111111' });
    expect([reply.status, reply.body.code]).toEqual([409, 'conflict']);
    expect(stage.vitalis.writes).toBe(0);
  });
});
