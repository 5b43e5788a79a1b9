/** One clinic's queue is not another clinic's wait. Held by events: what waits here waits until it is let go. */
import { createHash } from 'node:crypto';
import { openQueue, type Queue, STAFF, until } from '../support/queue';
import { KEYS } from '../support/stage';

const ENGINES = ['sqlite', 'postgres'] as const;
const OTHER_APP = 'key-of-another-app-in-north';
/** With twelve staff members more could be under way at once than there are workers for one connection. */
const WORKERS = 8;
const SOUTHERN = 'pr_abc123';

/** Updates of the clinic's twelve staff members reach the vendor and get no answer until they are let go. */
function hold(queue: Queue) {
  let letGo: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const held: string[] = [];
  queue.vendor.faults.add(
    {
      kind: 'hook',
      when: 'answer',
      run: async () => {
        held.push('one');
        await released;
      },
    },
    { method: 'PATCH', path: /pr_staff/ },
  );
  return { held, letGo };
}

describe.each(ENGINES)('beside a clinic with much queued for a slow vendor, on %s', (engine) => {
  let queue: Queue;
  const open = async (clinics: Record<string, { vendor: string; identity: 'linked' | 'direct' }> = {}) => {
    queue = await openQueue({
      engine,
      deliveries: { concurrency: WORKERS },
      configure: (config) => {
        config.vendors['clinikapi-main'].timeoutMs = 60_000;
        Object.assign(config.clinics, clinics);
      },
    });
    return hold(queue);
  };
  afterEach(() => queue.close());

  const fill = async () => {
    for (const role of ['first', 'second', 'third']) {
      const replies = await Promise.all(STAFF.map((id) => queue.queue(id, { role })));
      expect(replies.map(({ status }) => status)).toEqual(STAFF.map(() => 202));
    }
  };
  const allDone = () =>
    until(() => STAFF.every((id) => queue.written('role', id).length === 3), 'the rest of the queue');
  const inOrder = () => {
    for (const id of STAFF) expect(queue.written('role', id)).toEqual(['first', 'second', 'third']);
  };

  it('an update at another connection is delivered although nothing of that queue moves', async () => {
    const { held, letGo } = await open();
    await fill();
    await until(() => held.length === WORKERS / 2, 'what one connection may have under way');
    const reply = await queue.queue('st-1', { status: 'inactive' }, {}, KEYS.centro);
    await queue.reaches(reply.body.data.id, 'succeeded', KEYS.centro);
    expect(held).toHaveLength(WORKERS / 2);
    letGo();
    await allDone();
    inOrder();
  });

  it('an update of another clinic at the same connection is delivered as well', async () => {
    const { held, letGo } = await open({ south: { vendor: 'clinikapi-main', identity: 'direct' } });
    await fill();
    await until(() => held.length > 0, 'the first ones');
    const reply = await queue.queue(SOUTHERN, { role: 'southern' }, {}, KEYS.south);
    await queue.reaches(reply.body.data.id, 'succeeded', KEYS.south);
    expect(held.length).toBeLessThan(WORKERS / 2);
    letGo();
    await allDone();
    inOrder();
  });
});

describe.each(ENGINES)('what one caller may have queued, on %s', (engine) => {
  let queue: Queue;
  beforeEach(async () => {
    queue = await openQueue({
      engine,
      whenVendorDown: 'queue',
      deliveries: { maxQueuedPerCaller: 3, maxDelayMs: 50 },
      configure: (config) => {
        config.callers.push({
          name: 'other-app',
          keySha256: createHash('sha256').update(OTHER_APP).digest('hex'),
          clinic: 'north',
          scopes: ['staff:write'],
        });
      },
    });
    await queue.switchOff();
  }, 60_000);
  afterEach(() => queue.close());

  const REFUSED = { status: 429, body: { code: 'rate_limited', outcome: 'not_applied' } };

  it('is bounded exactly, however many come at once, and by caller', async () => {
    const send = (key: string) => STAFF.map((id) => queue.queue(id, { role: 'x' }, {}, key));
    const replies = await Promise.all(send(KEYS.north));
    const refused = replies.filter(({ status }) => status !== 202);
    expect(refused).toHaveLength(STAFF.length - 3);
    for (const reply of refused) {
      expect(reply).toMatchObject(REFUSED);
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await queue.queue(STAFF[0] ?? '', { role: 'y' }, {}, OTHER_APP)).toMatchObject({ status: 202 });

    await queue.switchOn();
    const accepted = replies.filter(({ status }) => status === 202);
    for (const { body } of accepted) await queue.reaches(body.data.id, 'succeeded');
    expect(queue.written('role').filter((role) => role === 'x')).toHaveLength(3);
    expect(await queue.queue(STAFF[0] ?? '', { role: 'z' })).toMatchObject({ status: 202 });
  });

  it('holds for updates that are queued because the vendor is down, and for their keys', async () => {
    const [first = '', second = '', third = '', fourth = ''] = STAFF;
    const patch = (id: string, headers: Record<string, string> = {}) =>
      queue.patch(KEYS.north, { role: 'later' }, headers, id);
    const key = { 'idempotency-key': '"kept-for-later"' };
    const replies = [await patch(first), await patch(second), await patch(third)];
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(await patch(fourth, key)).toMatchObject(REFUSED);
    // Behind what is queued of the same person, too.
    expect(await patch(first)).toMatchObject(REFUSED);
    const changes = await queue.call('GET', `/changes?staffId=${fourth}`);
    expect(changes.body.data).toMatchObject([{ outcome: 'refused', status: 429, code: 'rate_limited' }]);

    await queue.switchOn();
    for (const { body } of replies) await queue.reaches(body.data.id, 'succeeded');
    await until(async () => (await patch(fourth, key)).status === 200, 'the same request with its key');
    expect(queue.written('role', fourth)).toEqual(['later']);
  });
});
