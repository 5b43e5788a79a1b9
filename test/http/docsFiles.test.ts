/** The files of `/docs` over HTTP: kept once in memory, named by their contents, asked for again with 304, and switched off. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { GUIDE } from '../../src/http/openapi/guide';
import { PROBLEMS } from '../../src/problem';
import { startGatewayProcess } from '../support/gatewayProcess';
import { openStage, type Stage } from '../support/stage';

const YEAR = 'public, max-age=31536000, immutable';

let stage: Stage;
let assets: string[];

beforeAll(async () => {
  stage = await openStage();
  assets = await assetsOf(stage.url);
});
afterAll(() => stage.close());

/** The scripts and styles that the page names. */
async function assetsOf(url: string): Promise<string[]> {
  const html = await (await fetch(`${url}/docs`)).text();
  return [...html.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, path = '']) => path);
}

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(stage.url + path, { method, headers: { 'accept-encoding': 'identity', ...headers } });

test('the page names a script, what starts it, and a style', () => {
  expect(assets.map((path) => path.replace(/\.[\w-]{27}\./, '.….')).sort()).toEqual([
    '/docs/reference.….js',
    '/docs/start.….js',
    '/docs/style.….css',
  ]);
});

test('scripts and styles may be kept for ever; pages and the document are asked about each time', async () => {
  for (const path of assets) expect((await get(path)).headers.get('cache-control')).toBe(YEAR);
  for (const path of ['/docs', '/openapi.json', ...GUIDE.map(({ slug }) => `/docs/${slug}`)]) {
    expect((await get(path)).headers.get('cache-control')).toBe('no-cache');
  }
});

test('what the client has is answered 304, in each encoding by its own entity tag', async () => {
  for (const path of ['/docs', '/docs/errors', '/openapi.json', ...assets]) {
    const tags: string[] = [];
    for (const encoding of ['identity', 'gzip']) {
      const headers = { 'accept-encoding': encoding };
      const first = await get(path, headers);
      expect(first.headers.get('content-encoding')).toBe(encoding === 'gzip' ? 'gzip' : null);
      expect(first.headers.get('vary')).toContain('accept-encoding');
      const tag = first.headers.get('etag') ?? '';
      tags.push(tag);
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await get(path, { ...headers, 'if-none-match': known });
        expect([path, known, again.status, await again.text()]).toEqual([path, known, 304, '']);
      }
      expect((await get(path, { ...headers, 'if-none-match': '"other"' })).status).toBe(200);
    }
    expect(new Set(tags).size).toBe(2);
  }
});

test('HEAD has the headers of GET and no body', async () => {
  for (const path of ['/docs', ...assets]) {
    const [head, whole] = await Promise.all([get(path, {}, 'HEAD'), get(path)]);
    const body = await whole.text();
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(body)));
    expect(head.headers.get('etag')).toBe(whole.headers.get('etag'));
  }
});

test('the reference is the package’s file, and a third of it on the wire', async () => {
  const path = assets.find((name) => name.includes('reference')) ?? '';
  const package_ = join(__dirname, '../../node_modules/@scalar/api-reference/dist/browser/standalone.js');
  const file = await readFile(package_);
  expect(Buffer.from(await (await get(path)).arrayBuffer()).equals(file)).toBe(true);
  const squeezed = await rawBody(path, 'gzip');
  expect(squeezed.length).toBeLessThan(file.length / 3);
  expect(gunzipSync(squeezed).equals(file)).toBe(true);
});

/** As it is on the wire: `fetch` would unpack it. */
async function rawBody(path: string, encoding: string): Promise<Buffer> {
  const socket = connect(Number(new URL(stage.url).port), '127.0.0.1');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: gateway\r\nAccept-Encoding: ${encoding}\r\nConnection: close\r\n\r\n`,
  );
  const answer = Buffer.concat(await socket.toArray());
  return answer.subarray(answer.indexOf('\r\n\r\n') + 4);
}

test('the guide tells every code', async () => {
  const text = await (await get('/docs/errors')).text();
  expect(Object.keys(PROBLEMS).filter((code) => !text.includes(`<code>${code}</code>`))).toEqual([]);
});

test.each(['/docs/reference.js', '/docs/constructor', '/docs/errors.md', '/docs/'])(
  '%s is 404',
  async (path) => expect((await get(path)).status).toBe(404),
);

test('server.docs: off takes the pages and their files away, and leaves the document', async () => {
  const silent = await openStage({ configure: ({ server }) => Object.assign(server, { docs: 'off' }) });
  try {
    for (const path of ['/docs', '/docs/errors', ...assets]) {
      const answer = await silent.call('GET', path, { key: null });
      expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not_found']);
    }
    expect((await silent.call('GET', '/openapi.json', { key: null })).status).toBe(200);
  } finally {
    await silent.close();
  }
});

test('300 clients that ask for the largest file and read slowly do not fill the memory', async () => {
  const config = join(stage.folder, 'memory.yaml');
  const anyPort = { host: '127.0.0.1', port: 0 };
  await writeFile(
    config,
    stringify({ ...stage.config, server: anyPort, ops: anyPort, store: { url: 'sqlite::memory:' } }),
  );
  const gateway = await startGatewayProcess(config);
  const sockets = [];
  try {
    const path = (await assetsOf(gateway.url)).find((name) => name.includes('reference')) ?? '';
    const file = await (await fetch(gateway.url + path)).text();
    const before = await residentBytes(gateway.pid);
    for (let index = 0; index < 300; index += 1) {
      const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
      sockets.push(socket);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`);
      // One piece, and then no more: the rest waits in the gateway.
      await once(socket, 'data');
      socket.pause();
    }
    expect(file.length).toBeGreaterThan(1_000_000);
    expect((await residentBytes(gateway.pid)) - before).toBeLessThan(20 * 1024 * 1024);
  } finally {
    for (const socket of sockets) socket.destroy();
    await gateway.kill();
  }
});

/** Resident memory of a process, from the kernel. */
async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
