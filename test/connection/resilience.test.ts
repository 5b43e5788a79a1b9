/** What the gateway promises as a whole when vendors are slow, failing or gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import { VendorFailure } from '../../src/connection/failure';
import { Guard } from '../../src/connection/guard';
import { Deadline } from '../../src/lib/deadline';
import { RetryBudget, SlidingLimit } from '../../src/lib/limits';
import { type FaultNet, instead, NET, openFaultNet } from '../support/faultNet';
import { KEYS, openStage, type Stage, type StageConfig } from '../support/stage';

let stage: Stage;
let opened: Stage | undefined;
const nets: FaultNet[] = [];

afterEach(async () => {
  await opened?.close();
  opened = undefined;
  for (const net of nets.splice(0)) await net.shut();
});

async function open(options: Parameters<typeof openStage>[0] = {}): Promise<Stage> {
  opened = await openStage(options);
  return opened;
}

function vendor(config: StageConfig, name: string, changes: Record<string, unknown>): void {
  config.vendors[name] = { ...config.vendors[name], ...changes };
}

describe('the simulator commits, then kills the socket', () => {
  test('100 runs: 100 writes, 100 right answers, no duplicate', async () => {
    stage = await open();
    stage.clinikapi.faults.add({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
    let right = 0;
    for (let run = 0; run < 100; run += 1) {
      const status = run % 2 === 0 ? 'inactive' : 'active';
      const { status: code, body } = await stage.patch(KEYS.north, { status });
      expect([code, body.meta?.warnings?.[0]?.code]).toEqual([200, 'settled_by_reading']);
      if (body.data.status === status && body.meta.receipt[0].outcome === 'verified') right += 1;
    }
    expect(right).toBe(100);
    expect(stage.clinikapi.writes).toBe(100);
    expect(stage.clinikapi.log.filter(({ method }) => method === 'PATCH')).toHaveLength(100);
  }, 60_000);

  test('100 runs without the commit: no write, 100 times not_applied', async () => {
    stage = await open({
      configure: (config) => vendor(config, 'clinikapi-main', { breaker: { failures: 1000, openMs: 1 } }),
    });
    stage.clinikapi.faults.add({ kind: 'drop', when: 'before' }, { method: 'PATCH' });
    const outcomes = new Set<string>();
    for (let run = 0; run < 100; run += 1) {
      const { status, body } = await stage.patch(KEYS.north, { status: 'inactive' });
      outcomes.add(`${status} ${body.outcome}`);
    }
    expect([...outcomes]).toEqual(['504 not_applied']);
    expect(stage.clinikapi.writes).toBe(0);
    expect(stage.clinikapi.log.filter(({ method }) => method === 'PATCH')).toHaveLength(100);
  }, 60_000);
});

describe('sessions', () => {
  test('100 concurrent requests on an expired token lead to one login', async () => {
    const { email, password } = SANDBOX_CREDENTIALS.vitalis.admin;
    stage = await open({
      configure: (config) => vendor(config, 'vitalis-centro', { credentials: { email, password } }),
    });
    const logins = () => stage.vitalis.log.filter(({ path }) => path === '/auth/login').length;
    expect((await stage.call('GET', '/staff/st-1', { key: KEYS.centro })).status).toBe(200);
    expect(logins()).toBe(1);
    stage.vitalis.state.expireTokens();
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => stage.call('GET', '/staff/st-1', { key: KEYS.centro })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(logins()).toBe(2);
  });
});

describe('the circuit breaker', () => {
  test('opens, answers at once with Retry-After, lets one call through, and closes', async () => {
    stage = await open({
      configure: (config) =>
        vendor(config, 'clinikapi-main', { readRetries: 0, breaker: { failures: 3, openMs: 700 } }),
    });
    stage.clinikapi.faults.add({ kind: 'answer', status: 500 });
    const get = () => stage.call('GET', '/staff/st-1');
    for (let index = 0; index < 3; index += 1) expect((await get()).status).toBe(503);
    const arrived = stage.clinikapi.log.length;
    const refused = await get();
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
      503,
      'vendor_unavailable',
      '1',
    ]);
    expect(stage.clinikapi.log).toHaveLength(arrived);
    await sleep(750);
    // Still failing: one probe, whatever comes at the same time.
    const probes = await Promise.all([get(), get(), get()]);
    expect(probes.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(stage.clinikapi.log).toHaveLength(arrived + 1);
    await sleep(750);
    stage.clinikapi.faults.clear();
    expect((await get()).status).toBe(200);
    expect((await get()).status).toBe(200);
    const told = stage.lines.map((line) => JSON.parse(line)).filter(({ msg }) => /^a vendor /.test(msg));
    expect(told).toMatchObject([
      {
        msg: 'a vendor is failing: calls to it are paused',
        connection: 'clinikapi-main',
        kind: 'unavailable',
      },
      { msg: 'a vendor answers again: calls to it are made', connection: 'clinikapi-main' },
    ]);
  });

  test('refusals by the vendor are a sign of life', async () => {
    stage = await open({
      configure: (config) => vendor(config, 'clinikapi-main', { breaker: { failures: 2, openMs: 60_000 } }),
    });
    stage.clinikapi.faults.add({ kind: 'answer', status: 422 }, { method: 'PATCH' });
    for (let index = 0; index < 5; index += 1) {
      expect((await stage.patch(KEYS.north, { status: 'inactive' })).status).toBe(422);
    }
  });

  test('a clock that is set an hour back or forth changes nothing', async () => {
    const guard = new Guard({ maxConcurrent: 1, maxQueued: 1, breaker: { failures: 1, openMs: 100 } });
    const outage = () => Promise.reject(new VendorFailure({ kind: 'timeout', fate: 'unknown', reason: '' }));
    const now = Date.now;
    try {
      for (const shift of [-3_600_000, 3_600_000]) {
        Date.now = now;
        await expect(guard.run(outage, new Deadline(1000))).rejects.toMatchObject({ kind: 'timeout' });
        Date.now = () => now() + shift;
        await expect(guard.run(outage, new Deadline(1000))).rejects.toMatchObject({ fate: 'not_sent' });
        await sleep(120);
        await expect(guard.run(async () => 'back', new Deadline(1000))).resolves.toBe('back');
        expect(guard.state).toBe('closed');
      }
    } finally {
      Date.now = now;
    }
  });

  test('an outage does not double the load: retries stay within their budget', async () => {
    stage = await open({
      configure: (config) =>
        vendor(config, 'clinikapi-main', { breaker: { failures: 10_000, openMs: 1 }, readRetries: 2 }),
    });
    stage.clinikapi.faults.add({ kind: 'drop', when: 'before' });
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, () => stage.call('GET', '/staff/st-1')));
    }
    const calls = stage.clinikapi.log.length;
    // 200 requests, a stock of 20 retries, and a fifth of a retry for each call.
    expect(calls).toBeGreaterThan(200);
    expect(calls).toBeLessThanOrEqual(275);
  }, 60_000);
});

describe('one vendor’s trouble', () => {
  test('is its own: with all places of one taken, the other’s calls all complete', async () => {
    stage = await open({
      configure: (config) =>
        vendor(config, 'clinikapi-main', { maxConcurrent: 10, maxQueued: 20, timeoutMs: 60_000 }),
    });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    stage.clinikapi.faults.add({ kind: 'hook', run: () => released });
    const stuck = Array.from({ length: 50 }, () => stage.call('GET', '/staff/st-1'));
    const answered = { north: 0 };
    for (const call of stuck) void call.then(() => (answered.north += 1));
    const others = await Promise.all(
      Array.from({ length: 100 }, () => stage.call('GET', '/staff/st-1', { key: KEYS.centro })),
    );
    expect(others.map(({ status }) => status)).toEqual(Array(100).fill(200));
    // All that while no call of the other vendor had come back, and none had gone beyond the cap.
    expect(stage.clinikapi.log).toHaveLength(10);
    expect(answered.north).toBe(20);
    release();
    const codes = (await Promise.all(stuck)).map(({ status, body }) => `${status} ${body.code}`);
    // 20 had no place even in the queue and were told so at once.
    expect(codes.filter((code) => code === '503 vendor_unavailable')).toHaveLength(20);
    expect(codes.filter((code) => code === '200 undefined')).toHaveLength(30);
  }, 30_000);
});

describe('a ceiling on calls', () => {
  test('is kept, in turn, and what does not fit the deadline is told when to come again', async () => {
    stage = await open({
      configure: (config) =>
        vendor(config, 'clinikapi-main', {
          timeoutMs: 1500,
          rateLimit: { requests: 5, perSeconds: 1 },
          // One call for each read.
          options: { practitioner: false },
        }),
    });
    const arrivals: number[] = [];
    stage.clinikapi.faults.add({ kind: 'hook', run: () => void arrivals.push(performance.now()) });
    const replies = await Promise.all(Array.from({ length: 15 }, () => stage.call('GET', '/staff/st-1')));
    const good = replies.filter(({ status }) => status === 200);
    const refused = replies.filter(({ status }) => status === 503);
    expect([good.length, refused.length]).toEqual([10, 5]);
    for (const { body, headers } of refused) {
      expect(body.code).toBe('vendor_rate_limited');
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    // The sixth comes a second after the first, give or take what the sockets take.
    expect((arrivals[5] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(900);
  });
});

describe('the client goes away', () => {
  test('a read is called off; nothing is written', async () => {
    stage = await open();
    stage.vitalis.faults.add({ kind: 'delay', milliseconds: 600 }, { method: 'GET' });
    await abandoned('vitalis', KEYS.centro, { status: 'on-leave' }, 200);
    await sleep(1500);
    expect(stage.vitalis.log.filter(({ method }) => method === 'PATCH')).toHaveLength(0);
    expect(stage.vitalis.log.map(({ dropped }) => dropped)).toEqual([true]);
  });

  test('a write that is under way is finished and remembered', async () => {
    stage = await open();
    stage.clinikapi.faults.add({ kind: 'delay', milliseconds: 500, when: 'after' }, { method: 'PATCH' });
    await abandoned('clinikapi', KEYS.north, { status: 'inactive' }, 200);
    await sleep(800);
    expect(stage.clinikapi.writes).toBe(1);
    expect(stage.clinikapi.log.map(({ status, dropped }) => [status, dropped])).toEqual([[200, false]]);
  });

  async function abandoned(
    vendorName: 'vitalis' | 'clinikapi',
    key: string,
    body: unknown,
    afterMs: number,
  ): Promise<void> {
    const before = stage[vendorName].log.length;
    const controller = new AbortController();
    const request = fetch(`${stage.url}/staff/st-1`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify(body),
      signal: controller.signal,
    });
    while (stage[vendorName].log.length === before) await sleep(10);
    setTimeout(() => controller.abort(), afterMs);
    await expect(request).rejects.toThrow();
  }
});

describe('credentials', () => {
  test('go to the configured origin only, whatever the vendor or the environment says', async () => {
    const elsewhere = await openFaultNet({ upstream: 'http://127.0.0.1:9' });
    nets.push(elsewhere);
    const saved = { ...process.env };
    Object.assign(process.env, {
      HTTP_PROXY: elsewhere.url,
      http_proxy: elsewhere.url,
      ALL_PROXY: elsewhere.url,
    });
    try {
      stage = await open();
      expect((await stage.call('GET', '/staff/st-1')).status).toBe(200);
      stage.clinikapi.faults.add({
        kind: 'answer',
        status: 307,
        headers: { location: `${elsewhere.url}/v1/practitioner-roles/pr_abc123` },
      });
      expect((await stage.call('GET', '/staff/st-1')).body.code).toBe('vendor_unexpected_response');
      expect(elsewhere.arrivals).toEqual([]);
    } finally {
      for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) {
        if (saved[name] === undefined) delete process.env[name];
        else process.env[name] = saved[name];
      }
    }
  });

  test('go out as they are or not at all', async () => {
    const { email, password } = SANDBOX_CREDENTIALS.vitalis.admin;
    stage = await open({
      configure: (config) => vendor(config, 'vitalis-centro', { credentials: { email, password } }),
    });
    stage.vitalis.faults.add(
      { kind: 'answer', status: 200, body: { token: 'a\u0000b' } },
      { method: 'POST' },
    );
    const { status, body } = await stage.call('GET', '/staff/st-1', { key: KEYS.centro });
    expect([status, body.code]).toEqual([502, 'vendor_credentials_rejected']);
    expect(stage.vitalis.log.map(({ path }) => path)).toEqual(['/auth/login']);
  });
});

test('a flapping vendor never gets a write twice', async () => {
  let net: FaultNet | undefined;
  stage = await open({
    configure: (config) => vendor(config, 'clinikapi-main', { breaker: { failures: 1000, openMs: 1 } }),
  });
  net = await openFaultNet({ upstream: stage.config.vendors['clinikapi-main'].baseUrl });
  nets.push(net);
  const faults = [
    NET.resetBefore,
    NET.committedReset,
    NET.closeMidBody,
    instead({ status: 500 }, { commit: true }),
  ];
  vendor(stage.config, 'clinikapi-main', { baseUrl: net.url });
  await stage.rewrite(stage.config);
  await stage.gateway.reload();
  let writes = 0;
  for (let run = 0; run < 40; run += 1) {
    net.clear();
    const fault = faults[run % faults.length] ?? NET.resetBefore;
    net.add(fault, { method: 'PATCH' });
    const { status, body } = await stage.patch(KEYS.north, { status: run % 8 < 4 ? 'inactive' : 'active' });
    const before = writes;
    writes = stage.clinikapi.writes;
    expect(net.arrivals.splice(0).filter((line) => line.startsWith('PATCH'))).toHaveLength(1);
    expect(writes - before).toBe(fault === NET.resetBefore ? 0 : 1);
    // A value that the record held already cannot tell whether this write was applied.
    if (status !== 200)
      expect([status, body.outcome]).toEqual([504, expect.stringMatching(/not_applied|unknown/)]);
  }
});

describe('the counters', () => {
  test('a sliding limit lets no more through in any period, in turn', () => {
    const limit = new SlidingLimit({ requests: 3, perSeconds: 1 });
    expect([0, 0, 0].map((now) => limit.take(Infinity, now))).toEqual([0, 0, 0]);
    expect(limit.state(0)).toEqual({ remaining: 0, moreInMs: 1000 });
    expect(limit.take(500, 100)).toBe(900);
    expect(limit.take(1000, 100)).toBe(900);
    expect(limit.take(Infinity, 100)).toBe(900);
    expect(limit.take(Infinity, 100)).toBe(900);
    expect(limit.take(Infinity, 100)).toBe(1900);
    expect(limit.state(1000).remaining).toBe(0);
    expect(limit.state(5000)).toEqual({ remaining: 3, moreInMs: 0 });
    const times = Array.from(
      { length: 50 },
      (_, index) => index * 37 + limit.take(Infinity, 10_000 + index * 37),
    );
    for (let index = 3; index < times.length; index += 1) {
      expect((times[index] ?? 0) - (times[index - 3] ?? 0)).toBeGreaterThanOrEqual(1000);
    }
  });

  test('a retry budget has a stock and a share', () => {
    const budget = new RetryBudget(0.5, 2);
    expect([budget.take(), budget.take(), budget.take()]).toEqual([true, true, false]);
    budget.called();
    expect(budget.take()).toBe(false);
    budget.called();
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });
});
