/** Two gateways on one PostgreSQL: nothing is lost, nothing is done twice, and records are written one at a time. */

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { sql } from 'kysely';
import { adapters } from '../../adapters';
import { CallerLimits } from '../../src/callers/limits';
import { Deadline } from '../../src/lib/deadline';
import { member } from '../../src/lib/json';
import { createLog } from '../../src/ops/log';
import { Problem } from '../../src/problem';
import { type RunningGateway, serve } from '../../src/serve';
import { createCeilings } from '../../src/store/ceilings';
import { openDatabase } from '../../src/store/database';
import { createRecordLocks, type RecordLocks } from '../../src/store/recordLocks';
import { runCeilingSoak } from '../soak/ceilings';
import { startGatewayProcess } from '../support/gatewayProcess';
import { createPostgresDatabase, type PostgresDatabase } from '../support/postgres';
import { openQueue, type Queue, STAFF, until } from '../support/queue';
import { expectNoneLostAtFhir, expectNoneLostAtVitalis, fhirRivals, vitalisRivals } from '../support/rivals';
import { KEYS } from '../support/stage';

describe('locks on records, over all replicas', () => {
  let postgres: PostgresDatabase;
  let here: RecordLocks;
  let there: RecordLocks;
  beforeAll(async () => {
    postgres = await createPostgresDatabase();
  }, 60_000);
  afterAll(() => postgres.drop());
  beforeEach(() => {
    here = createRecordLocks(postgres.url);
    there = createRecordLocks(postgres.url);
  });
  afterEach(() => Promise.all([here.close(), there.close()]));

  type Reach = 'process' | 'replicas';

  /** Does `work` in its turn, for which it waits in line if need be. */
  async function hold<T>(
    locks: RecordLocks,
    key: string,
    waitMs: number,
    work: () => Promise<T>,
    reach: Reach = 'replicas',
  ): Promise<T> {
    const turn = { key, reach, deadline: new Deadline(waitMs) };
    const release = (await locks.take(turn)) ?? (await locks.wait(turn));
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Holds a lock until it is told to let go. */
  async function holding(locks: RecordLocks, key: string) {
    const release = await locks.wait({ key, reach: 'replicas', deadline: new Deadline(5_000) });
    return { letGo: async () => release() };
  }

  /** The server has freed a lock a moment after its holder was told so. */
  const sessionsWithLocks = async () => {
    const database = await openDatabase(postgres.url);
    const { rows } = await sql<{ pid: number }>`
      select distinct pid from pg_locks where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(database.db);
    await database.close();
    return rows.map(({ pid }) => pid);
  };

  it('let one replica at a time through for a record, and others for other records', async () => {
    const held = await holding(here, 'record 1');
    await expect(hold(there, 'record 1', 50, async () => 'in')).rejects.toMatchObject({
      code: 'vendor_unavailable',
      extras: { outcome: 'not_applied' },
    });
    expect(await hold(there, 'record 2', 5_000, async () => 'in')).toBe('in');
    const waiting = hold(there, 'record 1', 5_000, async () => 'in');
    await held.letGo();
    expect(await waiting).toBe('in');
  });

  it('cost nothing where only this process is asked for', async () => {
    expect(await hold(here, 'record 1', 1_000, async () => 'in', 'process')).toBe('in');
    expect(await sessionsWithLocks()).toEqual([]);
  });

  it('pass on what the work throws, and are free afterwards', async () => {
    const broken = hold(here, 'record 1', 1_000, () => Promise.reject(new RangeError('mine')));
    await expect(broken).rejects.toThrow(RangeError);
    expect(await hold(there, 'record 1', 5_000, async () => 'in')).toBe('in');
  });

  it('take no connection each: 300 records are held by one session', async () => {
    const held = await Promise.all(
      Array.from({ length: 300 }, (_, index) => holding(here, `record ${index}`)),
    );
    expect(await sessionsWithLocks()).toHaveLength(1);
    await Promise.all(held.map(({ letGo }) => letGo()));
    await until(async () => (await sessionsWithLocks()).length === 0, 'all locks to be free');
  });

  it('never let two in at once under 200 holds from both sides', async () => {
    let inside = 0;
    let most = 0;
    const enter = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        hold(index % 2 === 0 ? here : there, 'record 1', 15_000, enter),
      ),
    );
    expect(most).toBe(1);
  });

  it('are free when the session of their holder is gone, and work again after that', async () => {
    const held = await holding(here, 'record 1');
    const database = await openDatabase(postgres.url);
    for (const pid of await sessionsWithLocks()) {
      await sql`select pg_terminate_backend(${pid})`.execute(database.db);
    }
    await database.close();
    expect(await hold(there, 'record 1', 5_000, async () => 'in')).toBe('in');
    await held.letGo();
    expect(await hold(here, 'record 1', 5_000, async () => 'in')).toBe('in');
  });

  it('are refused while the database is not there', async () => {
    const nowhere = createRecordLocks('postgres://gateway@127.0.0.1:1/none');
    await expect(hold(nowhere, 'record 1', 1_000, async () => 'in')).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
    await nowhere.close();
  });
});

/** How many updates of one record come at once. */
const PATCHES = 200;
/** Small enough that each of three gateways gets as much as it can take of ten staff members' updates: half of its workers. */
const CONCURRENCY = 3;

describe('two gateways on one PostgreSQL', () => {
  let queue: Queue;
  let second: RunningGateway;
  beforeAll(async () => {
    queue = await openQueue({
      engine: 'postgres',
      fhir: {},
      deliveries: { leaseSeconds: 1, pollMs: 20, concurrency: 2 * CONCURRENCY },
      configure: (config) => {
        config.vendors['vitalis-centro'].timeoutMs = 60_000;
        config.vendors['clinikapi-main'].timeoutMs = 15_000;
      },
    });
    second = await serve({ configPath: queue.configPath, env: {}, adapters, log: createLog('silent') });
  }, 60_000);
  afterAll(async () => {
    await second.close();
    await queue.close();
  });

  const patch = (url: string, key: string, id: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${url}/staff/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  it('lose none of the updates of different fields that come to both at once', async () => {
    // Between the vendor's checks and its write, so that a rival has time to come in.
    queue.vitalis.faults.add({ kind: 'delay', milliseconds: 2, when: 'commit' }, { method: 'PATCH' });
    const fields = ['phone', 'email', 'address', 'name', 'surname'];
    const bodyOf = (index: number) =>
      [
        { phone: `11 4000 ${1000 + index}` },
        { email: `person${index}@example.org` },
        { address: { text: `Calle ${index}` } },
        { name: { given: `Given${index}` } },
        { name: { family: `Family${index}` } },
      ][index % fields.length];
    const replies = await Promise.all(
      Array.from({ length: PATCHES }, (_, index) =>
        patch([queue.url, second.url][index % 2] ?? '', KEYS.centro, 'st-1', bodyOf(index)),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    queue.vitalis.faults.clear();

    // Each whole record that the vendor was sent differs from the one before in the one field of its own update: one
    // that was merged on an older record would take another update back.
    const records = queue.vitalis.log
      .filter(({ method }) => method === 'PATCH')
      .map(({ body }) => pick(body, fields));
    const [first, ...rest] = records;
    expect(records).toHaveLength(PATCHES);
    let before = first ?? {};
    for (const record of rest) {
      expect(fields.filter((field) => record[field] !== before[field])).toHaveLength(1);
      before = record;
    }
  }, 120_000);

  it('lose none over two resources either, of which the second is that of other staff as well', async () => {
    // Between the vendor's checks and its write, so that a rival has time to come in.
    queue.vendor.faults.add({ kind: 'delay', milliseconds: 2, when: 'commit' }, { method: 'PATCH' });
    const bodyOf = (index: number) =>
      [
        { status: index % 4 === 0 ? 'inactive' : 'active', gender: index % 4 === 0 ? 'male' : 'other' },
        { address: { text: `Street ${index}` }, role: `role-${index}` },
        { name: { given: `Given${index}` }, period: { end: `2031-01-${10 + (index % 19)}` } },
        { email: `person${index}@example.org`, name: { family: `Family${index}` } },
        { address: { text: `Road ${index}` } },
      ][index % 5];
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        patch([queue.url, second.url][index % 2] ?? '', KEYS.north, STAFF[index % 3] ?? '', bodyOf(index)),
      ),
    );
    queue.vendor.faults.clear();
    const bodies = await Promise.all(replies.map((reply) => reply.json()));
    // Nothing is refused for a change that the gateway itself has made, in whichever replica.
    expect(bodies.filter((body) => member(body, 'status') !== undefined)).toEqual([]);
    // What was written last is what is stored: no merge has taken another one back.
    const writes = queue.vendor.log.filter(
      ({ method, path }) => method === 'PATCH' && /practitioners/.test(path),
    );
    const last = (key: string) =>
      writes.map(({ body }) => member(body, key)).findLast((value) => value !== undefined);
    const stored = queue.vendor.state.practitioners.get('prac_abc123')?.details;
    for (const key of ['firstName', 'lastName', 'email', 'address', 'gender']) {
      expect([key, stored?.[key]]).toEqual([key, last(key)]);
    }
    expect(writes).toHaveLength(50);
  }, 60_000);

  it.each([
    ['a whole record and its weekly hours', KEYS.centro, vitalisRivals, expectNoneLostAtVitalis],
    ['two resources that go back whole', KEYS.west, fhirRivals, expectNoneLostAtFhir],
  ] as const)('lose none over %s', async (_name, key, rivals, expectNoneLost) => {
    for (const sandbox of [queue.vitalis, queue.fhir]) sandbox?.reset();
    const replies = await Promise.all(
      rivals().map((body, index) => patch([queue.url, second.url][index % 2] ?? '', key, 'st-1', body)),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expectNoneLost(queue);
  });

  it('make one vendor write and one operation of one idempotency key that comes to both', async () => {
    const headers = { 'idempotency-key': 'to-both', prefer: 'respond-async' };
    const before = queue.written('role', STAFF[0]).length;
    const send = (url: string) => patch(url, KEYS.north, STAFF[0] ?? '', { role: 'only-once' }, headers);
    const replies = await Promise.all([send(queue.url), send(second.url), send(queue.url), send(second.url)]);
    const accepted = replies.filter(({ status }) => status === 202);
    expect(accepted.length).toBeGreaterThan(0);
    const others = replies.filter(({ status }) => status !== 202).map(({ status }) => status);
    expect(others).toEqual(others.map(() => 409));
    const [id = '', ...more] = new Set(accepted.map((reply) => idIn(reply.headers)));
    expect(more).toEqual([]);
    await queue.reaches(id, 'succeeded');
    expect(queue.written('role', STAFF[0]).slice(before)).toEqual(['only-once']);
  });

  it('leave a delivery to its worker for as long as that gives signs of life', async () => {
    let answer: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    queue.vendor.faults.next({ kind: 'hook', when: 'answer', run: () => answered }, { method: 'PATCH' });
    const reply = await patch(
      queue.url,
      KEYS.north,
      STAFF[11] ?? '',
      { role: 'slow' },
      { prefer: 'respond-async' },
    );
    const id = idIn(reply.headers);
    const database = await openDatabase(queue.databaseUrl);
    const leaseEnd = async () => {
      const row = await database.db
        .selectFrom('operations')
        .select(['available_at', 'lease_owner'])
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.lease_owner ? Date.parse(row.available_at ?? '') : Number.NaN;
    };
    await until(async () => (await leaseEnd()) > 0, 'the first lease');
    const first = await leaseEnd();
    await until(async () => (await leaseEnd()) > first + 1_500, 'the lease to be renewed');
    await database.close();
    answer();
    const { body } = await queue.reaches(id, 'succeeded');
    expect(body.data.attempts).toHaveLength(1);
    expect(queue.written('role', STAFF[11])).toEqual(['slow']);
  });

  it('deliver 100 queued updates once each and in order although one of three is killed', async () => {
    queue.vendor.reset();
    const victim = await startGatewayProcess(queue.configPath);
    let killed: () => void = () => {};
    const kill = new Promise<void>((resolve) => {
      killed = resolve;
    });
    // From some moment on the vendor stores and does not answer; when all three hold what they can, one of them dies.
    let waiting = 0;
    const run = async () => {
      waiting += 1;
      if (waiting === 3 * CONCURRENCY) void victim.kill().then(killed);
      await kill;
    };
    queue.vendor.faults.add({ kind: 'hook', when: 'answer', run }, { method: 'PATCH', after: 20 });
    const staff = STAFF.slice(1, 11);
    const rounds = Array.from({ length: 10 }, (_, round) => `role-${round}`);
    const ids: string[] = [];
    for (const role of rounds) {
      const replies = await Promise.all(
        staff.map((id, index) =>
          patch(
            [queue.url, second.url][index % 2] ?? '',
            KEYS.north,
            id,
            { role },
            { prefer: 'respond-async' },
          ),
        ),
      );
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 202));
      ids.push(...replies.map(({ headers }) => idIn(headers)));
    }
    await kill;
    for (const id of ids) await queue.reaches(id, 'succeeded');
    for (const id of staff) expect(queue.written('role', id)).toEqual(rounds);
    expect(queue.vendor.writes).toBe(100);
    const operations = await Promise.all(ids.map((id) => queue.get(id)));
    const interrupted = operations.filter(({ body }) => body.data.attempts[0].outcome === 'interrupted');
    expect(interrupted).toHaveLength(CONCURRENCY);
  }, 60_000);
});

describe('a caller’s limit', () => {
  it('counts what all replicas let in, and each for itself while the store is away', async () => {
    const postgres = await createPostgresDatabase();
    const caller = { clinic: 'north', name: 'app', rateLimit: { requests: 20, perSeconds: 60 } };
    const replica = async () => {
      const database = await openDatabase(postgres.url);
      const limits = new CallerLimits(createCeilings(database));
      const res = new ServerResponse(new IncomingMessage(new Socket()));
      const admitted = async () => {
        try {
          await limits.admit(caller, res);
          return true;
        } catch (error) {
          if (error instanceof Problem && error.code === 'rate_limited') return false;
          throw error;
        }
      };
      return { database, res, admitted };
    };
    const [here, there] = [await replica(), await replica()];
    const answers = [];
    for (let index = 0; index < 30; index += 1) answers.push(await [here, there][index % 2]?.admitted());
    expect(answers.filter((admitted) => admitted)).toHaveLength(20);
    expect(there.res.getHeader('ratelimit')).toMatch(/^"caller";r=0;t=\d+$/);
    const alone = await replica();
    await alone.database.close();
    const byItself = [];
    for (let index = 0; index < 30; index += 1) byItself.push(await alone.admitted());
    expect(byItself.filter((admitted) => admitted)).toHaveLength(20);
    await there.database.close();
    await here.database.close();
    await postgres.drop();
  });
});

it('two gateways together keep to one ceiling on calls to a vendor, and use it', async () => {
  const { calls, mostInThree, answers } = await runCeilingSoak({ requests: 20, offered: 100, seconds: 4 });
  // Over a longer time, so that a call which a busy machine holds up on its way to the vendor does not count.
  expect(mostInThree).toBeLessThanOrEqual(3 * 20);
  expect(calls).toBeGreaterThan(20);
  expect(answers[503]).toBeGreaterThan(0);
}, 30_000);

function pick(body: unknown, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, member(body, field)]));
}

function idIn(headers: Headers): string {
  return (headers.get('location') ?? '').replace('/operations/', '');
}
