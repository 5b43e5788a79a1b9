/** What the guard has against moving a clinic: each reason closes it by itself, and is named. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { ConfigError } from '../../src/config/problem';
import { type Comparison, createComparisons } from '../../src/store/comparisons';
import { createLinks } from '../../src/store/links';
import { createOperations } from '../../src/store/operations';
import { run } from '../support/commandLine';
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

const HOUR_MS = 3_600_000;
const REFUSED = /^new configuration refused/;

let play: Replicas;
let first: Replica;
beforeAll(async () => {
  play = await openReplicas('sqlite');
}, 60_000);
afterAll(() => play.close());
beforeEach(async () => {
  const { db } = play.database;
  for (const table of ['whereabouts', 'comparisons', 'operations', 'replicas', 'replica_clinics'] as const)
    await db.deleteFrom(table).execute();
  await db.deleteFrom('links').where('staff_id', '=', 'st-2').execute();
  first = await play.start({ vendor: HERE, switchGuard: 'enforce' });
  // The clinic has been here for two days.
  const since = new Date(Date.now() - 48 * HOUR_MS).toISOString();
  await db.updateTable('whereabouts').set({ since }).execute();
});
afterEach(() => play.closeOthers());

function compared(hoursAgo: number, more: Partial<Comparison> = {}): Promise<void> {
  const at = new Date(Date.now() - hoursAgo * HOUR_MS).toISOString();
  return createComparisons(play.database).save({
    clinic: 'north',
    here: HERE,
    there: THERE,
    startedAt: at,
    finishedAt: at,
    complete: true,
    counts: { equal: 5, known_difference: 2, only_there: 1 },
    differences: 0,
    ...more,
  });
}

const linkOnlyHere = async () => {
  const link = { clinic: 'north', staffId: 'st-2', vendor: HERE, vendorRecordId: 'pr_def456' };
  await createLinks(play.database).put(link, { checked: true });
};

/** One that waits behind a dead one, as long as nobody decides. */
const queueDead = async () => {
  const operations = createOperations(play.database, {});
  const { id } = await operations.enqueue({
    clinic: 'north',
    staffId: 'st-1',
    caller: 'north-app',
    requestId: 'r-1',
    patch: '{"changes":[],"members":[]}',
    lenient: false,
    settle: false,
  });
  const values = { status: 'dead', available_at: null } as const;
  await play.database.db.updateTable('operations').set(values).where('id', '=', id).execute();
};

describe('enforce', () => {
  it.each<[string, string, () => Promise<unknown>]>([
    [
      'links_incomplete',
      '1 of 2 linked staff have no link at cobalt-main',
      async () => {
        await compared(1);
        await linkOnlyHere();
      },
    ],
    ['not_compared', 'there is no complete comparison', async () => {}],
    ['not_compared', 'there is no complete comparison', () => compared(1, { complete: false })],
    ['not_compared', 'before the clinic came to where it is', () => compared(50)],
    ['comparison_stale', 'more than 24 hours ago', () => compared(25)],
    ['differences', '3 unexplained differences', () => compared(1, { differences: 3 })],
    [
      'queue_not_empty',
      'updates are not finished: 1 dead',
      async () => {
        await compared(1);
        await queueDead();
      },
    ],
  ])('%s closes it (%s), at reload and at start', async (code, detail, given) => {
    await given();
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    const [line = ''] = first.lines.filter((text) => REFUSED.test(JSON.parse(text).msg));
    const { problems } = JSON.parse(line);
    expect(problems).toContain('clinics.north.vendor: the guard refuses clinikapi-main → cobalt-main');
    expect(problems).toContain(`${code}: `);
    expect(problems).toContain(detail);
    expect(
      problems.match(/(links_incomplete|not_compared|comparison_stale|differences|queue_not_empty): /g),
    ).toHaveLength(1);
    // What was in use stays in use.
    expect((await first.patch({ status: 'active' })).body.meta?.vendor ?? HERE).toBe(HERE);
    expect((await first.get('/capabilities')).body.data.vendor).toBe(HERE);
    const metrics = await (await fetch(`${first.gateway.opsUrl}/metrics`)).text();
    expect(metrics).toContain('gateway_config_reload_failed 1');

    await first.gateway.close();
    const starting = play.start({ vendor: THERE, switchGuard: 'enforce' });
    await expect(starting).rejects.toThrow(ConfigError);
    await expect(starting).rejects.toThrow(`${code}: `);
    const place = play.database.db.selectFrom('whereabouts').select('vendor').where('clinic', '=', 'north');
    expect(await place.executeTakeFirst()).toEqual({ vendor: HERE });
  });

  it('wants a new comparison if a link leads to another record since the last one', async () => {
    await compared(1);
    const links = createLinks(play.database);
    const link = { clinic: 'north', staffId: 'st-1', vendor: THERE };
    await links.put({ ...link, vendorRecordId: 'cde345fab6789012cdefab3456789012' });
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    const lines = first.lines.filter((text) => REFUSED.test(JSON.parse(text).msg)).join('');
    expect(lines).toMatch(/comparison_stale: 1 link leads to another record/);
    expect(lines).not.toMatch(/links_incomplete|not_compared|differences|queue_not_empty/);
    await compared(0);
    await first.gateway.reload();
    expect((await first.get('/capabilities')).body.data.vendor).toBe(THERE);
    await links.remove('north', 'st-1', THERE);
    await links.put({ ...link, vendorRecordId: ROBIN }, { checked: true });
  });

  it('is no way round it to take a clinic out and to bring it back elsewhere', async () => {
    const { north: _, ...clinics } = play.stage.config.clinics;
    const callers = play.stage.config.callers.filter(({ clinic }) => clinic !== 'north');
    await writeFile(first.path, stringify({ ...play.stage.config, clinics, callers }));
    await first.gateway.reload();
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    expect(said(first, REFUSED)).toHaveLength(1);
    expect((await fetch(`${first.gateway.url}/staff/st-1`)).status).toBe(401);
    await first.put({ vendor: HERE, switchGuard: 'enforce' });
    expect((await first.patch({ status: 'active' })).body.meta.vendor).toBe(HERE);
  });

  it('lets a clinic go that is linked, compared and idle, and the audit has the evidence', async () => {
    const before = (await auditOf(play.database, 'switch')).length;
    await compared(23);
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    expect((await first.patch({ status: 'active' })).body.meta.vendor).toBe(THERE);
    expect(said(first, /^clinic north: clinikapi-main → cobalt-main$/)).toHaveLength(1);
    const rows = (await auditOf(play.database, 'switch')).slice(before);
    expect(rows).toMatchObject([
      {
        clinic: 'north',
        vendor: THERE,
        outcome: 'success',
        detail: {
          from: HERE,
          to: THERE,
          guard: 'enforce',
          reasons: '',
          linksLinked: 1,
          linksMissing: 0,
          differences: 0,
          'compared.equal': 5,
          'compared.known_difference': 2,
        },
      },
    ]);
    const { body } = await first.get('/changes?kind=switch&limit=1');
    expect(body.data[0].detail).toMatchObject({ from: HERE, to: THERE });
  });

  it('counts a comparison that was made from there, but none from before the last move', async () => {
    await compared(1, { here: THERE, there: HERE });
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    expect((await first.get('/capabilities')).body.data.vendor).toBe(THERE);
    await first.put({ vendor: HERE, switchGuard: 'enforce' });
    expect((await first.get('/capabilities')).body.data.vendor).toBe(THERE);
    expect(first.lines.join('')).toContain('before the clinic came to where it is');
  });

  it('can be satisfied with the file that it has refused: the clinic is where the store says', async () => {
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    expect(said(first, REFUSED)).toHaveLength(1);
    const { code, out } = await run(['-c', first.path, 'switch', 'compare', 'north', THERE, '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([expect.any(Number), { here: HERE, there: THERE }]);
    const { differences } = (await createComparisons(play.database).latestOf('north')) ?? {};
    expect([0, 2].includes(code) && differences !== undefined).toBe(true);
  });

  it('is asked again when somebody reloads', async () => {
    await first.put({ vendor: THERE, switchGuard: 'enforce' });
    expect(said(first, REFUSED)).toHaveLength(1);
    await compared(0);
    await first.gateway.reload();
    expect((await first.get('/capabilities')).body.data.vendor).toBe(THERE);
  });
});

test('warn moves the clinic all the same, and log, metric and store say what was against it', async () => {
  await linkOnlyHere();
  await first.put({ vendor: THERE });
  expect((await first.patch({ status: 'active' })).body.meta.vendor).toBe(THERE);
  const [line = ''] = first.lines.filter((text) => text.includes('"despite"'));
  expect(JSON.parse(line)).toMatchObject({
    level: 40,
    msg: 'clinic north: clinikapi-main → cobalt-main',
    despite: expect.stringMatching(/^links_incomplete: .*; not_compared: /),
  });
  const metrics = await (await fetch(`${first.gateway.opsUrl}/metrics`)).text();
  expect(metrics).toContain('gateway_clinic_moves_total{clinic="north",guard="warned"} 1');
  const place = play.database.db.selectFrom('whereabouts').selectAll().where('clinic', '=', 'north');
  expect(await place.executeTakeFirst()).toMatchObject({
    vendor: THERE,
    previous: HERE,
    revision: 2,
    despite: '["links_incomplete","not_compared"]',
  });
});

test('off asks nothing', async () => {
  await first.put({ vendor: THERE, switchGuard: 'off' });
  expect(said(first, /^clinic north: clinikapi-main → cobalt-main$/)).toHaveLength(1);
  expect(first.lines.join('')).not.toMatch(/"despite"|not_compared/);
  const metrics = await (await fetch(`${first.gateway.opsUrl}/metrics`)).text();
  expect(metrics).toContain('gateway_clinic_moves_total{clinic="north",guard="off"} 1');
});

test('a clinic whose ids are the vendor’s own has nothing to link or compare: it moves', async () => {
  await first.put({ vendor: HERE, switchGuard: 'enforce', identity: 'direct' });
  await first.put({ vendor: THERE, switchGuard: 'enforce', identity: 'direct' });
  expect((await first.get('/capabilities')).body.data.vendor).toBe(THERE);
});

test('a linked clinic does not get past it by becoming one of the vendor’s own ids in the same step', async () => {
  await first.put({ vendor: THERE, switchGuard: 'enforce', identity: 'direct' });
  expect(said(first, REFUSED)).toHaveLength(1);
  expect((await first.get('/capabilities')).body.data.vendor).toBe(HERE);
});

test.each([
  ['that knows how it was', { revision: 1 }],
  ['that an earlier version has written', { identity: null }],
])('nor by a process that starts with both changed, on a store %s', async (_, row) => {
  await first.gateway.close();
  await play.database.db.updateTable('whereabouts').set(row).execute();
  const both = { vendor: THERE, switchGuard: 'enforce', identity: 'direct' } as const;
  await expect(play.start(both)).rejects.toThrow(/clinikapi-main → cobalt-main.*not_compared/s);
  const second = await play.start({ vendor: HERE, switchGuard: 'enforce' });
  expect((await second.get('/capabilities')).body.data.vendor).toBe(HERE);
});

test('a clinic whose ids were the vendor’s own before moves with a process that starts, mirrored or not', async () => {
  await first.put({ vendor: HERE, switchGuard: 'enforce', identity: 'direct', mirror: THERE });
  await first.gateway.close();
  const second = await play.start({
    vendor: THERE,
    switchGuard: 'enforce',
    identity: 'direct',
    mirror: HERE,
  });
  expect((await second.get('/capabilities')).body.data.vendor).toBe(THERE);
  await second.gateway.close();
  // It has links where it was mirrored.
  const third = await play.start({ vendor: HERE, switchGuard: 'enforce', identity: 'direct' });
  expect((await third.get('/capabilities')).body.data.vendor).toBe(HERE);
});

test('a new clinic is where its configuration says, under enforce too', async () => {
  await play.database.db.deleteFrom('whereabouts').where('clinic', '=', 'north').execute();
  await first.gateway.close();
  const second = await play.start({ vendor: THERE, switchGuard: 'enforce' });
  expect((await second.patch({ status: 'active' }, KEYS.north)).body.meta.vendor).toBe(THERE);
});

describe('switch status', () => {
  const status = (...args: string[]) => run(['-c', first.path, 'switch', 'status', ...args]);
  const document = async (...args: string[]) => {
    const { code, out, err } = await status(...args, '--json');
    return { code, err, body: JSON.parse(out) };
  };

  it('says where the clinic is and what the guard has, and exits with 2 while it is closed', async () => {
    await linkOnlyHere();
    await queueDead();
    const { code, body, err } = await document('north', THERE);
    expect([code, err]).toEqual([2, '']);
    expect(body).toEqual({
      clinic: 'north',
      vendor: HERE,
      mirror: null,
      connection: THERE,
      lastMove: null,
      links: { linked: 1, missing: 1 },
      comparison: null,
      queue: { queued: 0, running: 0, dead: 1 },
      mirrorQueue: { queued: 0, dead: 0, lagSeconds: 0 },
      guard: {
        open: false,
        reasons: [
          { code: 'links_incomplete', detail: expect.any(String) },
          { code: 'not_compared', detail: expect.any(String) },
          { code: 'queue_not_empty', detail: expect.any(String) },
        ],
      },
    });
    const { out } = await status('north', THERE);
    expect(out).toMatch(/^clinic +north, at clinikapi-main$/m);
    expect(out).toMatch(/^guard +closed \(switchGuard: enforce\)$/m);
    expect(out).toMatch(/^links +1 of 2 linked staff have a link there$/m);
  });

  it('is about the connection that was compared last, and exits with 0 if the guard is open', async () => {
    await compared(2);
    const { code, body } = await document('north');
    expect([code, body.connection, body.guard]).toEqual([0, THERE, { open: true, reasons: [] }]);
    expect(body.comparison).toMatchObject({ here: HERE, there: THERE, complete: true, differences: 0 });
  });

  it('tells what the last move was made against', async () => {
    await first.put({ vendor: THERE });
    const { body } = await document('north', HERE);
    expect(body).toMatchObject({
      vendor: THERE,
      lastMove: { from: HERE, to: THERE, despite: ['not_compared'] },
      guard: { open: false },
    });
  });

  it('knows nothing of there if nothing was named, mirrored or compared', async () => {
    const { code, body } = await document('north');
    expect([code, body.connection, body.links, body.guard.open]).toEqual([2, null, null, false]);
  });

  it.each([
    [['nowhere'], 'The clinic "nowhere" is not configured.'],
    [['north', 'nowhere'], 'The connection "nowhere" is not configured.'],
    [['north', HERE], `north is at ${HERE} already`],
  ])('%s: could not', async (args, text) => {
    const { code, err, out } = await status(...args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(text);
  });
});
