/** Who is measured, and how each is started and loaded. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Children, originOf, pidOf } from './children';
import { gatewayTraffic, type RunningGateway, staffIds, type Vendor } from './gateway';
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
  /** Vendor reads that each update makes. */
  readsPerUpdate: number;
  pid: number;
  traffic: Traffic;
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
  links: number;
  providers: number;
}

const PLAIN = { vendor: 'clinikapi', readsPerUpdate: 0, latency: true, onlyInFullRuns: false } as const;

export async function startSubjects(children: Children, places: Places): Promise<(Subject | Absent)[]> {
  const ids = staffIds(places.links);
  return [
    ...gatewaySubjects(places, ids),
    await ours(
      children,
      places,
      'bare',
      '(a) bare node:http + undici, translating',
      'bare.js',
      translated(ids),
    ),
    await ours(
      children,
      places,
      'express-axios',
      '(b) Express + axios, translating',
      'expressAxios.js',
      translated(ids),
    ),
    await ours(
      children,
      places,
      'express-proxy',
      '(c) Express + http-proxy-middleware, untouched',
      'expressProxy.js',
      forwarded(ids),
    ),
    {
      ...(await ours(
        children,
        places,
        'fastify-proxy',
        '(d) Fastify + @fastify/http-proxy, untouched',
        'fastifyProxy.js',
        forwarded(ids),
      )),
      onlyInFullRuns: true,
    },
    await portkey(children, places),
  ];
}

function gatewaySubjects({ gateways, providers }: Places, ids: readonly string[]): Subject[] {
  return [
    gatewaySubject(gateways, 'clinikapi', {
      name: 'gateway',
      title: 'Gateway, ClinikAPI update',
      readsPerUpdate: 0,
      ids,
    }),
    gatewaySubject(gateways, 'vitalis', {
      name: 'gateway-vitalis',
      title: 'Gateway, Vitalis update (read, merge, write)',
      readsPerUpdate: 1,
      ids,
    }),
    gatewaySubject(gateways, 'cobalt', {
      name: 'gateway-cobalt',
      title: 'Gateway, Cobalt update (write, read back)',
      note: `each read lists ${providers} providers`,
      readsPerUpdate: 1,
      ids: ids.slice(0, providers),
    }),
  ];
}

function gatewaySubject(
  gateways: Places['gateways'],
  vendor: Vendor,
  {
    ids,
    ...subject
  }: Pick<Subject, 'name' | 'title' | 'note' | 'readsPerUpdate'> & { ids: readonly string[] },
): Subject {
  const { pid, origin } = gateways[vendor];
  const traffic = gatewayTraffic(origin, vendor, ids);
  return { ...PLAIN, ...subject, vendor, pid, traffic, latency: vendor === 'clinikapi' };
}

type Wanted = Omit<Traffic, 'origin'>;

/** The canonical request, for subjects that translate it. */
function translated(ids: readonly string[]): Wanted {
  return {
    method: 'PATCH',
    path: '/staff/{id}',
    ids,
    headers: {},
    body: '{"status":"{status}"}',
    answerHolds: ['"status":"{status}"', '"id":"st-'],
  };
}

/** The vendor's own request with the vendor's key, for subjects that forward it, and for the direct call. */
function forwarded(ids: readonly string[]): Wanted {
  return {
    method: 'PATCH',
    path: '/v1/practitioner-roles/pr_{id}',
    ids: ids.map((id) => id.slice('st-'.length)),
    headers: { 'x-api-key': VENDOR_KEY },
    body: '{"status":"{status}"}',
    answerHolds: ['"status":"{status}"', '"id":"pr_'],
  };
}

/** The call that everything else is compared with: the vendor without anything in between. */
export function directTraffic(vendorUrl: string, links: number): Traffic {
  return { ...forwarded(staffIds(links)), origin: vendorUrl };
}

async function ours(
  children: Children,
  { vendorUrl }: Places,
  name: string,
  title: string,
  module: string,
  traffic: Wanted,
): Promise<Subject> {
  const child = children.fork(name, join('subjects', module), { BENCH_VENDOR_URL: vendorUrl });
  return { ...PLAIN, name, title, pid: pidOf(child), traffic: { ...traffic, origin: await originOf(child) } };
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
    ...PLAIN,
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
      body: '{"model":"stub","messages":[{"role":"user","content":"{status}"}]}',
      answerHolds: ['"content":"{status}"'],
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
