/** The console's API as a browser, and as somebody who means harm, would use it. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { adapters } from '../../adapters';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { act } from '../../src/store/changes';
import { openDatabase } from '../../src/store/database';
import { createTrail } from '../../src/store/trail';
import { type ConsoleClient, consoleClient, OPERATOR_KEYS, withOperators } from '../support/console';
import { openQueue, type Queue, STAFF } from '../support/queue';
import { KEYS, openStage, type Stage } from '../support/stage';

const [FIRST = '', SECOND = '', THIRD = ''] = STAFF;

let queue: Queue;
let olga: ConsoleClient;
let vera: ConsoleClient;

beforeAll(async () => {
  queue = await openQueue({
    // Which several replicas may share.
    engine: 'postgres',
    deliveries: { maxAttempts: 1 },
    configure: withOperators,
  });
  olga = consoleClient(queue.gateway.opsUrl);
  vera = consoleClient(queue.gateway.opsUrl);
  await olga.signIn(OPERATOR_KEYS.olga);
  await vera.signIn(OPERATOR_KEYS.vera);
});

afterAll(() => queue.close());

/** An update that no attempt could deliver. */
async function deadDelivery(staffId: string): Promise<string> {
  await queue.switchOff();
  const reply = await queue.queue(staffId, { role: 'nurse' });
  const { id } = reply.body.data;
  await queue.reaches(id, 'dead');
  await queue.switchOn();
  return id;
}

describe('signing in', () => {
  test('without operators there is no console', async () => {
    const stage: Stage = await openStage();
    const nobody = consoleClient(stage.gateway.opsUrl);
    for (const path of ['/console', '/console/api/session', '/console/assets/x.js']) {
      expect((await nobody.ask('GET', path)).status).toBe(404);
    }
    // Who is added to the file gets in without a restart, and who is taken out of it is out.
    const next = structuredClone(stage.config);
    withOperators(next);
    await stage.rewrite(next);
    await stage.gateway.reload();
    expect((await nobody.signIn(OPERATOR_KEYS.vera)).status).toBe(201);
    expect((await nobody.api('GET', '/now')).status).toBe(200);
    await stage.rewrite({ ...next, operators: [{ ...Object(next).operators[0] }] });
    await stage.gateway.reload();
    expect((await nobody.api('GET', '/now')).status).toBe(401);
    await stage.close();
  });

  test('a key opens a session whose cookie no script reads and no other site sends', async () => {
    const someone = consoleClient(queue.gateway.opsUrl);
    expect((await someone.api('GET', '/deliveries')).body).toMatchObject({
      status: 401,
      code: 'unauthenticated',
    });
    const reply = await someone.signIn(OPERATOR_KEYS.olga);
    expect(reply.body.data).toMatchObject({ operator: 'olga', role: 'operator' });
    const cookie = reply.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^console-session=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict; Max-Age=43200$/,
    );
    expect((await someone.api('GET', '/session')).body.data.operator).toBe('olga');
    expect((await someone.api('DELETE', '/session')).status).toBe(204);
    expect((await someone.api('GET', '/session')).status).toBe(401);
  });

  test('behind a proxy that speaks TLS the cookie says that nobody else can have set it', async () => {
    const stage = await openStage({
      configure: (config) => {
        withOperators(config);
        Object.assign(config.ops, { tlsAtProxy: true });
      },
    });
    const client = consoleClient(stage.gateway.opsUrl);
    const reply = await client.signIn(OPERATOR_KEYS.vera);
    const cookie = reply.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-console-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure; /);
    expect((await client.api('GET', '/session')).status).toBe(200);
    client.cookie = client.cookie?.replace('__Host-', '');
    expect((await client.api('GET', '/session')).status).toBe(401);
    await stage.close();
  });

  test('signing out everywhere ends all sessions of this operator, and no one else’s', async () => {
    const [here, there] = [consoleClient(queue.gateway.opsUrl), consoleClient(queue.gateway.opsUrl)];
    await here.signIn(OPERATOR_KEYS.olga);
    await there.signIn(OPERATOR_KEYS.olga);
    expect((await here.api('DELETE', '/session?everywhere=true')).status).toBe(204);
    expect((await there.api('GET', '/session')).status).toBe(401);
    expect((await vera.api('GET', '/session')).status).toBe(200);
    await olga.signIn(OPERATOR_KEYS.olga);
  });

  test('every replica knows a session, and that it has ended', async () => {
    const log = createLog('silent');
    const other = await serve({ configPath: queue.configPath, env: {}, adapters, log });
    const [here, there] = [consoleClient(queue.gateway.opsUrl), consoleClient(other.opsUrl)];
    await here.signIn(OPERATOR_KEYS.vera);
    there.cookie = here.cookie;
    expect((await there.api('GET', '/session')).body.data).toMatchObject({
      operator: 'vera',
      role: 'viewer',
    });
    await here.api('DELETE', '/session');
    expect((await there.api('GET', '/session')).status).toBe(401);
    await other.close();
  });

  test('a session that somebody has planted is never taken over', async () => {
    const victim = consoleClient(queue.gateway.opsUrl);
    const planted = `console-session=${'a'.repeat(43)}`;
    victim.cookie = planted;
    await victim.signIn(OPERATOR_KEYS.vera);
    expect(victim.cookie).not.toBe(planted);
    const attacker = consoleClient(queue.gateway.opsUrl);
    attacker.cookie = planted;
    expect((await attacker.api('GET', '/session')).status).toBe(401);
    // A second cookie of the name, as a page of a neighbouring host could set it, opens nothing.
    attacker.cookie = `${planted}; ${victim.cookie}`;
    expect((await attacker.api('GET', '/session')).status).toBe(401);
  });

  test('who guesses is held back, and the right key with it', async () => {
    const stage = await openStage({ configure: withOperators });
    const guesser = consoleClient(stage.gateway.opsUrl);
    const statuses: number[] = [];
    for (let guess = 0; guess < 12; guess += 1)
      statuses.push((await guesser.signIn(`guess ${guess}`)).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    const held = await guesser.signIn(OPERATOR_KEYS.olga);
    expect(held.body.code).toBe('rate_limited');
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(1);
    await stage.close();
  });

  test('ends after half an hour without a sign of a person, and after twelve hours in any case', async () => {
    let time = Date.now();
    const stage = await openStage({ configure: withOperators, now: () => new Date(time) });
    const idle = consoleClient(stage.gateway.opsUrl);
    const busy = consoleClient(stage.gateway.opsUrl);
    await idle.signIn(OPERATOR_KEYS.vera);
    await busy.signIn(OPERATOR_KEYS.olga);
    // A page that looks again by itself keeps nothing alive.
    const poll = { headers: { 'x-console-poll': '1' } };
    time += 20 * 60_000;
    expect((await idle.api('GET', '/now', poll)).status).toBe(200);
    expect((await busy.api('GET', '/now')).status).toBe(200);
    time += 20 * 60_000;
    expect((await idle.api('GET', '/now', poll)).status).toBe(401);
    expect((await busy.api('GET', '/now')).status).toBe(200);
    for (let hours = 0; hours < 11.2; hours += 0.4) {
      time += 0.4 * 3_600_000;
      expect((await busy.api('GET', '/now')).status).toBe(200);
    }
    time += 0.4 * 3_600_000;
    expect((await busy.api('GET', '/now')).status).toBe(401);
    await stage.close();
  });
});

describe('acting', () => {
  test('exactly the chosen ones are retried, each with a result and a row in the audit', async () => {
    const id = await deadDelivery(FIRST);
    const dead = await vera.api('GET', '/deliveries?status=dead');
    expect(dead.body.data.map((row: { id: string }) => row.id)).toEqual([id]);
    expect(dead.body.meta.counts.dead).toBe(1);
    expect((await vera.api('GET', `/deliveries/${id}`)).body.data).toMatchObject({
      status: 'dead',
      mayRetry: true,
      attempts: [{ number: 1, code: 'vendor_unavailable' }],
    });
    const unknown = randomUUID();
    const reply = await olga.api('POST', '/deliveries/retry', { body: { ids: [id, unknown] } });
    expect(reply.body.data).toEqual({
      done: 1,
      failed: 1,
      results: [
        { id, result: 'done' },
        { id: unknown, result: 'not_found' },
      ],
    });
    await queue.reaches(id, 'succeeded');
    const rows = (await vera.api('GET', '/changes?clinic=north&kind=retry')).body.data;
    expect(rows).toMatchObject([{ caller: 'operator:olga', staffId: FIRST, detail: { operation: id } }]);
  });

  test('a double click does one thing and gets one answer', async () => {
    const id = await deadDelivery(SECOND);
    const click = () =>
      olga.api('POST', '/deliveries/discard', {
        body: { ids: [id] },
        headers: { 'idempotency-key': `click-${id}` },
      });
    const [first, second] = await Promise.all([click(), click()]);
    const third = await click();
    const statuses = [first.status, second.status].sort();
    expect([
      [200, 200],
      [200, 409],
    ]).toContainEqual(statuses);
    expect(third.body.data.done).toBe(1);
    expect(third.headers.get('idempotency-replayed')).toBe('true');
    const rows = (await vera.api('GET', '/changes?clinic=north&kind=discard')).body.data;
    expect(rows).toHaveLength(1);
    const other = await olga.api('POST', '/deliveries/discard', {
      body: { ids: [randomUUID()] },
      headers: { 'idempotency-key': `click-${id}` },
    });
    expect(other.body.code).toBe('idempotency_key_reused');
  });

  test('a viewer cannot act, and nobody without the token of the session', async () => {
    const id = await deadDelivery(THIRD);
    const acts = ['/deliveries/retry', '/deliveries/discard'];
    const refused = async (client: ConsoleClient, headers: Record<string, string> = {}) => {
      for (const path of [...acts, '/connections/clinikapi-main/doctor']) {
        const reply = await client.api('POST', path, { body: { ids: [id] }, headers });
        expect({ path, status: reply.status, code: reply.body.code }).toEqual({
          path,
          status: 403,
          code: 'forbidden',
        });
      }
    };
    await refused(vera);
    await refused(olga, { 'x-csrf-token': '' });
    const other = await consoleClient(queue.gateway.opsUrl).signIn(OPERATOR_KEYS.olga);
    await refused(olga, { 'x-csrf-token': other.body.data.csrfToken });
    await refused(olga, { 'sec-fetch-site': 'cross-site' });
    expect((await olga.api('DELETE', '/session', { headers: { 'x-csrf-token': 'x' } })).status).toBe(403);
    expect((await queue.get(id)).body.data.status).toBe('dead');
    await olga.api('POST', '/deliveries/discard', { body: { ids: [id] } });
  });

  test.each([
    ['no ids', { ids: [] }, '/ids', 'At least 1 item is expected.'],
    ['no list', { ids: 'all' }, '/ids', 'A list is expected.'],
    ['nothing', {}, '/ids', 'This member is missing.'],
    ['one twice', { ids: Array(2).fill(randomUUID()) }, '/ids/1', 'This is in the list twice.'],
    [
      'what is no id',
      { ids: ['1 or 1=1'] },
      '/ids/0',
      'Expected is the id of a delivery, as the list shows it.',
    ],
    [
      'too many',
      { ids: Array.from({ length: 501 }, () => randomUUID()) },
      '/ids',
      'At most 500 items are expected.',
    ],
    ['another member', { ids: [randomUUID()], all: true }, '/all', 'There is no such member here.'],
    ['no object', [], '', 'An object is expected.'],
  ])('%s is refused whole, and it is said what is expected', async (_, body, pointer, detail) => {
    const reply = await olga.api('POST', '/deliveries/retry', { body });
    expect(reply.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer, detail }] });
  });
});

describe('reading', () => {
  test('a look that finds nothing new costs nothing', async () => {
    for (const path of [
      '/now',
      '/deliveries',
      '/connections',
      '/configuration',
      '/changes',
      '/capabilities',
    ]) {
      const first = await vera.api('GET', path);
      expect({ path, status: first.status }).toEqual({ path, status: 200 });
      const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
      const again = await vera.api('GET', path, { headers });
      expect({ path, status: again.status, text: again.text }).toEqual({ path, status: 304, text: '' });
    }
  });

  test('a staff member’s story: links, queue and changes with their receipts', async () => {
    await queue.patch(KEYS.north, { role: 'surgeon' }, {}, FIRST);
    const waiting = await deadDelivery(SECOND);
    const other = (await vera.api('GET', `/staff/north/${SECOND}`)).body.data;
    expect(other.queue).toMatchObject([{ id: waiting, status: 'dead', fields: ['/role'] }]);
    await olga.api('POST', '/deliveries/discard', { body: { ids: [waiting] } });
    const { data } = (await vera.api('GET', `/staff/north/${FIRST}`)).body;
    expect(data.changes[0]).toMatchObject({
      kind: 'update',
      outcome: 'success',
      fields: [{ pointer: '/role', outcome: 'verified' }],
    });
    expect(data.queue).toEqual([]);
    expect((await vera.api('GET', '/staff/nowhere/st-1')).status).toBe(404);
    const linked = (await vera.api('GET', '/staff/centro/st-1')).body.data;
    expect(linked.links).toEqual([{ vendor: 'vitalis-centro', vendorRecordId: '1', inUse: true }]);
  });

  test('the capabilities of two connections, and what would be lost', async () => {
    const { data } = (await vera.api('GET', '/capabilities?a=vitalis-centro&b=clinikapi-main')).body;
    expect(data.lost).toContainEqual({
      pointer: '/status',
      kind: 'value',
      names: ['on-leave'],
    });
    expect(data.lost.some(({ pointer }: { pointer: string }) => pointer === '/nationalId')).toBe(true);
    expect((await vera.api('GET', '/capabilities?a=nothing')).status).toBe(404);
  });

  test('the doctor on demand tells what the command line tells', async () => {
    const reply = await olga.api('POST', '/connections/cobalt-main/doctor');
    expect(reply.body.data).toMatchObject({ connection: 'cobalt-main', passed: true });
    expect(reply.body.data.checks.map(({ check }: { check: string }) => check)).toContain('credentials');
    expect((await olga.api('POST', '/connections/nothing/doctor')).status).toBe(404);
  });

  test('the audit over all clinics, page by page, and as a file in which no cell is a formula', async () => {
    const seen: number[] = [];
    let cursor = '';
    do {
      const { data, meta } = (await vera.api('GET', `/changes?limit=3${cursor}`)).body;
      seen.push(...data.map(({ sequence }: { sequence: number }) => sequence));
      cursor = meta.nextCursor === undefined ? '' : `&cursor=${meta.nextCursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => seen.length - index));
    const file = await vera.api('GET', '/changes/export?clinic=north');
    expect(file.headers.get('content-disposition')).toContain('changes.csv');
    expect(file.text).toMatch(/^sequence,at,kind,clinic/);
    expect(file.text).not.toMatch(/(^|,)[=+@]/m);
  });

  test('a file of the audit that cannot be read to its end is broken off: it never looks complete', async () => {
    const stage = await openStage({ configure: withOperators });
    const database = await openDatabase(stage.config.store.url);
    const rows = Array.from({ length: 600 }, () => act({ kind: 'operator', clinic: 'north', caller: 'x' }));
    await createTrail(database, { values: { kind: 'full' } }).add(rows);
    await sql`drop trigger changes_never_updated`.execute(database.db);
    await sql`update changes set fields = '{' where seq = 1`.execute(database.db);
    await database.close();
    const client = consoleClient(stage.gateway.opsUrl);
    await client.signIn(OPERATOR_KEYS.vera);
    await expect(client.api('GET', '/changes/export?clinic=north')).rejects.toThrow();
    await stage.close();
  });

  test('the configuration is masked, and tells its reloads', async () => {
    await queue.rewrite('vendors: 3');
    await queue.gateway.reload();
    const { data } = (await vera.api('GET', '/configuration')).body;
    expect(data).toMatchObject({ refused: true, reloads: [{ outcome: 'refused' }] });
    expect(data.config.operators[0].keySha256).toMatch(/^[0-9a-f]{8}…$/);
    const now = (await vera.api('GET', '/now')).body.data.items;
    expect(now).toContainEqual(expect.objectContaining({ kind: 'config_refused', screen: '/configuration' }));
    await queue.rewrite(queue.config);
    await queue.gateway.reload();
    const text = JSON.stringify(data);
    for (const secret of [...Object.values(OPERATOR_KEYS), ...Object.values(KEYS)])
      expect(text).not.toContain(secret);
    expect(text).not.toContain(queue.config.vendors['vitalis-centro'].credentials.token);
  });
});

test('headers keep the page to itself', async () => {
  const reply = await vera.api('GET', '/sign-in');
  const policy = reply.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("frame-ancestors 'none'");
  expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
  expect(reply.headers.get('cache-control')).toBe('no-store');
});
