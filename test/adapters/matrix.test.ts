/**
 * Every canonical leaf at every vendor, end to end: what the receipt says against what the sandbox really holds, what a dry run
 * shows against what is then sent, what capabilities promise against what happens.
 */
import fc from 'fast-check';
import { isObject, member, sameJson } from '../../src/lib/json';
import { DAYS, FIELDS, pointerOf, SNOMED_CT } from '../../src/staff/fields';
import { mergePatch } from '../../src/staff/mergePatch';
import {
  FACILITY,
  KEYS,
  openStage,
  RECORDS,
  type Reply,
  type Stage,
  type StageOptions,
} from '../support/stage';

type Json = Record<string, unknown>;
interface Row {
  pointer: string;
  outcome: string;
  code?: string;
  detail?: string;
}
interface Capability {
  pointer: string;
  read: boolean;
  write: boolean;
  clear: boolean;
  values?: string[];
  reason?: string;
}

/** A vendor as this test sees it: by its own eyes, not through the gateway's tables. */
interface Vendor {
  title: string;
  key: string;
  options: StageOptions;
  /** The fields that design.md section 2, or the vendor's contract, says it holds. */
  fields: string[];
  sandbox(stage: Stage): Stage['clinikapi'] | Stage['vitalis'] | Stage['cobalt'];
  /** What the vendor holds now, in canonical words. */
  stored(stage: Stage): Json;
  /** What is shown, without names that its records do not hold. */
  withoutNames?(shown: Json): Json;
  /** What an update does to more than it says. */
  settle?(expected: Json, patch: Json): Json;
  /** A field that it holds, with a value that it does not hold yet. */
  spare: [string, unknown][];
}

const SPECIALTIES = { 1: '394579002', 2: '394537008', 3: '419192003' };
const STATES = { 'Activo/a': 'active', 'Inactivo/a': 'inactive', Licencia: 'on-leave' };
const GENDER_WORDS = { Masculino: 'male', Femenino: 'female', Otro: 'other', 'No informado': 'unknown' };

const present = (value: Json): Json => JSON.parse(JSON.stringify(value));
const orNull = (value: unknown[]) => (value.length > 0 ? value : null);

const PERSON = ['name.given', 'name.family', 'birthDate', 'gender', 'address.text'];

/** The practitioner behind the seeded role. */
function personAt({ clinikapi }: Stage): Json {
  const { firstName, lastName, birthDate, gender, address, phone, email } =
    clinikapi.state.practitioners.get('prac_abc123')?.details ?? {};
  const [text] = [member(address, 'line') ?? []].flat();
  return {
    ...{ birthDate, gender, phone, email },
    name: { given: firstName, family: lastName },
    ...(text !== undefined && { address: { text } }),
  };
}

const VENDORS: Vendor[] = [
  {
    title: 'ClinikAPI',
    key: KEYS.north,
    options: {},
    fields: [
      'status',
      'role',
      'specialty',
      'organizationId',
      'locationId',
      'period',
      'phone',
      'email',
      ...PERSON,
    ],
    sandbox: (stage) => stage.clinikapi,
    stored: (stage) => {
      const role = stage.clinikapi.state.roles.get(RECORDS['clinikapi-main']);
      const {
        status,
        role: code,
        specialties,
        organizationId,
        locationId,
        period,
      } = role ?? { specialties: [] };
      const { phone, email, ...person } = personAt(stage);
      const ofRole = { status, role: code, specialty: specialties[0], organizationId, locationId, period };
      return present({ ...ofRole, ...person, phone, email });
    },
    spare: [
      ['role', 'nurse'],
      ['locationId', 'loc_annex2'],
    ],
  },
  {
    title: 'ClinikAPI, live dialect',
    key: KEYS.north,
    options: {
      clinikapi: { dialect: 'live' },
      configure: (config) => {
        config.vendors['clinikapi-main'].options = { dialect: 'live' };
      },
    },
    fields: ['status', 'role', 'specialty', 'phone', 'email', 'period', 'availableTime', ...PERSON],
    sandbox: (stage) => stage.clinikapi,
    stored: (stage) => {
      const role = stage.clinikapi.state.roles.get(RECORDS['clinikapi-main']);
      const {
        status,
        role: code,
        specialties,
        phone,
        email,
        period,
        availableTime,
      } = role ?? { specialties: [] };
      const ofRole = { status, role: code, specialty: specialties[0], phone, email, period, availableTime };
      return present({ ...personAt(stage), ...ofRole });
    },
    // A specialty is a text there: with another text goes the code that somebody else may have stored.
    settle: (expected, { specialty }) =>
      isObject(specialty) ? { ...expected, specialty: { display: specialty.display } } : expected,
    spare: [
      ['role', 'nurse'],
      ['phone', '+54 11 1111-1111'],
    ],
  },
  {
    title: 'Vitalis',
    key: KEYS.centro,
    options: {},
    fields: [
      'status',
      'name.given',
      'name.family',
      'nationalId',
      'birthDate',
      'gender',
      'address.text',
      'phone',
      'email',
      'specialty',
      'availableTime',
    ],
    sandbox: (stage) => stage.vitalis,
    withoutNames: (shown) => without(shown, ['/specialty/display']),
    stored: (stage) => {
      const row = stage.vitalis.state.professionals.get(Number(RECORDS['vitalis-centro']));
      return present({
        status: member(STATES, String(row?.state)) ?? null,
        name: { given: row?.name, family: row?.surname },
        nationalId: String(row?.dni),
        birthDate: row?.birthdate?.slice(0, 10) ?? null,
        gender: member(GENDER_WORDS, String(row?.gender)) ?? null,
        address: { text: row?.address },
        phone: row?.phone,
        email: row?.email,
        specialty: { code: member(SPECIALTIES, String(row?.specialityID)) },
        availableTime: stage.vitalis.state.schedules
          .all()
          .filter(({ professionalID }) => String(professionalID) === RECORDS['vitalis-centro'])
          .map(({ dayOfWeek, startTime, endTime }) => ({
            daysOfWeek: [['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][Number(dayOfWeek)]],
            availableStartTime: `${startTime}:00`,
            availableEndTime: `${endTime}:00`,
          })),
      });
    },
    spare: [
      ['email', 'another@example.test'],
      ['phone', '+54 11 1111-1111'],
    ],
  },
  {
    title: 'Cobalt',
    key: KEYS.south,
    options: {},
    fields: ['status', 'availableTime'],
    sandbox: (stage) => stage.cobalt,
    stored: (stage) => {
      const provider = stage.cobalt.state.providers.get(RECORDS['cobalt-main']);
      const shifts = (provider?.hours ?? []).flatMap(({ day, shifts: ofDay }) =>
        ofDay.map((shift) => ({ day, ...shift })),
      );
      return present({
        status: provider?.status,
        availableTime: shifts.map((shift) => ({
          daysOfWeek: [shift.day.slice(0, 3).toLowerCase()],
          availableStartTime: shift.start.slice(1),
          availableEndTime: shift.end.slice(1),
          locationId: shift.facility_id === FACILITY ? 'centro' : shift.facility_id,
          period: dates(shift.set_start_date, shift.set_end_date),
          recurrence: shift.set_recur && {
            interval: shift.set_recur.recur_interval_amount,
            unit: shift.set_recur.recur_interval_type === 'days' ? 'day' : undefined,
            ...dates(shift.set_recur.rec_start_date, shift.set_recur.rec_end_date),
            description: shift.set_recur.recur_interval_description,
          },
        })),
      });
    },
    spare: [
      ['status', 'inactive'],
      [
        'availableTime',
        [{ daysOfWeek: ['sun'], availableStartTime: '01:00:00', availableEndTime: '02:00:00' }],
      ],
    ],
  },
];

function dates(start: string | undefined, end: string | undefined): Json | undefined {
  if (start === undefined && end === undefined) return undefined;
  return { ...(start && { start: start.slice(0, 10) }), ...(end && { end: end.slice(0, 10) }) };
}

const block = (rest: Json = {}) => ({
  daysOfWeek: ['tue', 'thu'],
  availableStartTime: '10:00:00',
  availableEndTime: '13:00:00',
  ...rest,
});
const repeats = (rest: Json = {}) => block({ recurrence: { interval: 2, unit: 'day', ...rest } });

/** One case for each leaf, member and closed-list value, set and cleared. */
const CASES: [string, Json][] = [
  ...['active', 'inactive', 'on-leave', null].map((status): [string, Json] => [
    `status ${status}`,
    { status },
  ]),
  ...['male', 'female', 'other', 'unknown', null].map((gender): [string, Json] => [
    `gender ${gender}`,
    { gender },
  ]),
  ['name.given', { name: { given: 'Juana María' } }],
  ['name.given null', { name: { given: null } }],
  ['name.family', { name: { family: "O'Connor Ñandú" } }],
  ['name.family null', { name: { family: null } }],
  ['name, both', { name: { given: 'Ana', family: 'Paz' } }],
  ['name null', { name: null }],
  ['nationalId', { nationalId: '30.999.888' }],
  ['nationalId null', { nationalId: null }],
  ['birthDate', { birthDate: '1979-12-31' }],
  ['birthDate null', { birthDate: null }],
  ['address.text', { address: { text: 'Calle 50 № 123, piso 4' } }],
  ['address.text null', { address: { text: null } }],
  ['address null', { address: null }],
  ['phone', { phone: '+54 221 456-7890' }],
  ['phone null', { phone: null }],
  ['email', { email: 'ana.paz@example.test' }],
  ['email null', { email: null }],
  ['role', { role: 'consultant' }],
  ['role null', { role: null }],
  ['specialty code and display', { specialty: { code: '394537008', display: 'Pediatrics' } }],
  ['specialty, all three', { specialty: { code: '394537008', display: 'Pediatrics', system: SNOMED_CT } }],
  ['specialty.code', { specialty: { code: '394537008' } }],
  ['specialty.code as stored', { specialty: { code: '394579002' } }],
  ['specialty.display', { specialty: { display: 'Heart medicine' } }],
  ['specialty.display null', { specialty: { display: null } }],
  ['specialty.system', { specialty: { system: SNOMED_CT } }],
  ['specialty.system null', { specialty: { system: null } }],
  [
    'specialty of another system',
    { specialty: { code: '1', display: 'x', system: 'http://example.test/codes' } },
  ],
  ['specialty null', { specialty: null }],
  ['organizationId', { organizationId: 'org_south2' }],
  ['organizationId null', { organizationId: null }],
  ['locationId', { locationId: 'loc_annex2' }],
  ['locationId null', { locationId: null }],
  ['period.start', { period: { start: '2023-03-01' } }],
  ['period.start null', { period: { start: null } }],
  ['period.start null, end given', { period: { start: null, end: '2030-01-01' } }],
  ['period.end', { period: { end: '2029-06-30' } }],
  ['period.end null', { period: { end: null } }],
  ['period, both', { period: { start: '2025-01-01', end: '2025-12-31' } }],
  ['period null', { period: null }],
  ['availableTime', { availableTime: [block()] }],
  [
    'availableTime, two blocks',
    { availableTime: [block(), block({ availableStartTime: '14:00:00', availableEndTime: '15:30:15' })] },
  ],
  ['availableTime.daysOfWeek, all', { availableTime: [block({ daysOfWeek: [...DAYS] })] }],
  ['availableTime.locationId', { availableTime: [block({ locationId: 'centro' })] }],
  ['availableTime.period.start', { availableTime: [block({ period: { start: '2026-01-01' } })] }],
  ['availableTime.period.end', { availableTime: [block({ period: { end: '2026-12-31' } })] }],
  ['availableTime.recurrence', { availableTime: [repeats()] }],
  ['availableTime.recurrence.unit week', { availableTime: [repeats({ unit: 'week' })] }],
  ['availableTime.recurrence.start', { availableTime: [repeats({ start: '2026-01-01' })] }],
  ['availableTime.recurrence.end', { availableTime: [repeats({ end: '2026-12-31' })] }],
  ['availableTime.recurrence.description', { availableTime: [repeats({ description: 'Every other day.' })] }],
  ['availableTime null', { availableTime: null }],
  ['availableTime, empty', { availableTime: [] }],
];

test('the cases name every field, set and cleared', () => {
  const named = (cleared: boolean) =>
    FIELDS.filter((field) =>
      CASES.some(
        ([name]) => name === (cleared ? `${field} null` : field) || (!cleared && name.startsWith(field)),
      ),
    );
  expect(named(false)).toEqual([...FIELDS]);
  expect(named(true)).toEqual([...FIELDS]);
});

/** One entry a day and shift, in a fixed order: grouping and order say nothing. */
function byDay(blocks: unknown): unknown {
  if (!Array.isArray(blocks)) return blocks;
  const rows = blocks.flatMap((item) =>
    (member(item, 'daysOfWeek') as string[]).map((day) => ({ ...item, daysOfWeek: [day] })),
  );
  return orNull(rows.sort((a, b) => (JSON.stringify(sorted(a)) < JSON.stringify(sorted(b)) ? -1 : 1)));
}

function sorted(value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** Canonical records compared as what they mean: no default system, no empty members, hours by day. */
function plain(record: Json): Json {
  const { id: _id, specialty, availableTime, ...rest } = record;
  const { system: _system, ...coded } = isObject(specialty) ? specialty : {};
  return Object.fromEntries(
    Object.entries({
      ...rest,
      specialty: Object.keys(coded).length > 0 ? coded : null,
      availableTime: byDay(availableTime),
    }).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** The record after the update, by RFC 7396 and the one rule that it lacks: a new code keeps no old display. */
function after(before: Json, patch: Json): Json {
  const code = member(patch.specialty, 'code');
  const isNewCode = code !== undefined && code !== member(before.specialty, 'code');
  const base = isNewCode ? { ...before, specialty: {} } : before;
  const national =
    typeof patch.nationalId === 'string' ? { nationalId: patch.nationalId.replaceAll('.', '') } : {};
  return Object(mergePatch(base, { ...patch, ...national }));
}

function without(record: Json, pointers: readonly string[]): Json {
  const copy: Json = structuredClone(record);
  for (const pointer of pointers) {
    const [, top = '', leaf] = pointer.split('/');
    if (leaf === undefined) delete copy[top];
    else if (isObject(copy[top])) delete copy[top][leaf];
  }
  return copy;
}

describe.each(VENDORS)('$title', (vendor) => {
  let stage: Stage;
  let capabilities: Capability[];
  beforeAll(async () => {
    stage = await openStage(vendor.options);
    capabilities = (await stage.call('GET', '/capabilities', { key: vendor.key })).body.data.fields;
  });
  afterAll(() => stage.close());
  beforeEach(() => vendor.sandbox(stage).reset());

  const send = (patch: Json, headers: Record<string, string> = {}, query = '') =>
    stage.patch(vendor.key, patch, headers, 'st-1', query);
  const writes = () => vendor.sandbox(stage).log.filter((exchange) => exchange.method !== 'GET');
  const read = async (): Promise<Reply> => stage.call('GET', '/staff/st-1', { key: vendor.key });

  /** The capability rows that speak of what was sent. */
  function concerned(patch: Json): Capability[] {
    const fields = FIELDS.filter((field) => {
      const [top = field, leaf] = field.split('.');
      const value = patch[top];
      return (
        value !== undefined && (leaf === undefined || value === null || member(value, leaf) !== undefined)
      );
    });
    return capabilities.filter(({ pointer }) => fields.some((field) => pointerOf(field) === pointer));
  }

  /** The receipt of a success is true: row by row against what was stored before and is stored now. */
  function expectTruth(reply: Reply, patch: Json, before: Json): void {
    const rows: Row[] = reply.body.meta.receipt;
    const now = vendor.stored(stage);
    const dropped = rows.filter((row) => row.outcome === 'dropped').map((row) => row.pointer.slice(1));
    const sent = Object.fromEntries(Object.entries(patch).filter(([name]) => !dropped.includes(name)));
    const lost = reply.body.meta.warnings
      .filter((warning: { code: string }) => warning.code === 'not_stored')
      .map((warning: { pointer: string }) => warning.pointer);
    const system = isObject(patch.specialty) && 'system' in patch.specialty ? ['/specialty/system'] : [];
    const merged = after(before, without(sent, [...lost, ...system]));
    expect(plain(now)).toEqual(plain(vendor.settle?.(merged, sent) ?? merged));
    expect(rows.map((row) => row.pointer).sort()).toEqual(
      Object.keys(patch)
        .map((name) => `/${name}`)
        .sort(),
    );
    for (const { pointer, outcome, detail } of rows) {
      const name = pointer.slice(1);
      const moved = !sameJson(plain(before)[name], plain(now)[name]);
      if (outcome === 'dropped') expect(moved).toBe(false);
      // What cannot be read back must be sent, even where it happens to be the same.
      else if (outcome !== 'accepted')
        expect([pointer, outcome]).toEqual([pointer, moved ? 'verified' : outcome]);
      if (outcome === 'unchanged') expect(moved).toBe(false);
      if (outcome === 'accepted' || outcome === 'dropped') expect(detail).toMatch(/^[A-Z].{15,}/);
    }
  }

  /** Every path of `data` that holds a value is what the vendor holds. */
  function expectTrueData(reply: Reply): void {
    const shown = plain(vendor.withoutNames?.(reply.body.data) ?? reply.body.data);
    const now = plain(vendor.stored(stage));
    for (const [name, value] of Object.entries(shown)) {
      // The end of a recurrence is stored but never shown (cobalt.md section 3).
      const strip = (item: unknown): unknown =>
        JSON.parse(JSON.stringify(item) ?? 'null', (key, inner) =>
          key === 'recurrence' ? { ...inner, end: undefined } : inner,
        );
      expect({ [name]: name === 'availableTime' ? byDay(strip(value)) : value }).toEqual({
        [name]: name === 'availableTime' ? byDay(strip(now[name])) : now[name],
      });
    }
  }

  /** Lenient, with another field that the vendor holds: what it cannot hold is dropped, and nothing else is. */
  async function expectLenient(patch: Json, errors: readonly Row[]): Promise<void> {
    const [name, value] = vendor.spare.find(([field]) => !(field in patch)) ?? [];
    if (name === undefined) throw new Error('there is always a field to spare');
    const full = { ...patch, [name]: value };
    const before = vendor.stored(stage);
    const reply = await send(full, { prefer: 'handling=lenient' });
    const topOf = ({ pointer }: Row) => `/${pointer.split('/')[1]}`;
    const droppable = ['unsupported_field', 'not_expressible'];
    const fatal = errors.filter((error) => !droppable.includes(error.code ?? '')).map(topOf);
    if (fatal.length === 0) {
      expect(reply.status).toBe(200);
      expectTruth(reply, full, before);
      const dropped = reply.body.meta.receipt.filter((row: Row) => row.outcome === 'dropped');
      expect(dropped.map(topOf)).toEqual([...new Set(errors.map(topOf))]);
    } else {
      // Only what is unsupported is ever dropped: clearing and unknown codes stay refused.
      expect([reply.status, reply.body.errors.map(topOf)]).toEqual([
        422,
        errors.map(topOf).filter((top) => fatal.includes(top)),
      ]);
      expect(writes()).toEqual([]);
    }
  }

  test.each(CASES)('%s', async (_name, patch) => {
    const before = vendor.stored(stage);
    const dry = await send(patch, {}, '?dryRun=true');
    expect(writes()).toEqual([]);
    expect(vendor.stored(stage)).toEqual(before);
    const reply = await send(patch);
    expect(dry.status).toBe(reply.status);

    if (reply.status === 200) {
      expectTruth(reply, patch, before);
      expectTrueData(reply);
      expect(dry.body.meta.dryRun).toBe(true);
      expect(dry.body.meta.receipt).toEqual(reply.body.meta.receipt);
      // What only the new record can show (a text that is no code any more) is not known beforehand.
      expect(reply.body.meta.warnings).toEqual(expect.arrayContaining(dry.body.meta.warnings));
      const shown = dry.body.meta.vendorRequests;
      expect(shown).toHaveLength(writes().length);
      if (shown.length < 2) expect(dry.body.meta.vendorRequest).toEqual(shown[0] ?? null);
      else expect(dry.body.meta).not.toHaveProperty('vendorRequest');
      if (shown.length === 0) {
        expect(reply.body.meta.receipt.every((row: Row) => row.outcome === 'unchanged')).toBe(true);
      }
      for (const [index, { method, path, body, headers }] of writes().entries()) {
        const { pathname } = new URL(shown[index].url);
        expect({ method: shown[index].method, path: pathname, body: shown[index].body }).toStrictEqual({
          ...{ method, path, body },
        });
        for (const [name, value] of Object.entries(shown[index].headers)) {
          expect(headers).toHaveProperty([name]);
          if (value !== '***') expect([name, headers[name]]).toEqual([name, value]);
        }
        const secrets = Object.values(stage.config.vendors).flatMap((one) => Object.values(one.credentials));
        for (const secret of secrets) expect(JSON.stringify(dry.body)).not.toContain(secret);
      }
    } else {
      expect(reply.status).toBe(422);
      expect({ ...dry.body, requestId: '' }).toEqual({ ...reply.body, requestId: '' });
      expect(writes()).toEqual([]);
      expect(vendor.stored(stage)).toEqual(before);
      for (const error of reply.body.errors)
        expect(Object.keys(patch)).toContain(error.pointer.split('/')[1]);
    }

    // What capabilities say, against what has happened.
    for (const { pointer, write, clear, values, reason } of concerned(patch)) {
      const value = pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((at, key) => (at === null ? null : member(at, key)), patch);
      const isClear = value === null || (Array.isArray(value) && value.length === 0);
      const codes = (reply.body.errors ?? [])
        .filter((error: Row) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`))
        .map((error: { code: string }) => error.code);
      if (!write) {
        expect(codes).toEqual(['unsupported_field']);
        expect(reason).toMatch(/^.{15,}/);
      } else if (isClear) {
        expect([pointer, codes]).toEqual([pointer, clear ? [] : ['not_clearable']]);
        if (!clear) expect(reason).toMatch(/^.{15,}/);
      } else if (values !== undefined && typeof value === 'string') {
        expect([value, codes.length === 0]).toEqual([value, values.includes(value)]);
      }
    }
    if (reply.status === 422) await expectLenient(patch, reply.body.errors);
  });

  test('a vendor that says yes and keeps the old value: 502, never a success', async () => {
    const before = vendor.stored(stage);
    const patch = Object.fromEntries(vendor.spare);
    vendor.sandbox(stage).faults.next({ kind: 'no-effect', echo: 'old' }, { method: 'PATCH' });
    const reply = await send(patch);
    expect([reply.status, reply.body.code]).toEqual([502, 'write_not_confirmed']);
    expect(writes()).toHaveLength(1);
    expect(vendor.stored(stage)).toEqual(before);
    // What the answer to a write does not show may be accepted; whatever is shown is named.
    const accepted = reply.body.receipt.map((row: Row) => [row.pointer, row.outcome]);
    const named = reply.body.errors.map((error: Row) => [error.pointer, error.code]);
    expect(named.length).toBeGreaterThan(0);
    expect([...accepted, ...named].sort()).toEqual(
      Object.keys(patch)
        .map((name) => `/${name}`)
        .map((pointer) =>
          accepted.some(([at]: [string]) => at === pointer)
            ? [pointer, 'accepted']
            : [pointer, 'write_not_confirmed'],
        )
        .sort(),
    );
  });

  test('capabilities list all fields, and write exactly those that the vendor holds', () => {
    expect(capabilities.map((row) => row.pointer)).toEqual(FIELDS.map(pointerOf));
    const written = capabilities.filter((row) => row.write).map((row) => row.pointer);
    expect(written.sort()).toEqual(vendor.fields.map((field) => `/${field.replace('.', '/')}`).sort());
    for (const row of capabilities) expect(row.read).toBe(row.write);
  });

  test('a read shows what capabilities call readable, as it is stored, and nothing else', async () => {
    const reply = await read();
    expect(reply.status).toBe(200);
    const readable = capabilities.filter((row) => row.read).map((row) => row.pointer.split('/')[1]);
    const { id, ...shown } = reply.body.data;
    expect(id).toBe('st-1');
    expect(readable).toEqual(expect.arrayContaining(Object.keys(shown)));
    expectTrueData(reply);
  });

  test('a whole update changes nothing when it is sent again', async () => {
    const { body } = await read();
    const { id: _id, ...data } = body.data;
    const known = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
    const again = await send(known);
    expect(again.status).toBe(200);
    // Vendors that are not read first get what they are told; nothing may move there either.
    for (const row of again.body.meta.receipt)
      expect(['unchanged', 'verified', 'accepted']).toContain(row.outcome);
    expect(plain((await read()).body.data)).toEqual(plain(body.data));
  });

  test('each sent member has one receipt row, or the refusal names everything that is refused', async () => {
    const held = new Set(vendor.fields.map((field) => field.split('.')[0]));
    const anyOf = (isHeld: boolean, max: number) =>
      fc.uniqueArray(
        fc.constantFrom(
          ...CASES.filter(([, patch]) => Object.keys(patch).every((name) => held.has(name) === isHeld)),
        ),
        {
          selector: ([, patch]) => Object.keys(patch).join(),
          minLength: isHeld ? 1 : 0,
          maxLength: max,
        },
      );
    const patches = fc
      .tuple(anyOf(true, 3), anyOf(false, 2))
      .map((parts): Json => Object.assign({}, ...parts.flat().map(([, patch]) => patch)));
    let successes = 0;
    await fc.assert(
      fc.asyncProperty(patches, fc.boolean(), async (patch, lenient) => {
        vendor.sandbox(stage).reset();
        const before = vendor.stored(stage);
        const reply = await send(patch, lenient ? { prefer: 'handling=lenient' } : {});
        if (reply.status === 200) {
          successes += 1;
          expectTruth(reply, patch, before);
          return;
        }
        expect(reply.status).toBe(422);
        expect(writes()).toEqual([]);
        expect(vendor.stored(stage)).toEqual(before);
        if (lenient) return;
        const refused = concerned(patch)
          .filter(({ write }) => !write)
          .map(({ pointer }) => pointer);
        expect(reply.body.errors.map((error: Row) => error.pointer)).toEqual(expect.arrayContaining(refused));
      }),
      { numRuns: 30 },
    );
    expect(successes).toBeGreaterThan(0);
  });
});
