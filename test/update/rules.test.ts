/** The pure functions between an update and its answer, each rule by itself: admit, plan, answer, failures, record. */

import { type Adapter, field, text, type VendorRecord } from '../../src/adapter';
import { withPart } from '../../src/adapter/resources';
import type { VendorConfig } from '../../src/config/types';
import { VendorConnection } from '../../src/connection/connection';
import { VendorFailure } from '../../src/connection/failure';
import { etagOf } from '../../src/directory/etag';
import { problemFrom } from '../../src/directory/failures';
import { showRecord, staffRecord, tableOf } from '../../src/directory/record';
import { Problem } from '../../src/problem';
import type { Warning } from '../../src/receipt';
import type { Location } from '../../src/runtime/locate';
import { SNOMED_CT } from '../../src/staff/fields';
import { type CanonicalPatch, parsePatch } from '../../src/staff/patch';
import { type Admitted, admit, notClearable } from '../../src/update/admit';
import { holds, makePlan, needsCurrent, type Plan } from '../../src/update/plan';
import { dryRunResult, updateResult } from '../../src/update/receipt';
import type { UpdateRequest } from '../../src/update/request';
import { landings } from '../../src/update/write';
import { clinikapi, cobalt, moduleNamed, vitalis } from '../support/adapterSetups';

function patchOf(body: unknown): CanonicalPatch {
  const parsed = parsePatch(body);
  if ('errors' in parsed) throw new Error(JSON.stringify(parsed.errors));
  return parsed.patch;
}

const admitted = (adapter: Adapter, body: unknown, lenient = false): Admitted =>
  admit(patchOf(body), tableOf(adapter), lenient, 'Vendor');

/** The plan, and the body of its one write. */
const planOf = (
  adapter: Adapter,
  body: unknown,
  current?: VendorRecord,
): Plan & { body: Plan['writes'][number]['body'] | undefined } => {
  const plan = makePlan(adapter, tableOf(adapter), admitted(adapter, body).changes, current);
  expect(plan.writes.length).toBeLessThan(2);
  return { ...plan, body: plan.writes[0]?.body };
};

function refusal(work: () => unknown): {
  code: string;
  detail: string;
  errors: string[];
  extras: Problem['extras'];
} {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const errors = (error.extras.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`);
    return { code: error.code, detail: error.detail, errors, extras: error.extras };
  }
  throw new Error('nothing was refused');
}

/** As Vitalis answers a read (fake person). */
const stored: VendorRecord = {
  id: 1,
  name: 'Juan',
  surname: 'Pérez',
  dni: 12345678,
  birthdate: '1985-03-15T00:00:00.000Z',
  gender: 'Masculino',
  address: 'Calle 1',
  phone: '+54 11 9876-5432',
  email: 'juan@example.test',
  specialityID: 1,
  state: 'Activo/a',
};

const KEPT = {
  name: 'Juan',
  surname: 'Pérez',
  dni: '12345678',
  birthdate: '1985-03-15',
  gender: 'Masculino',
  address: 'Calle 1',
  phone: '+54 11 9876-5432',
  email: 'juan@example.test',
  specialityID: 1,
  state: 'Activo/a',
};

describe('admit', () => {
  test('strict names every refusal with its own code; the gravest is that of the whole', () => {
    const refused = refusal(() =>
      admitted(vitalis(), { role: 'doctor', phone: null, specialty: { code: 'nope' }, status: 'active' }),
    );
    expect(refused).toMatchObject({
      code: 'unsupported_field',
      detail: 'Vendor cannot hold what was sent: /phone, /role, /specialty/code. Nothing was sent.',
      errors: ['/phone not_clearable', '/role unsupported_field', '/specialty/code unmapped_code'],
    });
    expect(refused.extras.errors?.map(({ detail }) => detail)).toEqual([
      'Clínica Vitalis requires this field in every update, so it cannot be emptied.',
      'Clínica Vitalis professionals hold no role',
      'No Clínica Vitalis speciality is configured for this code.',
    ]);
  });

  test.each([
    [
      { phone: null, specialty: { code: 'nope' } },
      'not_clearable',
      'Vendor cannot clear: /phone, /specialty/code. Nothing was sent.',
    ],
    [
      { specialty: { code: 'nope' } },
      'unmapped_code',
      'There is no Vendor code for: /specialty/code. Nothing was sent.',
    ],
  ])('%j is %s', (body, code, detail) => {
    expect(refusal(() => admitted(vitalis(), body))).toMatchObject({ code, detail });
  });

  test('lenient drops what the vendor cannot hold, and nothing else', () => {
    const { changes, dropped, warnings } = admitted(
      vitalis(),
      { role: 'doctor', status: 'active', period: null },
      true,
    );
    expect(changes.map((change) => [change.field, change.value])).toEqual([['status', 'active']]);
    expect(dropped.map(({ change, detail }) => [change.field, detail])).toEqual([
      ['role', 'Clínica Vitalis professionals hold no role'],
      ['period', 'Clínica Vitalis professionals hold no period'],
    ]);
    expect(warnings).toEqual([]);
    expect(
      refusal(() => admitted(vitalis(), { phone: null, role: 'x', status: 'active' }, true)),
    ).toMatchObject({
      code: 'not_clearable',
      errors: ['/phone not_clearable'],
    });
    expect(
      refusal(() => admitted(vitalis(), { role: 'x', period: { start: '2024-01-01' } }, true)),
    ).toMatchObject({
      code: 'unsupported_field',
      errors: ['/role unsupported_field', '/period unsupported_field'],
    });
  });

  test('lenient drops a value that the vendor cannot express, with all reasons', () => {
    const hours = {
      daysOfWeek: ['mon'],
      availableStartTime: '08:00',
      availableEndTime: '09:00',
      locationId: 'x',
      period: { start: '2024-01-01' },
    };
    const { dropped } = admitted(
      clinikapi({ dialect: 'live' }),
      { status: 'active', availableTime: [hours] },
      true,
    );
    expect(dropped.map(({ detail }) => detail)).toEqual([
      'ClinikAPI hours hold days and times only, no locationId. ClinikAPI hours hold days and times only, no period.',
    ]);
  });

  test('a member that is not stored is warned about with something else, and refused alone', () => {
    expect(admitted(vitalis(), { specialty: { code: '394579002', display: 'Cardiology' } }).warnings).toEqual(
      [
        {
          pointer: '/specialty/display',
          code: 'not_stored',
          detail: 'Clínica Vitalis names its specialities itself; the display is not stored.',
        },
      ],
    );
    expect(admitted(vitalis(), { specialty: { code: '394579002', display: null } }).warnings).toEqual([]);
    const alone = refusal(() => admitted(vitalis(), { specialty: { display: 'Cardiology' } }));
    expect(alone).toMatchObject({
      code: 'unsupported_field',
      errors: ['/specialty/display unsupported_field'],
    });
    expect(alone.extras.errors?.[0]?.detail).toBe(
      'Clínica Vitalis names its specialities itself; the display is not stored.',
    );
    const both = refusal(() =>
      admitted(clinikapi({ dialect: 'live' }), { specialty: { code: '1', system: SNOMED_CT } }),
    );
    expect(both.errors).toEqual(['/specialty/code unsupported_field', '/specialty/system unsupported_field']);
  });

  test('a member that is cleared is not judged as a value', () => {
    expect(admitted(clinikapi(), { specialty: { code: '1', system: null } }).changes).toHaveLength(1);
    expect(admitted(cobalt(), { availableTime: null }).changes).toMatchObject([
      { field: 'availableTime', value: null },
    ]);
  });

  test('a field without a reason for not being cleared gets a default one', () => {
    expect(notClearable('/x', field('x', text, {}))).toEqual({
      pointer: '/x',
      code: 'not_clearable',
      detail: 'The vendor cannot clear this field.',
    });
  });
});

describe('needs the current record', () => {
  test.each<[string, Adapter, unknown, 'merge' | 'look' | undefined]>([
    ['a vendor of whole records', vitalis(), { status: 'active' }, 'merge'],
    ['a plain change', clinikapi(), { status: 'active', role: 'x' }, undefined],
    ['a whole period', clinikapi(), { period: { start: '2024-01-01', end: null } }, undefined],
    ['half a period', clinikapi(), { period: { end: '2024-01-01' } }, 'merge'],
    ['a whole specialty', clinikapi(), { specialty: { code: '1', display: 'x' } }, undefined],
    ['a specialty without a display', clinikapi(), { specialty: { code: '1' } }, 'merge'],
    [
      'half a period beside a plain change',
      clinikapi(),
      { role: 'x', period: { end: '2024-01-01' } },
      'merge',
    ],
    ['hours', cobalt(), { availableTime: [] }, 'look'],
    ['hours that are protected', cobalt({ protectVisitTypeRules: true }), { availableTime: [] }, 'merge'],
    [
      'a status beside protected hours',
      cobalt({ protectVisitTypeRules: true }),
      { status: 'active' },
      undefined,
    ],
  ])('%s', (_name, adapter, body, expected) => {
    expect(needsCurrent(adapter, admitted(adapter, body).changes)).toBe(expected);
  });
});

describe('plan', () => {
  test('a whole record: the change, and everything else as it is stored', () => {
    expect(planOf(vitalis(), { phone: '+54 11 0000-0000' }, stored).body).toEqual({
      ...KEPT,
      phone: '+54 11 0000-0000',
    });
    expect(planOf(vitalis(), { phone: '+54 11 9876-5432' }, stored)).toMatchObject({
      body: undefined,
      targets: [{ field: 'phone', unchanged: true, value: '+54 11 9876-5432' }],
    });
    expect(planOf(vitalis(), { phone: '+54 11 9876-5432', name: { given: 'Ana' } }, stored)).toMatchObject({
      body: { ...KEPT, name: 'Ana' },
      targets: [
        { field: 'name.given', unchanged: false },
        { field: 'phone', unchanged: true },
      ],
    });
  });

  test('a whole record that was not read is not made up', () => {
    expect(planOf(vitalis(), { status: 'inactive' }).body).toEqual({ state: 'Inactivo/a' });
  });

  test('changes: only what moves is sent', () => {
    const role = { id: 'pr_1', role: 'doctor', status: 'active' };
    expect(planOf(clinikapi(), { role: 'nurse', status: 'active' }, role).body).toEqual({ role: 'nurse' });
    expect(planOf(clinikapi(), { role: 'nurse', status: 'active' }).body).toEqual({
      role: 'nurse',
      status: 'active',
    });
    expect(planOf(clinikapi(), { role: 'doctor' }, role).body).toBeUndefined();
  });

  test('what a read cannot tell apart is sent again', () => {
    const current = { ...stored, dni: 1234567 };
    const plan = planOf(vitalis(), { nationalId: '01234567' }, current);
    expect(plan.targets).toMatchObject([{ unchanged: false, wire: '01234567' }]);
    expect(plan.body).toMatchObject({ dni: '01234567' });
  });

  test.each<[string, unknown, unknown, unknown]>([
    [
      'one bound',
      { end: '2025-01-01' },
      { start: '2024-01-01', end: '2024-06-30' },
      { start: '2024-01-01', end: '2025-01-01' },
    ],
    ['a bound cleared', { end: null }, { start: '2024-01-01', end: '2024-06-30' }, { start: '2024-01-01' }],
    ['nothing stored', { end: '2025-01-01' }, undefined, { end: '2025-01-01' }],
    [
      'the same day',
      { end: '2024-01-01' },
      { start: '2024-01-01' },
      { start: '2024-01-01', end: '2024-01-01' },
    ],
  ])('a period merged with %s', (_name, patch, period, wire) => {
    const plan = planOf(
      clinikapi(),
      { period: patch },
      { id: 'pr_1', ...(period !== undefined && { period }) },
    );
    expect(plan.body).toEqual({ period: wire });
    expect(plan.targets).toMatchObject([{ field: 'period', value: wire, unchanged: false }]);
  });

  test('no part of what cannot be read is changed, the whole of it is', () => {
    const current = { id: 'pr_1', period: 'for ever' };
    expect(refusal(() => planOf(clinikapi(), { period: { end: '2025-01-01' } }, current))).toMatchObject({
      code: 'stored_value_invalid',
      errors: ['/period stored_value_invalid'],
    });
    const whole = { start: '2024-01-01', end: '2025-01-01' };
    expect(planOf(clinikapi(), { period: whole }, current).body).toEqual({ period: whole });
  });

  test('clearing a part of what is empty changes nothing', () => {
    const { body, targets } = planOf(clinikapi(), { period: { end: null } }, { id: 'pr_1', period: null });
    expect([body, targets]).toMatchObject([undefined, [{ value: null, unchanged: true }]]);
  });

  test('a merged period is judged again', () => {
    const current = { id: 'pr_1', period: { start: '2024-01-01', end: '2024-06-30' } };
    const refused = refusal(() => planOf(clinikapi(), { period: { end: '2023-12-31' } }, current));
    expect(refused).toMatchObject({
      code: 'validation_failed',
      detail: 'Together with what is stored, the update is not valid.',
      errors: ['/period/end end_before_start'],
    });
    expect(refused.extras.errors?.[0]?.detail).toBe(
      'With the stored other bound, the end would be before the start.',
    );
    const nothing = refusal(() => planOf(clinikapi(), { period: { start: null, end: null } }, current));
    expect(nothing).toMatchObject({
      code: 'not_clearable',
      errors: ['/period not_clearable'],
      detail: 'Nothing would be left of the field.',
    });
  });

  test.each<[string, unknown, unknown, unknown]>([
    [
      'the same code keeps its display',
      { code: '1', system: SNOMED_CT },
      { code: '1', display: 'One' },
      undefined,
    ],
    ['another code drops the display', { code: '2' }, { code: '1', display: 'One' }, { code: '2' }],
    [
      'a display alone belongs to the stored code',
      { display: 'Uno' },
      { code: '1', display: 'One' },
      { code: '1', display: 'Uno' },
    ],
    ['a display cleared', { display: null }, { code: '1', display: 'One' }, { code: '1' }],
    ['nothing stored', { code: '2', display: 'Two' }, null, { code: '2', display: 'Two' }],
  ])('a specialty: %s', (_name, patch, specialty, wire) => {
    const { body } = planOf(clinikapi(), { specialty: patch }, { id: 'pr_1', specialty });
    expect(body).toEqual(wire === undefined ? undefined : { specialty: wire });
  });

  test('a specialty without a code is refused; the system is that of the standard', () => {
    expect(
      refusal(() => planOf(clinikapi(), { specialty: { display: 'x' } }, { id: 'pr_1', specialty: null })),
    ).toMatchObject({
      code: 'validation_failed',
      errors: ['/specialty/code required'],
    });
    const { targets } = planOf(clinikapi(), { specialty: { code: '9', display: 'x' } });
    expect(targets[0]?.value).toEqual({ code: '9', display: 'x', system: SNOMED_CT });
    const { targets: unstored } = planOf(
      vitalis(),
      { specialty: { code: '394579002', display: 'x' } },
      stored,
    );
    expect(unstored[0]?.value).toEqual({ code: '394579002', system: SNOMED_CT });
  });

  test('a stored specialty of another system is refused where it would be merged with', () => {
    const current = { id: 'pr_1', specialty: { code: '1', display: 'x', system: 'urn:other' } };
    expect(refusal(() => planOf(clinikapi(), { specialty: { display: 'y' } }, current))).toMatchObject({
      code: 'unsupported_field',
      detail: 'The merged value cannot be expressed at the vendor.',
      errors: ['/specialty/system unsupported_field'],
    });
  });

  test('an empty field is cleared by what the vendor takes for empty, and left alone where it is empty', () => {
    expect(planOf(cobalt(), { availableTime: null }).body).toEqual({ hours: [] });
    const empty = planOf(cobalt(), { availableTime: null }, { id: 'x', hours: [] });
    expect(empty).toMatchObject({ body: undefined, targets: [{ value: null, wire: [], unchanged: true }] });
    expect(planOf(cobalt(), { availableTime: null }, { id: 'x' }).targets).toMatchObject([
      { unchanged: false },
    ]);
  });

  test('stored values that would be refused, or lost, block the update and are all named', () => {
    const broken = { ...stored, email: '', phone: null };
    expect(refusal(() => planOf(vitalis(), { name: { given: 'Ana' } }, broken))).toMatchObject({
      code: 'stored_value_invalid',
      detail: 'Already stored values block the update: /phone, /email. Nothing was sent.',
      errors: ['/phone stored_value_invalid', '/email stored_value_invalid'],
    });
    const mended = { name: { given: 'Ana' }, email: 'a@b.example', phone: '+54 11 0000-0000' };
    expect(planOf(vitalis(), mended, broken).body).toMatchObject({ name: 'Ana', email: 'a@b.example' });
    const guarded = cobalt({ protectVisitTypeRules: true });
    const hours = [
      { day: 'Monday', shifts: [{ start: 'T08:00:00', end: 'T09:00:00', visit_type_rules: [{}] }] },
    ];
    expect(refusal(() => planOf(guarded, { availableTime: [] }, { id: 'x', hours }))).toMatchObject({
      code: 'stored_value_invalid',
      errors: ['/availableTime stored_value_invalid'],
    });
    expect(planOf(guarded, { status: 'inactive' }, { id: 'x', status: 'active', hours }).body).toEqual({
      status: 'inactive',
    });
    expect(planOf(guarded, { availableTime: [] }).body).toEqual({ hours: [] });
  });

  test('holding a value: by meaning, or by the very wire value', () => {
    const mapping = field('role', text, {});
    expect(holds(mapping, { role: 'a' }, 'a')).toBe(true);
    expect(holds(mapping, { role: 'b' }, 'a')).toBe(false);
    expect(holds(mapping, {}, 'a')).toBe(false);
    expect(holds(mapping, { role: null }, null)).toBe(true);
    expect(holds(mapping, {}, null)).toBe(false);
    const shouting = field<string>(
      'role',
      {
        encode: (value) => value.toUpperCase(),
        decode: () => undefined,
      },
      {},
    );
    expect(holds(shouting, { role: 'A' }, 'a')).toBe(true);
    expect(holds(shouting, { role: 'a' }, 'a')).toBe(false);
    expect(holds(field('role', text, { holds: () => true }), {}, 'a')).toBe(true);
    // Stored as a date-time, sent as a date.
    expect(planOf(vitalis(), { birthDate: '1985-03-15' }, stored).body).toBeUndefined();
  });
});

const CONFIG = {
  baseUrl: 'http://vendor.example',
  options: {},
  timeoutMs: 1000,
  readRetries: 0,
  maxConcurrent: 1,
  maxQueued: 1,
  breaker: { failures: 10, openMs: 1000 },
  ca: '',
  listCacheSeconds: 30,
  propagateTrace: false,
};

function connectionTo(
  adapter: 'vitalis' | 'clinikapi' | 'cobalt',
  verify: 'returned' | 'read' = 'returned',
): VendorConnection {
  const credentials = {
    vitalis: { token: 'secret-token' },
    clinikapi: { apiKey: 'clk_test_secret' },
    cobalt: { clientId: 'i', clientSecret: 's', accessToken: 'a' },
  }[adapter];
  const codes: VendorConfig['codes'] = adapter === 'vitalis' ? { specialty: { '394579002': 1 } } : {};
  return new VendorConnection(
    `${adapter}-1`,
    { ...CONFIG, adapter, credentials, codes, verify },
    moduleNamed(adapter),
  );
}

function locationAt(connection: VendorConnection): Location {
  const clinic = {
    name: 'north',
    vendor: connection.name,
    identity: 'linked' as const,
    requireIfMatch: false,
    whenVendorDown: 'fail' as const,
    switchGuard: 'warn' as const,
    connection,
    maxQueuedPerCaller: 1,
  };
  return { clinic, staffId: 'st-1', connection, recordId: '1' };
}

function played(
  connection: VendorConnection,
  body: unknown,
  {
    current,
    after,
    detail,
    warning,
    ...more
  }: {
    current?: VendorRecord;
    after?: VendorRecord | undefined;
    detail?: string;
    warning?: Warning;
  } & Partial<UpdateRequest>,
) {
  const location = locationAt(connection);
  const request: UpdateRequest = {
    clinic: location.clinic,
    caller: 'app',
    staffId: 'st-1',
    requestId: 'r-1',
    patch: patchOf(body),
    lenient: true,
    dryRun: false,
    gone: new AbortController().signal,
    ...more,
  };
  const judged = admit(request.patch, tableOf(connection.adapter), true, connection.title);
  const plan = makePlan(connection.adapter, tableOf(connection.adapter), judged.changes, current);
  if (request.dryRun) return dryRunResult(request, location, judged, { plan, current });
  return updateResult(
    request,
    location,
    judged,
    { plan, current },
    {
      record: after,
      states: landings(plan, after),
      ...(detail !== undefined && { detail }),
      ...(warning && { warnings: [warning] }),
    },
  );
}

describe('answer', () => {
  const rows = (given: { meta: { receipt: readonly { pointer: string; outcome: string }[] } }) =>
    given.meta.receipt.map(({ pointer, outcome }) => `${pointer} ${outcome}`);

  test('verified, unchanged and dropped, in the order of the record; the record after as data', () => {
    const after = withPart({ ...stored, name: 'Ana' }, 'schedules', { schedules: [] });
    const given = played(
      connectionTo('vitalis'),
      { role: 'x', phone: '+54 11 9876-5432', name: { given: 'Ana' } },
      { current: stored, after },
    );
    expect(rows(given)).toEqual(['/name verified', '/phone unchanged', '/role dropped']);
    expect(given.data).toMatchObject({
      id: 'st-1',
      name: { given: 'Ana', family: 'Pérez' },
      status: 'active',
    });
    expect(given.meta).toMatchObject({
      requestId: 'r-1',
      clinic: 'north',
      vendor: 'vitalis-1',
      vendorRecordId: '1',
      warnings: [],
    });
    expect(given.etag).toBe(etagOf(given.data));
  });

  test('after an unclear attempt, what the record holds is verified', () => {
    const given = played(
      connectionTo('vitalis'),
      { phone: '+54 11 9876-5432' },
      { current: stored, after: stored, settleFirst: true },
    );
    expect(rows(given)).toEqual(['/phone verified']);
  });

  test('a success that the record contradicts is none; the rest has its rows', () => {
    const refused = refusal(() =>
      played(
        connectionTo('vitalis'),
        { name: { given: 'Ana' }, status: 'inactive' },
        { current: stored, after: { ...stored, state: 'Inactivo/a' } },
      ),
    );
    expect(refused).toMatchObject({
      code: 'write_not_confirmed',
      errors: ['/name/given write_not_confirmed'],
    });
    expect(refused.extras.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    expect(refused.extras.vendor).toEqual({ name: 'vitalis-1' });
  });

  test('what is not shown is accepted, with the reason, and is not passed off as the vendor’s', () => {
    const connection = connectionTo('clinikapi');
    const given = played(
      connection,
      { locationId: 'loc_9', role: 'nurse' },
      { after: { id: 'pr_1', role: 'nurse' } },
    );
    expect(given.meta.receipt).toEqual([
      { pointer: '/role', outcome: 'verified' },
      {
        pointer: '/locationId',
        outcome: 'accepted',
        detail: 'The vendor does not show this field.',
      },
    ]);
    expect(given.data).toEqual({ id: 'st-1', role: 'nurse' });
    expect(given.etag).toBeUndefined();
    const known = { id: 'pr_1', role: 'doctor', locationId: 'loc_1' };
    const stale = played(
      connection,
      { locationId: 'loc_9' },
      { current: known, after: { id: 'pr_1', role: 'doctor' } },
    );
    expect(stale.data).toEqual({ id: 'st-1', role: 'doctor' });
  });

  test('where nothing could be read, the reason is that', () => {
    const given = played(
      connectionTo('cobalt', 'read'),
      { status: 'inactive' },
      { after: undefined, detail: 'Reading failed.' },
    );
    expect(given.meta.receipt).toEqual([
      { pointer: '/status', outcome: 'accepted', detail: 'Reading failed.' },
    ]);
    const bare = played(connectionTo('cobalt', 'read'), { status: 'inactive' }, { after: undefined });
    expect(bare.meta.receipt[0]?.detail).toBe('The vendor does not show this field.');
    expect(bare.etag).toBeUndefined();
  });

  test('what cannot be read back exactly is accepted although it looks right', () => {
    const given = played(
      connectionTo('vitalis'),
      { nationalId: '01234567' },
      { current: { ...stored, dni: 7654321 }, after: { ...stored, dni: 1234567 } },
    );
    expect(given.meta.receipt).toMatchObject([
      { pointer: '/nationalId', outcome: 'accepted', detail: expect.stringContaining('leading zeros') },
    ]);
    expect(given.data).toMatchObject({ nationalId: '1234567' });
    expect(given.etag).toBeUndefined();
  });

  test('a cleared field that is empty afterwards is verified', () => {
    const given = played(
      connectionTo('cobalt', 'read'),
      { availableTime: null },
      { after: { id: 'x', status: 'active', hours: [] } },
    );
    expect(rows(given)).toEqual(['/availableTime verified']);
    expect(given.data).toEqual({ id: 'st-1', status: 'active', availableTime: null });
    expect(given.etag).toBe(etagOf(given.data));
  });

  test('an entity tag needs the whole record: all of it afterwards, or the rest from before', () => {
    const connection = connectionTo('clinikapi');
    const partial = { id: 'pr_1', role: 'nurse' };
    const before = { id: 'pr_1', role: 'doctor' };
    const etag = (shown: { current?: VendorRecord; after: VendorRecord }) =>
      played(connection, { role: 'nurse' }, shown).etag;
    expect(etag({ after: partial })).toBeUndefined();
    expect(etag({ current: before, after: partial })).toBeUndefined();
    const person = { id: 'prac_1' };
    const whole = withPart(before, 'practitioner', person);
    expect(etag({ current: whole, after: withPart(partial, 'practitioner', person) })).toBeDefined();
  });

  test('one uncertain field is enough for no entity tag, and certain ones are shown as they were', () => {
    const connection = connectionTo('clinikapi');
    const known = {
      id: 'pr_1',
      role: 'doctor',
      status: 'active',
      specialty: null,
      period: null,
      organizationId: null,
      locationId: 'loc_1',
    };
    const { locationId: _, ...hiding } = known;
    const given = played(
      connection,
      { role: 'nurse', locationId: 'loc_9' },
      { current: known, after: { ...hiding, role: 'nurse' } },
    );
    expect(given.etag).toBeUndefined();
    const unseen = played(
      connection,
      { role: 'doctor', locationId: 'loc_9' },
      { current: known, after: undefined, detail: 'x' },
    );
    expect(rows(unseen)).toEqual(['/role unchanged', '/locationId accepted']);
    expect(unseen.data).toMatchObject({ role: 'doctor', status: 'active' });
    expect(unseen.data).not.toHaveProperty('locationId');
  });

  test('warnings: the update’s, then those of the record as it is shown last', () => {
    const odd = { ...stored, state: 'Jubilado' };
    const given = played(
      connectionTo('vitalis'),
      { specialty: { code: '394579002', display: 'x' } },
      { current: { ...odd, specialityID: 2 }, after: odd },
    );
    expect(given.meta.warnings.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/specialty/display not_stored',
      // The speciality that was stored is in no list.
      '/specialty lost_on_update',
      '/status unreadable',
    ]);
    expect(given.data).not.toHaveProperty('status');
    const story = { code: 'settled_by_reading', detail: 'A story.' };
    const told = played(
      connectionTo('vitalis'),
      { status: 'inactive' },
      { current: stored, after: { ...stored, state: 'Inactivo/a' }, warning: story },
    );
    expect(told.meta.warnings).toEqual([story]);
    const dry = played(
      connectionTo('vitalis'),
      { gender: 'male', specialty: { code: '394579002', display: 'x' } },
      { current: odd, dryRun: true },
    );
    expect(dry.meta.warnings.map(({ code }) => code)).toEqual(['not_stored', 'unreadable']);
    const before = played(
      connectionTo('vitalis'),
      { status: 'active' },
      { current: { ...odd, gender: '?' }, after: undefined, detail: 'x' },
    );
    expect(before.meta.warnings.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/status lost_on_update',
      '/status unreadable',
      '/gender unreadable',
    ]);
  });

  test('a dry run tells the outcome to come and the request, without a secret', () => {
    const given = played(
      connectionTo('vitalis'),
      { name: { given: 'Ana' }, phone: '+54 11 9876-5432', nationalId: '01234567', role: 'x' },
      { current: stored, dryRun: true },
    );
    expect(rows(given)).toEqual([
      '/name verified',
      '/nationalId accepted',
      '/phone unchanged',
      '/role dropped',
    ]);
    expect(given.meta.dryRun).toBe(true);
    expect(given.meta.vendorRequest).toMatchObject({
      method: 'PATCH',
      url: 'http://vendor.example/professionals/1',
      body: { ...KEPT, name: 'Ana', dni: '01234567' },
    });
    expect(JSON.stringify(given)).not.toContain('secret');
    expect(given.data).toMatchObject({ name: { given: 'Ana', family: 'Pérez' }, nationalId: '01234567' });
    const idle = played(
      connectionTo('vitalis'),
      { phone: '+54 11 9876-5432' },
      { current: stored, dryRun: true },
    );
    expect(idle.meta.vendorRequest).toBeNull();
    const read = played(connectionTo('clinikapi'), { locationId: 'loc_9' }, { dryRun: true });
    expect(read.meta.receipt).toEqual([{ pointer: '/locationId', outcome: 'verified' }]);
    const cleared = played(connectionTo('cobalt', 'read'), { availableTime: null }, { dryRun: true });
    expect(rows(cleared)).toEqual(['/availableTime verified']);
    expect(cleared.data).toEqual({ id: 'st-1', availableTime: null });
  });
});

describe('problemFrom', () => {
  const failure = (facts: Partial<ConstructorParameters<typeof VendorFailure>[0]>) =>
    new VendorFailure({ kind: 'rejected', fate: 'refused', reason: 'It did.', ...facts });
  const connection = connectionTo('vitalis');

  test.each([
    ['record_not_found', 'staff_not_found', 'Clínica Vitalis has no such record.'],
    ['credentials_rejected', 'vendor_credentials_rejected', 'Clínica Vitalis: It did.'],
    ['session_expired', 'vendor_credentials_rejected', 'Clínica Vitalis: It did.'],
    ['conflict', 'conflict', 'Clínica Vitalis: It did.'],
    ['rejected', 'vendor_rejected', 'Clínica Vitalis: It did.'],
    ['rate_limited', 'vendor_rate_limited', 'Clínica Vitalis: It did.'],
    ['quota_exhausted', 'vendor_rate_limited', 'The quota at Clínica Vitalis is used up. It did.'],
    ['unavailable', 'vendor_unavailable', 'Clínica Vitalis: It did.'],
    ['timeout', 'vendor_timeout', 'Clínica Vitalis: It did.'],
    ['unexpected_response', 'vendor_unexpected_response', 'Clínica Vitalis: It did.'],
  ] as const)('%s becomes %s', (kind, code, detail) => {
    const problem = problemFrom(failure({ kind, status: 418 }), connection);
    expect([problem.code, problem.detail]).toEqual([code, detail]);
    expect(problem.extras.vendor).toEqual({ name: 'vitalis-1', status: 418 });
    expect(problem.extras.outcome).toBeUndefined();
    expect(problem.extras.errors).toBeUndefined();
    const busy = code === 'vendor_rate_limited' || code === 'vendor_unavailable';
    expect(problem.extras.headers).toEqual(busy ? { 'retry-after': '5' } : undefined);
  });

  test('the outcome, the vendor’s code, its own pause and its safe sentence are kept', () => {
    const problem = problemFrom(
      failure({
        kind: 'rate_limited',
        vendorCode: 'SLOW',
        retryAfter: 6.2,
        complaints: [
          { code: 'a', detail: 'A.' },
          { code: 'b', detail: 'B.', text: 'Lento' },
        ],
      }),
      connection,
      'not_applied',
    );
    expect(problem.extras).toMatchObject({
      outcome: 'not_applied',
      vendor: { name: 'vitalis-1', code: 'SLOW', message: 'Lento' },
      headers: { 'retry-after': '7' },
    });
  });

  test('complaints point at the caller’s fields, once each', () => {
    const complaints = [
      { key: 'surname', code: 'required', detail: 'A.' },
      { key: 'surname', code: 'required', detail: 'Again.' },
      { key: 'surname', code: 'too_long', detail: 'B.' },
      { key: 'specialityID.code', code: 'x', detail: 'C.' },
      { key: 'name.first', code: 'x', detail: 'D.' },
      { key: 'nonsense', code: 'x', detail: 'E.' },
      { code: 'rejected_by_vendor', detail: 'F.' },
    ];
    const pointers = (kind: 'rejected' | 'conflict' | 'unavailable') =>
      problemFrom(failure({ kind, complaints }), connection).extras.errors?.map(
        ({ pointer, code }) => `${pointer} ${code}`,
      );
    const judged = [
      '/name/family required',
      '/name/family too_long',
      '/specialty/code x',
      '/name/given x',
      ' x',
    ];
    expect(pointers('rejected')).toEqual([...judged, ' rejected_by_vendor']);
    expect(pointers('conflict')).toEqual([...judged, ' rejected_by_vendor']);
    // What says nothing known is no complaint where nothing was judged.
    expect(pointers('unavailable')).toEqual(judged);
  });

  test('a period keeps its member too', () => {
    const problem = problemFrom(
      failure({ complaints: [{ key: 'period.end', code: 'x', detail: 'A.' }] }),
      connectionTo('clinikapi'),
    );
    expect(problem.extras.errors).toEqual([{ pointer: '/period/end', code: 'x', detail: 'A.' }]);
  });
});

describe('record', () => {
  test('what is shown: absent and unreadable fields are absent, empty ones null', () => {
    const record = { ...stored, email: '', state: 'Jubilado' };
    expect(showRecord(tableOf(vitalis()), record).complete).toBe(false);
    const shown = showRecord(tableOf(vitalis()), withPart(record, 'schedules', { schedules: [] }));
    expect(shown.fields).toMatchObject({ email: null, 'name.given': 'Juan' });
    expect(shown.fields).not.toHaveProperty('status');
    expect(shown.complete).toBe(true);
    expect(shown.warnings).toEqual([
      {
        pointer: '/status',
        code: 'unreadable',
        detail: expect.stringMatching(/^The vendor stores .* only overwritten if you send a new value\.$/),
      },
    ]);
    const { email: _, ...without } = stored;
    const less = showRecord(tableOf(vitalis()), without);
    expect([less.complete, 'email' in less.fields, less.warnings]).toEqual([false, false, []]);
  });

  test('the canonical record: nested, in the order of the fields, without what is not known', () => {
    const record = staffRecord('st-1', {
      'name.family': 'B',
      'name.given': 'A',
      status: null,
      email: undefined,
      period: { start: 'x' },
    });
    expect(JSON.stringify(record)).toBe(
      '{"id":"st-1","status":null,"name":{"given":"A","family":"B"},"period":{"start":"x"}}',
    );
  });
});
