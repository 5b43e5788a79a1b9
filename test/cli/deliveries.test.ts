import { Writable } from 'node:stream';
import { parseStatuses } from '../../src/cli/deliveries/choose';
import { listDeliveries, parseLimit } from '../../src/cli/deliveries/list';
import { discardDeliveries, retryDeliveries } from '../../src/cli/deliveries/redrive';
import { openDatabase } from '../../src/store/database';
import type { OperationFilter, OperationStatus } from '../../src/store/operation';
import { createOperations } from '../../src/store/operations';
import { claimDue } from '../support/claims';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

const ERROR = { code: 'vendor_unavailable', detail: `The vendor is down. ${'Long '.repeat(30)}` };

describe.each(ENGINES)('npm run cli -- deliveries on %s', (engine) => {
  let test: TestDatabase;
  let ids: Record<'first' | 'second' | 'south' | 'done', string>;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
  }, 60_000);
  afterAll(() => test.drop());

  /** st-1 of north has a dead one and one behind it, st-1 of south a dead one, st-2 of north one that is done. */
  beforeEach(async () => {
    const database = await openDatabase(test.url);
    const operations = createOperations(database);
    await database.db.deleteFrom('operations').execute();
    const enqueue = async (clinic: string, staffId: string) => {
      const patch = JSON.stringify({
        changes: [
          { field: 'status', value: 'secret' },
          { field: 'name.given', value: 'Secret' },
        ],
        members: ['name', 'status'],
      });
      const rest = { caller: 'app', requestId: 'r', patch, lenient: false, settle: false };
      return (await operations.enqueue({ clinic, staffId, ...rest })).id;
    };
    ids = {
      first: await enqueue('north', 'st-1'),
      second: await enqueue('north', 'st-1'),
      south: await enqueue('south', 'st-1'),
      done: await enqueue('north', `st-2-${'long'.repeat(20)}`),
    };
    for (const lease of await claimDue(operations, 'worker', 10, 30)) {
      const ending = lease.id === ids.done ? { status: 'succeeded' as const } : { status: 'dead' as const };
      await operations.finish(lease, { ...ending, error: ERROR });
    }
    await database.close();
  });

  async function run(
    command: typeof retryDeliveries,
    filter: OperationFilter,
    { confirmed = false, databaseUrl = test.url } = {},
  ) {
    let out = '';
    let err = '';
    const into = (take: (text: string) => void) =>
      new Writable({
        write(chunk, _encoding, done) {
          take(String(chunk));
          done();
        },
      });
    const code = await command({
      databaseUrl,
      filter,
      confirmed,
      out: into((text) => {
        out += text;
      }),
      err: into((text) => {
        err += text;
      }),
    });
    return { code, out, err };
  }

  const list: typeof retryDeliveries = (options) => listDeliveries({ ...options, limit: 50 });

  const statuses = async (): Promise<Record<string, OperationStatus | undefined>> => {
    const database = await openDatabase(test.url);
    const operations = createOperations(database);
    const entries = Object.entries(ids).map(
      async ([name, id]) => [name, (await operations.find(id))?.status] as const,
    );
    const found = Object.fromEntries(await Promise.all(entries));
    await database.close();
    return found;
  };

  it('lists what is not finished, newest first, in 80 columns', async () => {
    const { code, out } = await run(list, {});
    const lines = out.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[0]).toMatch(/^ID +STATUS +TRIES +AGE +CLINIC\/STAFF$/);
    expect(lines.filter((line) => !line.startsWith(' ')).slice(1)).toEqual([
      expect.stringMatching(new RegExp(`^${ids.south}  dead +1 +\\d+s  south/st-1$`)),
      expect.stringMatching(new RegExp(`^${ids.second}  queued +0 +\\d+s  north/st-1$`)),
      expect.stringMatching(new RegExp(`^${ids.first}  dead +1 +\\d+s  north/st-1$`)),
    ]);
    expect(lines[2]).toMatch(/^ {2}vendor_unavailable: The vendor is down/);
  });

  it('shows what each would change and what it waits for, never a value', async () => {
    const { out } = await run(list, { clinic: 'north' });
    expect(out).not.toMatch(/secret/i);
    const of = (id: string) =>
      out.split('\n').slice(out.split('\n').findIndex((line) => line.startsWith(id)));
    expect(of(ids.first).slice(2, 4)).toEqual(['  waits for an operator', '  changes /status, /name/given']);
    expect(of(ids.second).slice(1, 3)).toEqual([
      '  waits for the update before it, which is dead',
      '  changes /status, /name/given',
    ]);
  });

  it('shows what has failed after it was accepted, but not what an operator has discarded', async () => {
    const database = await openDatabase(test.url);
    const operations = createOperations(database);
    await operations.retry(ids.first, { caller: 'operator:test' });
    await operations.discard(ids.south, { caller: 'operator:test' });
    const [lease] = await claimDue(operations, 'worker', 10, 30);
    if (lease === undefined) throw new Error('nothing is due');
    await operations.finish(lease, { status: 'failed', error: { code: 'vendor_rejected', detail: 'No.' } });
    await database.close();
    const { out } = await run(list, {});
    expect(out).toMatch(new RegExp(`^${ids.first}  failed `, 'm'));
    expect(out).toContain('  vendor_rejected: No.');
    expect(out).not.toContain(ids.south);
    expect((await run(list, { statuses: ['failed'] })).out).toContain(ids.south);
  });

  it('gives the same as a document', async () => {
    const json: typeof retryDeliveries = (options) => listDeliveries({ ...options, limit: 2, json: true });
    const { out } = await run(json, {});
    const { operations, more } = JSON.parse(out);
    expect(more).toBe(true);
    expect(operations).toMatchObject([
      { id: ids.south, status: 'dead', waitsFor: { kind: 'operator' }, fields: ['/status', '/name/given'] },
      { id: ids.second, status: 'queued', waitsFor: { kind: 'operation', id: ids.first, status: 'dead' } },
    ]);
    expect(out).not.toMatch(/secret|patch/i);
  });

  it.each([
    { name: 'by clinic', filter: { clinic: 'south' }, expected: ['south'] as const },
    { name: 'by status', filter: { statuses: ['succeeded' as const] }, expected: ['done'] as const },
    {
      name: 'by staff id',
      filter: { staffId: 'st-1', clinic: 'north' },
      expected: ['second', 'first'] as const,
    },
  ])('lists $name', async ({ filter, expected }) => {
    const { out } = await run(list, filter);
    expect(out.match(/[0-9a-f-]{36}/g)).toEqual(expected.map((name) => ids[name]));
  });

  it('says so where there is nothing, and names the statuses that exist', async () => {
    expect(await run(list, { clinic: 'none' })).toMatchObject({
      code: 0,
      out: 'There are no such operations.\n',
    });
    expect(parseStatuses('dead, queued')).toEqual(['dead', 'queued']);
    expect(() => parseStatuses('lost')).toThrow('queued, running, succeeded, failed, dead');
    expect(parseLimit('20')).toBe(20);
    for (const text of ['0', 'x', '-1', '1.5']) expect(() => parseLimit(text)).toThrow('whole number');
  });

  it('retries by id', async () => {
    expect(await run(retryDeliveries, { ids: [ids.first] })).toEqual({
      code: 0,
      out: '1 operation retried.\n',
      err: '',
    });
    expect(await statuses()).toEqual({ first: 'queued', second: 'queued', south: 'dead', done: 'succeeded' });
  });

  it.each([
    { name: 'retry', command: retryDeliveries, becomes: 'queued' },
    { name: 'discard', command: discardDeliveries, becomes: 'failed' },
  ] as const)('$name does nothing in bulk without --yes', async ({ command, becomes }) => {
    const asked = await run(command, {});
    expect(asked).toMatchObject({ code: 1, out: '' });
    expect(asked.err).toMatch(/^2 operations would be (retried|discarded)\. Nothing was done: add --yes/);
    expect(await statuses()).toMatchObject({ first: 'dead', south: 'dead' });

    expect(await run(command, {}, { confirmed: true })).toMatchObject({ code: 0, err: '' });
    expect(await statuses()).toMatchObject({ first: becomes, second: 'queued', south: becomes });
  });

  it('does what it can of several ids, and names the rest', async () => {
    const { code, out, err } = await run(discardDeliveries, { ids: [ids.second, ids.done, 'none'] });
    expect(code).toBe(2);
    expect(out).toBe('1 operation discarded.\n');
    expect(err).toBe(`${ids.done}: it is not dead or queued any more\nnone: there is no such operation\n`);
  });

  it.each([
    { name: 'a file that is not there', databaseUrl: 'sqlite:/nowhere/gateway.db', says: /no database at/ },
    { name: 'a server that is not there', databaseUrl: 'postgres://g@127.0.0.1:1/x', says: /cannot be used/ },
  ])('fails with $name', async ({ databaseUrl, says }) => {
    const { code, err } = await run(list, {}, { databaseUrl });
    expect(code).toBe(1);
    expect(err).toMatch(says);
  });
});
