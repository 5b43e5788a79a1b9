/** What holds for every adapter: whole tables, values that survive the way there and back, settings that are checked. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { adapters } from '../../adapters';
import {
  type Adapter,
  type AdapterModule,
  type FieldMapping,
  type MappedField,
  UNREADABLE,
  type VendorRecord,
} from '../../src/adapter/contract';
import { withPart } from '../../src/adapter/resources';
import { isObject, member, sameJson } from '../../src/lib/json';
import {
  type AvailableTime,
  DAYS,
  FIELDS,
  type Field,
  GENDERS,
  SNOMED_CT,
  STATUSES,
} from '../../src/staff/fields';
import { sortBlocks } from '../../src/staff/normalise';
import { connect, type Setup, setups } from '../support/adapterSetups';
import { ejemplo } from '../support/exampleAdapter';

const day = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const word = fc.stringMatching(/^[A-Za-zÁÉñü'][A-Za-z0-9 Éñü'.-]{0,30}[A-Za-z0-9]$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const bounds = fc
  .tuple(optional(day), optional(day))
  .filter(([start, end]) => (start ?? '') <= (end ?? '9'))
  .map(([start, end]) => ({ ...(start && { start }), ...(end && { end }) }));
const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));

const plainBlock = fc
  .tuple(fc.subarray([...DAYS], { minLength: 1 }), time, time)
  .filter(([, start, end]) => start < end)
  .map(([daysOfWeek, availableStartTime, availableEndTime]) => ({
    daysOfWeek,
    availableStartTime,
    availableEndTime,
  }));
const fullBlock = fc
  .tuple(
    plainBlock,
    optional(fc.constantFrom('centro', '095f8067-d3fc-4e13-b771-000000000009', 'annex')),
    bounds,
    optional(
      fc
        .tuple(fc.integer({ min: 1, max: 1000 }), bounds, optional(word))
        .map(([interval, dates, description]) => ({
          interval,
          unit: 'day' as const,
          ...dates,
          ...(description && { description }),
        })),
    ),
  )
  .map(([block, locationId, period, recurrence]) => ({
    ...block,
    ...(locationId && { locationId }),
    ...(Object.keys(period).length > 0 && { period }),
    ...(recurrence && { recurrence }),
  }));
const week = (block: fc.Arbitrary<AvailableTime>) =>
  fc
    .uniqueArray(block, { minLength: 1, maxLength: 6, selector: (item) => item.availableStartTime })
    .map(sortBlocks);

/** Canonical values of each field; those of a closed or configured list are narrowed to what the mapping expresses. */
const VALUES: Readonly<Record<Field, fc.Arbitrary<unknown>>> = {
  status: fc.constantFrom(...STATUSES),
  'name.given': word,
  'name.family': word,
  nationalId: fc.stringMatching(/^[0-9A-Za-z]{7,20}$/),
  birthDate: day,
  gender: fc.constantFrom(...GENDERS),
  'address.text': word,
  phone: fc.stringMatching(/^\+[0-9][0-9 -]{8,17}[0-9]$/),
  email: fc.emailAddress(),
  role: word,
  specialty: fc
    .tuple(fc.constantFrom('394579002', '394819006'), optional(word))
    .map(([code, display]) => ({ code, ...(display && { display }), system: SNOMED_CT })),
  organizationId: fc.oneof(fc.constant('north-clinic'), fc.uuid()),
  locationId: fc.oneof(fc.constant('centro'), fc.uuid()),
  period: bounds.filter((period) => Object.keys(period).length > 0),
  availableTime: fc.oneof(week(plainBlock), week(fullBlock)),
};

const never = (at: string, code: string): never => {
  throw new Error(`refused at ${at}: ${code}`);
};

function refusals(mapping: MappedField<unknown>, value: unknown): string[] {
  const rows: string[] = [];
  mapping.encode(value, (at, code) => rows.push(`${at} ${code}`));
  return rows;
}

function mappingsOf(adapter: Adapter): [Field, FieldMapping<unknown>][] {
  const table: Readonly<Record<Field, FieldMapping<unknown>>> = adapter.fields;
  return FIELDS.map((field) => [field, table[field]]);
}

/** A record that stores this under the field's key, or where the adapter puts it, in its resource. */
function recordWith(
  adapter: Adapter,
  mapping: MappedField<unknown>,
  ...stored: readonly unknown[]
): VendorRecord {
  const body = stored.length === 0 ? {} : { [mapping.key]: stored[0] };
  const access = adapter.also?.find(({ name }) => name === mapping.resource) ?? adapter;
  const isMerged = access.writes === 'merged' && access.answers === 'record';
  const [request] = isMerged ? [access.write('1', body, { id: '1' })].flat() : [{ body }];
  return withPart({}, mapping.resource, isObject(request?.body) ? request.body : {});
}

test('the registry lists each vendor once, by the name of its folder', () => {
  const folders = readdirSync(join(__dirname, '../../adapters'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(adapters.map((adapter) => adapter.name).sort()).toEqual(folders.sort());
});

/** The page that says how to write one shows one that passes. */
const shown = { title: ejemplo.title, adapter: connect(ejemplo, { apiKey: 'k-1' }) };

describe.each<Setup>([...setups, shown])('$title', ({ adapter, id = '1' }) => {
  const mappings = mappingsOf(adapter);

  test('answers for every field, and says why where it does not hold one', () => {
    expect(Object.keys(adapter.fields).sort()).toEqual([...FIELDS].sort());
    for (const [, mapping] of mappings) {
      if (mapping.supported) expect(Boolean(mapping.cleared)).toBe(mapping.notClearable === undefined);
      else expect(mapping.reason).toMatch(/^[A-Z].{15,}[^.]$/);
    }
  });

  test('writes no key of the body twice', () => {
    const keys = mappings.flatMap(([, mapping]) =>
      mapping.supported ? [`${mapping.resource} ${mapping.key}`] : [],
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(1);
  });

  test.each(mappings.flatMap(([field, mapping]) => (mapping.supported ? [{ field, mapping }] : [])))(
    '$field survives the way there and back',
    ({ field, mapping }) => {
      let compared = 0;
      fc.assert(
        fc.property(VALUES[field], (value) => {
          fc.pre(refusals(mapping, value).length === 0);
          compared += 1;
          const record = recordWith(adapter, mapping, mapping.encode(value, never));
          const stored = withoutMembers(value, Object.keys(mapping.notStored ?? {}));
          if (mapping.holds) expect(mapping.holds(record, value)).toBe(true);
          // A table may hold less than it can read back as a coded value; then only `holds` can tell.
          if (mapping.notStored?.code === undefined) expect(mapping.decode(record)).toEqual(stored);
        }),
        { numRuns: 200 },
      );
      expect(compared).toBe(200);
    },
  );

  test.each(mappings.flatMap(([field, mapping]) => (mapping.supported ? [{ field, mapping }] : [])))(
    '$field tells absent, empty and nonsense apart',
    ({ mapping }) => {
      expect(mapping.decode({})).toBeUndefined();
      // What is written whole shows all that it holds: there, what is missing is empty.
      const access = adapter.also?.find(({ name }) => name === mapping.resource) ?? adapter;
      expect(mapping.decode(recordWith(adapter, mapping))).toBe(
        access.writes === 'merged' ? null : undefined,
      );
      expect(mapping.decode(recordWith(adapter, mapping, null))).toBeNull();
      for (const nonsense of [{ a: { b: 1 } }, [[1]]]) {
        expect([UNREADABLE, null]).toContain(mapping.decode(recordWith(adapter, mapping, nonsense)));
      }
    },
  );

  test('never refuses or breaks on hostile stored values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'small' }), fc.jsonValue(), (value, body) => {
        for (const [, mapping] of mappings) {
          if (!mapping.supported) continue;
          const record = recordWith(adapter, mapping, value);
          mapping.decode(record);
          mapping.keep?.(record, () => undefined);
        }
        adapter.record(body, '1');
        adapter.endangers?.({ hours: value }, ['hours']);
        adapter.errors.issues(body);
        adapter.errors.code?.(body);
        for (const rule of adapter.errors.rules ?? []) rule.when?.(body);
      }),
      {
        numRuns: 300,
        // Objects that cannot become text, alone and within the blocks of a week.
        examples: [
          [{ toString: null }, ''],
          [
            [
              {
                recurrence: {
                  recur_interval_amount: { toString: null },
                  recur_interval_type: { toString: null },
                },
              },
            ],
            [],
          ],
        ],
      },
    );
  });

  test('puts ids into paths encoded, and admits none that a path would swallow', () => {
    for (const id of ['.', '..', '', 'a/b', 'a?b', 'a%2fb', 'a b', ' 1', '1\n', 'a\u0000'])
      expect(adapter.recordId.test(id)).toBe(false);
    expect(adapter.recordId.test(id)).toBe(true);
    for (const { path } of [adapter.write('a/../b?c', {})].flat()) {
      expect(path).toMatch(/\/a%2F\.\.%2Fb%3Fc(?=$|[/?])/);
    }
  });
});

describe.each([...adapters, ejemplo].map((module) => ({ module, title: module.title })))(
  'settings of $title',
  ({ module }) => {
    test('refuse unknown and missing credentials', () => {
      const { credentials } = module.settings;
      expect(credentials.validate({ nonsense: 1 }).error).toBeDefined();
      // A server may be open; then there are none.
      const mayBeNone = member(credentials.describe().flags, 'presence') === 'optional';
      expect(credentials.validate({}).error === undefined).toBe(mayBeNone);
      expect(credentials.validate(undefined).error === undefined).toBe(mayBeNone);
      if (mayBeNone) expect(credentials.validate(undefined).value).toEqual({});
      expect(module.settings.options.validate({ nonsense: 1 }).error).toBeDefined();
      expect(module.settings.codes.validate({ nonsense: {} }).error).toBeDefined();
    });

    test('fill in defaults where nothing is given', () => {
      expect(module.settings.options.validate(undefined).value).toBeInstanceOf(Object);
      expect(module.settings.codes.validate(undefined).value).toEqual({});
    });
  },
);

test('the adapters of one module share no state between connections', () => {
  const module: AdapterModule | undefined = adapters[0];
  if (module === undefined) throw new Error('no adapter');
  const [one, two] = ['one', 'two'].map((apiKey) => connect(module, { apiKey }));
  expect(one?.authorize(undefined)).toEqual({ 'x-api-key': 'one' });
  expect(two?.authorize(undefined)).toEqual({ 'x-api-key': 'two' });
});

function withoutMembers(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
  return sameJson(kept, value) ? value : kept;
}
