/**
 * The whole play on real sockets: three sandboxes, a gateway with a configuration file and a SQLite file of its own, and
 * a client. Everything is taken down by `close`.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { createCobaltSandbox } from '../../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../../sandbox/credentials';
import type { FhirSandboxOptions } from '../../sandbox/fhir';
import { createVitalisSandbox } from '../../sandbox/vitalis';
import { createLog } from '../../src/ops/log';
import { serve } from '../../src/serve';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { complaints } from './openapi';

export const KEYS = {
  north: 'key-of-north-clinic',
  centro: 'key-of-centro-clinic',
  south: 'key-of-south-clinic',
  reader: 'key-of-a-reader-in-north',
  /** Only with `fhir`. */
  west: 'key-of-west-clinic',
} as const;

/** Staff `st-1` of each clinic is linked to the record that each sandbox is seeded with. */
export const RECORDS = {
  'clinikapi-main': 'pr_abc123',
  'vitalis-centro': '1',
  'cobalt-main': 'abc123def4567890abcdef1234567890',
  'fhir-main': 'role-abc123',
} as const;

export const FACILITY = '095f8067-d3fc-4e13-b771-32f87cd0c3f2';
/** Changes on disk are seen sooner than in production, so that tests wait less. */
export const WATCH = { pollMs: 25, quietMs: 50, beatMs: 200 };
const WRITER_SCOPES = ['staff:read', 'staff:write', 'links:write', 'changes:read'];

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes are probed by the tests themselves
  body: any;
}

export type StageConfig = ReturnType<typeof baseConfig>;

export interface StageOptions {
  /** Changes the configuration before the gateway starts. */
  configure?: (config: StageConfig) => void;
  /** Default: info. */
  logLevel?: string;
  /** The time by which sessions of the console end. */
  now?: () => Date;
  vitalis?: Parameters<typeof createVitalisSandbox>[0];
  clinikapi?: Parameters<typeof createClinikapiSandbox>[0];
  cobalt?: Parameters<typeof createCobaltSandbox>[0];
  /** Opens a fourth vendor, a FHIR server, with the clinic `west`. */
  fhir?: FhirSandboxOptions;
}

export async function openStage(options: StageOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-test-'));
  const clinikapi = createClinikapiSandbox(options.clinikapi);
  const vitalis = createVitalisSandbox(options.vitalis);
  const cobalt = createCobaltSandbox(options.cobalt);
  const listening = await Promise.all([clinikapi.listen(), vitalis.listen(), cobalt.listen()]);
  const config = baseConfig(
    join(folder, 'data', 'gateway.db'),
    listening[0].url,
    listening[1].url,
    listening[2].url,
  );
  const fhir = options.fhir && (await openFhir(config, options.fhir));
  options.configure?.(config);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(config));
  const lines: string[] = [];
  const log = createLog(options.logLevel ?? 'info', { write: (line: string) => void lines.push(line) });
  const clear = async () => {
    await Promise.all([...listening, fhir?.server].map((server) => server?.close()));
    await rm(folder, { recursive: true, force: true });
  };
  const gateway = await serve({
    configPath,
    env: {},
    adapters,
    log,
    watch: WATCH,
    ...(options.now && { now: options.now }),
  }).catch(async (error: unknown) => {
    // A configuration that is refused leaves nothing open.
    await clear();
    throw error;
  });

  const call = async (
    method: string,
    path: string,
    {
      key = KEYS.north,
      body,
      headers = {},
    }: { key?: string | null; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> => {
    const response = await fetch(gateway.url + path, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/merge-patch+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const wrong = complaints({ method, path, status: response.status, headers: response.headers, text });
    if (wrong.length > 0) throw new Error(`not as the OpenAPI document says:\n${wrong.join('\n')}`);
    const isJson = /[/+]json(;|$)/.test(response.headers.get('content-type') ?? 'application/json');
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
    };
  };

  await linkAll(config);

  return {
    url: gateway.url,
    folder,
    config,
    configPath,
    lines,
    clinikapi,
    vitalis,
    cobalt,
    /** With the option of that name. */
    fhir: fhir?.sandbox,
    gateway,
    call,
    /** Sends an update of `st-1`, or of another staff id, as the clinic of `key`. */
    patch: (key: string, body: unknown, headers: Record<string, string> = {}, id = 'st-1', query = '') =>
      call('PATCH', `/staff/${id}${query}`, { key, body, headers }),
    /** Writes the configuration file anew; the gateway notices by itself. */
    rewrite: (next: unknown) => writeFile(configPath, typeof next === 'string' ? next : stringify(next)),
    close: async () => {
      await gateway.close();
      await clear();
    },
  };
}

/** Loaded only if it is wanted: it knows the whole standard. */
function fhirServer(): typeof import('../../sandbox/fhir') {
  return require('../../sandbox/fhir');
}

async function openFhir(config: StageConfig, options: FhirSandboxOptions) {
  const { createFhirSandbox, FHIR_BASE } = fhirServer();
  const sandbox = createFhirSandbox(options);
  const server = await sandbox.listen();
  config.vendors['fhir-main'] = {
    adapter: 'fhir',
    baseUrl: server.url + FHIR_BASE,
    credentials: { token: SANDBOX_CREDENTIALS.fhir.token },
    options: { nationalIdSystem: 'urn:oid:2.16.32.5.3' },
  };
  config.clinics.west = { vendor: 'fhir-main', identity: 'linked' };
  config.callers.push({
    name: 'west-app',
    keySha256: hash(KEYS.west),
    clinic: 'west',
    scopes: WRITER_SCOPES,
  });
  return { sandbox, server };
}

/**
 * Past the gateway, as an import does: a link that is put through it is held against the vendor, which many tests have fail or
 * count.
 */
async function linkAll({ store, clinics }: StageConfig): Promise<void> {
  const database = await openDatabase(store.url);
  const links = createLinks(database);
  for (const [clinic, { vendor }] of Object.entries(clinics)) {
    const vendorRecordId = Object.entries(RECORDS).find(([name]) => name === vendor)?.[1];
    // A vendor record has one staff id over all clinics, so each clinic links only its own vendor's.
    if (vendorRecordId === undefined) continue;
    await links.put({ clinic, staffId: 'st-1', vendor, vendorRecordId }, { checked: true });
  }
  await database.close();
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

function hash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function baseConfig(database: string, clinikapi: string, vitalis: string, cobalt: string) {
  const clinics: Record<string, { vendor: string; identity: 'linked' | 'direct' }> = {
    north: { vendor: 'clinikapi-main', identity: 'linked' },
    centro: { vendor: 'vitalis-centro', identity: 'linked' },
    south: { vendor: 'cobalt-main', identity: 'linked' },
  };
  // biome-ignore lint/suspicious/noExplicitAny: tests change any key, wrong ones too
  const vendors: Record<string, any> = {
    'clinikapi-main': {
      adapter: 'clinikapi',
      baseUrl: clinikapi,
      credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
    },
    'vitalis-centro': {
      adapter: 'vitalis',
      baseUrl: vitalis,
      credentials: { token: SANDBOX_CREDENTIALS.vitalis.staticAdminToken },
      codes: {
        specialty: { '394579002': 1, '394537008': 2, '419192003': 3 },
        gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
      },
    },
    'cobalt-main': {
      adapter: 'cobalt',
      baseUrl: cobalt,
      credentials: { ...SANDBOX_CREDENTIALS.cobalt },
      codes: { location: { centro: FACILITY } },
    },
  };
  return {
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${database}` },
    vendors,
    clinics,
    callers: [
      { name: 'north-app', keySha256: hash(KEYS.north), clinic: 'north', scopes: WRITER_SCOPES },
      { name: 'centro-app', keySha256: hash(KEYS.centro), clinic: 'centro', scopes: WRITER_SCOPES },
      { name: 'south-app', keySha256: hash(KEYS.south), clinic: 'south', scopes: WRITER_SCOPES },
      { name: 'reader', keySha256: hash(KEYS.reader), clinic: 'north', scopes: ['staff:read'] },
    ],
  };
}
