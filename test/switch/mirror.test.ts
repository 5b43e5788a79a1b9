/** A mirror gets what was confirmed at the clinic's own connection: later, in order, once, and never in the caller's way. */
import { createLinks } from '../../src/store/links';
import { listOperations } from '../../src/store/operationList';
import { run } from '../support/commandLine';
import { type Door, openDoor } from '../support/door';
import { startGatewayProcess } from '../support/gatewayProcess';
import { type EngineName, until } from '../support/queue';
import {
  auditOf,
  HERE,
  openReplicas,
  type Replica,
  type Replicas,
  ROBIN,
  said,
  THERE,
} from '../support/replicas';
import { KEYS } from '../support/stage';

jest.setTimeout(60_000);

const MIRRORED = { vendor: HERE, mirror: THERE };
const VITALIS = 'vitalis-centro';

/** Holds the first write that comes to the mirror. */
function held({ stage }: Replicas): { arrived: Promise<void>; go: () => void } {
  let go = () => {};
  let arrive = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const run = () => {
    arrive();
    return gate;
  };
  stage.cobalt.faults.next({ kind: 'hook', when: 'request', run }, { method: 'PATCH' });
  return { arrived, go };
}

let play: Replicas;
let gateway: Replica;
/** The gateways go to the mirror by it. */
let door: Door;

/** Hooks of one suite, and what its tests share. */
function onEngine(engine: EngineName) {
  beforeAll(async () => {
    door = await openDoor();
    play = await openReplicas(engine, (config) => {
      for (const vendor of Object.values(config.vendors))
        Object.assign(vendor, { timeoutMs: 400, breaker: { openMs: 50 } });
      const mirror = config.vendors[THERE];
      mirror.baseUrl = door.leadTo(mirror.baseUrl);
      Object.assign(config, { deliveries: { baseDelayMs: 10, maxDelayMs: 50, pollMs: 20, leaseSeconds: 1 } });
    });
    const link = { clinic: 'north', staffId: 'st-1', vendor: VITALIS, vendorRecordId: '2' };
    await createLinks(play.database).put(link, { checked: true });
  });
  afterAll(async () => {
    await play.close();
    await door.shut();
  });
  beforeEach(async () => {
    const { db } = play.database;
    for (const table of ['whereabouts', 'operations', 'replicas', 'replica_clinics'] as const)
      await db.deleteFrom(table).execute();
    for (const sandbox of [play.stage.clinikapi, play.stage.cobalt, play.stage.vitalis]) sandbox.reset();
    await door.open();
    gateway = await play.start(MIRRORED);
  });
  afterEach(() => play.closeOthers());

  const here = () => play.stage.clinikapi.state.roles.get('pr_abc123');
  const there = () => play.stage.cobalt.state.providers.get(ROBIN);
  const mirrored = async (status?: string) => {
    const rows = await play.database.db
      .selectFrom('operations')
      .selectAll()
      .where('mirrored', '=', 1)
      .orderBy('seq')
      .execute();
    return rows.filter((row) => status === undefined || row.status === status);
  };
  /** Nothing is on its way any more. */
  const arrived = () =>
    until(
      async () => (await mirrored()).every(({ finished_at }) => finished_at !== null),
      'the mirror to have all',
    );
  const writesThere = () => play.stage.cobalt.log.filter(({ method }) => method === 'PATCH');
  /** The record there is inactive at first. */
  const change = (status: string, body: object = {}) => gateway.patch({ status, ...body });
  /** A process is killed by an update on its way, and another takes over what it leaves. */
  const killed = async (at: 'clinikapi' | 'cobalt', when: 'request' | 'answer') => {
    await play.closeOthers();
    const victim = await startGatewayProcess(gateway.path);
    play.stage[at].faults.next({ kind: 'hook', when, run: () => victim.kill() }, { method: 'PATCH' });
    const sent = fetch(`${victim.url}/staff/st-1`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
      body: JSON.stringify({ status: 'active' }),
    });
    await sent.catch(() => {});
    await victim.gone;
    gateway = await play.start(MIRRORED);
    await until(async () => (await mirrored('succeeded')).length === 1, 'the mirror to have it');
    expect([here()?.status, there()?.status]).toEqual(['active', 'active']);
    expect([play.stage.clinikapi.writes, play.stage.cobalt.writes]).toEqual([1, 1]);
    expect(await mirrored()).toHaveLength(1);
  };
  return { here, there, mirrored, arrived, writesThere, change, killed };
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (engine) => {
  const { here, there, mirrored, arrived, writesThere, change, killed } = onEngine(engine);

  it('writes what was confirmed there too, and drops what cannot be held there', async () => {
    const reply = await change('active', { role: 'nurse' });
    expect([reply.status, reply.body.meta.vendor]).toEqual([200, HERE]);
    await arrived();
    expect([here()?.status, here()?.role, there()?.status]).toEqual(['active', 'nurse', 'active']);
    const [row, ...more] = await auditOf(play.database, 'mirror');
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      vendor: THERE,
      caller: 'north-app',
      request_id: reply.body.meta.requestId,
      outcome: 'success',
    });
    expect(JSON.parse(row?.fields ?? '')).toEqual({ '/status': 'verified', '/role': 'dropped' });
    // Its answer is nobody's, and it holds no values any more.
    expect(await mirrored()).toMatchObject([{ status: 'succeeded', answer: null, patch: null }]);

    expect((await gateway.patch({ role: 'doctor' })).status).toBe(200);
    await arrived();
    expect((await mirrored()).map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(writesThere()).toHaveLength(1);
  });

  it('keeps the order of each person, whatever the mirror does in between', async () => {
    const { go } = held(play);
    play.stage.cobalt.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH', after: 2 });
    const statuses = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'inactive' : 'active'));
    for (const status of statuses) expect((await change(status)).status).toBe(200);
    go();
    await arrived();
    expect(await mirrored('succeeded')).toHaveLength(20);
    // The one whose answer was dropped was found there, and not sent again.
    expect(writesThere().map(({ body }) => body)).toEqual(statuses.map((status) => ({ status })));
    expect(there()?.status).toBe('active');
  });

  it('gets everything in order when it comes back after it was down', async () => {
    expect((await change('active')).status).toBe(200);
    await arrived();
    await door.shut();
    const statuses = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'inactive' : 'active'));
    for (const status of statuses) expect((await change(status)).status).toBe(200);
    const isTried = async () => {
      const tries = await play.database.db.selectFrom('operation_attempts').select('code').execute();
      return tries.some(({ code }) => code === 'vendor_unavailable');
    };
    await until(isTried, 'a try');
    expect(await mirrored('succeeded')).toHaveLength(1);
    await door.open();
    await arrived();
    expect(await mirrored('succeeded')).toHaveLength(21);
    expect(writesThere().map(({ body }) => body)).toEqual(
      ['active', ...statuses].map((status) => ({ status })),
    );
    expect([here()?.status, there()?.status]).toEqual(['active', 'active']);
  });

  it('loses nothing and writes nothing twice if it is killed after the write here', async () => {
    await killed('clinikapi', 'answer');
  });
});

describe('on either engine alike', () => {
  const { here, there, mirrored, arrived, change, killed } = onEngine('sqlite');

  it('sends nothing there of what was refused here, of dry runs, and of an update that only half arrived', async () => {
    await play.closeOthers();
    gateway = await play.start({ vendor: HERE, mirror: VITALIS });
    expect((await gateway.patch({ nationalId: '30123456' })).status).toBe(422);
    play.stage.clinikapi.faults.next(
      { kind: 'answer', status: 500 },
      { method: 'PATCH', path: /practitioners/ },
    );
    const reply = await gateway.patch({ status: 'inactive', phone: '+1 202 555 0111' });
    expect([reply.body.outcome, reply.status]).toEqual(['partial', expect.any(Number)]);
    await arrived();
    const patches = (await auditOf(play.database, 'mirror'))
      .slice(-1)
      .map(({ fields }) => JSON.parse(fields));
    expect(patches).toEqual([{ '/status': 'verified' }]);
    expect(await mirrored()).toHaveLength(1);
  });

  it.each<[string, () => unknown]>([
    ['refuses connections', () => door.shut()],
    ['hangs', () => play.stage.cobalt.faults.add({ kind: 'delay', milliseconds: 5_000 }, {})],
    ['fails', () => play.stage.cobalt.faults.add({ kind: 'answer', status: 500 }, {})],
    ['cuts off', () => play.stage.cobalt.faults.add({ kind: 'drop', when: 'before' }, {})],
  ])('lets callers notice nothing of a mirror that %s, and makes it equal afterwards', async (_, break_) => {
    const seen = (body: { meta: { receipt: unknown }; data: unknown }) => [body.data, body.meta.receipt];
    const before = [await change('active'), await change('inactive')];
    await arrived();
    await break_();
    const during = [await change('active'), await change('inactive')];
    expect(during.map(({ status }) => status)).toEqual([200, 200]);
    expect(during.map(({ body }) => seen(body))).toEqual(before.map(({ body }) => seen(body)));
    // Queued updates of the callers' own do not wait for it either.
    const later = await gateway.patch({ status: 'active' }, KEYS.north, { prefer: 'respond-async' });
    const path = later.headers.get('location') ?? '';
    await until(async () => (await gateway.get(path)).body.data.status === 'succeeded', 'the own delivery');
    const metrics = await (await fetch(`${gateway.gateway.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /gateway_mirror_updates\{clinic="north",connection="cobalt-main",state="queued"\} [123]/,
    );
    expect(metrics).toMatch(/gateway_mirror_lag_seconds\{clinic="north",connection="cobalt-main"\} \d+\.\d+/);
    expect(metrics).toContain('gateway_queue_depth{state="queued"} 0');
    play.stage.cobalt.faults.clear();
    await door.open();
    await arrived();
    expect([here()?.status, there()?.status]).toEqual(['active', 'active']);
  });

  it('waits for somebody to link a person there, and tells it', async () => {
    await createLinks(play.database).remove('north', 'st-1', THERE);
    expect((await change('inactive')).status).toBe(200);
    expect((await change('active')).status).toBe(200);
    await until(async () => (await mirrored('dead')).length === 1, 'the end of it');
    expect(said(gateway, /^an update for a mirror is dead/)).toHaveLength(1);
    const status = await run(['-c', gateway.path, 'switch', 'status', 'north', '--json']);
    expect(JSON.parse(status.out)).toMatchObject({
      mirror: THERE,
      connection: THERE,
      mirrorQueue: { queued: 1, dead: 1, lagSeconds: expect.any(Number) },
      guard: { open: false },
    });
    const [dead] = await mirrored('dead');
    const listed = await listOperations(play.database, {}, 10);
    expect(listed.map(({ mirror, waitsFor }) => [mirror, waitsFor?.kind])).toEqual([
      [THERE, 'operation'],
      [THERE, 'operator'],
    ]);
    const link = { clinic: 'north', staffId: 'st-1', vendor: THERE, vendorRecordId: ROBIN };
    await createLinks(play.database).put(link, { checked: true });
    await run(['-c', gateway.path, 'deliveries', 'retry', dead?.id ?? '']);
    await arrived();
    expect(there()?.status).toBe('active');
    expect(await mirrored('succeeded')).toHaveLength(2);
  });

  it('has all 100 updates at the old vendor when the clinic comes back', async () => {
    await gateway.put({ vendor: THERE, mirror: HERE });
    for (let index = 0; index < 100; index += 1)
      expect((await change(index % 2 === 0 ? 'active' : 'inactive')).body.meta.vendor).toBe(THERE);
    await until(async () => (await mirrored('succeeded')).length >= 80, 'most of them');
    await gateway.put({ vendor: HERE, mirror: THERE });
    // What is still on its way to it comes before anything new.
    await until(async () => (await change('inactive')).status === 200, 'its turn');
    const toHere = (await mirrored()).filter(({ vendor }) => vendor === HERE);
    expect([toHere.length, toHere.filter(({ status }) => status === 'succeeded').length]).toEqual([100, 100]);
    expect(here()?.status).toBe('inactive');
  });

  it('ends what is on its way to a mirror that the clinic has no more, and tells it', async () => {
    const { arrived: taken, go } = held(play);
    await change('active');
    await taken;
    await change('inactive');
    await gateway.put({ vendor: HERE });
    go();
    await until(async () => (await mirrored('failed')).length === 1, 'its end');
    expect(said(gateway, /^an update for a mirror has failed for good/)).toHaveLength(1);
    const metrics = await (await fetch(`${gateway.gateway.opsUrl}/metrics`)).text();
    expect(metrics).toContain(
      'gateway_mirror_updates{clinic="north",connection="cobalt-main",state="diverged"} 1',
    );
  });

  it.each<[string, 'request' | 'answer']>([
    ['after an update was written down and before the write there', 'request'],
    ['after the write there and before that was written down', 'answer'],
  ])('loses nothing and writes nothing twice if it is killed %s', async (_, when) => {
    await killed('cobalt', when);
  });
});
