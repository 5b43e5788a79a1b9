/** ClinikAPI's oddities: two dialects, three answer shapes, two kinds of 429. */

import type { FieldMapping, MappedField } from '../../src/adapter/contract';
import { UNREADABLE } from '../../src/adapter/contract';
import { failureIn } from '../../src/connection/failure';
import { SNOMED_CT } from '../../src/staff/fields';
import { clinikapi } from '../support/adapterSetups';

const documented = clinikapi();
const live = clinikapi({ dialect: 'live' });

function held<V>(mapping: FieldMapping<V>): MappedField<V> {
  if (!mapping.supported) throw new Error(mapping.reason);
  return mapping;
}

function encode<V>(mapping: FieldMapping<V>, value: V): { wire: unknown; refusals: string[] } {
  const refusals: string[] = [];
  const wire = held(mapping).encode(value, (at, code) => refusals.push(`${at} ${code}`));
  return { wire, refusals };
}

describe('the document’s examples', () => {
  test('specialty', () => {
    const { specialty } = documented.fields;
    const value = { code: '394819006', display: 'Interventional Cardiology', system: SNOMED_CT };
    const body = { [held(specialty).key]: encode(specialty, value).wire };
    expect(documented.write('pr_abc123', body)).toEqual({
      method: 'PATCH',
      path: '/v1/practitioner-roles/pr_abc123',
      body: { specialty: { code: '394819006', display: 'Interventional Cardiology' } },
    });
    expect(documented.authorize(undefined)).toEqual({ 'x-api-key': 'clk_test_1' });
  });

  test('deactivate', () => {
    const { status, period } = documented.fields;
    expect({
      [held(status).key]: encode(status, 'inactive').wire,
      [held(period).key]: encode(period, { start: '2024-01-01', end: '2025-12-31' }).wire,
    }).toEqual({ status: 'inactive', period: { start: '2024-01-01', end: '2025-12-31' } });
  });

  test('the documented answer', () => {
    const body = {
      data: {
        id: 'pr_abc123',
        practitionerId: 'prac_abc123',
        role: 'doctor',
        status: 'active',
        specialty: { code: '394819006', display: 'Interventional Cardiology' },
        period: { start: '2024-01-01' },
      },
      meta: { requestId: 'req_k8f3a7x2', status: 200 },
    };
    const role = documented.record(body, 'pr_abc123');
    expect(role && documented.idOf(role)).toBe('pr_abc123');
    expect(role && read(documented, role)).toEqual({
      role: 'doctor',
      status: 'active',
      specialty: { code: '394819006', display: 'Interventional Cardiology', system: SNOMED_CT },
      period: { start: '2024-01-01' },
    });
  });
});

test('both dialects read FHIR-shaped answers, in an envelope or bare', () => {
  const role = {
    resourceType: 'PractitionerRole',
    id: 'role_1',
    meta: { versionId: '7' },
    active: false,
    period: { start: '2024-01-01T00:00:00Z', end: null },
    organization: { reference: 'Organization/org_1' },
    location: [{ reference: 'https://api.clinikapi.com/v1/fhir/Location/loc_9' }],
    code: [{ coding: [{ code: 'doctor' }], text: 'Doctor' }],
    specialty: [
      {
        coding: [
          { system: 'urn:local', code: 'CARD' },
          { system: SNOMED_CT, code: '394579002', display: 'Cardiology' },
        ],
      },
    ],
    telecom: [
      { system: 'email', value: 'a@example.test' },
      { system: 'phone', value: '+1 555 010 0000' },
    ],
    availableTime: [
      {
        daysOfWeek: ['tue', 'mon'],
        allDay: false,
        availableStartTime: '09:00',
        availableEndTime: '17:00:00',
      },
    ],
  };
  for (const body of [role, { data: role, meta: {} }]) {
    expect(documented.record(body, 'role_1')).toBe(role);
    expect(live.record(body, 'role_1')).toBe(role);
  }
  const shared = {
    status: 'inactive',
    role: 'doctor',
    period: { start: '2024-01-01' },
    specialty: { code: '394579002', display: 'Cardiology', system: SNOMED_CT },
  };
  expect(read(documented, role)).toEqual({ ...shared, organizationId: 'north-clinic', locationId: 'loc_9' });
  expect(read(live, role)).toEqual({
    ...shared,
    phone: '+1 555 010 0000',
    email: 'a@example.test',
    // Known by name only there, and these references have none.
    organizationId: UNREADABLE,
    locationId: UNREADABLE,
    availableTime: [
      { daysOfWeek: ['mon', 'tue'], availableStartTime: '09:00:00', availableEndTime: '17:00:00' },
    ],
  });
  expect(documented.revision?.(role)).toBe('7');
  expect(documented.revision?.({})).toBeUndefined();
});

test.each<[string, unknown]>([
  ['no envelope', {}],
  ['a list', { data: [] }],
  ['another resource', { resourceType: 'OperationOutcome', data: { id: '1' } }],
  ['another resource in the envelope', { data: { resourceType: 'Patient', id: '1' } }],
  ['nothing', undefined],
])('%s is no role', (_, body) => {
  expect(documented.record(body, '1')).toBeUndefined();
});

test.each([
  ['status', { status: 'suspended' }],
  ['status', { status: 'Inactive ' }],
  ['role', { code: [{ text: 'doctor' }, { text: 'nurse' }] }],
  ['specialty', { specialty: ['Cardiology'] }],
  ['specialty', { specialty: [{ code: 'a' }, { code: 'b' }] }],
  ['period', { period: { start: 'soon' } }],
  ['period', { period: { start: '2021-02-30' } }],
  ['locationId', { location: [{ reference: 'Location/a' }, { reference: 'Location/b' }] }],
] as const)('an unknown or ambiguous %s is unreadable: %j', (field, role) => {
  expect(held<unknown>(documented.fields[field]).decode(role)).toBe(UNREADABLE);
});

test.each([
  [{ daysOfWeek: ['mon'], allDay: true }],
  [{ daysOfWeek: ['someday'], availableStartTime: '09:00:00', availableEndTime: '10:00:00' }],
  [{ daysOfWeek: ['mon'], availableStartTime: '22:00:00', availableEndTime: '06:00:00' }],
  [{ daysOfWeek: [], availableStartTime: '09:00:00', availableEndTime: '10:00:00' }],
])('hours that are not plain days and times are unreadable: %j', (block) => {
  expect(held(live.fields.availableTime).decode({ availableTime: [block] })).toBe(UNREADABLE);
});

test('the id fields are absent, not empty, where the answer does not list them', () => {
  expect(held(documented.fields.organizationId).decode({ id: 'pr_1' })).toBeUndefined();
  expect(
    held(documented.fields.organizationId).decode({ organization: { display: 'North' } }),
  ).toBeUndefined();
  expect(held(documented.fields.locationId).decode({ location: [] })).toBeNull();
});

test('codes pass through the lists where they are mapped, else as given', () => {
  const { organizationId } = documented.fields;
  expect(encode(organizationId, 'north-clinic').wire).toBe('org_1');
  expect(encode(organizationId, 'org_2').wire).toBe('org_2');
  expect(held(organizationId).decode({ organizationId: 'org_1' })).toBe('north-clinic');
  expect(held(organizationId).decode({ organizationId: 'org_2' })).toBe('org_2');
});

test('what cannot be expressed is refused by its place', () => {
  expect(encode(documented.fields.status, 'on-leave').refusals).toEqual([' unsupported_field']);
  expect(encode(live.fields.status, 'on-leave').refusals).toEqual([' unsupported_field']);
  expect(encode(documented.fields.specialty, { code: 'x', system: 'urn:other' }).refusals).toEqual([
    '/system unsupported_field',
  ]);
  expect(encode(live.fields.specialty, { code: 'x' }).refusals).toEqual([' unsupported_field']);
  const block = {
    daysOfWeek: ['mon' as const],
    availableStartTime: '09:00:00',
    availableEndTime: '10:00:00',
  };
  expect(
    encode(live.fields.availableTime, [
      block,
      {
        ...block,
        locationId: 'a',
        period: { start: '2024-01-01' },
        recurrence: { interval: 1, unit: 'week' },
      },
    ]).refusals,
  ).toEqual([
    '/1/locationId unsupported_field',
    '/1/period unsupported_field',
    '/1/recurrence unsupported_field',
  ]);
});

test('the live dialect: its content type, a boolean, a list of texts', () => {
  expect(live.write('role_1', { active: false })).toMatchObject({
    headers: { 'content-type': 'application/json-patch+json' },
  });
  expect(documented.write('role_1', {})).not.toHaveProperty('headers');
  expect({
    [held(live.fields.status).key]: encode(live.fields.status, 'inactive').wire,
  }).toEqual({ active: false });
  const cardiology = { code: '394579002', display: 'Cardiology' };
  expect(encode(live.fields.specialty, cardiology).wire).toEqual(['Cardiology']);
  const { holds } = held(live.fields.specialty);
  expect(holds?.({ specialty: [{ text: 'Cardiology' }] }, cardiology)).toBe(true);
  expect(holds?.({ specialty: ['Neurology'] }, cardiology)).toBe(false);
  expect(holds?.({ specialty: ['Cardiology', 'Neurology'] }, cardiology)).toBe(false);
});

describe('errors', () => {
  const failure = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    failureIn({ status, headers, body }, documented.errors, 'ClinikAPI');

  test.each([
    [400, { code: 'INVALID_JSON' }, 'unexpected_response'],
    [400, { code: 'METHOD_OVERRIDE_REJECTED' }, 'unexpected_response'],
    [400, { error: 'Bad Request' }, 'rejected'],
    [401, { code: 'UNAUTHORIZED' }, 'credentials_rejected'],
    [401, { code: 'KEY_EXPIRED' }, 'credentials_rejected'],
    [403, {}, 'credentials_rejected'],
    [404, { code: 'NOT_FOUND' }, 'record_not_found'],
    [405, {}, 'unexpected_response'],
    [409, {}, 'conflict'],
    [422, { code: 'VALIDATION_ERROR' }, 'rejected'],
    [429, { code: 'RATE_LIMITED' }, 'rate_limited'],
    [429, { code: 'rate_limit_exceeded' }, 'rate_limited'],
    [429, undefined, 'rate_limited'],
    [429, { code: 'MONTHLY_QUOTA_EXCEEDED' }, 'quota_exhausted'],
    [429, { code: 'sandbox_quota_exceeded' }, 'quota_exhausted'],
    [500, { code: 'INTERNAL_ERROR' }, 'unavailable'],
    [503, undefined, 'unavailable'],
  ])('%i %j is %s', (status, body, kind) => {
    expect(failure(status, body)?.kind).toBe(kind);
  });

  test.each([['issues'], ['issue']])('%s point at the member, nested or not', (name) => {
    const body = {
      code: 'VALIDATION_ERROR',
      [name]: [
        { severity: 'error', code: 'invalid', diagnostics: 'role: Required' },
        {
          diagnostics: "specialty.code: Invalid enum value. Expected 'a' | 'b', received 'Juan'",
        },
        { diagnostics: 'period: something about Juan Pérez' },
        { diagnostics: 'Juan' },
        { diagnostics: 7 },
        null,
      ],
    };
    const result = failure(422, body);
    expect(result?.vendorCode).toBe('VALIDATION_ERROR');
    expect(result?.complaints.map(({ key, code, text }) => ({ key, code, text }))).toEqual([
      { key: 'role', code: 'required', text: 'Required' },
      { key: 'specialty', code: 'not_allowed', text: undefined },
      { key: 'period', code: 'rejected_by_vendor', text: undefined },
      { key: undefined, code: 'rejected_by_vendor', text: undefined },
    ]);
  });

  test('a safe text ends where its pattern ends', () => {
    for (const rule of documented.errors.issueRules) {
      if (!rule.safe) continue;
      expect(rule.text.source).toMatch(/^\^.*\$$/);
      expect(rule.text.flags).not.toContain('m');
      expect(rule.text.flags).not.toContain('s');
    }
  });

  const waits = (code: string, headers: Record<string, string>) => {
    const rule = documented.errors.rules?.find((one) => one.status === 429 && (one.when?.({ code }) ?? true));
    return rule?.retryAfter?.(headers, new Date('2026-12-31T23:00:00Z'));
  };

  test.each<[string, Record<string, string>, number | undefined]>([
    ['RATE_LIMITED', { 'retry-after': '7', 'x-ratelimit-reset': '42' }, 7],
    ['RATE_LIMITED', { 'retry-after': 'Thu, 31 Dec 2026 23:01:00 GMT' }, 60],
    ['RATE_LIMITED', { 'retry-after': 'soon', 'x-ratelimit-reset': '42' }, 42],
    ['RATE_LIMITED', { 'x-ratelimit-reset': '1798761600' }, undefined],
    ['RATE_LIMITED', {}, undefined],
    ['MONTHLY_QUOTA_EXCEEDED', { 'x-quota-reset': '2027-01-01T00:00:00Z', 'retry-after': '1' }, 3600],
    ['MONTHLY_QUOTA_EXCEEDED', { 'x-quota-reset': 'next month' }, 3600],
    ['MONTHLY_QUOTA_EXCEEDED', {}, 3600],
  ])('%s with %j waits %p seconds', (code, headers, seconds) => {
    expect(waits(code, headers)).toBe(seconds);
  });
});

function read(adapter: typeof documented, role: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries<FieldMapping<unknown>>(adapter.fields).flatMap(([field, mapping]) => {
      const value = mapping.supported ? mapping.decode(role) : undefined;
      return value === undefined ? [] : [[field, value]];
    }),
  );
}
