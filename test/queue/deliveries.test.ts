import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database';
import { listOperations } from '../../src/store/operationList';
import { startGatewayProcess } from '../support/gatewayProcess';
import { openQueue, type Queue, STAFF, until } from '../support/queue';
import { KEYS, type Reply } from '../support/stage';

const ENGINES = ['sqlite', 'postgres'] as const;
const [ANNA, BERT] = [STAFF[0] ?? '', STAFF[1] ?? ''];

/** A promise and how to keep it. */
function gate<Value = void>() {
  let open: (value: Value) => void = () => {};
  const opened = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe.each(ENGINES)('delivery on %s', (engine) => {
  describe('with defaults', () => {
    let queue: Queue;
    beforeAll(async () => {
      queue = await openQueue({ engine });
    }, 60_000);
    afterAll(() => queue.close());
    beforeEach(() => queue.vendor.reset());

    it('answers 202 at once, delivers, and then gives the answer that a synchronous update would have had', async () => {
      const direct = await queue.patch(KEYS.north, { status: 'inactive' }, {}, BERT);
      const reply = await queue.queue(ANNA, { status: 'inactive' });
      expect(reply.status).toBe(202);
      expect(reply.headers.get('preference-applied')).toBe('respond-async');
      const { id, ...rest } = reply.body.data;
      expect(rest).toEqual({ staffId: ANNA, status: 'queued', createdAt: expect.any(String) });
      expect(reply.headers.get('location')).toBe(`/operations/${id}`);
      expect(reply.body.meta).toMatchObject({ clinic: 'north' });

      const { body } = await queue.reaches(id, 'succeeded');
      expect(body.data.attempts).toEqual([
        { number: 1, startedAt: expect.any(String), finishedAt: expect.any(String), outcome: 'succeeded' },
      ]);
      const { answer } = body.data;
      expect(answer.status).toBe(direct.status);
      expect({ ...answer.body.data, id: BERT }).toEqual(direct.body.data);
      expect(answer.body.meta).toEqual({
        ...direct.body.meta,
        requestId: reply.body.meta.requestId,
        vendorRecordId: ANNA,
      });
      expect(queue.vendor.writes).toBe(2);
    });

    it.each([
      { name: 'a value that is not valid', id: ANNA, body: { status: 'asleep' }, status: 422 },
      {
        name: 'a field that the vendor cannot hold',
        id: ANNA,
        body: { nationalId: '30999888' },
        status: 422,
      },
      { name: 'an id that cannot exist', id: 'nobody!', body: { status: 'active' }, status: 404 },
    ])('refuses $name at once, and queues nothing', async ({ id, body, status }) => {
      const reply = await queue.queue(id, body);
      expect(reply.status).toBe(status);
      expect(reply.headers.get('location')).toBeNull();
    });

    it('answers a dry run at once', async () => {
      const reply = await queue.patch(
        KEYS.north,
        { status: 'inactive' },
        { prefer: 'respond-async' },
        ANNA,
        '?dryRun=true',
      );
      expect(reply.status).toBe(200);
      expect(reply.headers.get('preference-applied')).toBeNull();
      expect(queue.vendor.writes).toBe(0);
    });

    it('names what it honoured, lenient handling too', async () => {
      const reply = await queue.queue(
        ANNA,
        { status: 'inactive', nationalId: '30999888' },
        { prefer: 'respond-async, handling=lenient, return=minimal' },
      );
      expect(reply.headers.get('preference-applied')).toBe('respond-async, handling=lenient');
      const { body } = await queue.reaches(reply.body.data.id, 'succeeded');
      expect(body.data.answer.body.meta.receipt).toMatchObject([
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/nationalId', outcome: 'dropped' },
      ]);
    });

    it('ends as failed when the vendor says no', async () => {
      queue.vendor.state.roles.remove(STAFF[9] ?? '');
      const reply = await queue.queue(STAFF[9] ?? '', { status: 'inactive' });
      const { body } = await queue.reaches(reply.body.data.id, 'failed');
      expect(body.data).toMatchObject({
        lastError: { code: 'staff_not_found' },
        answer: { status: 404, body: { code: 'staff_not_found' } },
        attempts: [{ number: 1, outcome: 'failed', code: 'staff_not_found' }],
      });
      const { id } = body.data;
      const line = () => queue.lines.find((text) => text.includes(id));
      await until(async () => line() !== undefined, 'a line of the log');
      expect(JSON.parse(line() ?? '')).toMatchObject({
        msg: 'a queued update has failed for good: see "deliveries list"',
        operation: id,
        clinic: 'north',
        code: 'staff_not_found',
      });
      const database = await openDatabase(queue.databaseUrl);
      const listed = await listOperations(database, { clinic: 'north' }, 50);
      await database.close();
      // Its patch is deleted; the audit still names the fields.
      expect(listed).toContainEqual(expect.objectContaining({ id, status: 'failed', fields: ['/status'] }));
    });

    it('checks a precondition when it delivers', async () => {
      const reply = await queue.queue(ANNA, { status: 'inactive' }, { 'if-match': '"another"' });
      const { body } = await queue.reaches(reply.body.data.id, 'failed');
      expect(body.data.answer.status).toBe(412);
      expect(queue.vendor.writes).toBe(0);
    });

    it('gives one operation for one idempotency key, and the same answer again', async () => {
      const send = () => queue.queue(ANNA, { status: 'inactive' }, { 'idempotency-key': 'one-and-only' });
      const first = await send();
      const second = await send();
      expect(second.status).toBe(202);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
      expect(second.headers.get('preference-applied')).toBe('respond-async');
      await queue.reaches(first.body.data.id, 'succeeded');

      // As if the process had died between queueing and noting the answer with the key.
      const database = await openDatabase(queue.databaseUrl);
      await database.db.deleteFrom('idempotency').execute();
      await database.close();
      const third = await send();
      expect(third.status).toBe(202);
      expect(third.headers.get('location')).toBe(first.headers.get('location'));
      expect(queue.vendor.writes).toBe(1);
    });

    it('shows an operation only to its own clinic and to those who may read', async () => {
      const { id } = (await queue.queue(ANNA, { status: 'inactive' })).body.data;
      await queue.reaches(id, 'succeeded');
      expect(await queue.get(id, KEYS.reader)).toMatchObject({ status: 200 });
      for (const path of [id, '0190a000-0000-7000-8000-000000000000', 'nonsense']) {
        const key = path === id ? KEYS.centro : KEYS.north;
        expect(await queue.get(path, key)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      }
      const retry = (key: string) => queue.call('POST', `/operations/${id}/retry`, { key });
      expect(await retry(KEYS.centro)).toMatchObject({ status: 404 });
      expect(await retry(KEYS.reader)).toMatchObject({ status: 403 });
      expect(await retry(KEYS.north)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    });

    it('erases what was sent once it has ended', async () => {
      const { id } = (await queue.queue(ANNA, { role: 'very-special-role' })).body.data;
      await queue.reaches(id, 'succeeded');
      const database = await openDatabase(queue.databaseUrl);
      const { rows } = await sql<Record<string, unknown>>`select * from operations where id = ${id}`.execute(
        database.db,
      );
      await database.close();
      expect(rows).toMatchObject([{ id, patch: null, if_match: null }]);
      const { answer: _, ...rest } = rows[0] ?? {};
      expect(JSON.stringify(rest)).not.toContain('very-special');
    });

    it('lets nothing overtake: 409 while older updates of the staff member wait, others go on', async () => {
      const held = gate();
      const arrived = gate();
      queue.vendor.faults.next({
        kind: 'hook',
        run: async () => {
          arrived.open();
          await held.opened;
        },
      });
      const { id } = (await queue.queue(ANNA, { role: 'first' })).body.data;
      await arrived.opened;
      expect(await queue.patch(KEYS.north, { role: 'second' }, {}, ANNA)).toMatchObject({
        status: 409,
        body: { code: 'conflict', outcome: 'not_applied' },
      });
      expect(await queue.patch(KEYS.north, { role: 'other' }, {}, BERT)).toMatchObject({ status: 200 });
      const second = await queue.queue(ANNA, { role: 'third' });
      expect((await queue.get(second.body.data.id)).body.data).toMatchObject({
        status: 'queued',
        waitsFor: id,
      });
      held.open();
      await queue.reaches(second.body.data.id, 'succeeded');
      expect(queue.written('role', ANNA)).toEqual(['first', 'third']);
      expect(await queue.patch(KEYS.north, { role: 'fourth' }, {}, ANNA)).toMatchObject({ status: 200 });
    });

    it('delivers in order for each staff member, whatever goes wrong on the way', async () => {
      const { faults } = queue.vendor;
      const onlyAnna = { method: 'PATCH', path: new RegExp(`${ANNA}$`) };
      faults.add({ kind: 'answer', status: 503 }, { ...onlyAnna, times: 1 });
      faults.add({ kind: 'drop', when: 'after' }, { ...onlyAnna, times: 1, after: 2 });
      faults.add({ kind: 'drop', when: 'before' }, { ...onlyAnna, times: 1, after: 4 });
      const wanted = ['one', 'two', 'three', 'four', 'five'];
      const ids: string[] = [];
      for (const role of wanted) {
        ids.push((await queue.queue(ANNA, { role })).body.data.id);
        ids.push((await queue.queue(BERT, { role })).body.data.id);
      }
      for (const id of ids) await queue.reaches(id, 'succeeded');
      // The vendor has stored each value once, and in order; attempts that stored nothing do not count.
      expect(queue.vendor.writes).toBe(wanted.length * 2);
      const distinct = (id: string) => [...new Set(queue.written('role', id))];
      expect(distinct(ANNA)).toEqual(wanted);
      expect(distinct(BERT)).toEqual(wanted);
    });

    it('finds out by reading what became of an attempt without an answer, and does not write again', async () => {
      queue.vendor.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
      queue.vendor.faults.add({ kind: 'answer', status: 500 }, { method: 'GET', times: 3 });
      const { id } = (await queue.queue(ANNA, { role: 'settled' })).body.data;
      const { body } = await queue.reaches(id, 'succeeded');
      expect(body.data.attempts.length).toBeGreaterThan(1);
      expect(body.data.answer.body.meta.receipt).toEqual([{ pointer: '/role', outcome: 'verified' }]);
      expect(queue.vendor.writes).toBe(1);
      expect(queue.written('role', ANNA)).toEqual(['settled']);
    });

    it('fails what a caller has queued who may not write any more', async () => {
      const held = gate();
      const arrived = gate();
      queue.vendor.faults.next({
        kind: 'hook',
        run: async () => {
          arrived.open();
          await held.opened;
        },
      });
      await queue.queue(ANNA, { role: 'first' });
      await arrived.opened;
      const { id } = (await queue.queue(ANNA, { role: 'second' })).body.data;
      const callers = queue.config.callers.map((caller) =>
        caller.name === 'north-app' ? { ...caller, scopes: ['staff:read'] } : caller,
      );
      await queue.rewrite({ ...queue.config, callers });
      await queue.gateway.reload();
      held.open();
      const { body } = await queue.reaches(id, 'failed');
      await queue.rewrite(queue.config);
      await queue.gateway.reload();
      expect(body.data).toMatchObject({ lastError: { code: 'forbidden' }, answer: { status: 403 } });
      const audit = await queue.call('GET', `/changes?staffId=${ANNA}&limit=1`);
      expect(audit.body.data).toMatchObject([
        { kind: 'update', outcome: 'refused', status: 403, code: 'forbidden' },
      ]);
      expect(audit.body.data[0].fields).toEqual([{ pointer: '/role', outcome: 'not_applied' }]);
      expect(queue.written('role', ANNA)).toEqual(['first']);
    });
  });

  describe('when the vendor is down', () => {
    let queue: Queue;
    beforeAll(async () => {
      queue = await openQueue({ engine, whenVendorDown: 'queue' });
    }, 60_000);
    afterAll(() => queue.close());
    beforeEach(() => queue.vendor.reset());

    it('queues what was not sent, and delivers all of it in order afterwards', async () => {
      await queue.switchOff();
      const ids: string[] = [];
      for (const round of ['a', 'b', 'c']) {
        for (const staffId of STAFF.slice(0, 6)) {
          const reply = await queue.patch(KEYS.north, { role: `role-${round}` }, {}, staffId);
          expect(reply.status).toBe(202);
          expect(reply.headers.get('preference-applied')).toBeNull();
          ids.push(reply.body.data.id);
        }
      }
      await until(async () => (await queue.get(ids[0] ?? '')).body.data.attempts.length > 1, 'an attempt');
      expect((await queue.get(ids[0] ?? '')).body.data).toMatchObject({
        lastError: { code: 'vendor_unavailable' },
      });
      await queue.switchOn();
      for (const id of ids) await queue.reaches(id, 'succeeded');
      for (const staffId of STAFF.slice(0, 6)) {
        expect(queue.written('role', staffId)).toEqual(['role-a', 'role-b', 'role-c']);
      }
      expect(queue.vendor.writes).toBe(18);
    });

    it('keeps the 202 with the idempotency key', async () => {
      const send = () => queue.patch(KEYS.north, { role: 'keyed' }, { 'idempotency-key': 'down' }, BERT);
      await queue.switchOff();
      const first = await send();
      const second = await send();
      await queue.switchOn();
      expect([first.status, second.status]).toEqual([202, 202]);
      expect(second.headers.get('location')).toBe(first.headers.get('location'));
      await queue.reaches(first.body.data.id, 'succeeded');
      expect(queue.written('role', BERT)).toEqual(['keyed']);
    });

    it('does not queue what may have reached the vendor', async () => {
      queue.vendor.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
      queue.vendor.faults.add({ kind: 'drop', when: 'before' }, { method: 'GET', times: 3 });
      const reply = await queue.patch(KEYS.north, { role: 'unclear' }, {}, ANNA);
      expect(reply).toMatchObject({ status: 504, body: { outcome: 'unknown' } });
    });
  });

  describe('after the last attempt', () => {
    let queue: Queue;
    beforeAll(async () => {
      queue = await openQueue({ engine, deliveries: { maxAttempts: 2 } });
    }, 60_000);
    afterAll(() => queue.close());

    it('is dead, holds back its own staff member only, and goes on when it is retried', async () => {
      const mend = queue.vendor.faults.add(
        { kind: 'answer', status: 503 },
        { method: 'PATCH', path: new RegExp(`${ANNA}$`) },
      );
      const first = (await queue.queue(ANNA, { role: 'first' })).body.data.id;
      const second = (await queue.queue(ANNA, { role: 'second' })).body.data.id;
      const other = (await queue.queue(BERT, { role: 'other' })).body.data.id;
      await queue.reaches(other, 'succeeded');
      const dead = await queue.reaches(first, 'dead');
      expect(dead.body.data.attempts).toMatchObject([
        { number: 1, outcome: 'postponed', code: 'vendor_unavailable' },
        { number: 2, outcome: 'failed', code: 'vendor_unavailable' },
      ]);
      expect(dead.body.data.answer).toMatchObject({ status: 503 });
      expect((await queue.get(second)).body.data).toMatchObject({ status: 'queued', waitsFor: first });
      expect(queue.lines.join('')).toContain('a queued update is dead');

      // Nobody holds the record now; what would be written goes behind the dead one, and so does what would change nothing.
      const stored = await queue.call('GET', `/staff/${ANNA}`);
      const etag = stored.headers.get('etag') ?? '';
      const before = queue.vendor.log.length;
      expect(await queue.patch(KEYS.north, { role: 'third' }, {}, ANNA)).toMatchObject({
        status: 409,
        body: { code: 'conflict', outcome: 'not_applied' },
      });
      expect(queue.vendor.log).toHaveLength(before);
      const same = await queue.patch(KEYS.north, { role: stored.body.data.role }, { 'if-match': etag }, ANNA);
      expect(same).toMatchObject({ status: 409, body: { code: 'conflict', outcome: 'not_applied' } });
      // What only the record can show is judged at delivery, so nothing was read either.
      const stale = await queue.patch(KEYS.north, { role: 'third' }, { 'if-match': '"stale"' }, ANNA);
      expect(stale).toMatchObject({ status: 409, body: { code: 'conflict' } });
      expect(queue.vendor.log).toHaveLength(before);

      mend();
      const retried = await queue.call('POST', `/operations/${first}/retry`);
      expect(retried.status).toBe(202);
      expect(retried.headers.get('location')).toBe(`/operations/${first}`);
      await queue.reaches(first, 'succeeded');
      await queue.reaches(second, 'succeeded');
      expect(queue.vendor.writes).toBe(3);
      expect(queue.written('role', ANNA).at(-1)).toBe('second');
    });
  });

  describe('a repeated request behind the queue', () => {
    let queue: Queue;
    beforeAll(async () => {
      queue = await openQueue({ engine, deliveries: { maxAttempts: 1 } });
    }, 60_000);
    afterAll(() => queue.close());

    it('does not say that it was not applied if that was not checked', async () => {
      const { faults } = queue.vendor;
      const key = { 'idempotency-key': '"repeated"' };
      faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
      const blind = faults.add({ kind: 'answer', status: 500 }, { method: 'GET' });
      const lost = await queue.patch(KEYS.north, { role: 'applied' }, key, ANNA);
      expect(lost.body).toMatchObject({ outcome: 'unknown' });
      blind();
      faults.add({ kind: 'answer', status: 500 }, { method: 'PATCH' });
      const { id } = (await queue.queue(ANNA, { role: 'first' })).body.data;
      await queue.reaches(id, 'dead');
      expect(await queue.patch(KEYS.north, { role: 'applied' }, key, ANNA)).toMatchObject({
        status: 409,
        body: { code: 'conflict', outcome: 'unknown' },
      });
      expect(queue.written('role', ANNA)).toContain('applied');
    });
  });

  describe('stopping and crashing', () => {
    let queue: Queue;
    beforeEach(async () => {
      // Longer than a busy machine stands still: the heir is to lose no lease of its own.
      queue = await openQueue({ engine, deliveries: { leaseSeconds: 3 } });
    }, 60_000);
    afterEach(() => queue.close());

    const statusesIn = async (url: string) => {
      const database = await openDatabase(url);
      const rows = await database.db.selectFrom('operations').select('status').orderBy('seq').execute();
      await database.close();
      return rows.map(({ status }) => status);
    };

    it('lets what is under way end before it stops, and leaves the rest queued', async () => {
      const held = gate();
      const arrived = gate();
      // Its answer gets lost besides, so that what is under way still has to read.
      queue.vendor.faults.next({ kind: 'drop', when: 'after' });
      queue.vendor.faults.next({
        kind: 'hook',
        when: 'answer',
        run: async () => {
          arrived.open();
          await held.opened;
        },
      });
      await queue.queue(ANNA, { role: 'first' });
      await arrived.opened;
      await queue.queue(ANNA, { role: 'second' });
      const stopped = queue.gateway.close();
      held.open();
      await stopped;
      expect(await statusesIn(queue.databaseUrl)).toEqual(['succeeded', 'queued']);
      expect(queue.written('role', ANNA)).toEqual(['first']);
    });

    it.each([
      { name: 'after the vendor has stored the update', drop: 'after' },
      { name: 'before the vendor has stored the update', drop: 'before' },
    ] as const)(
      'delivers once when the process is killed $name',
      async ({ drop }) => {
        await queue.gateway.close();
        const crash = await startGatewayProcess(queue.configPath);
        const killed = gate();
        queue.vendor.faults.next({ kind: 'drop', when: drop }, { method: 'PATCH' });
        queue.vendor.faults.next(
          {
            kind: 'hook',
            when: drop === 'after' ? 'answer' : 'request',
            run: () => crash.kill().then(killed.open),
          },
          { method: 'PATCH' },
        );
        const sent = await fetch(`${crash.url}/staff/${ANNA}`, {
          method: 'PATCH',
          headers: {
            authorization: `Bearer ${KEYS.north}`,
            'content-type': 'application/json',
            prefer: 'respond-async',
          },
          body: JSON.stringify({ role: 'survivor' }),
        });
        expect(sent.status).toBe(202);
        const location = sent.headers.get('location') ?? '';
        await killed.opened;
        expect(queue.vendor.writes).toBe(drop === 'after' ? 1 : 0);

        const heir = await startGatewayProcess(queue.configPath);
        try {
          const look = async (): Promise<Reply['body']> => {
            const reply = await fetch(heir.url + location, {
              headers: { authorization: `Bearer ${KEYS.north}` },
            });
            return reply.json();
          };
          await until(async () => (await look()).data.status === 'succeeded', 'the heir');
          expect((await look()).data).toMatchObject({
            attempts: [
              { number: 1, outcome: 'interrupted', code: 'lease_expired' },
              { number: 2, outcome: 'succeeded' },
            ],
            answer: { body: { meta: { receipt: [{ pointer: '/role', outcome: 'verified' }] } } },
          });
          expect(queue.vendor.writes).toBe(1);
        } finally {
          await heir.kill();
        }
      },
      60_000,
    );
  });
});
