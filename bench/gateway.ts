/** The gateway as it runs in production: configuration file, SQLite store with links, authentication, log to a file. */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/store/database';
import { createLinks, type Link } from '../src/store/links';
import { type Example, STATUS_ONLY, withReceipt } from './bodies';
import { type Children, pidOf } from './children';
import { cobaltId } from './stub';
import type { Traffic } from './traffic';

/** The three clinics, one for each vendor, each with a caller of its own. */
export const CLINICS = {
  clinikapi: { clinic: 'north', vendor: 'clinikapi-main', key: 'bench-key-north' },
  vitalis: { clinic: 'centro', vendor: 'vitalis-centro', key: 'bench-key-centro' },
  cobalt: { clinic: 'south', vendor: 'cobalt-main', key: 'bench-key-south' },
} as const;

/** The connection that is the mirror of ClinikAPI's clinic, if it has one. */
export const MIRROR = 'clinikapi-mirror';

/** Of an operator who may look at everything in the console. */
export const OPERATOR_KEY = 'bench-key-operator';

export const AUDIT_KEY = 'a-key-of-the-benchmark-and-of-nothing-else';

export type Vendor = keyof typeof CLINICS;

export interface GatewaySetup {
  /** An empty folder for the configuration, the database and the log. */
  folder: string;
  vendorUrl: string;
  /** Links of each clinic. Of the third there are as many as Cobalt lists providers. */
  links: number;
  providers: number;
  /** Absent: a SQLite file in the folder. */
  storeUrl?: string;
  /** ClinikAPI connections, each with a clinic of its own, among which the links are dealt out; absent: one. */
  vendorConnections?: number;
  /** Calls in flight to each vendor; absent: the gateway's own default. */
  maxConcurrent?: number;
  /** Where the mirror of ClinikAPI's clinic is, another ClinikAPI connection; absent: it has none. */
  mirrorUrl?: string;
}

export interface RunningGateway {
  folder: string;
  child: ChildProcess;
  pid: number;
  origin: string;
  /** Metrics and the console. */
  opsOrigin: string;
  /** From the start of the process to the first 200 of `/readyz`. */
  startSeconds: number;
}

/** Writes the configuration and fills the store. */
export async function prepareGateway(setup: GatewaySetup): Promise<void> {
  mkdirSync(join(setup.folder, 'config'));
  writeFileSync(configFile(setup.folder), JSON.stringify(configuration(setup), undefined, 2));
  const database = await openDatabase(storeUrlOf(setup));
  try {
    const totals = await createLinks(database).importAll(linksOf(setup), {
      onRefused: () => {},
      checked: true,
    });
    if (totals.refused > 0) throw new Error(`${totals.refused} links were refused`);
  } finally {
    await database.close();
  }
}

/** In a folder of its own, as usual: the gateway follows what happens in it. */
function configFile(folder: string): string {
  return join(folder, 'config/gateway.yaml');
}

export function storeUrlOf({ folder, storeUrl }: Pick<GatewaySetup, 'folder' | 'storeUrl'>): string {
  return storeUrl ?? `sqlite:${join(folder, 'gateway.db')}`;
}

/** The ClinikAPI connection with this number, from 0, its clinic and its caller's key. */
function numbered(index: number): { clinic: string; vendor: string; key: string } {
  const { clinic, vendor, key } = CLINICS.clinikapi;
  const end = index === 0 ? '' : `-${index + 1}`;
  return { clinic: clinic + end, vendor: vendor + end, key: key + end };
}

function allOf({ vendorConnections = 1 }: Pick<GatewaySetup, 'vendorConnections'>) {
  return Array.from({ length: vendorConnections }, (_, index) => numbered(index));
}

/** For traffic over all ClinikAPI connections: the key for each staff id in turn. */
export function authorizationsOf(setup: Pick<GatewaySetup, 'vendorConnections'>): string[] {
  return allOf(setup).map(({ key }) => `Bearer ${key}`);
}

function configuration(setup: GatewaySetup) {
  const { vendorUrl, maxConcurrent, mirrorUrl } = setup;
  const common = { baseUrl: vendorUrl, ...(maxConcurrent !== undefined && { maxConcurrent }) };
  const numberedOnes = allOf(setup);
  const clinics = [...numberedOnes, CLINICS.vitalis, CLINICS.cobalt];
  return {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: storeUrlOf(setup) },
    audit: { key: AUDIT_KEY },
    vendors: {
      ...Object.fromEntries(
        numberedOnes.map(({ vendor }) => [
          vendor,
          { adapter: 'clinikapi', ...common, credentials: { apiKey: 'clk_test_bench' } },
        ]),
      ),
      ...(mirrorUrl !== undefined && {
        [MIRROR]: {
          adapter: 'clinikapi',
          ...common,
          baseUrl: mirrorUrl,
          credentials: { apiKey: 'clk_test_mirror' },
        },
      }),
      'vitalis-centro': {
        adapter: 'vitalis',
        ...common,
        credentials: { token: 'bench-token' },
        // Without the table every answer carries a warning, which no clinic would leave so.
        codes: { specialty: { '394579002': 1 } },
      },
      'cobalt-main': {
        adapter: 'cobalt',
        ...common,
        credentials: { clientId: 'ci_bench', clientSecret: 'cs_bench', accessToken: 'at_bench' },
      },
    },
    clinics: Object.fromEntries(
      clinics.map(({ clinic, vendor }) => [
        clinic,
        { vendor, ...(mirrorUrl !== undefined && clinic === CLINICS.clinikapi.clinic && { mirror: MIRROR }) },
      ]),
    ),
    callers: clinics.map(({ clinic, key }) => ({
      name: `bench-${clinic}`,
      keySha256: sha256(key),
      clinic,
      scopes: ['staff:read', 'staff:write', 'changes:read', 'links:write'],
    })),
    operators: [{ name: 'bench', keySha256: sha256(OPERATOR_KEY), role: 'viewer' }],
  };
}

function sha256(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Staff ids are `st-1`, `st-2`, … in each clinic. */
export function staffIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `st-${index + 1}`);
}

async function* linksOf({
  links,
  providers,
  vendorConnections = 1,
  mirrorUrl,
}: GatewaySetup): AsyncGenerator<Link> {
  for (let number = 1; number <= links; number += 1) {
    yield link(numbered((number - 1) % vendorConnections), number, `pr_${number}`);
    if (mirrorUrl !== undefined) yield link({ ...CLINICS.clinikapi, vendor: MIRROR }, number, `pr_${number}`);
    yield link(CLINICS.vitalis, number, String(number));
    if (number <= providers) yield link(CLINICS.cobalt, number, cobaltId(number - 1));
  }
}

function link(to: { clinic: string; vendor: string }, number: number, vendorRecordId: string): Link {
  const { clinic, vendor } = to;
  return { clinic, staffId: `st-${number}`, vendor, vendorRecordId };
}

/** What `npm start` runs. */
export const BUNDLE = join(__dirname, '../bundle/gateway.js');
/** The same program in its modules, as `npm run dev` runs it. */
export const MODULES = join(__dirname, '../src/main.js');

/** Starts the built gateway, the way `npm start` does unless told otherwise, and waits until it is ready. */
export async function startGateway(
  children: Children,
  folder: string,
  {
    main = BUNDLE,
    nodeArgs = [],
    env = {},
  }: { main?: string; nodeArgs?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<RunningGateway> {
  const log = openSync(logFile(folder), 'a');
  const started = performance.now();
  const child = children.spawn(
    'gateway',
    ['--max-semi-space-size=8', ...nodeArgs, main, '--config', configFile(folder), 'serve'],
    {
      env: { PATH: process.env.PATH, NODE_ENV: 'production', LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', log, 'pipe'],
    },
  );
  const { origin, opsOrigin } = await announcedBy(child);
  while (!(await isReady(origin))) {
    if (performance.now() - started > 30_000) throw new Error('the gateway does not become ready');
    await sleep(5);
  }
  const startSeconds = (performance.now() - started) / 1000;
  return { folder, child, pid: pidOf(child), origin, opsOrigin, startSeconds };
}

function announcedBy(child: ChildProcess): Promise<Pick<RunningGateway, 'origin' | 'opsOrigin'>> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, opsOrigin, origin] =
        /metrics and health on (http:\/\/\S+)\s+listening on (http:\/\/\S+)/.exec(said) ?? [];
      if (origin !== undefined && opsOrigin !== undefined) resolve({ origin, opsOrigin });
    });
    child.once('exit', () => reject(new Error(`the gateway did not start: ${said}`)));
  });
}

async function isReady(origin: string): Promise<boolean> {
  const { status } = await fetch(`${origin}/readyz`);
  return status === 200;
}

function logFile(folder: string): string {
  return join(folder, 'gateway.log');
}

/** Lines of the request log so far. */
export function loggedRequests(folder: string): number {
  return readFileSync(logFile(folder), 'utf8').split('"msg":"request"').length - 1;
}

/** Updates through the gateway; absent: of the status only. */
export function gatewayTraffic(
  origin: string,
  to: Vendor,
  ids: readonly string[],
  examples: readonly Example[] = STATUS_ONLY,
): Traffic {
  return {
    origin,
    method: 'PATCH',
    path: '/staff/{id}',
    ids,
    headers: { authorization: `Bearer ${CLINICS[to].key}` },
    turns: withReceipt(examples),
  };
}

/** @throws Error unless what a production gateway refuses is refused: a benchmark without the checks would mean nothing */
export async function checkGateway(origin: string): Promise<void> {
  const expected: [number, string, string, string][] = [
    [401, 'st-1', 'Bearer wrong-key', '{"status":"active"}'],
    [404, 'st-unknown', `Bearer ${CLINICS.clinikapi.key}`, '{"status":"active"}'],
    [422, 'st-1', `Bearer ${CLINICS.clinikapi.key}`, '{"status":"asleep"}'],
    [422, 'st-1', `Bearer ${CLINICS.clinikapi.key}`, '{"nationalId":"12345678"}'],
    [400, 'st-1', `Bearer ${CLINICS.clinikapi.key}`, '{'],
  ];
  for (const [status, id, authorization, body] of expected) {
    const answer = await fetch(`${origin}/staff/${id}`, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
    if (answer.status !== status)
      throw new Error(`the gateway answers ${answer.status} to ${body}, not ${status}`);
  }
}
