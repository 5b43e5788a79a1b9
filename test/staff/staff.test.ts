/** The canonical record: merge patch, normalisation, and every refusal with its place and its code. Pure functions only. */
import fc from 'fast-check';
import { isObject, sameJson } from '../../src/lib/json';
import { DAYS, GENDERS, RECURRENCE_UNITS, STATUSES } from '../../src/staff/fields';
import { mergePatch } from '../../src/staff/mergePatch';
import { normalise } from '../../src/staff/normalise';
import { type CanonicalPatch, parsePatch } from '../../src/staff/patch';

/** JSON as it comes off the wire: members may have any name, `__proto__` included. */
const json: fc.Arbitrary<unknown> = fc
  .json({ stringUnit: 'grapheme', depthSize: 'small' })
  .map((text): unknown => JSON.parse(text));
const object = json.filter(isObject);
const text = (value: unknown) => JSON.stringify(value);

describe('merge patch', () => {
  test.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('RFC 7396 appendix A: %s and %s give %s', (target, patch, result) => {
    expect(mergePatch(JSON.parse(target), JSON.parse(patch))).toEqual(JSON.parse(result));
  });

  test('the same patch twice changes nothing more', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const once = mergePatch(target, patch);
        expect(sameJson(mergePatch(once, patch), once)).toBe(true);
      }),
    );
  });

  test('{} changes no object, and a value without nulls merges into nothing as itself', () => {
    fc.assert(
      fc.property(object, (target) => {
        expect(text(mergePatch(target, {}))).toBe(text(target));
      }),
    );
    const withoutNull = json.filter((value) => !text(value).includes('null'));
    fc.assert(
      fc.property(withoutNull, (value) => {
        expect(sameJson(mergePatch(undefined, value), value)).toBe(true);
      }),
    );
  });

  test('null removes, whatever was there; other members stay as they are', () => {
    fc.assert(
      fc.property(object, fc.string(), json, (target, key, value) => {
        const patch: unknown = JSON.parse(`{${text(key)}:null}`);
        const full = mergePatch(target, JSON.parse(`{${text(key)}:${text(value ?? 1)}}`));
        const merged = mergePatch(full, patch);
        const { [key]: _removed, ...rest } = Object.fromEntries(Object.entries(target));
        expect(Object.hasOwn(Object(merged), key)).toBe(false);
        expect(sameJson(merged, rest)).toBe(true);
      }),
    );
  });

  test('changes neither of its arguments', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const before = text([target, patch]);
        mergePatch(target, patch);
        expect(text([target, patch])).toBe(before);
      }),
    );
  });

  test('a member named __proto__ is data', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true},"constructor":{"x":1}}'));
    expect(Object.keys(Object(merged))).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object(merged).admin).toBeUndefined();
    expect(Object({}).admin).toBeUndefined();
    // A stored object must not be reached through the prototype either.
    const nested = mergePatch({ a: 1 }, JSON.parse('{"toString":{"b":null}}'));
    expect(text(nested)).toBe('{"a":1,"toString":{}}');
  });
});

const caseless = (words: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...words), fc.infiniteStream(fc.boolean()))
    .map(([word, upper]) =>
      [...word].map((sign) => (upper.next().value ? sign.toUpperCase() : sign)).join(''),
    );
const padded = (inner: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.constantFrom('', ' ', '\t', '\u00a0'), inner, fc.constantFrom('', ' ', '\n'))
    .map((parts) => parts.join(''));
const day = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2019-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());
const anyDate = padded(
  fc.tuple(day, fc.constantFrom(10, 16, 19, 24)).map(([stamp, length]) => stamp.slice(0, length)),
);
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.constantFrom('', ':00', ':30'))
  .map(([hour, minute, second]) => ({ hour, minute, second }));
const spelled = (time: { hour: number; minute: number; second: string }, form: string) => {
  const hour = form === 'short' ? String(time.hour) : String(time.hour).padStart(2, '0');
  return `${form === 'T' ? 'T' : ''}${hour}:${String(time.minute).padStart(2, '0')}${time.second}`;
};
const anyTime = fc
  .tuple(clock, fc.constantFrom('short', 'T', 'plain'))
  .map(([time, form]) => spelled(time, form));
const DAY_NAMES = ['Monday', 'tuesday', 'WED', 'thu', 'Friday', 'sat', 'SUNDAY'];
const word = padded(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const partial = (shape: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(shape, { requiredKeys: [], noNullPrototype: true });
const orClear = (arbitrary: fc.Arbitrary<unknown>) => fc.option(arbitrary, { nil: null, freq: 8 });

const period = partial({ start: orClear(anyDate), end: orClear(anyDate) });
const nearBlock = fc
  .tuple(
    fc.array(caseless(DAY_NAMES), { maxLength: 4 }),
    anyTime,
    anyTime,
    optional(word),
    optional(partial({ start: anyDate, end: anyDate })),
    optional(
      partial({
        interval: fc.integer({ min: 0, max: 3 }),
        unit: caseless(RECURRENCE_UNITS),
        start: anyDate,
        description: word,
      }),
    ),
  )
  .map(([daysOfWeek, availableStartTime, availableEndTime, locationId, dates, recurrence]) => ({
    daysOfWeek,
    availableStartTime,
    availableEndTime,
    ...(locationId !== undefined && { locationId }),
    ...(dates && { period: dates }),
    ...(recurrence && { recurrence }),
  }));

/** Records as careless clients write them: most are valid after normalisation, some are not. */
const nearValid = partial({
  status: orClear(padded(caseless(STATUSES))),
  name: orClear(partial({ given: orClear(word), family: orClear(word) })),
  nationalId: orClear(padded(fc.stringMatching(/^[0-9]{2}[. -]?[0-9]{3}[. -]?[0-9]{3}[A-Za-z]?$/))),
  birthDate: orClear(anyDate),
  gender: orClear(padded(caseless(GENDERS))),
  address: orClear(partial({ text: orClear(word) })),
  phone: orClear(padded(fc.stringMatching(/^\+[0-9][0-9 -]{8,17}[0-9]$/))),
  email: orClear(padded(fc.emailAddress())),
  role: orClear(word),
  specialty: orClear(partial({ code: word, display: orClear(word), system: fc.webUrl() })),
  organizationId: orClear(word),
  locationId: orClear(word),
  period: orClear(period),
  availableTime: orClear(fc.array(nearBlock, { maxLength: 3 })),
});

describe('normalisation', () => {
  test('twice gives the same as once, whatever the JSON', () => {
    fc.assert(
      fc.property(json, (value) => {
        const once = normalise(value);
        expect(text(normalise(once))).toBe(text(once));
      }),
      { numRuns: 300 },
    );
  });

  test('twice gives the same as once, for any text in any place of the record', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('J\u030c', ' e-\u0301 ', '1-\u0301', 'T9:00', '2024-01-01T08:00', '\u2000x', '\u0130'),
    );
    const place = (value: string) => ({
      ...Object.fromEntries(
        ['status', 'nationalId', 'birthDate', 'gender', 'phone', 'email', 'role', 'organizationId'].map(
          (key) => [key, value],
        ),
      ),
      name: { given: value, family: value },
      address: { text: value },
      specialty: { code: value, display: value, system: value },
      period: { start: value, end: value },
      availableTime: [
        {
          daysOfWeek: [value],
          availableStartTime: value,
          availableEndTime: value,
          locationId: value,
          recurrence: { unit: value, description: value },
        },
      ],
    });
    fc.assert(
      fc.property(anyText, (value) => {
        const once = normalise(place(value));
        expect(normalise(once)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  test('twice gives the same as once, for records as careless clients write them', () => {
    fc.assert(
      fc.property(nearValid, (value) => {
        const once = normalise(value);
        expect(normalise(once)).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });

  test('changes nothing of what it is given', () => {
    fc.assert(
      fc.property(nearValid, (value) => {
        const before = text(value);
        normalise(value);
        parsePatch(value);
        expect(text(value)).toBe(before);
      }),
    );
  });

  test.each<[string, unknown, unknown]>([
    ['text is trimmed', { role: '  doctor\n' }, { role: 'doctor' }],
    ['text is composed (NFC)', { name: { given: 'Jose\u0301' } }, { name: { given: 'Jos\u00e9' } }],
    ['a status in any case', { status: ' On-Leave ' }, { status: 'on-leave' }],
    ['a gender in any case', { gender: 'FEMALE' }, { gender: 'female' }],
    ['a national id without its dots', { nationalId: ' 01.234.567 ' }, { nationalId: '01234567' }],
    ['a national id without spaces and hyphens', { nationalId: '12 345-678 K' }, { nationalId: '12345678K' }],
    ['a date-time is its date', { birthDate: '1985-03-15T00:00:00.000Z' }, { birthDate: '1985-03-15' }],
    [
      'the offset of a date-time is not applied',
      { birthDate: '1985-03-15T23:30:00-03:00' },
      { birthDate: '1985-03-15' },
    ],
    [
      'a date-time with a space',
      { period: { start: '2024-01-01 08:00' } },
      { period: { start: '2024-01-01' } },
    ],
    [
      'a date-time without a proper time stays',
      { birthDate: '1985-03-15T9:99 or so' },
      { birthDate: '1985-03-15T9:99 or so' },
    ],
    [
      'a date-time with a tail stays',
      { birthDate: '1985-03-15T10:00:00 and more' },
      { birthDate: '1985-03-15T10:00:00 and more' },
    ],
    [
      'numbers, booleans and null are left alone',
      { role: 7, phone: true, email: null },
      { role: 7, phone: true, email: null },
    ],
    ['unknown members are left alone', { nickname: ' X ' }, { nickname: ' X ' }],
    ['an e-mail keeps its case', { email: ' A.B@Example.test ' }, { email: 'A.B@Example.test' }],
    ['a phone keeps its signs', { phone: ' +54 11 4567-8901' }, { phone: '+54 11 4567-8901' }],
    ['blank text becomes empty, never null', { role: '   ' }, { role: '' }],
  ])('%s', (_name, given, expected) => {
    expect(normalise(given)).toEqual(expected);
  });

  test.each([
    ['9:00', '09:00:00'],
    ['09:00', '09:00:00'],
    ['09:00:00', '09:00:00'],
    ['T09:00:00', '09:00:00'],
    ['t9:00', '09:00:00'],
    [' 09:00:30 ', '09:00:30'],
    ['24:00', '24:00:00'],
    ['9', '9'],
    ['9:0', '9:0'],
    ['9:00 am', '9:00 am'],
  ])('the time %p becomes %p', (given, expected) => {
    expect(normalise({ availableTime: [{ availableStartTime: given }] })).toEqual({
      availableTime: [{ availableStartTime: expected }],
    });
  });

  test.each<[unknown[], unknown[]]>([
    [
      ['Monday', 'TUE', 'wed'],
      ['mon', 'tue', 'wed'],
    ],
    [
      ['sun', 'Saturday', 'mon', 'MON'],
      ['mon', 'sat', 'sun'],
    ],
    [
      ['thursday', 'Friday'],
      ['thu', 'fri'],
    ],
    [
      ['mon', 'Lunes'],
      ['mon', 'Lunes'],
    ],
    [
      ['mon', 3],
      ['mon', 3],
    ],
  ])('the days %j become %j', (given, expected) => {
    expect(normalise({ availableTime: [{ daysOfWeek: given }] })).toEqual({
      availableTime: [{ daysOfWeek: expected }],
    });
  });
});

/** The patch as a JSON body again: what the gateway has understood, said in its own words. */
function bodyOf({ changes }: CanonicalPatch): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { field, value, emptied } of changes) {
    const [top = field, leaf] = field.split('.');
    body[top] = leaf === undefined ? (emptied ? [] : value) : { ...Object(body[top]), [leaf]: value };
  }
  return body;
}

describe('reading an update', () => {
  test('what was understood, sent again, is understood in the same way', () => {
    let sent = 0;
    let understood = 0;
    fc.assert(
      fc.property(nearValid, (value) => {
        sent += 1;
        const parsed = parsePatch(value);
        if ('errors' in parsed) return;
        understood += 1;
        // Said again, the blocks of the week are in order, so that none has moved, and all is spelled as it is understood.
        const { sentAt: _, given: __, ...patch } = parsed.patch;
        expect(parsePatch(bodyOf(parsed.patch))).toEqual({ patch });
      }),
      { numRuns: 800 },
    );
    expect(understood / sent).toBeGreaterThan(1 / 8);
  });

  test('arbitrary JSON is understood or refused with a pointer and a code each, never a throw', () => {
    fc.assert(
      fc.property(json, (value) => {
        const parsed = parsePatch(value);
        if ('patch' in parsed) return;
        expect(parsed.errors.length).toBeGreaterThan(0);
        for (const error of parsed.errors) {
          expect(error.pointer).toMatch(/^(\/|$)/);
          expect(error.code).toMatch(/^[a-z_]+$/);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('absent, null and a value are three things; null of a group stands for each of its leaves', () => {
    expect(parsePatch({ phone: null, name: { given: 'Ana' }, address: null })).toEqual({
      patch: {
        changes: [
          { field: 'name.given', value: 'Ana' },
          { field: 'address.text', value: null },
          { field: 'phone', value: null },
        ],
        members: ['name', 'address', 'phone'],
      },
    });
  });

  test('a week without blocks is a cleared one', () => {
    const cleared = { field: 'availableTime', value: null };
    const members = ['availableTime'];
    expect(parsePatch({ availableTime: null })).toEqual({ patch: { changes: [cleared], members } });
    // Which of the two was sent matters if what is stored cannot be read.
    expect(parsePatch({ availableTime: [] })).toEqual({
      patch: { changes: [{ ...cleared, emptied: true }], members },
    });
  });

  test('blocks come out in order, days in week order', () => {
    const block = (daysOfWeek: string[], availableStartTime: string, availableEndTime: string) => ({
      daysOfWeek,
      availableStartTime,
      availableEndTime,
    });
    const sent = [
      block(['Tue', 'mon'], '14:00', '18:00'),
      block(['MON'], '9:00', '12:00'),
      block(['mon', 'tue'], 'T12:00:00', '13:00'),
    ];
    const parsed = parsePatch({ availableTime: sent });
    expect(parsed).toEqual({
      patch: {
        members: ['availableTime'],
        sentAt: [1, 2, 0],
        given: { availableTime: sent },
        changes: [
          {
            field: 'availableTime',
            value: [
              block(['mon'], '09:00:00', '12:00:00'),
              block(['mon', 'tue'], '12:00:00', '13:00:00'),
              block(['mon', 'tue'], '14:00:00', '18:00:00'),
            ],
          },
        ],
      },
    });
  });
});

const hours = (rest: object = {}) => ({
  daysOfWeek: ['mon'],
  availableStartTime: '09:00',
  availableEndTime: '12:00',
  ...rest,
});
const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
const today = new Date().toISOString().slice(0, 10);

describe('refusals', () => {
  test.each<[string, unknown, string, string]>([
    ['an empty update', {}, '', 'empty'],
    ['a list', [], '', 'wrong_type'],
    ['null', null, '', 'wrong_type'],
    ['text', 'status', '', 'wrong_type'],
    ['the id', { id: 'st-1' }, '/id', 'read_only'],
    ['an unknown member', { nickname: 'X' }, '/nickname', 'unknown_field'],
    ['an unknown member of a group', { name: { middle: 'X' } }, '/name/middle', 'unknown_field'],
    ['an unknown member with a slash', { 'a/b~c': 1 }, '/a~1b~0c', 'unknown_field'],
    [
      'a member named __proto__',
      JSON.parse('{"phone":"0221-4567890","__proto__":{"a":1}}'),
      '/__proto__',
      'unknown_field',
    ],
    [
      'a nested __proto__',
      JSON.parse('{"name":{"given":"A","__proto__":1}}'),
      '/name/__proto__',
      'unknown_field',
    ],
    ['an unknown status', { status: 'retired' }, '/status', 'invalid_value'],
    ['a status that is no text', { status: true }, '/status', 'invalid_value'],
    ['an unknown gender', { gender: 'x' }, '/gender', 'invalid_value'],
    ['an empty name', { name: { given: '' } }, '/name/given', 'too_short'],
    ['a blank name', { name: { family: '  ' } }, '/name/family', 'too_short'],
    ['a name over 200 characters', { name: { family: 'x'.repeat(201) } }, '/name/family', 'too_long'],
    ['a name that is a text', { name: 'Ana' }, '/name', 'wrong_type'],
    ['an empty group', { name: {} }, '/name', 'empty'],
    ['a number for a national id', { nationalId: 12345678 }, '/nationalId', 'wrong_type'],
    ['a short national id', { nationalId: '12.345.6' }, '/nationalId', 'invalid_format'],
    ['a long national id', { nationalId: '1'.repeat(21) }, '/nationalId', 'invalid_format'],
    ['other signs in a national id', { nationalId: '1234567_8' }, '/nationalId', 'invalid_format'],
    ['a birth date that is none', { birthDate: '15/03/1985' }, '/birthDate', 'invalid_format'],
    ['30 February', { birthDate: '1985-02-30' }, '/birthDate', 'invalid_format'],
    ['29 February of a common year', { birthDate: '1900-02-29' }, '/birthDate', 'invalid_format'],
    ['a birth date to come', { birthDate: tomorrow }, '/birthDate', 'not_in_past'],
    ['a birth date of today', { birthDate: today }, '/birthDate', 'not_in_past'],
    ['an address over 500 characters', { address: { text: 'x'.repeat(501) } }, '/address/text', 'too_long'],
    ['a short phone', { phone: '12' }, '/phone', 'invalid_format'],
    ['a long phone', { phone: '1'.repeat(31) }, '/phone', 'too_long'],
    ['a word in a phone', { phone: '0221 4567890 home' }, '/phone', 'invalid_format'],
    ['a phone without a digit', { phone: '+ - + - + - +' }, '/phone', 'invalid_format'],
    ['an e-mail that is none', { email: 'ana' }, '/email', 'invalid_format'],
    ['a role over 100 characters', { role: 'x'.repeat(101) }, '/role', 'too_long'],
    ['an empty role', { role: '' }, '/role', 'too_short'],
    ['an empty specialty', { specialty: {} }, '/specialty', 'empty'],
    ['a code that is null', { specialty: { code: null } }, '/specialty/code', 'not_clearable'],
    ['a code that is a number', { specialty: { code: 394579002 } }, '/specialty/code', 'wrong_type'],
    [
      'a system that is no URI',
      { specialty: { code: '1', system: 'snomed ct' } },
      '/specialty/system',
      'invalid_format',
    ],
    ['an empty organization id', { organizationId: '' }, '/organizationId', 'too_short'],
    ['a location id over 200 characters', { locationId: 'x'.repeat(201) }, '/locationId', 'too_long'],
    [
      'a period that ends before it starts',
      { period: { start: '2024-02-01', end: '2024-01-31' } },
      '/period/end',
      'end_before_start',
    ],
    ['a period with a wrong date', { period: { start: '2024-13-01' } }, '/period/start', 'invalid_format'],
    ['an empty period', { period: {} }, '/period', 'empty'],
    ['hours that are no list', { availableTime: hours() }, '/availableTime', 'wrong_type'],
    [
      'a block without days',
      { availableTime: [{ ...hours(), daysOfWeek: [] }] },
      '/availableTime/0/daysOfWeek',
      'empty',
    ],
    [
      'a block without the member',
      { availableTime: [{ availableStartTime: '09:00', availableEndTime: '10:00' }] },
      '/availableTime/0/daysOfWeek',
      'required',
    ],
    [
      'an unknown day',
      { availableTime: [hours({ daysOfWeek: ['mon', 'Lunes'] })] },
      '/availableTime/0/daysOfWeek/1',
      'invalid_value',
    ],
    [
      '24:00',
      { availableTime: [hours({ availableEndTime: '24:00' })] },
      '/availableTime/0/availableEndTime',
      'invalid_format',
    ],
    [
      'an overnight shift',
      { availableTime: [hours({ availableStartTime: '22:00', availableEndTime: '06:00' })] },
      '/availableTime/0/availableEndTime',
      'end_before_start',
    ],
    [
      'a block of no length',
      { availableTime: [hours({ availableEndTime: '9:00' })] },
      '/availableTime/0/availableEndTime',
      'end_before_start',
    ],
    [
      'null inside a block',
      { availableTime: [hours({ locationId: null })] },
      '/availableTime/0/locationId',
      'wrong_type',
    ],
    [
      'overlapping blocks',
      { availableTime: [hours(), hours({ availableStartTime: '11:59', availableEndTime: '13:00' })] },
      '/availableTime/1',
      'overlap',
    ],
    [
      'overlapping blocks at two places',
      { availableTime: [hours({ locationId: 'a' }), hours({ locationId: 'b' })] },
      '/availableTime/1',
      'overlap',
    ],
    ['an empty block period', { availableTime: [hours({ period: {} })] }, '/availableTime/0/period', 'empty'],
    [
      'a block period backwards',
      { availableTime: [hours({ period: { start: '2024-02-01', end: '2024-01-01' } })] },
      '/availableTime/0/period/end',
      'end_before_start',
    ],
    [
      'a recurrence without a unit',
      { availableTime: [hours({ recurrence: { interval: 1 } })] },
      '/availableTime/0/recurrence/unit',
      'required',
    ],
    [
      'an unknown unit',
      { availableTime: [hours({ recurrence: { interval: 1, unit: 'month' } })] },
      '/availableTime/0/recurrence/unit',
      'invalid_value',
    ],
    [
      'an interval of 0',
      { availableTime: [hours({ recurrence: { interval: 0, unit: 'day' } })] },
      '/availableTime/0/recurrence/interval',
      'invalid_value',
    ],
    [
      'half an interval',
      { availableTime: [hours({ recurrence: { interval: 1.5, unit: 'day' } })] },
      '/availableTime/0/recurrence/interval',
      'invalid_value',
    ],
    [
      'an interval as text',
      { availableTime: [hours({ recurrence: { interval: '1', unit: 'day' } })] },
      '/availableTime/0/recurrence/interval',
      'wrong_type',
    ],
    [
      '201 blocks',
      { availableTime: Array.from({ length: 201 }, () => hours()) },
      '/availableTime',
      'too_long',
    ],
  ])('%s', (_name, body, pointer, code) => {
    const parsed = parsePatch(body);
    const errors = 'errors' in parsed ? parsed.errors : [];
    expect(errors.filter((error) => error.pointer === pointer)).toHaveLength(1);
    expect(errors.map((error) => ({ pointer: error.pointer, code: error.code }))).toContainEqual({
      pointer,
      code,
    });
    for (const { detail } of errors) expect(detail).toMatch(/^[A-Z0-9].*[.?]$/);
  });

  test('all complaints are made at once', () => {
    const parsed = parsePatch({ status: 'x', phone: 1, period: { start: 'now' }, extra: 1 });
    expect('errors' in parsed && parsed.errors.map((error) => error.pointer).sort()).toEqual([
      '/extra',
      '/period/start',
      '/phone',
      '/status',
    ]);
  });

  test('no complaint repeats a value', () => {
    const parsed = parsePatch({
      status: 'secret-1',
      phone: 'secret-2',
      email: 'secret-3',
      nationalId: 'secret_4',
      'secret-5': 1,
    });
    expect('errors' in parsed && parsed.errors).toHaveLength(5);
    expect(text('errors' in parsed && parsed.errors.map((error) => error.detail))).not.toContain('secret');
  });

  test.each<[string, unknown]>([
    [
      'adjoining blocks',
      { availableTime: [hours(), hours({ availableStartTime: '12:00', availableEndTime: '13:00' })] },
    ],
    [
      'the same hours in periods apart',
      {
        availableTime: [hours({ period: { end: '2024-01-31' } }), hours({ period: { start: '2024-02-01' } })],
      },
    ],
    ['the same hours on other days', { availableTime: [hours(), hours({ daysOfWeek: [DAYS[6]] })] }],
    ['the last second of the day', { availableTime: [hours({ availableEndTime: '23:59:59' })] }],
    ['29 February of a leap year', { birthDate: '2000-02-29' }],
    [
      'yesterday as a birth date',
      { birthDate: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10) },
    ],
    ['a period of one day', { period: { start: '2024-01-01', end: '2024-01-01' } }],
    ['the longest name', { name: { given: 'x'.repeat(200) } }],
    ['the shortest national id', { nationalId: '0123456' }],
    ['the longest phone', { phone: '+'.concat('1'.repeat(19)) }],
  ])('but not %s', (_name, body) => {
    expect(parsePatch(body)).toHaveProperty('patch');
  });
});

describe('did you mean', () => {
  test.each<[unknown, string | undefined]>([
    [{ phon: 1 }, 'phone'],
    [{ Phone: 1 }, 'phone'],
    [{ birthdate: 1 }, 'birthDate'],
    [{ birth_date: 1 }, 'birthDate'],
    [{ nationalID: 1 }, 'nationalId'],
    [{ speciality: 1 }, 'specialty'],
    [{ adress: 1 }, 'address'],
    [{ 'e-mail': 1 }, 'email'],
    [{ organisationId: 1 }, 'organizationId'],
    [{ location_id: 1 }, 'locationId'],
    [{ given: 1 }, 'name.given'],
    [{ availabletime: 1 }, 'availableTime'],
    [{ name: { givn: 'A' } }, 'name.given'],
    [{ name: { surname: 'A' } }, undefined],
    [{ period: { star: 'y' } }, 'period.start'],
    [{ specialty: { code: '1', dislay: 'x' } }, 'specialty.display'],
    [{ availableTime: [{ ...hours(), dayOfWeek: ['mon'] }] }, 'availableTime.daysOfWeek'],
    [
      { availableTime: [{ ...hours(), recurrence: { interval: 1, unit: 'day', intervall: 2 } }] },
      'availableTime.recurrence.interval',
    ],
    [{ availableTime: [{ ...hours(), allDay: true }] }, undefined],
    [{ availableTime: [{ ...hours(), period: { endd: 'x' } }] }, 'availableTime.period.end'],
    [{ nickname: 1 }, undefined],
    [{ xyzzy: 1 }, undefined],
    [{ ['x'.repeat(5000)]: 1 }, undefined],
  ])('%j: %s', (body, expected) => {
    const parsed = parsePatch(body);
    const details =
      'errors' in parsed
        ? parsed.errors.filter((error) => error.code === 'unknown_field').map(({ detail }) => detail)
        : [];
    const hints = details.flatMap((detail) => /Did you mean (\S+)\?$/.exec(detail)?.[1] ?? []);
    expect(details.length).toBeGreaterThan(0);
    expect(hints).toEqual(expected === undefined ? [] : [expected]);
  });
});
