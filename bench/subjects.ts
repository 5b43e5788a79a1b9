/** Who is measured, and how each is started and loaded. */
import { join } from 'node:path';
import { CLINIKAPI, COBALT, type Example, plain, STATUS_ONLY, TWO_RESOURCES, VITALIS } from './bodies';
import { type Children, originOf, pidOf } from './children';
import { gatewayTraffic, staffIds, type Vendor } from './gateway';
import type { Mirrored } from './mirror';
import { nodeRed, portkey } from './optional';
import { type Absent, type Places, READ, type Requests, type Subject, UPDATE } from './subject';
import { VENDOR_KEY } from './subjects/announce';
import type { Traffic } from './traffic';

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
    await nodeRed(children, places, translated(ids)),
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
    note: 'with all that the mirror is sent later: a write for each',
    mirrored,
    pid,
    traffic: gatewayTraffic(origin, 'clinikapi', ids, CLINIKAPI),
    latency: false,
    onlyInFullRuns: true,
  };
}

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
