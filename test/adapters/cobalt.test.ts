/** Cobalt's oddities: a week of shifts, a list in place of a read, an acknowledgement in place of a record. */
import fc from 'fast-check';
import { type FieldMapping, type MappedField, UNREADABLE } from '../../src/adapter/contract';
import { failureIn } from '../../src/connection/failure';
import type { Warning } from '../../src/receipt';
import type { AvailableTime } from '../../src/staff/fields';
import { CENTRO, cobalt } from '../support/adapterSetups';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';

const adapter = cobalt();
const hours = held(adapter.fields.availableTime);
const status = held(adapter.fields.status);

function held<V>(mapping: FieldMapping<V>): MappedField<V> {
  if (!mapping.supported) throw new Error(mapping.reason);
  return mapping;
}

function encode(blocks: AvailableTime[], mapping = hours): { wire: unknown; refusals: string[] } {
  const refusals: string[] = [];
  const wire = mapping.encode(blocks, (at, code) => refusals.push(`${at} ${code}`));
  return { wire, refusals };
}

const period = { start: '2025-11-13', end: '2026-11-13' };
const monday: AvailableTime = {
  daysOfWeek: ['mon'],
  availableStartTime: '09:00:00',
  availableEndTime: '18:00:00',
  locationId: 'centro',
  period,
};
const tuesday: AvailableTime = {
  ...monday,
  daysOfWeek: ['tue'],
  availableStartTime: '08:00:00',
  availableEndTime: '17:00:00',
};
const dates = { set_start_date: '2025-11-13T00:00:00', set_end_date: '2026-11-13T00:00:00' };

describe('the document’s examples', () => {
  const documented = {
    status: 'active',
    hours: [
      {
        day: 'Monday',
        shifts: [{ start: 'T09:00:00', end: 'T18:00:00', facility_id: CENTRO, ...dates }],
      },
      {
        day: 'Tuesday',
        shifts: [{ start: 'T08:00:00', end: 'T17:00:00', facility_id: CENTRO, ...dates }],
      },
    ],
  };

  test('two days, to the letter', () => {
    const body = {
      [status.key]: status.encode('active', () => undefined),
      [hours.key]: encode([tuesday, monday]).wire,
    };
    expect(JSON.stringify(body)).toBe(JSON.stringify(documented));
    const id = 'abc123def4567890abcdef1234567890';
    expect(adapter.write(id, body)).toEqual({
      method: 'PATCH',
      path: `/v1/providers/${id}`,
      body: documented,
    });
    expect(adapter.authorize(undefined)).toEqual({
      client_id: 'ci_test_1',
      client_secret: 'cs_test_1',
      access_token: 'at_1',
    });
  });

  test('a shift that repeats', () => {
    const recurrence = { interval: 1, unit: 'day' as const, ...period, description: 'Every 1 week.' };
    const { wire } = encode([{ ...tuesday, daysOfWeek: ['mon'], locationId: '99999', recurrence }]);
    // The document has the placeholder <string> for the facility, and `99999` for ids of the clinic's system.
    expect(JSON.stringify(wire)).toBe(
      JSON.stringify([
        {
          day: 'Monday',
          shifts: [
            {
              start: 'T08:00:00',
              end: 'T17:00:00',
              facility_id: '99999',
              ...dates,
              set_recur: {
                rec_start_date: '2025-11-13T00:00:00',
                rec_end_date: '2026-11-13T00:00:00',
                recur_interval_type: 'days',
                recur_interval_amount: 1,
                recur_interval_description: 'Every 1 week.',
              },
            },
          ],
        },
      ]),
    );
  });

  test('the acknowledgement', () => {
    const body = {
      success: true,
      message: 'Provider status and hours updated successfully.',
      provider_id: 'abc123',
    };
    expect(failureIn({ status: 200, headers: {}, body }, adapter.errors, 'Cobalt')).toBeUndefined();
    expect(adapter.idOf(body)).toBe('abc123');
    expect(adapter.answers).toBe('acknowledgement');
  });
});

describe('encoding hours', () => {
  const block = { availableStartTime: '09:00:00', availableEndTime: '12:00:00' };

  test('days in week order, shifts in order of time, only what was given', () => {
    const late = { availableStartTime: '13:00:00', availableEndTime: '18:00:00' };
    expect(
      encode([
        { daysOfWeek: ['mon', 'sun'], ...late },
        { daysOfWeek: ['mon', 'thu'], ...block, period: { end: '2026-01-31' } },
      ]).wire,
    ).toEqual([
      {
        day: 'Monday',
        shifts: [
          { start: 'T09:00:00', end: 'T12:00:00', set_end_date: '2026-01-31T00:00:00' },
          { start: 'T13:00:00', end: 'T18:00:00' },
        ],
      },
      {
        day: 'Thursday',
        shifts: [{ start: 'T09:00:00', end: 'T12:00:00', set_end_date: '2026-01-31T00:00:00' }],
      },
      { day: 'Sunday', shifts: [{ start: 'T13:00:00', end: 'T18:00:00' }] },
    ]);
  });

  test('a unit without a word is refused by its place, unless one is configured', () => {
    const weekly: AvailableTime[] = [
      { daysOfWeek: ['mon'], ...block },
      { daysOfWeek: ['tue'], ...block, recurrence: { interval: 2, unit: 'week' } },
    ];
    expect(encode(weekly).refusals).toEqual(['/1/recurrence/unit unsupported_field']);
    const configured = held(cobalt({ recurrenceUnits: { week: 'weeks' } }).fields.availableTime);
    const { wire, refusals } = encode(weekly, configured);
    expect(refusals).toEqual([]);
    expect(JSON.stringify(wire)).toContain('"recur_interval_type":"weeks","recur_interval_amount":2');
    expect(configured.decode({ hours: wire })).toEqual(weekly);
    expect(encode([{ ...monday, recurrence: { interval: 1, unit: 'day' } }], configured).refusals).toEqual(
      [],
    );
  });

  test('clearing sends an empty week', () => {
    expect(hours.cleared).toEqual({ wire: [] });
    expect(hours.decode({ hours: [] })).toBeNull();
    expect(hours.decode({ hours: [{ day: 'Monday', shifts: [] }] })).toBeNull();
  });
});

describe('reading hours', () => {
  const shift = { start: 'T08:00:00', end: 'T12:00:00' };
  const day = (...shifts: unknown[]) => ({ hours: [{ day: 'Monday', shifts }] });
  const block = {
    daysOfWeek: ['mon'],
    availableStartTime: '08:00:00',
    availableEndTime: '12:00:00',
  };

  test('equal shifts of several days are one block', () => {
    const record = {
      hours: [
        { day: 'Friday', shifts: [shift] },
        { day: 'Monday', shifts: [shift, { ...shift, start: 'T07:00:00' }] },
        { day: 'Friday', shifts: [shift] },
      ],
    };
    expect(hours.decode(record)).toEqual([
      { ...block, availableStartTime: '07:00:00' },
      { ...block, daysOfWeek: ['mon', 'fri'] },
    ]);
  });

  test('the shape of the list: recurrence, its amount as text, date-times, extras, a facility without hyphens', () => {
    const read = {
      ...shift,
      facility_id: CENTRO.replaceAll('-', '').toUpperCase(),
      facility_name: 'Centro',
      set_start_date: '2025-11-13T00:00:00',
      recurrence: {
        rec_start_date: '2025-11-13T00:00:00',
        recur_interval_type: 'Days',
        recur_interval_amount: '2',
        recur_interval_description: 'Every 2 days.',
      },
    };
    expect(hours.decode(day(read))).toEqual([
      {
        ...block,
        locationId: 'centro',
        period: { start: '2025-11-13' },
        recurrence: { interval: 2, unit: 'day', start: '2025-11-13', description: 'Every 2 days.' },
      },
    ]);
  });

  test('an unmapped facility reads as given, empty members as absent', () => {
    const read = { ...shift, facility_id: '12', set_end_date: null, recurrence: {}, set_start_date: '' };
    expect(hours.decode(day(read))).toEqual([{ ...block, locationId: '12' }]);
  });

  test.each<[string, unknown]>([
    ['a day in another spelling', [{ day: 'monday', shifts: [shift] }]],
    ['an unknown day', [{ day: 'Someday', shifts: [] }]],
    ['no times', [{ day: 'Monday', shifts: [{}] }]],
    ['a bad time', [{ day: 'Monday', shifts: [{ ...shift, end: 'T24:00:00' }] }]],
    ['an end past midnight', [{ day: 'Monday', shifts: [{ ...shift, end: 'T06:00:00' }] }]],
    ['a bad date', [{ day: 'Monday', shifts: [{ ...shift, set_end_date: '2025-02-30T00:00:00' }] }]],
    ['shifts that are no list', [{ day: 'Monday', shifts: 'all day' }]],
    [
      'an unknown unit',
      [
        {
          day: 'Monday',
          shifts: [{ ...shift, recurrence: { recur_interval_type: 'months', recur_interval_amount: 1 } }],
        },
      ],
    ],
    ['no unit', [{ day: 'Monday', shifts: [{ ...shift, recurrence: { recur_interval_amount: 1 } }] }]],
    [
      'a bad amount',
      [
        {
          day: 'Monday',
          shifts: [{ ...shift, recurrence: { recur_interval_type: 'days', recur_interval_amount: '1.5' } }],
        },
      ],
    ],
    ['no list', { Monday: [] }],
    ['one bad shift among good ones', [{ day: 'Monday', shifts: [shift, null] }]],
  ])('%s makes the whole field unreadable', (_, value) => {
    expect(hours.decode({ hours: value })).toBe(UNREADABLE);
    expect(hours.holds?.({ hours: value }, [monday])).toBe(false);
  });
});

describe('comparing hours', () => {
  const stored = { hours: encode([monday, tuesday]).wire };

  test('grouping, order and the spelling of a facility make no difference', () => {
    const split: AvailableTime[] = [
      { ...monday, daysOfWeek: ['fri'], locationId: CENTRO.replaceAll('-', '') },
      { ...monday, locationId: CENTRO.toUpperCase() },
    ];
    const whole = { hours: encode([{ ...monday, daysOfWeek: ['mon', 'fri'] }]).wire };
    expect(hours.holds?.(whole, split)).toBe(true);
    expect(hours.holds?.(stored, [tuesday, monday])).toBe(true);
  });

  test.each<[string, AvailableTime[]]>([
    ['a day less', [monday]],
    ['another time', [monday, { ...tuesday, availableEndTime: '17:00:01' }]],
    ['another place', [monday, { ...tuesday, locationId: 'annex' }]],
    ['another end date', [monday, { ...tuesday, period: { start: '2025-11-13' } }]],
    ['a recurrence', [monday, { ...tuesday, recurrence: { interval: 1, unit: 'day' } }]],
  ])('%s does', (_, blocks) => {
    expect(hours.holds?.(stored, blocks)).toBe(false);
  });

  test('the end of a recurrence cannot be read back, so it is neither compared nor confirmed', () => {
    const repeated = (end?: string): AvailableTime[] => [
      { ...monday, recurrence: { interval: 1, unit: 'day', ...(end && { end }) } },
    ];
    expect(hours.holds?.({ hours: encode(repeated()).wire }, repeated('2026-01-01'))).toBe(true);
    expect(hours.unconfirmable?.(repeated('2026-01-01'))).toContain('cannot be confirmed');
    expect(hours.unconfirmable?.(repeated())).toContain('cannot be confirmed');
    expect(hours.unconfirmable?.([monday])).toBeUndefined();
  });

  test('a week that was read holds itself', () => {
    const anyShift = fc.record({
      start: fc.constantFrom('T08:00:00', 'T09:30'),
      end: fc.constantFrom('T12:00:00', '13:00:00'),
      facility_id: fc.constantFrom(CENTRO, 'other', ''),
    });
    const anyDay = fc.record({
      day: fc.constantFrom('Monday', 'Sunday', 'Wednesday'),
      shifts: fc.uniqueArray(anyShift, { maxLength: 3, selector: (item) => JSON.stringify(item) }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(anyDay, { selector: (item) => item.day }), (week) => {
        const decoded = hours.decode({ hours: week });
        if (Array.isArray(decoded)) expect(hours.holds?.({ hours: week }, decoded)).toBe(true);
        else expect(decoded).toBeNull();
      }),
    );
  });
});

describe('stored data that an update would delete', () => {
  const shift = { start: 'T08:00:00', end: 'T12:00:00' };
  const record = (extra: object) => ({ hours: [{ day: 'Monday', shifts: [shift, { ...shift, ...extra }] }] });

  test.each([
    [{ visit_type_rules: [{ total_visits: 3 }] }, 1],
    [{ set_description: 'Surgery' }, 1],
    [{ visit_type_rules: [], set_description: '' }, 0],
    [{}, 0],
  ])('%j endangers %i field', (extra, rows) => {
    const protecting = cobalt({ protectVisitTypeRules: true });
    expect(protecting.endangers?.(record(extra), ['hours'])).toHaveLength(rows);
    expect(protecting.endangers?.(record(extra), ['status'])).toEqual([]);
    expect(adapter.endangers?.(record(extra), ['hours'])).toEqual([]);
    expect(hours.needsCurrent).toBe('look');
  });

  test('is looked for, without being shown', () => {
    const protecting = cobalt({ protectVisitTypeRules: true });
    expect(held(protecting.fields.availableTime).needsCurrent).toBe('merge');
    const rows = protecting.endangers?.(record({ set_description: 'Surgery' }), ['hours']);
    expect(rows?.[0]?.[0]).toBe('availableTime');
    expect(rows?.[0]?.[1]).not.toContain('Surgery');
  });
});

describe('the warning about stored data that an update would delete', () => {
  let stage: Stage;
  afterEach(() => stage.close());

  /** A clinic at Cobalt whose staff member `st-9` has shifts with visit type rules. */
  async function open(options: Record<string, unknown>) {
    stage = await openStage({
      configure: (config) => {
        config.vendors['cobalt-main'].options = options;
      },
    });
    const vendorRecordId = 'cde345fab6789012cdefab3456789012';
    await stage.call('PUT', '/staff/st-9/links/cobalt-main', { key: KEYS.south, body: { vendorRecordId } });
  }
  const warned = ({ body }: Reply) =>
    body.meta.warnings.flatMap(({ pointer, code }: Warning) => (code === 'lost_on_update' ? [pointer] : []));
  const read = () => stage.call('GET', '/staff/st-9', { key: KEYS.south });
  const update = (body: unknown) => stage.patch(KEYS.south, body, {}, 'st-9');
  const week = [{ daysOfWeek: ['mon'], availableStartTime: '09:00', availableEndTime: '12:00' }];

  test('stands in what is read, until the update has deleted it', async () => {
    await open({});
    expect(warned(await read())).toEqual(['/availableTime']);
    expect(warned(await update({ status: 'inactive' }))).toEqual(['/availableTime']);
    const replaced = await update({ availableTime: week });
    expect([replaced.status, warned(replaced)]).toEqual([200, ['/availableTime']]);
    expect(warned(await read())).toEqual([]);
  });

  test('is not needed where such an update is refused', async () => {
    await open({ protectVisitTypeRules: true });
    expect(warned(await read())).toEqual([]);
    expect((await update({ availableTime: week })).body.code).toBe('stored_value_invalid');
  });
});

describe('status', () => {
  test.each<[object, unknown]>([
    [{ status: 'active' }, 'active'],
    [{ status: 'INACTIVE' }, 'inactive'],
    [{ active: true }, 'active'],
    [{ active: false }, 'inactive'],
    [{ status: 'inactive', active: true }, 'inactive'],
    [{ status: 'retired' }, UNREADABLE],
    [{ status: 'constructor' }, UNREADABLE],
    [{ active: 'yes' }, undefined],
    [{}, undefined],
  ])('%j reads as %p', (record, value) => {
    expect(status.decode({ ...record })).toBe(value);
  });

  test('is sent in lower case, knows no leave, and cannot be cleared', () => {
    expect(status.encode('inactive', () => undefined)).toBe('inactive');
    const refusals: string[] = [];
    status.encode('on-leave', (at, code) => refusals.push(`${at} ${code}`));
    expect(refusals).toEqual([' unsupported_field']);
    expect(status.notClearable).toBeDefined();
  });
});

describe('finding a provider in the list', () => {
  const list = { success: true, providers: [null, { ehr_id: 'p1' }, { id: 'p1', ehr_id: '7' }] };

  test('by its own id only', () => {
    expect(adapter.read('p1')).toEqual({ method: 'GET', path: '/v1/providers' });
    expect(adapter.record(list, 'p1')).toEqual({ id: 'p1', ehr_id: '7' });
    expect(adapter.record(list, '7')).toBeNull();
    expect(adapter.record({ success: true, providers: [] }, 'p1')).toBeNull();
  });

  test.each([[{}], [{ success: true }], [{ providers: { id: 'p1' } }], [undefined]])(
    '%j is no list',
    (body) => {
      expect(adapter.record(body, 'p1')).toBeUndefined();
    },
  );
});

describe('errors', () => {
  const failure = (code: number, body: unknown) =>
    failureIn({ status: code, headers: {}, body }, adapter.errors, 'Cobalt');
  const expired = {
    success: false,
    error: 'login_required',
    message: 'Account link expired. Please go through the integration setup again.',
  };

  test.each([
    [200, { success: false, message: 'No.' }, 'rejected'],
    [200, expired, 'credentials_rejected'],
    [200, {}, 'unexpected_response'],
    [200, undefined, 'unexpected_response'],
    [200, { success: 'true' }, 'unexpected_response'],
    [200, { providers: [] }, undefined],
    [200, { success: true, provider_id: 'p1' }, undefined],
    [400, { success: false, message: 'No.' }, 'rejected'],
    [400, undefined, 'rejected'],
    [401, { success: false }, 'credentials_rejected'],
    [403, expired, 'credentials_rejected'],
    [403, undefined, 'credentials_rejected'],
    [404, { success: false, message: 'Provider not found.' }, 'record_not_found'],
    [429, undefined, 'rate_limited'],
    [500, undefined, 'unavailable'],
  ])('%i %j is %p', (code, body, kind) => {
    expect(failure(code, body)?.kind).toBe(kind);
  });

  test.each([
    ["'hours' is required.", 'hours', 'required', true],
    ["'status' is required.", 'status', 'required', true],
    ["Invalid 'facility_id' format. Please provide a valid UUID.", 'hours', 'invalid_format', true],
    ["Invalid 'facility_id' format: Doe, John", 'hours', 'invalid_format', false],
    ["'provider_id' is required.", 'provider_id', 'required', true],
    ['Facility of Doe, John not found', undefined, 'rejected_by_vendor', false],
  ])('“%s” points at %s', (message, key, code, safe) => {
    const [complaint] = failure(400, { success: false, message })?.complaints ?? [];
    expect(complaint).toMatchObject({ code });
    expect(complaint?.key).toBe(key);
    expect(complaint?.text).toBe(safe ? message : undefined);
  });

  test('the vendor’s code is shown, never its free text', () => {
    expect(failure(403, expired)?.vendorCode).toBe('login_required');
    expect(failure(400, { error: 'Doe, John is unknown' })?.vendorCode).toBeUndefined();
  });

  test('Retry-After is honoured if it comes', () => {
    const result = failureIn(
      { status: 429, headers: { 'retry-after': '9' }, body: {} },
      adapter.errors,
      'Cobalt',
    );
    expect(result?.retryAfter).toBe(9);
  });
});
