/** Queued updates over two resources: what was applied is not sent again, and what is missing is. */
import { randomUUID } from 'node:crypto';

import { openDatabase } from '../../src/store/database';
import { createJournal } from '../../src/store/journal';
import { openQueue, type Queue, STAFF, until } from '../support/queue';
import { KEYS } from '../support/stage';

const ANNA = STAFF[0] ?? '';
const PATCH = { name: { given: 'Ana', family: 'Paz' }, status: 'inactive' };
const PERSON = { method: 'PATCH', path: /^\/v1\/practitioners\// };

let queue: Queue;
beforeAll(async () => {
  queue = await openQueue({
    engine: 'sqlite',
    whenVendorDown: 'queue',
    configure: (config) => {
      config.vendors['clinikapi-main'].readRetries = 0;
      config.vendors['clinikapi-main'].breaker = { failures: 1_000 };
    },
  });
});
afterAll(() => queue.close());
beforeEach(() => {
  queue.vendor.reset();
  queue.vendor.faults.clear();
});

const roleWrites = () => queue.written('status', ANNA);
const personWrites = () => queue.written('firstName').filter((name) => name !== undefined);
const person = () => queue.vendor.state.practitioners.get('prac_abc123')?.details;

test('a delivery whose second write fails goes on with that one', async () => {
  queue.vendor.faults.next({ kind: 'drop' }, { ...PERSON, times: 2 });
  const { body } = await queue.queue(ANNA, PATCH);
  const done = await queue.reaches(body.data.id, 'succeeded');
  expect(done.body.data.answer.body.meta.receipt).toEqual([
    { pointer: '/status', outcome: 'verified' },
    { pointer: '/name', outcome: 'verified' },
  ]);
  expect([roleWrites(), personWrites()]).toEqual([['inactive'], ['Ana', 'Ana', 'Ana']]);
  expect(person()).toMatchObject({ firstName: 'Ana', lastName: 'Paz' });
});

describe('with If-Match', () => {
  const conditional = async () => {
    const { headers } = await queue.call('GET', `/staff/${ANNA}`);
    return { 'if-match': headers.get('etag') ?? '' };
  };
  const RETRIED = [
    { pointer: '/status', outcome: 'verified' },
    { pointer: '/name', outcome: 'verified' },
  ];

  test('the next attempt completes what the one before has half done', async () => {
    const headers = await conditional();
    queue.vendor.faults.next({ kind: 'drop' }, { ...PERSON, times: 2 });
    const { body } = await queue.queue(ANNA, PATCH, headers);
    const done = await queue.reaches(body.data.id, 'succeeded');
    expect(done.body.data.answer.body.meta.receipt).toEqual(RETRIED);
    expect([roleWrites(), personWrites()]).toEqual([['inactive'], ['Ana', 'Ana', 'Ana']]);
  });

  test('so does the queue for an update that came directly', async () => {
    const headers = await conditional();
    queue.vendor.faults.next({ kind: 'answer', status: 503 }, PERSON);
    const reply = await queue.patch(KEYS.north, PATCH, headers, ANNA);
    expect(reply.status).toBe(202);
    await queue.reaches(reply.body.data.id, 'succeeded');
    expect(roleWrites()).toEqual(['inactive']);
    expect(person()).toMatchObject({ firstName: 'Ana', lastName: 'Paz' });
  });

  test('a change by somebody else between the attempts is a failed condition', async () => {
    const headers = await conditional();
    queue.vendor.faults.next(
      {
        kind: 'hook',
        when: 'request',
        run: () => void queue.vendor.state.roles.change(ANNA, { role: 'nurse' }),
      },
      PERSON,
    );
    queue.vendor.faults.next({ kind: 'drop' }, PERSON);
    const { body } = await queue.queue(ANNA, PATCH, headers);
    const failed = await queue.reaches(body.data.id, 'failed');
    expect(failed.body.data.answer.body.code).toBe('precondition_failed');
    expect(person()?.firstName).not.toBe('Ana');
  });
});

test('a second write that is refused ends it, with a receipt that says what was applied', async () => {
  queue.vendor.faults.next({ kind: 'answer', status: 422, body: {} }, PERSON);
  const { body } = await queue.queue(ANNA, PATCH);
  const failed = await queue.reaches(body.data.id, 'failed');
  expect(failed.body.data.answer).toMatchObject({
    status: 422,
    body: {
      code: 'vendor_rejected',
      outcome: 'partial',
      receipt: [
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/name', outcome: 'not_applied' },
      ],
    },
  });
  const [row] = (await queue.call('GET', `/changes?staffId=${ANNA}&limit=1`)).body.data;
  expect(row.outcome).toBe('partial');
});

test('where updates are queued when the vendor is down, so is the rest of one that was half applied', async () => {
  queue.vendor.faults.next({ kind: 'answer', status: 503 }, PERSON);
  const reply = await queue.patch(KEYS.north, PATCH, {}, ANNA);
  expect(reply.status).toBe(202);
  await queue.reaches(reply.body.data.id, 'succeeded');
  expect(roleWrites()).toEqual(['inactive']);
  expect(person()).toMatchObject({ firstName: 'Ana', lastName: 'Paz' });
});

test('a process that ended between the two writes: the audit says which of them is there', async () => {
  queue.vendor.state.roles.change(ANNA, { status: 'inactive' });
  const database = await openDatabase(queue.databaseUrl);
  const journal = createJournal(database, { values: { kind: 'full' }, keyTtlMs: 60_000 });
  const begun = await journal.begin(
    {
      ...{ id: randomUUID(), requestId: 'crashed-1', clinic: 'north', caller: 'north-app', staffId: ANNA },
      ...{ vendor: 'clinikapi-main', vendorRecordId: ANNA, lenient: false },
      patch: {
        members: ['name', 'status'],
        changes: [
          { field: 'status', value: 'inactive' },
          { field: 'name.given', value: 'Ana' },
          { field: 'name.family', value: 'Paz' },
        ],
      },
      createdAt: new Date().toISOString(),
    },
    // Its lease is over as soon as it begins.
    1,
  );
  expect(begun).toBe('begun');
  await database.close();
  const rows = async () => (await queue.call('GET', `/changes?staffId=${ANNA}&limit=5`)).body.data;
  const ofCrash = (row: { requestId: string }) => row.requestId === 'crashed-1';
  await until(async () => (await rows()).some(ofCrash), 'the row of the crashed update');
  const row = (await rows()).find(ofCrash);
  expect(row).toMatchObject({ code: 'settled_by_reading', outcome: 'partial' });
  expect(row.fields).toEqual(
    expect.arrayContaining([
      { pointer: '/status', outcome: 'verified' },
      { pointer: '/name', outcome: 'not_applied' },
    ]),
  );
}, 60_000);
