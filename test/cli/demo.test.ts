/** `npm run demo` as people start it, but for the compiling. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapters } from '../../adapters';
import { run } from '../support/commandLine';
import { consoleClient } from '../support/console';
import { TYPESCRIPT } from '../support/gatewayProcess';
import { until } from '../support/until';

jest.setTimeout(120_000);

const ROOT = join(__dirname, '../..');
const DEMO = [...TYPESCRIPT, join(ROOT, 'sandbox/demo.ts')];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-demo-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a port that is taken is told at once, and nothing is left behind', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const { code, err } = await run(['--port', String(port)], { TMPDIR: folder }, DEMO);
  server.close();
  expect(code).toBe(1);
  expect(err).toBe(
    `Port ${port} is in use. Choose another one: npm run demo -- --port <number>, 0 for any free one.\n`,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('what is no port is told', async () => {
  const { code, err } = await run(['--port', '70000'], { TMPDIR: folder }, DEMO);
  expect(code).toBe(1);
  expect(err).toContain('a port is a number from 0 to 65535');
});

test('names every port, the people and the pages, serves, and goes without a trace', async () => {
  const child = spawn(process.execPath, [...DEMO, '--port', '0'], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.includes('Serving until Ctrl-C.')) break;
  }
  const urlOf = (name: string) =>
    new RegExp(`^${name} +(http://127\\.0\\.0\\.1:\\d+\\S*)$`, 'm').exec(said)?.[1];
  const places = ['gateway', 'metrics, health', ...adapters.map(({ name }) => name)].map(urlOf);
  expect(new Set(places).size).toBe(adapters.length + 2);
  expect(places).not.toContain(undefined);
  expect(said).toMatch(/^st-42 +of clinic north +is pr_abc123 at clinikapi-main$/m);
  expect((await fetch(`${urlOf('metrics, health')}/metrics`)).status).toBe(200);
  expect((await fetch(`${urlOf('gateway')}/docs`)).status).toBe(200);
  // The console, with something to find on it.
  const console = /^http\S+\/console$/m.exec(said)?.[0] ?? '';
  expect(await (await fetch(console)).text()).toContain('/console/assets/');
  const key = /\(operator\) with the key (\S+)/.exec(said)?.[1];
  const client = consoleClient(console.slice(0, -'/console'.length));
  expect((await client.signIn(key ?? '')).status).toBe(201);
  const state = async () => (await client.api('GET', '/switch/centro?connection=clinikapi-main')).body.data;
  const { jobs } = await until(state, ({ review }) => review > 0);
  expect(jobs).toMatchObject([{ task: 'suggest', by: 'olga', result: { counts: { review: 1 } } }]);
  await until(
    async () => (await client.api('GET', '/now')).body.data.items.map(({ kind }: { kind: string }) => kind),
    (kinds: string[]) => kinds.includes('dead') && kinds.includes('breaker'),
  );
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(readdirSync(folder)).toEqual([]);
});

test('a clinic moves to another vendor and back', async () => {
  const { code, out, err } = await run(['switch'], { TMPDIR: folder }, DEMO);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Moved, and moved back.');
  expect(readdirSync(folder)).toEqual([]);
});
