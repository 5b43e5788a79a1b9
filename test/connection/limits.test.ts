/** Bounds on what comes in, and the way to stop: on real sockets, the latter with a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runStopSoak } from '../soak/stops';
import { PROGRAM } from '../support/gatewayProcess';
import { requestBytes } from '../support/hostile';
import { KEYS, openStage, type Stage, type StageConfig } from '../support/stage';
import { until } from '../support/until';
import { createGate, openWire, type Wire } from '../support/wire';

let stage: Stage;

afterEach(async () => {
  await stage?.close();
});

const server = (config: StageConfig, changes: Record<string, number>) =>
  Object.assign(config.server, changes);

/** Sends raw bytes, and gives what came back until the connection ended. */
function raw(...parts: readonly (string | number)[]): Promise<string> {
  const { hostname, port } = new URL(stage.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let got = '';
    socket.on('data', (chunk) => {
      got += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    void speak(socket, parts);
  });
}

async function speak(socket: Socket, parts: readonly (string | number)[]): Promise<void> {
  for (const part of parts) {
    if (typeof part === 'number') await sleep(part);
    else socket.write(part);
  }
}

const HEAD = [
  'PATCH /staff/st-1 HTTP/1.1',
  'host: gateway',
  `authorization: Bearer ${KEYS.north}`,
  'content-type: application/json',
].join('\r\n');

describe('the caller’s own limit', () => {
  test('is told in RateLimit headers, refuses with 429, and is apart from other callers’', async () => {
    stage = await openStage({
      configure: (config) => {
        for (const caller of config.callers) {
          if (caller.name === 'reader') Object.assign(caller, { rateLimit: { requests: 2, perSeconds: 30 } });
        }
      },
    });
    const get = () => stage.call('GET', '/staff/st-1', { key: KEYS.reader });
    const first = await get();
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"caller";q=2;w=30');
    expect(first.headers.get('ratelimit')).toMatch(/^"caller";r=1;t=(29|30)$/);
    expect((await get()).headers.get('ratelimit')).toMatch(/^"caller";r=0;t=\d+$/);
    const refused = await get();
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(20);
    expect(refused.headers.get('ratelimit')).toMatch(/^"caller";r=0;/);
    expect((await stage.call('GET', '/staff/st-1')).headers.get('ratelimit')).toBeNull();
    // A new configuration is no new allowance.
    await stage.rewrite({ ...stage.config, clinics: { ...stage.config.clinics } });
    await stage.gateway.reload();
    expect((await get()).status).toBe(429);
  });
});

describe('requests', () => {
  test('under way are capped; the surplus is refused before it costs anything', async () => {
    stage = await openStage({
      configure: (config) => {
        server(config, { maxInFlight: 5 });
        Object.assign(config.callers[0] ?? {}, { maxInFlight: 5 });
      },
    });
    stage.clinikapi.faults.add({ kind: 'delay', milliseconds: 500 });
    const replies = await Promise.all(Array.from({ length: 12 }, () => stage.call('GET', '/staff/st-1')));
    const refused = replies.filter(({ status }) => status === 503);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(refused).toHaveLength(7);
    for (const { body, headers } of refused) {
      expect([body.code, headers.get('retry-after')]).toEqual(['gateway_unavailable', '1']);
    }
    stage.clinikapi.faults.clear();
    expect((await stage.call('GET', '/staff/st-1')).status).toBe(200);
    expect((await stage.call('GET', '/readyz', { key: null })).status).toBe(200);
  });

  test.each([
    { name: 'a body over 100 kB', body: JSON.stringify({ role: 'x'.repeat(102_400) }), status: 413 },
    { name: 'a body nested 33 levels deep', body: '{"a":'.repeat(33) + 1 + '}'.repeat(33), status: 400 },
    { name: 'a body nested 50,000 levels deep', body: '['.repeat(50_000), status: 400 },
    { name: 'brackets inside text', body: JSON.stringify({ role: '[{"\\'.repeat(24) }), status: 200 },
  ])('$name: $status', async ({ body, status }) => {
    stage = await openStage();
    const reply = await stage.patch(KEYS.north, body);
    expect(reply.status).toBe(status);
    expect(stage.clinikapi.log).toHaveLength(status === 200 ? 1 : 0);
  });

  test.each([
    { name: 'a head over 16 kB', parts: [`GET /healthz HTTP/1.1\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`] },
    { name: 'what is not HTTP', parts: ['\u0016\u0003\u0001 hello\r\n\r\n'] },
    { name: 'two lengths', parts: [`${HEAD}\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}`] },
    {
      name: 'a head that never ends',
      parts: ['GET /healthz HTTP/1.1\r\n', 100, 'x-a: 1\r\n', 100, 'x-b: 2\r\n'],
    },
    { name: 'a body that never ends', parts: [`${HEAD}\r\ncontent-length: 50\r\n\r\n{"st`, 100, 'atus'] },
  ])('$name: a problem document, and the connection is closed', async ({ parts }) => {
    stage = await openStage({
      configure: (config) => server(config, { headersTimeoutMs: 400, requestTimeoutMs: 600 }),
    });
    const got = await raw(...parts);
    expect(got).toMatch(/^HTTP\/1\.1 400 /);
    expect(got).toMatch(/content-type: application\/problem\+json/);
    expect(got).toMatch(/connection: close/i);
    expect(JSON.parse(got.slice(got.indexOf('\r\n\r\n')))).toMatchObject({
      type: '/problems/malformed_request',
      status: 400,
      requestId: expect.any(String),
    });
    expect(stage.clinikapi.log).toHaveLength(0);
  });

  test('no more connections than configured', async () => {
    stage = await openStage({ configure: (config) => server(config, { maxConnections: 10 }) });
    const { hostname, port } = new URL(stage.url);
    const sockets = Array.from({ length: 20 }, () =>
      connect(Number(port), hostname).on('error', () => undefined),
    );
    await sleep(300);
    const open = sockets.filter((socket) => !socket.destroyed && socket.readyState === 'open');
    expect(open.length).toBeGreaterThan(0);
    expect(open.length).toBeLessThanOrEqual(10);
    for (const socket of sockets) socket.destroy();
  });
});

describe('SIGTERM', () => {
  const ROOT = join(__dirname, '../..');

  /** A second gateway, in a process of its own, over the stage's vendors. */
  async function start(changes: Record<string, number>) {
    const config = { ...stage.config, server: { ...stage.config.server, ...changes } };
    const clinics = { north: { vendor: 'clinikapi-main', identity: 'direct' as const } };
    const callers = config.callers.filter(({ clinic }) => clinic === 'north');
    const store = { url: `sqlite:${join(stage.folder, 'child.db')}` };
    const { stringify } = await import('yaml');
    const { writeFile } = await import('node:fs/promises');
    const path = join(stage.folder, 'child.yaml');
    await writeFile(path, stringify({ ...config, clinics, callers, store }));
    const child = spawn(process.execPath, [...PROGRAM, '-c', path, 'serve'], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LOG_LEVEL: 'silent' },
    });
    const exit = once(child, 'exit').then(([code]) => code);
    const url = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += String(chunk);
        const found = /listening on (\S+)/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.on('exit', () => reject(new Error(`the gateway did not start: ${said}`)));
    });
    const patch = () =>
      fetch(`${url}/staff/pr_abc123`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
        body: '{"status":"inactive"}',
      });
    return { child, exit, url, patch };
  }

  async function arrived(): Promise<void> {
    while (stage.clinikapi.log.length === 0) await sleep(10);
  }

  test('takes requests until the drain is over, though it is not ready; finishes what is under way; exits with 0', async () => {
    stage = await openStage();
    const held = createGate();
    stage.clinikapi.faults.next({ kind: 'hook', run: () => held.wait() });
    const { child, exit, url, patch } = await start({ drainMs: 1000, shutdownMs: 15_000 });
    const health = requestBytes({ method: 'GET', path: '/healthz', key: null });
    const update = (role: string) => requestBytes({ path: '/staff/pr_abc123', json: { role } });
    const said = (wire: Wire) => wire.answers().map(({ status, headers }) => [status, headers.connection]);
    const [unused, used, busy] = [await openWire(url), await openWire(url), await openWire(url)];
    used.write(health);
    await used.until(() => used.answers().length === 1);
    busy.write(Buffer.concat([update('first'), update('second')]));
    await held.reached;

    child.kill('SIGTERM');
    await until(
      () => fetch(`${url}/readyz`),
      ({ status }) => status === 503,
    );
    // On the connections that there are, and on new ones.
    used.write(health);
    busy.write(update('third'));
    const read = await fetch(`${url}/staff/pr_abc123`, {
      headers: { authorization: `Bearer ${KEYS.north}` },
    });
    expect([read.status, read.headers.get('connection')]).toEqual([200, 'close']);
    expect(await used.ended).toBeUndefined();
    expect(said(used)).toEqual([
      [200, 'keep-alive'],
      [200, 'close'],
    ]);

    // Then there is no listener any more, and who has asked nothing is let go in good order.
    expect(await unused.ended).toBeUndefined();
    await expect(patch()).rejects.toThrow('fetch failed');
    held.open();
    expect(await busy.ended).toBeUndefined();
    expect(said(busy)).toEqual([
      [200, 'keep-alive'],
      [200, 'keep-alive'],
      [200, 'close'],
    ]);
    expect(await exit).toBe(0);
    expect(stage.clinikapi.writes).toBe(3);
  }, 30_000);

  test('clients that keep their connections lose nothing', async () => {
    const { answers, ...rest } = await runStopSoak({ stops: 2, clients: 8, drainMs: 300 });
    expect(rest).toEqual({ unanswered: 0, lost: 0, late: expect.any(Number), failedExits: 0 });
    expect(answers).toBeGreaterThan(50);
  }, 60_000);

  test('does not wait for a connection on which nothing was ever asked', async () => {
    stage = await openStage();
    const { child, exit, url } = await start({ shutdownMs: 20_000 });
    const { hostname, port } = new URL(url);
    const idle = connect(Number(port), hostname).on('error', () => undefined);
    await once(idle, 'connect');
    const started = performance.now();
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
  }, 30_000);

  test('does not wait longer than configured', async () => {
    stage = await openStage();
    stage.clinikapi.faults.next({ kind: 'delay', milliseconds: 20_000 });
    const { child, exit, patch } = await start({ shutdownMs: 300 });
    const underWay = patch().catch(() => undefined);
    await arrived();
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(await underWay).toBeUndefined();
  }, 30_000);

  test('a second signal ends it at once', async () => {
    stage = await openStage();
    stage.clinikapi.faults.next({ kind: 'delay', milliseconds: 20_000 });
    const { child, exit, patch } = await start({ shutdownMs: 60_000 });
    const underWay = patch().catch(() => undefined);
    await arrived();
    child.kill('SIGTERM');
    await sleep(200);
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    await underWay;
  }, 30_000);
});
