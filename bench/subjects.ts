/** Who is measured, and how each is started and loaded. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLINIKAPI, COBALT, type Example, plain, STATUS_ONLY, TWO_RESOURCES, VITALIS } from './bodies';
import { type Children, originOf, pidOf } from './children';
import { gatewayTraffic, type RunningGateway, staffIds, type Vendor } from './gateway';
import type { Mirrored } from './mirror';
import type { StubCounts } from './stub';
import { VENDOR_KEY } from './subjects/announce';
import type { Traffic } from './traffic';

export interface Subject {
  name: string;
  title: string;
  /** What a reader of the table has to know. */
  note?: string;
  /** The vendor whose counts of the stub prove the work. */
  vendor: keyof StubCounts;
  /** Vendor reads of each request, at least. */
  reads: number;
  /** Vendor writes of each request, exactly. */
  writes: number;
  /** What a mirror has to get besides; absent: there is none. */
  mirrored?: Mirrored;
  pid: number;
  traffic: Traffic;
  /** The same with the smallest body, for a column of its own. */
  statusOnly?: Traffic;
  /** Also measured for latency. */
  latency: boolean;
  /** Left out of a quick run after its first answers were checked. */
  onlyInFullRuns: boolean;
}

export interface Absent {
  name: string;
  title: string;
  skipped: string;
}

export interface Places {
  vendorUrl: string;
  /** In full runs one for each vendor's updates, in quick ones the same for all. All are configured alike. */
  gateways: Readonly<Record<Vendor, RunningGateway>>;
  /** In full runs one whose ClinikAPI clinic has a mirror. */
  mirrored?: Mirrored;
  links: number;
  providers: number;
}

const UPDATE = { vendor: 'clinikapi', reads: 0, writes: 1, latency: true, onlyInFullRuns: false } as const;
const READ = { vendor: 'clinikapi', reads: 1, writes: 0, latency: false, onlyInFullRuns: false } as const;

export async function startSubjects(children: Children, places: Places): Promise<(Subject | Absent)[]> {
  const ids = staffIds(places.links);
  const start = (name: string, title: string, module: string, wanted: Requests) =>
    ours(children, places, { name, title, module, wanted });
  const proxy = await start(
    'express-proxy',
    '(c) Express + http-proxy-middleware, untouched',
    'expressProxy.js',
    forwarded(ids),
  );
  const fastify = await start(
    'fastify-proxy',
    '(d) Fastify + @fastify/http-proxy, untouched',
    'fastifyProxy.js',
    forwarded(ids),
  );
  return [
    ...gatewaySubjects(places, ids),
    await start('bare', '(a) bare node:http + undici, translating', 'bare.js', translated(ids)),
    await start('express-axios', '(b) Express + axios, translating', 'expressAxios.js', translated(ids)),
    proxy,
    {
      ...READ,
      name: 'express-proxy-get',
      title: '(c) a GET, untouched',
      onlyInFullRuns: true,
      pid: proxy.pid,
      traffic: { ...proxy.traffic, method: 'GET', turns: [{ answerHolds: ['"id":"pr_'] }] },
    },
    { ...fastify, onlyInFullRuns: true },
    await portkey(children, places),
  ];
}

function gatewaySubjects({ gateways, mirrored, providers }: Places, ids: readonly string[]): Subject[] {
  const of = (vendor: Vendor, examples: readonly Example[], loaded = ids) => {
    const { pid, origin } = gateways[vendor];
    return {
      vendor,
      pid,
      traffic: gatewayTraffic(origin, vendor, loaded, examples),
      statusOnly: gatewayTraffic(origin, vendor, loaded),
    };
  };
  const main = of('clinikapi', CLINIKAPI);
  const listed = of('cobalt', COBALT, ids.slice(0, providers));
  return [
    { ...UPDATE, ...main, name: 'gateway', title: 'Gateway, ClinikAPI update' },
    {
      ...UPDATE,
      ...of('vitalis', VITALIS),
      name: 'gateway-vitalis',
      title: 'Gateway, Vitalis update (read, merge, write)',
      reads: 1,
      latency: false,
    },
    {
      ...UPDATE,
      ...listed,
      name: 'gateway-cobalt',
      title: 'Gateway, Cobalt update (write, read back)',
      note: `each read lists ${providers} providers`,
      reads: 1,
      latency: false,
    },
    {
      ...UPDATE,
      name: 'gateway-two-resources',
      title: 'Gateway, ClinikAPI name and status',
      note: 'two of the vendor’s resources',
      ...{ vendor: 'clinikapi', reads: 1, writes: 2, latency: false, onlyInFullRuns: true },
      pid: main.pid,
      traffic: gatewayTraffic(gateways.clinikapi.origin, 'clinikapi', ids, TWO_RESOURCES),
    },
    {
      ...READ,
      name: 'gateway-get',
      title: 'Gateway, GET /staff/:id',
      note: 'two of the vendor’s resources, so two calls',
      onlyInFullRuns: true,
      pid: main.pid,
      traffic: { ...main.traffic, method: 'GET', turns: [{ answerHolds: ['"id":"st-'] }] },
    },
    {
      ...UPDATE,
      name: 'gateway-hot',
      title: 'Gateway, ClinikAPI updates of one record by all',
      pid: main.pid,
      traffic: { ...main.traffic, ids: ids.slice(0, 1), shared: true },
      latency: false,
      onlyInFullRuns: true,
    },
    ...(mirrored ? [mirroredSubject(mirrored, ids)] : []),
    {
      ...READ,
      name: 'gateway-list',
      title: 'Gateway, GET /staff',
      note: `a page of ${providers} staff from the list that is kept for some seconds`,
      vendor: 'cobalt',
      reads: 0,
      pid: listed.pid,
      traffic: {
        ...listed.traffic,
        method: 'GET',
        path: '/staff?{id}',
        ids: [''],
        shared: true,
        turns: [{ answerHolds: [`"id":"st-${providers}"`] }],
      },
      onlyInFullRuns: true,
    },
  ];
}

function mirroredSubject(mirrored: Mirrored, ids: readonly string[]): Subject {
  const { pid, origin } = mirrored.gateway;
  return {
    ...UPDATE,
    name: 'gateway-mirrored',
    title: 'Gateway, ClinikAPI update of a clinic with a mirror',
    note: 'with all that the mirror is sent later: a read and a write for each',
    mirrored,
    pid,
    traffic: gatewayTraffic(origin, 'clinikapi', ids, CLINIKAPI),
    latency: false,
    onlyInFullRuns: true,
  };
}

/** What a subject is sent: the examples, and the smallest body. */
interface Requests {
  traffic: Wanted;
  statusOnly: Wanted;
}

type Wanted = Omit<Traffic, 'origin'>;

/** The canonical requests, for subjects that translate them. */
function translated(ids: readonly string[]): Requests {
  const common = { method: 'PATCH', path: '/staff/{id}', ids, headers: {} } as const;
  return {
    traffic: { ...common, turns: plain(CLINIKAPI) },
    statusOnly: { ...common, turns: plain(STATUS_ONLY) },
  };
}

/** The vendor's own requests with the vendor's key, for subjects that forward them, and for the direct call. */
function forwarded(ids: readonly string[]): Requests {
  const common = {
    method: 'PATCH',
    path: '/v1/practitioner-roles/pr_{id}',
    ids: ids.map((id) => id.slice('st-'.length)),
    headers: { 'x-api-key': VENDOR_KEY },
  } as const;
  return {
    traffic: { ...common, turns: plain(CLINIKAPI) },
    statusOnly: { ...common, turns: plain(STATUS_ONLY) },
  };
}

/** The call that everything else is compared with: the vendor without anything in between. */
export function directTraffic(vendorUrl: string, links: number): Traffic {
  return { ...forwarded(staffIds(links)).traffic, origin: vendorUrl };
}

async function ours(
  children: Children,
  { vendorUrl }: Places,
  { name, title, module, wanted }: { name: string; title: string; module: string; wanted: Requests },
): Promise<Subject> {
  const child = children.fork(name, join('subjects', module), { BENCH_VENDOR_URL: vendorUrl });
  const origin = await originOf(child);
  return {
    ...UPDATE,
    name,
    title,
    pid: pidOf(child),
    traffic: { ...wanted.traffic, origin },
    statusOnly: { ...wanted.statusOnly, origin },
  };
}

const PORTKEY = { name: 'portkey', title: '(e) @portkey-ai/gateway, chat completion' };

/**
 * Portkey has no PATCH route, and its generic proxy routes answer 500 on Node 20 (it appends to immutable headers), so it
 * is measured in its own job: an OpenAI chat completion forwarded to the stub.
 */
async function portkey(children: Children, { vendorUrl }: Places): Promise<Subject | Absent> {
  const server = locatePortkey();
  if (server === undefined) {
    return {
      ...PORTKEY,
      skipped: 'not installed: npm install --no-save --ignore-scripts @portkey-ai/gateway@1.15.2',
    };
  }
  const port = await freePort();
  const child = children.spawn(
    PORTKEY.name,
    ['--require', join(__dirname, 'subjects/loopbackOnly.js'), server, '--headless', `--port=${port}`],
    { env: { PATH: process.env.PATH, NODE_ENV: 'production' }, stdio: 'ignore' },
  );
  const origin = `http://127.0.0.1:${port}`;
  await listening(origin, child);
  return {
    ...UPDATE,
    ...PORTKEY,
    note: 'its own job, as it forwards no PATCH: one short chat completion',
    vendor: 'chat',
    onlyInFullRuns: true,
    pid: pidOf(child),
    traffic: {
      origin,
      method: 'POST',
      path: '/v1/chat/completions?{id}',
      ids: staffIds(32),
      headers: {
        authorization: 'Bearer bench',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${vendorUrl}/v1`,
      },
      turns: ['inactive', 'active'].map((word) => ({
        body: JSON.stringify({ model: 'stub', messages: [{ role: 'user', content: word }] }),
        answerHolds: [`"content":"${word}"`],
      })),
    },
  };
}

function locatePortkey(): string | undefined {
  try {
    const server = join(
      dirname(require.resolve('@portkey-ai/gateway/package.json')),
      'build/start-server.js',
    );
    return existsSync(server) ? server : undefined;
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function listening(origin: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error('portkey did not start');
    if (
      await fetch(origin).then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error('portkey does not answer');
}
