/** Weekly hours that a vendor keeps day by day: one update, a request for each day that changes, and what is true if one fails. */
import { randomUUID } from 'node:crypto';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    configure: (config) => {
      config.vendors['vitalis-centro'].breaker = { failures: 1_000 };
    },
  });
});
afterAll(() => stage.close());
beforeEach(() => stage.vitalis.reset());
afterEach(() => stage.vitalis.faults.clear());

const block = (daysOfWeek: string[], start: string, end: string) => ({
  daysOfWeek,
  availableStartTime: start,
  availableEndTime: end,
});
/** As it is seeded: Monday and Wednesday. */
const MONDAY = block(['mon'], '08:00:00', '12:00:00');
const WEDNESDAY = block(['wed'], '14:00:00', '18:00:00');

const send = (availableTime: unknown, headers: Record<string, string> = {}, staffId = 'st-1') =>
  stage.patch(KEYS.centro, { availableTime }, headers, staffId);
const writes = () =>
  stage.vitalis.log
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, body }) => [`${method} ${path}`, body]);
const rows = (professional = 1) =>
  stage.vitalis.state.schedules
    .all()
    .filter(({ professionalID }) => professionalID === professional)
    .map(({ dayOfWeek, startTime, endTime }) => `${dayOfWeek} ${startTime}-${endTime}`);

test('a new day is added, another one changed, one that is as it was is not sent', async () => {
  const week = [MONDAY, block(['wed'], '9:00', '13:30:30'), block(['fri'], '09:00', '17:00')];
  const { status, body } = await send(week);
  expect([status, body.meta.receipt]).toEqual([200, [{ pointer: '/availableTime', outcome: 'verified' }]]);
  expect(writes()).toEqual([
    ['PATCH /work_schedules/2', { dayOfWeek: 3, startTime: '09:00', endTime: '13:30:30' }],
    ['POST /work_schedules', { professionalID: 1, dayOfWeek: 5, startTime: '09:00', endTime: '17:00' }],
  ]);
  expect(body.data.availableTime).toHaveLength(3);
  expect((await send(week)).body.meta.receipt).toEqual([{ pointer: '/availableTime', outcome: 'unchanged' }]);
});

test('where there are no hours yet, "not found" is an empty week', async () => {
  expect(
    (
      await stage.call('PUT', '/staff/st-5/links/vitalis-centro', {
        key: KEYS.centro,
        body: { vendorRecordId: '5' },
      })
    ).status,
  ).toBe(201);
  const read = () => stage.call('GET', '/staff/st-5', { key: KEYS.centro });
  expect((await read()).body.data.availableTime).toBeNull();
  expect((await send([block(['sun', 'sat'], '10:00', '11:00')], {}, 'st-5')).status).toBe(200);
  expect(rows(5)).toEqual(['6 10:00-11:00', '0 10:00-11:00']);
  expect((await read()).body.data.availableTime).toEqual([block(['sat', 'sun'], '10:00:00', '11:00:00')]);
});

test('a day cannot be taken away, which is said before anything is sent', async () => {
  const { status, body } = await send([MONDAY, block(['thu'], '09:00', '10:00')]);
  expect([status, body.code, body.errors]).toEqual([
    422,
    'not_clearable',
    [{ pointer: '/availableTime', code: 'not_clearable', detail: expect.stringMatching(/: wed\.$/) }],
  ]);
  for (const nothing of [null, []]) expect((await send(nothing)).body.code).toBe('not_clearable');
  expect([writes(), rows()]).toEqual([[], ['1 08:00-12:00', '3 14:00-18:00']]);
});

test('two blocks of one day, and what a block cannot hold, are refused at their place', async () => {
  const { body } = await send([
    MONDAY,
    { ...WEDNESDAY, locationId: 'centro' },
    block(['mon'], '14:00', '15:00'),
  ]);
  expect(body.errors.map(({ pointer, code }: Record<string, string>) => `${pointer} ${code}`).sort()).toEqual(
    ['/availableTime/1/locationId unsupported_field', '/availableTime/2 not_expressible'],
  );
  expect(writes()).toEqual([]);
});

test('a day that somebody adds meanwhile: settled by reading if it is the same, else a conflict', async () => {
  const add = (endTime: string) =>
    stage.vitalis.faults.next(
      {
        kind: 'hook',
        when: 'request',
        run: () =>
          stage.vitalis.state.schedules.set({
            ...{ id: 90, professionalID: 1, dayOfWeek: 5, startTime: '09:00', endTime },
            ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
          }),
      },
      { method: 'POST' },
    );
  const week = [MONDAY, WEDNESDAY, block(['fri'], '09:00', '17:00')];
  add('17:00');
  expect((await send(week)).body.meta.receipt).toEqual([{ pointer: '/availableTime', outcome: 'unchanged' }]);
  stage.vitalis.reset();
  add('16:00');
  const { status, body } = await send(week);
  expect([status, body.code, body.outcome]).toEqual([409, 'conflict', 'not_applied']);
  expect(rows()).toEqual(['1 08:00-12:00', '3 14:00-18:00', '5 09:00-16:00']);
});

test('the second day fails: partial, and a repetition with the same key sends only what is missing', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const week = [MONDAY, WEDNESDAY, block(['thu', 'fri'], '09:00', '17:00')];
  stage.vitalis.faults.next({ kind: 'answer', status: 500 }, { method: 'POST', after: 1 });
  const first = await send(week, headers);
  expect([first.status, first.body.outcome, first.body.receipt]).toEqual([
    503,
    'partial',
    [{ pointer: '/availableTime', outcome: 'unknown' }],
  ]);
  expect(rows()).toEqual(['1 08:00-12:00', '3 14:00-18:00', '4 09:00-17:00']);
  const second = await send(week, headers);
  expect([second.status, second.body.meta.receipt]).toEqual([
    200,
    [{ pointer: '/availableTime', outcome: 'verified' }],
  ]);
  expect(rows()).toEqual(['1 08:00-12:00', '3 14:00-18:00', '4 09:00-17:00', '5 09:00-17:00']);
  expect(writes()).toHaveLength(3);
});

test('the second day is refused: the receipt says that it is not whole', async () => {
  stage.vitalis.faults.next(
    { kind: 'answer', status: 400, body: { msg: 'No' } },
    { method: 'POST', after: 1 },
  );
  const { status, body } = await send([MONDAY, WEDNESDAY, block(['thu', 'fri'], '09:00', '17:00')]);
  expect([status, body.code, body.outcome, body.receipt]).toEqual([
    422,
    'vendor_rejected',
    'partial',
    [{ pointer: '/availableTime', outcome: 'unknown' }],
  ]);
});

test('the person and the hours together: both resources, one receipt', async () => {
  const patch = { phone: '+54 11 4444-0000', availableTime: [block(['mon', 'wed'], '09:00', '10:00')] };
  const { status, body } = await stage.patch(KEYS.centro, patch);
  expect([status, body.meta.receipt]).toEqual([
    200,
    [
      { pointer: '/phone', outcome: 'verified' },
      { pointer: '/availableTime', outcome: 'verified' },
    ],
  ]);
  expect(writes().map(([call]) => call)).toEqual([
    'PATCH /professionals/1',
    'PATCH /work_schedules/1',
    'PATCH /work_schedules/2',
  ]);
});
