/**
 * The mappers against generated values, a thousand runs each and more: nothing throws, nothing is invented, nothing said
 * repeats a value. And a short run of `npm run fuzz` over real sockets.
 */
import fc from 'fast-check';
import { fuzz } from '../../scripts/fuzz';
import { UNREADABLE, type VendorRecord } from '../../src/adapter/contract';
import { withPart } from '../../src/adapter/resources';
import { failureIn } from '../../src/connection/failure';
import { showRecord, tableOf } from '../../src/directory/record';
import { isObject, sameJson } from '../../src/lib/json';
import { Problem } from '../../src/problem';
import { FIELDS } from '../../src/staff/fields';
import { normalise } from '../../src/staff/normalise';
import { parsePatch } from '../../src/staff/patch';
import { admit } from '../../src/update/admit';
import { makePlan } from '../../src/update/plan';
import { setups } from '../support/adapterSetups';
import { printTotals } from '../support/hostile';

const RUNS = 1000;
let ran = 0;
afterAll(() => printTotals('fuzz, mappers', 14_000, ran, ran));

/** Counts a run once it has held. */
function property<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void {
  fc.assert(
    fc.property(arbitrary, (value) => {
      check(value);
      ran += 1;
    }),
    { numRuns: RUNS },
  );
}

const WORDS = [
  'active',
  'Inactive',
  'on-leave',
  'male',
  'Femenino',
  'Activo/a',
  'Jubilado',
  'mon',
  'Monday',
  '09:00',
  'T10:00:00',
  '24:00',
  '2024-02-29',
  '2023-02-30',
  '1985-03-15T00:00:00.000Z',
  '394579002',
  'centro',
  'loc_1',
  '00012345',
  '12.345.678',
  '+54 11 4567-8901',
  'a@b.example',
  'http://snomed.info/sct',
  'Organization/org_1',
  'phone',
  'email',
  'days',
  '__proto__',
  '',
  ' ',
  '\0',
  '\ud800',
  'e\u0301',
] as const;
const leaf = fc.oneof(
  fc.constantFrom<unknown>(...WORDS, null, true, false, 0, 1, 2, -0, 1.5, 12345678, 2 ** 60),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer(),
);
const NAMES = [
  ...FIELDS.flatMap((field) => field.split('.')),
  ...[
    'code',
    'display',
    'system',
    'start',
    'end',
    'daysOfWeek',
    'availableStartTime',
    'availableEndTime',
    'recurrence',
    'interval',
    'unit',
  ],
  ...[
    'id',
    'name',
    'surname',
    'dni',
    'birthdate',
    'state',
    'specialityID',
    'hours',
    'day',
    'shifts',
    'facility_id',
    'set_start_date',
    'set_end_date',
  ],
  ...[
    'set_recur',
    'recur_interval_type',
    'recur_interval_amount',
    'active',
    'telecom',
    'value',
    'coding',
    'organization',
    'location',
    'reference',
  ],
  ...[
    'errors',
    'msg',
    'param',
    'path',
    'success',
    'message',
    'error',
    'issues',
    'issue',
    'diagnostics',
    'providers',
    'data',
    '__proto__',
    'constructor',
  ],
] as const;
/** JSON that uses the names of all records, so that it gets far. */
const { value: json } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', maxDepth: 5 },
    leaf,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 6 })
    .map((entries) => Object.fromEntries(entries)),
}));
const object = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), json), { maxLength: 12 })
  .map((entries): Record<string, unknown> => Object.fromEntries(entries));

const text = (value: unknown) => JSON.stringify(value);

/** The texts inside of a value that no sentence of ours has by chance. */
function secrets(value: unknown): string[] {
  if (typeof value === 'string') return /[0-9@+\ud800-\udfff]/.test(value) && value.length > 4 ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secrets) : [];
}

/** What of the sent texts a complaint repeats. The allowed values are ours to say. */
function repeated(sent: unknown, complaints: readonly { detail: string }[]): string[] {
  const said = complaints.map(({ detail }) => detail).filter((detail) => !detail.startsWith('One of these'));
  return secrets(sent).filter((secret) => said.some((detail) => detail.includes(secret)));
}

describe('the canonical mappers', () => {
  test('normalising: never throws, twice is as once, no member comes or goes', () => {
    property(json, (value) => {
      const once = normalise(value);
      expect(text(normalise(once))).toBe(text(once));
      if (isObject(value)) expect(Object.keys(Object(once))).toEqual(Object.keys(value));
    });
  });

  test('parsing: complaints that point into the body and repeat nothing, or a patch of what was sent', () => {
    property(object, (body) => {
      const before = text(body);
      const parsed = parsePatch(body);
      expect(text(body)).toBe(before);
      if ('errors' in parsed) {
        expect(parsed.errors).not.toEqual([]);
        const strange = parsed.errors.filter(
          ({ pointer, code }) => !/^(\/|$)/.test(pointer) || !/^[a-z_]+$/.test(code),
        );
        expect([strange, repeated(body, parsed.errors)]).toEqual([[], []]);
        return;
      }
      for (const name of parsed.patch.members) expect(Object.hasOwn(body, name)).toBe(true);
      expect(parsed.patch.members).toHaveLength(Object.keys(body).length);
    });
  });
});

const date = fc
  .date({ min: new Date('1950-01-01'), max: new Date('2019-12-31'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10));
const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
const orNull = (arbitrary: fc.Arbitrary<unknown>) => fc.option(arbitrary, { nil: null, freq: 9 });
/** Updates over every field, most of them valid. */
const update = fc.record(
  {
    status: orNull(fc.constantFrom('active', 'inactive', 'on-leave')),
    name: orNull(fc.record({ given: orNull(word), family: word }, { requiredKeys: ['family'] })),
    nationalId: orNull(fc.stringMatching(/^[0-9A-Za-z]{7,20}$/)),
    birthDate: orNull(date),
    gender: orNull(fc.constantFrom('male', 'female', 'other', 'unknown')),
    address: orNull(fc.record({ text: orNull(word) })),
    phone: orNull(fc.stringMatching(/^[0-9]{10,20}$/)),
    email: orNull(fc.constantFrom('a@b.example', 'x.y@z.example')),
    role: orNull(word),
    specialty: orNull(
      fc.record(
        {
          code: fc.constantFrom('394579002', '1', '__proto__'),
          display: orNull(word),
          system: fc.constant('http://snomed.info/sct'),
        },
        { requiredKeys: [] },
      ),
    ),
    organizationId: orNull(fc.constantFrom('north-clinic', 'org_9', 'constructor')),
    locationId: orNull(fc.constantFrom('centro', 'loc_9')),
    period: orNull(fc.record({ start: orNull(date), end: orNull(date) }, { requiredKeys: [] })),
    availableTime: orNull(
      fc
        .uniqueArray(fc.constantFrom('mon', 'tue', 'wed', 'thu'), { maxLength: 4 })
        .map((days) =>
          days.map((day) => ({ daysOfWeek: [day], availableStartTime: '08:00', availableEndTime: '09:30' })),
        ),
    ),
  },
  { requiredKeys: [] },
);

describe.each(setups)('$title', ({ adapter }) => {
  const table = tableOf(adapter);
  const parts = (adapter.also ?? []).map(({ name }) => name);
  /** Any record, of further resources too. */
  const anyRecord = fc
    .tuple(object, ...parts.map(() => object))
    .map(([own, ...others]) =>
      others.reduce<VendorRecord>((record, part, index) => withPart(record, parts[index], part), own),
    );

  test('reading any record: never throws, invents nothing, and what it shows is what the record holds', () => {
    property(anyRecord, (record) => {
      const before = text(record);
      const shown = showRecord(table, record);
      expect(text(record)).toBe(before);
      const invented = FIELDS.filter((field) => {
        const mapping = table[field];
        const value = shown.fields[field];
        if (!mapping.supported || value === undefined || value === null) return false;
        const decoded = mapping.decode(record);
        return decoded === UNREADABLE || text(value) !== text(decoded);
      });
      if (invented.length > 0) expect({ record, invented }).toEqual({ record, invented: [] });
    });
    expect(showRecord(table, {}).fields).toEqual({});
  });

  test('planning any valid update on any record: a plan with the table’s keys alone, or a refusal with pointers', () => {
    property(fc.tuple(update, fc.option(anyRecord), fc.boolean()), ([body, current, lenient]) => {
      const parsed = parsePatch(body);
      if ('errors' in parsed) return;
      try {
        const admitted = admit(parsed.patch, table, lenient, 'Vendor');
        const plan = makePlan(adapter, table, admitted.changes, current ?? undefined);
        const keys = FIELDS.flatMap((field) => {
          const mapping = table[field];
          return mapping.supported ? [`${mapping.resource} ${mapping.key}`] : [];
        });
        const bodies = new Map(plan.writes.map(({ resource, body: sent }) => [resource, sent]));
        const strange = plan.writes
          .flatMap(({ resource, body: sent }) => Object.keys(sent).map((key) => `${resource} ${key}`))
          .filter((key) => !keys.includes(key));
        const unsent = plan.targets.filter(
          ({ unchanged, mapping, wire }) =>
            !unchanged && !sameJson(bodies.get(mapping.resource)?.[mapping.key], wire),
        );
        const settled = admitted.changes.length + admitted.dropped.length;
        expect([strange, unsent, settled]).toEqual([[], [], parsed.patch.changes.length]);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const { errors = [] } = error.extras;
        const nowhere = errors.filter(({ pointer }) => !pointer.startsWith('/'));
        expect([error.status, errors.length > 0, nowhere, repeated(body, errors)]).toEqual([
          422,
          true,
          [],
          [],
        ]);
      }
    });
  });

  test('judging any answer: never throws, and no complaint repeats what the vendor said unless it is a known sentence', () => {
    const status = fc.constantFrom(
      200,
      201,
      202,
      204,
      301,
      400,
      401,
      403,
      404,
      405,
      408,
      409,
      410,
      412,
      418,
      422,
      429,
      500,
      502,
      503,
      599,
    );
    property(fc.tuple(status, fc.oneof(object, json, fc.constant(undefined))), ([code, body]) => {
      const failure = failureIn({ status: code, headers: {}, body }, adapter.errors, 'Vendor');
      if (failure === undefined) return expect([200, 201]).toContain(code);
      const unsafe = failure.complaints.filter(
        ({ text: said }) =>
          said !== undefined && !adapter.errors.issueRules.some((rule) => rule.safe && rule.text.test(said)),
      );
      const { status: told, fate, message, kind, complaints } = failure;
      expect([told, fate === 'not_sent', repeated(body, complaints), unsafe, message]).toEqual([
        code,
        false,
        [],
        [],
        `${kind}: The vendor answered with status ${code}.`,
      ]);
    });
  });
});

test('over real sockets: no crash, no 5xx, an answer to everything', async () => {
  const totals = await fuzz({ count: 400, seed: 1, connections: 4, milliseconds: 120_000 });
  expect(totals.examples).toEqual([]);
  expect(totals).toMatchObject({ requests: 400, crashes: 0, serverErrors: 0, bare: 0, unanswered: 0 });
  expect(totals.statuses['200']).toBeGreaterThan(20);
  expect(totals.statuses['422']).toBeGreaterThan(40);
}, 180_000);
