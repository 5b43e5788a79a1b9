/** Which operation an idempotency key stands for: as long as the key is remembered, and no longer. */
import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '../../src/store/database';
import { type Claimed, scopeOf } from '../../src/store/idempotency';
import { createJournal, type Journal } from '../../src/store/journal';
import { createOperations, type Operations } from '../../src/store/operations';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';
import { openQueue, type Queue, STAFF } from '../support/queue';
import { until } from '../support/until';

const HOUR = 3_600_000;
const LEASE = 10_000;

describe.each(ENGINES)('an operation and its key on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let journal: Journal;
  let operations: Operations;
  let now: number;
  let scope: string;
  beforeAll(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    operations = createOperations(database);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(() => {
    now = Date.now();
    scope = randomUUID();
  });

  const remember = (ttlMs: number) => {
    journal = createJournal(database, {
      values: { kind: 'full' },
      keyTtlMs: ttlMs,
      now: () => new Date(now),
    });
  };
  afterEach(() => journal.close());
  const claim = (owner: string) => journal.claim({ scope, fingerprint: 'f', owner, leaseMs: LEASE });
  const handleIn = (claimed: Claimed) => {
    if (claimed.kind !== 'mine') throw new Error(`the key is not mine: ${claimed.kind}`);
    return claimed.handle;
  };
  const enqueue = async (handle: string) => {
    const { id } = await operations.enqueue({
      ...{ clinic: 'north', staffId: scope, caller: 'app', requestId: 'r', patch: '{}', lenient: false },
      ...{ settle: false, idempotencyScope: scopeOf(handle) },
    });
    return id;
  };
  /** How the first request left its key: it crashed, could not tell, or failed although the queue has it. */
  const LEFT = {
    running: async () => {},
    unsettled: (handle: string) => journal.endClaim({ handle, state: 'unsettled' }),
    free: (handle: string) => journal.endClaim({ handle, state: 'free' }),
  } as const;
  const done = (handle: string) =>
    journal.endClaim({ handle, state: 'done', answer: { status: 202, headers: {}, body: {} } });

  describe.each([HOUR, 24 * HOUR, 72 * HOUR])('remembered for %s ms', (ttlMs) => {
    beforeEach(() => remember(ttlMs));

    it.each(['running', 'unsettled', 'free'] as const)('%s: the same request finds it', async (left) => {
      const handle = handleIn(await claim('first'));
      const id = await enqueue(handle);
      await LEFT[left](handle);
      now += ttlMs - 1;
      expect(await enqueue(handleIn(await claim('second')))).toBe(id);
      // The key has been claimed again, and is remembered from then on.
      now += LEASE + 1;
      expect(await enqueue(handleIn(await claim('third')))).toBe(id);
    });

    it.each(['running', 'unsettled', 'free', 'done'] as const)(
      '%s and forgotten: the next request is another one',
      async (left) => {
        for (const tidy of [false, true]) {
          const handle = handleIn(await claim(`first-${tidy}`));
          const id = await enqueue(handle);
          await (left === 'done' ? done(handle) : LEFT[left](handle));
          now += ttlMs;
          if (tidy) await journal.tidy();
          expect(await enqueue(handleIn(await claim(`second-${tidy}`)))).not.toBe(id);
          now += ttlMs;
        }
      },
    );

    it('answered: the request is not queued at all', async () => {
      const handle = handleIn(await claim('first'));
      await enqueue(handle);
      await done(handle);
      now += ttlMs - 1;
      expect(await claim('second')).toMatchObject({ kind: 'replay' });
    });
  });

  it('is not forgotten with what has finished long ago while its request may come again', async () => {
    remember(30 * 24 * HOUR);
    const handle = handleIn(await claim('first'));
    const id = await enqueue(handle);
    await operations.discard(id, { caller: 'operator:test' });
    await database.db
      .updateTable('operations')
      .set({ finished_at: '2020-01-01T00:00:00.000Z', created_at: '2020-01-01T00:00:00.000Z' })
      .where('id', '=', id)
      .execute();
    expect(await operations.purge(7)).toBe(0);
    now += LEASE + 1;
    const again = handleIn(await claim('second'));
    expect(await enqueue(again)).toBe(id);
    await done(again);
    expect(await operations.purge(7)).toBe(1);
  });

  it('does not lose a key that is worked on for longer than it is remembered', async () => {
    remember(LEASE / 10);
    handleIn(await claim('first'));
    now += LEASE / 2;
    await journal.tidy();
    expect(await claim('second')).toEqual({ kind: 'in_progress' });
    now += LEASE;
    expect(await claim('second')).toMatchObject({ kind: 'mine', settleFirst: false });
  });

  it('a key whose process has ended is free in a minute or so although the clock was set back an hour', async () => {
    remember(24 * HOUR);
    handleIn(await claim('first'));
    now -= HOUR;
    expect(await claim('second')).toEqual({ kind: 'in_progress' });
    now += LEASE + 60_001;
    expect(await claim('second')).toMatchObject({ kind: 'mine', settleFirst: true });
  });
});

describe('a gateway that remembers keys for less than half a second', () => {
  let queue: Queue;
  beforeAll(async () => {
    queue = await openQueue({
      engine: 'sqlite',
      configure: (config) => Object.assign(config, { idempotency: { ttlHours: 0.0001 } }),
    });
  }, 60_000);
  afterAll(() => queue.close());

  it('delivers a later update although its key was used before', async () => {
    const send = (role: string) => queue.queue(STAFF[0] ?? '', { role }, { 'idempotency-key': 'used' });
    const first = await send('first');
    expect(first.status).toBe(202);
    const second = await until(
      () => send('second'),
      ({ body }) => body.code !== 'idempotency_key_reused',
    );
    expect(second.status).toBe(202);
    expect(second.body.data.id).not.toBe(first.body.data.id);
    await queue.reaches(second.body.data.id, 'succeeded');
    expect(queue.written('role', STAFF[0])).toEqual(['first', 'second']);
  });
});
