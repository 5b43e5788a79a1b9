/** ClinikAPI's tables, cell by cell: what each status and sentence means, and what the tolerant readers take and leave. */

import { type MappedField, UNREADABLE, type VendorRecord } from '../../src/adapter/contract';
import { failureIn } from '../../src/connection/failure';
import { type Field, SNOMED_CT } from '../../src/staff/fields';
import { clinikapi } from '../support/adapterSetups';

const documented = clinikapi();
const live = clinikapi({ dialect: 'live' });

function mapping(adapter: typeof documented, field: Field): MappedField<unknown> {
  const found: unknown = adapter.fields[field];
  return found as MappedField<unknown>;
}
const reads = (field: Field, record: VendorRecord, adapter = documented) =>
  mapping(adapter, field).decode(record);

test('what each status means without a code', () => {
  const kinds = [400, 401, 403, 404, 405, 409, 422, 429, 500, 502, 503, 504].map((status) => [
    status,
    failureIn({ status, headers: {}, body: {} }, documented.errors, 'ClinikAPI')?.kind,
  ]);
  expect(kinds).toEqual([
    [400, 'rejected'],
    [401, 'credentials_rejected'],
    [403, 'credentials_rejected'],
    [404, 'record_not_found'],
    [405, 'unexpected_response'],
    [409, 'conflict'],
    [422, 'rejected'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [504, 'unavailable'],
  ]);
});

test.each([
  [400, 'INVALID_JSON', 'unexpected_response', 'INVALID_JSON'],
  [400, 'method_override_rejected', 'unexpected_response', 'method_override_rejected'],
  [400, 'NOT_INVALID_JSON', 'rejected', 'NOT_INVALID_JSON'],
  [400, 'INVALID_JSON_PATH', 'rejected', 'INVALID_JSON_PATH'],
  [429, 'MONTHLY_QUOTA_EXCEEDED', 'quota_exhausted', 'MONTHLY_QUOTA_EXCEEDED'],
  [429, 'QUOTA_EXCEEDED_SOON', 'rate_limited', 'QUOTA_EXCEEDED_SOON'],
  [404, 'has blanks', 'record_not_found', undefined],
  [404, '9LIVES', 'record_not_found', undefined],
  [404, 'ENDS_IN_9', 'record_not_found', undefined],
  [404, 'X'.repeat(61), 'record_not_found', undefined],
  [404, 404, 'record_not_found', undefined],
  [404, null, 'record_not_found', undefined],
])('%i with the code %p', (status, code, kind, vendorCode) => {
  expect(failureIn({ status, headers: {}, body: { code } }, documented.errors, 'ClinikAPI')).toMatchObject({
    kind,
    vendorCode,
  });
});

test.each<[string, string | undefined, string, boolean]>([
  ['role: Required', 'role', 'required', true],
  ['role[0].x: Required', 'role', 'required', true],
  ['role: Required now', 'role', 'rejected_by_vendor', false],
  ['role: Not Required', 'role', 'rejected_by_vendor', false],
  ['role: Expected string, received number', 'role', 'wrong_type', true],
  ['role: String must contain at most 100 character(s)', 'role', 'too_long', true],
  ['role: String must contain at most no character(s)', 'role', 'rejected_by_vendor', false],
  ['role: String must contain at least 10 character(s)', 'role', 'too_short', true],
  ['role: String must contain at least no character(s)', 'role', 'rejected_by_vendor', false],
  ['role: Too big: 5', 'role', 'too_long', false],
  ['role: Not Too big', 'role', 'rejected_by_vendor', false],
  ['role: Too small: 5', 'role', 'too_short', false],
  ['role: Not Too small', 'role', 'rejected_by_vendor', false],
  ['role: Invalid date', 'role', 'invalid_format', true],
  ['role: Invalid enum value. Received x', 'role', 'not_allowed', false],
  ['role: An Invalid option', 'role', 'rejected_by_vendor', false],
  ['role: it does not exist', 'role', 'unknown_code', false],
  ['role: two\nlines not found', 'role', 'unknown_code', false],
  ['9role: Required', undefined, 'rejected_by_vendor', false],
  ['no colon', undefined, 'rejected_by_vendor', false],
])('the diagnostics %p', (diagnostics, key, code, safe) => {
  for (const name of ['issue', 'issues']) {
    const [complaint, ...more] =
      failureIn(
        { status: 422, headers: {}, body: { [name]: [{ diagnostics }] } },
        documented.errors,
        'ClinikAPI',
      )?.complaints ?? [];
    expect([complaint?.key, complaint?.code, complaint?.text !== undefined, more]).toEqual([
      key,
      code,
      safe,
      [],
    ]);
    if (safe) expect(complaint?.text).toBe(diagnostics.slice(diagnostics.indexOf(': ') + 2));
  }
});

test('issues that are none', () => {
  const { issues } = documented.errors;
  expect([
    issues({ issues: 'x' }),
    issues({ issues: [{ diagnostics: 1 }, null] }),
    issues(undefined),
  ]).toEqual([[], [], []]);
  expect(issues({ issue: [{ diagnostics: 'odd' }] })).toEqual([{ text: 'odd' }]);
});

test.each<[string, Field, VendorRecord, unknown]>([
  [
    'a flat specialty',
    'specialty',
    { specialty: { code: '1', display: 'A' } },
    { code: '1', display: 'A', system: SNOMED_CT },
  ],
  [
    'a specialty without a display',
    'specialty',
    { specialty: { code: '1' } },
    { code: '1', system: SNOMED_CT },
  ],
  [
    'a specialty with empty members',
    'specialty',
    { specialty: { code: '1', display: '', system: '' } },
    { code: '1', system: SNOMED_CT },
  ],
  ['a specialty without a code', 'specialty', { specialty: { display: 'A', code: 5 } }, UNREADABLE],
  ['a specialty of text', 'specialty', { specialty: ['Cardiology'] }, UNREADABLE],
  [
    'a concept',
    'specialty',
    {
      specialty: [
        {
          coding: [
            { code: 'x', system: 'urn:x' },
            { code: '1', system: SNOMED_CT },
          ],
          text: 'T',
        },
      ],
    },
    { code: '1', display: 'T', system: SNOMED_CT },
  ],
  [
    'a concept of another system',
    'specialty',
    { specialty: [{ coding: [{ code: 'x', system: 'urn:x' }] }] },
    { code: 'x', system: 'urn:x' },
  ],
  ['no specialty', 'specialty', { specialty: [] }, null],
  ['two specialties', 'specialty', { specialty: [{ code: '1' }, { code: '2' }] }, UNREADABLE],
  ['a role', 'role', { role: 'doctor', code: [{ text: 'x' }] }, 'doctor'],
  ['a role as a concept', 'role', { code: [{ coding: [{ code: 'doctor' }], text: 'Doctor' }] }, 'doctor'],
  ['a role as its text', 'role', { code: [{ text: 'Doctor' }] }, 'Doctor'],
  ['a role as text', 'role', { code: 'Doctor' }, 'Doctor'],
  ['a role that says nothing', 'role', { code: [{}] }, UNREADABLE],
  ['no role', 'role', {}, undefined],
  ['active', 'status', { status: 'active' }, 'active'],
  ['inactive', 'status', { status: 'inactive' }, 'inactive'],
  ['active: true', 'status', { active: true }, 'active'],
  ['active: false', 'status', { active: false }, 'inactive'],
  ['the status before active', 'status', { status: 'inactive', active: true }, 'inactive'],
  ['another word', 'status', { status: 'retired' }, UNREADABLE],
  ['a status of null', 'status', { status: null }, null],
  ['no status', 'status', {}, undefined],
  ['a period of text', 'period', { period: '2024' }, UNREADABLE],
  ['a period of null', 'period', { period: null }, null],
  ['an organization', 'organizationId', { organizationId: 'org_1' }, 'north-clinic'],
  [
    'a reference',
    'organizationId',
    { organization: { reference: 'https://x.example/Organization/org_1' } },
    'north-clinic',
  ],
  [
    'a reference to something else',
    'organizationId',
    { organization: { reference: 'Location/org_1' } },
    undefined,
  ],
  ['a reference that is none', 'organizationId', { organization: {} }, undefined],
  [
    'the id before the reference',
    'organizationId',
    { organizationId: 'org_9', organization: { reference: 'Organization/org_1' } },
    'org_9',
  ],
  ['no location', 'locationId', { location: [] }, null],
  [
    'two locations',
    'locationId',
    { location: [{ reference: 'Location/a' }, { reference: 'Location/b' }] },
    UNREADABLE,
  ],
  ['the location of one reference', 'locationId', { location: [{ reference: 'Location/loc_1' }] }, 'centro'],
])('reading %s', (_name, field, record, expected) => {
  expect(reads(field, record)).toEqual(expected);
});

const hours = { daysOfWeek: ['tue', 'mon'], availableStartTime: '08:00', availableEndTime: '09:00:00' };
const block = { daysOfWeek: ['mon', 'tue'], availableStartTime: '08:00:00', availableEndTime: '09:00:00' };
test.each<[string, Field, VendorRecord, unknown]>([
  ['a flat phone', 'phone', { phone: '1', telecom: [{ system: 'phone', value: '2' }] }, '1'],
  [
    'a phone among contacts',
    'phone',
    {
      telecom: [
        { system: 'email', value: 'e' },
        { system: 'phone', value: '2' },
      ],
    },
    '2',
  ],
  ['no phone among contacts', 'phone', { telecom: [] }, null],
  [
    'two phones',
    'phone',
    {
      telecom: [
        { system: 'phone', value: '1' },
        { system: 'phone', value: '2' },
      ],
    },
    UNREADABLE,
  ],
  ['no contacts', 'email', {}, undefined],
  ['hours', 'availableTime', { availableTime: [hours] }, [block]],
  ['hours that are no list', 'availableTime', { availableTime: hours }, [block]],
  ['no hours', 'availableTime', { availableTime: [] }, null],
  [
    'hours with a day said twice',
    'availableTime',
    { availableTime: [{ ...hours, daysOfWeek: ['mon', 'tue', 'mon'] }] },
    [block],
  ],
  [
    'hours on an unknown day',
    'availableTime',
    { availableTime: [{ ...hours, daysOfWeek: ['mon', 'holiday'] }] },
    UNREADABLE,
  ],
  ['hours on no day', 'availableTime', { availableTime: [{ ...hours, daysOfWeek: [] }] }, UNREADABLE],
  [
    'hours without a start',
    'availableTime',
    { availableTime: [{ ...hours, availableStartTime: 'x' }] },
    UNREADABLE,
  ],
  [
    'hours without an end',
    'availableTime',
    { availableTime: [{ ...hours, availableEndTime: undefined }] },
    UNREADABLE,
  ],
  [
    'hours that end as they start',
    'availableTime',
    { availableTime: [{ ...hours, availableEndTime: '08:00' }] },
    UNREADABLE,
  ],
  ['one of two blocks', 'availableTime', { availableTime: [hours, {}] }, UNREADABLE],
])('reading, live: %s', (_name, field, record, expected) => {
  expect(reads(field, record, live)).toEqual(expected);
});

test('what goes out', () => {
  const refuse = jest.fn();
  expect(mapping(documented, 'specialty').encode({ code: '1' }, refuse)).toStrictEqual({ code: '1' });
  expect(mapping(documented, 'specialty').encode({ code: '1', display: 'A' }, refuse)).toStrictEqual({
    code: '1',
    display: 'A',
  });
  expect(mapping(live, 'specialty').encode({ code: '1', display: 'A' }, refuse)).toEqual(['A']);
  expect([
    mapping(live, 'status').encode('active', refuse),
    mapping(live, 'status').encode('inactive', refuse),
  ]).toEqual([true, false]);
  expect(mapping(live, 'availableTime').encode([block], refuse)).toEqual([block]);
  expect(refuse).not.toHaveBeenCalled();
  expect([
    mapping(live, 'status').key,
    mapping(live, 'specialty').members,
    mapping(documented, 'specialty').members,
  ]).toEqual(['active', ['display'], ['code', 'display']]);
  for (const adapter of [documented, live]) {
    for (const field of ['status', 'role', 'period', 'specialty'] as const) {
      expect(mapping(adapter, field).notClearable).toBe(
        'ClinikAPI documents no way to empty a field of a practitioner role.',
      );
      expect(mapping(adapter, field).cleared).toBeUndefined();
    }
  }
});

test('which reference a record holds', () => {
  const { holds } = mapping(documented, 'locationId');
  const held = (record: VendorRecord, value: string) => holds?.(record, value);
  expect(held({ locationId: 'loc_1' }, 'centro')).toBe(true);
  expect(held({ locationId: 'loc_2' }, 'centro')).toBe(false);
  expect(held({ location: [{ reference: 'Location/loc_1' }] }, 'centro')).toBe(true);
  expect(held({ location: [] }, 'centro')).toBe(false);
  expect(
    held({ location: [{ reference: 'Location/loc_1' }, { reference: 'Location/loc_2' }] }, 'centro'),
  ).toBe(false);
});
