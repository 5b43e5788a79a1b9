/** One vendor at a time, over all replicas: where a clinic is stands in the store, and a replica that does not know it sends nothing. */
import { until } from '../support/queue';
import { auditOf, HERE, openReplicas, type Replica, type Replicas, said, THERE } from '../support/replicas';
import { KEYS, type Reply } from '../support/stage';

const PATCHES = 200;
/** The same for all: what one replica reads back another may have written over. */
const BODY = { status: 'active' };

/** Sends all of them, so many at a time, and each that is refused because the clinic is moving once more. */
async function sendAll(
  replicas: readonly Replica[],
  seen: (reply: Reply, at: Replica) => void,
): Promise<Reply[]> {
  const replies: Reply[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < PATCHES; index = next++) {
      const at = replicas[index % replicas.length];
      if (at === undefined) throw new Error('there are no replicas');
      for (;;) {
        const reply = await at.patch(BODY);
        seen(reply, at);
        if (reply.body.code === 'clinic_is_moving') continue;
        replies.push(reply);
        break;
      }
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return replies;
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (engine) => {
  let play: Replicas;
  let first: Replica;
  beforeAll(async () => {
    play = await openReplicas(engine);
  }, 60_000);
  afterAll(() => play.close());
  beforeEach(async () => {
    first = await play.start({ vendor: HERE });
    for (const sandbox of [play.stage.clinikapi, play.stage.cobalt]) sandbox.reset();
  });
  afterEach(() => play.closeOthers());

  const landed = () => [play.stage.clinikapi.writes, play.stage.cobalt.writes];
  const answeredBy = (replies: readonly Reply[], vendor: string) =>
    replies.filter(({ body }) => body.meta?.vendor === vendor).length;

  it('lands each of 200 concurrent updates at one vendor while one process takes the new line over', async () => {
    let changing: Promise<void> | undefined;
    let count = 0;
    const refused: Reply[] = [];
    const replies = await sendAll([first], (reply) => {
      count += 1;
      if (reply.status !== 200) refused.push(reply);
      if (count === 50) changing = first.put({ vendor: THERE });
    });
    await changing;
    expect(refused.map(({ body }) => body)).toEqual([]);
    expect(landed()).toEqual([answeredBy(replies, HERE), answeredBy(replies, THERE)]);
    expect(Math.min(...landed())).toBeGreaterThan(0);
    expect(answeredBy(replies, HERE) + answeredBy(replies, THERE)).toBe(PATCHES);
  });

  it('and while it reaches one of two replicas later than the other', async () => {
    const second = await play.start({ vendor: HERE });
    let count = 0;
    let changing: Promise<void> | undefined;
    let late: Promise<void> | undefined;
    const moving: Reply[] = [];
    const south: Promise<Reply>[] = [];
    const replies = await sendAll([first, second], (reply, at) => {
      count += 1;
      if (count % 20 === 0) south.push(at.patch({ status: 'active' }, KEYS.south));
      if (count === 50) changing = first.put({ vendor: THERE });
      if (reply.body.code !== 'clinic_is_moving') return;
      expect(at).toBe(second);
      moving.push(reply);
      if (moving.length === 20) late = second.put({ vendor: THERE });
    });
    await Promise.all([changing, late]);
    const others = await Promise.all(south);
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(replies.filter(({ status }) => status !== 200)).toEqual([]);
    const [here = 0, there = 0] = landed();
    // The south uses the other vendor too.
    expect([here, there - others.length]).toEqual([answeredBy(replies, HERE), answeredBy(replies, THERE)]);
    expect(here + there - others.length).toBe(PATCHES);
    expect(moving.length).toBeGreaterThan(0);
    expect(moving[0]?.status).toBe(503);
    expect(moving[0]?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(moving[0]?.body.outcome).toBe('not_applied');
  }, 60_000);

  it('sends nothing from a replica with the old file, also if it is asked to queue or would read first', async () => {
    const second = await play.start({ vendor: HERE });
    await first.put({ vendor: THERE });
    play.stage.clinikapi.reset();
    const asked = [
      await second.patch({ status: 'active' }),
      await second.patch({ period: { start: '2024-01-01' } }),
      await second.patch({ status: 'active' }, KEYS.north, { prefer: 'respond-async' }),
    ];
    expect(asked.map(({ body }) => body.code)).toEqual(asked.map(() => 'clinic_is_moving'));
    expect(play.stage.clinikapi.log).toEqual([]);
    // A dry run sends nothing anyway.
    const dry = await fetch(`${second.gateway.url}/staff/st-1?dryRun=true`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
      body: JSON.stringify({ status: 'active' }),
    });
    expect(dry.status).toBe(200);
  });

  it('goes back with the file, and a replica that never saw the new one goes on', async () => {
    const second = await play.start({ vendor: HERE });
    await first.put({ vendor: THERE });
    expect((await second.patch({ status: 'active' })).body.code).toBe('clinic_is_moving');
    await first.put({ vendor: HERE });
    for (const replica of [first, second]) {
      let reply = await replica.patch({ status: 'active' });
      // It looks where clinics are every two seconds.
      await until(async () => {
        reply = await replica.patch({ status: 'active' });
        return reply.status === 200;
      });
      expect(reply.body.meta.vendor).toBe(HERE);
    }
    expect(play.stage.cobalt.writes).toBe(0);
  });

  it('does not move a clinic for a process that starts with another file while somebody serves it', async () => {
    const second = await play.start({ vendor: THERE });
    expect((await second.patch({ status: 'active' })).body.code).toBe('clinic_is_moving');
    expect((await second.patch({ status: 'active' }, KEYS.south)).status).toBe(200);
    expect((await first.patch({ status: 'active' })).body.meta.vendor).toBe(HERE);
    expect(said(second, /^clinic north is at clinikapi-main/)).toHaveLength(1);
    const metrics = await (await fetch(`${second.gateway.opsUrl}/metrics`)).text();
    expect(metrics).toContain('gateway_clinic_moving{clinic="north"} 1');
    expect(metrics).toContain('gateway_clinic_moving{clinic="south"} 0');

    await first.gateway.close();
    await until(async () => (await second.patch({ status: 'active' })).status === 200, 'the move');
    expect(said(second, /^clinic north: clinikapi-main → cobalt-main$/)).toHaveLength(1);
    expect((await auditOf(play.database, 'switch')).at(-1)).toMatchObject({
      clinic: 'north',
      vendor: THERE,
      detail: { from: HERE, to: THERE, guard: 'warn', reasons: 'not_compared', linksMissing: 0 },
    });
  }, 30_000);

  it('waits for a process that was killed until that is taken for gone', async () => {
    // As one leaves its signs of life behind: it served the north where it is.
    const seen = new Date(Date.now() - 9_000).toISOString();
    await play.database.db.insertInto('replicas').values({ id: 'killed', seen_at: seen }).execute();
    await play.database.db
      .insertInto('replica_clinics')
      .values({ replica: 'killed', clinic: 'north', vendor: HERE })
      .execute();
    await first.gateway.close();
    const second = await play.start({ vendor: THERE });
    expect((await second.patch({ status: 'active' })).body.code).toBe('clinic_is_moving');
    await until(async () => (await second.patch({ status: 'active' })).status === 200, 'the move');
  }, 30_000);

  it('ends an update that was queued before the move as a conflict, with a line and a row', async () => {
    play.stage.clinikapi.faults.add({ kind: 'answer', status: 503 }, { method: 'PATCH' });
    const queued = await first.patch({ status: 'inactive' }, KEYS.north, { prefer: 'respond-async' });
    const id = (queued.headers.get('location') ?? '').replace('/operations/', '');
    await first.put({ vendor: THERE });
    await until(async () => {
      const { body } = await first.get(`/operations/${id}`);
      return body.data.status === 'failed';
    }, 'its end');
    expect((await first.get(`/operations/${id}`)).body.data.answer.body.code).toBe('conflict');
    expect(said(first, /^a queued update has failed for good/)).toHaveLength(1);
    const updates = await auditOf(play.database, 'update');
    expect(updates.at(-1)).toMatchObject({ code: 'conflict', staff_id: 'st-1' });
  }, 30_000);
});

test('a first start moves nothing, and a restart with another line moves the clinic at once', async () => {
  const play = await openReplicas('sqlite');
  const first = await play.start({ vendor: HERE });
  expect(await auditOf(play.database, 'switch')).toEqual([]);
  await first.gateway.close();
  const second = await play.start({ vendor: THERE });
  const reply = await second.patch({ status: 'active' });
  expect([reply.status, reply.body.meta.vendor]).toEqual([200, THERE]);
  await play.close();
});
