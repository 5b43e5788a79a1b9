// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of other systems are what is sent here
/**
 * `npm run fuzz`: a gateway and three vendor sandboxes in this process, and requests over real keep-alive connections that are
 * bent in every place: body, bytes, headers, path, framing. Fails on a crash, a 5xx, a refusal without a problem document, or
 * no answer at all.
 *
 *   node dist/scripts/fuzz.js [--count 100000] [--seed 1] [--connections 8] [--minutes 30]
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { adapters } from '../adapters';
import { createClinikapiSandbox } from '../sandbox/clinikapi';
import { createCobaltSandbox } from '../sandbox/cobalt';
import { SANDBOX_CREDENTIALS } from '../sandbox/credentials';
import { createVitalisSandbox } from '../sandbox/vitalis';
import { createLog } from '../src/ops/log';
import { serve } from '../src/serve';

export interface FuzzOptions {
  count: number;
  seed: number;
  connections: number;
  /** The run ends then, however much is done. */
  milliseconds: number;
  progress?: (done: number) => void;
}

export interface FuzzTotals {
  requests: number;
  /** Answers by status. */
  statuses: Readonly<Record<string, number>>;
  crashes: number;
  serverErrors: number;
  /** Answers that are no success and no problem document. */
  bare: number;
  /** Whole requests without any answer in ten seconds, or on whose connection the server hung up. */
  unanswered: number;
  /** The first few requests that went wrong, as they were sent. */
  examples: readonly string[];
}

export interface RawAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  text: string;
}

/** The whole answers at the start of the bytes. An interim answer (1xx) is none. */
export function answersIn(bytes: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const [start = '', ...lines] = bytes.subarray(at, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const status = Number(start.split(' ')[1]);
    const body = end + 4;
    at = body + Number(headers['content-length'] ?? 0);
    if (bytes.length < at) return answers;
    if (status >= 200) answers.push({ status, headers, text: bytes.subarray(body, at).toString('utf8') });
  }
}

const CLINICS = {
  north: { vendor: 'clinikapi-main', recordId: 'pr_abc123' },
  centro: { vendor: 'vitalis-centro', recordId: '1' },
  south: { vendor: 'cobalt-main', recordId: 'abc123def4567890abcdef1234567890' },
} as const;
type ClinicName = keyof typeof CLINICS;

const keyOf = (clinic: string) => `fuzz-key-of-${clinic}`;

async function openTarget() {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-fuzz-'));
  // The vendors keep no log of what arrives: a hundred thousand requests would be held in memory.
  const clinikapi = createClinikapiSandbox({ rateLimit: Number.MAX_SAFE_INTEGER, logLimit: 1 });
  const vendors = [clinikapi, createVitalisSandbox({ logLimit: 1 }), createCobaltSandbox({ logLimit: 1 })];
  const [first, second, third] = await Promise.all(vendors.map((vendor) => vendor.listen()));
  const config = {
    server: { host: '127.0.0.1', port: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: `sqlite:${join(folder, 'gateway.db')}` },
    vendors: {
      'clinikapi-main': {
        adapter: 'clinikapi',
        baseUrl: first?.url,
        credentials: { apiKey: SANDBOX_CREDENTIALS.clinikapi.liveKey },
      },
      'vitalis-centro': {
        adapter: 'vitalis',
        baseUrl: second?.url,
        credentials: { token: SANDBOX_CREDENTIALS.vitalis.staticAdminToken },
        codes: {
          specialty: { '394579002': 1, '394537008': 2 },
          gender: { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' },
        },
      },
      'cobalt-main': {
        adapter: 'cobalt',
        baseUrl: third?.url,
        credentials: { ...SANDBOX_CREDENTIALS.cobalt },
        codes: { location: { centro: '095f8067-d3fc-4e13-b771-32f87cd0c3f2' } },
      },
    },
    clinics: Object.fromEntries(
      Object.entries(CLINICS).map(([name, { vendor }]) => [name, { vendor, identity: 'linked' }]),
    ),
    callers: Object.keys(CLINICS).map((clinic) => ({
      name: `${clinic}-fuzz`,
      keySha256: createHash('sha256').update(keyOf(clinic)).digest('hex'),
      clinic,
      scopes: ['staff:read', 'staff:write', 'links:write', 'changes:read'],
    })),
  };
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(config));
  const log = createLog('fatal', { write: () => undefined });
  const gateway = await serve({ configPath, env: {}, adapters, log });
  for (const [clinic, { vendor, recordId }] of Object.entries(CLINICS)) {
    await fetch(`${gateway.url}/staff/st-1/links/${vendor}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${keyOf(clinic)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ vendorRecordId: recordId }),
    });
  }
  return {
    url: gateway.url,
    close: async () => {
      await gateway.close();
      await Promise.all([first, second, third].map((vendor) => vendor?.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Numbers that are the same for the same seed (mulberry32). */
function dice(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0];
  return { below, pick, chance: (share: number) => next() < share };
}
type Dice = ReturnType<typeof dice>;

const TEXTS = [
  '',
  ' ',
  'x',
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '__proto__',
  'constructor',
  'toString',
  '../..',
  '%00',
  '\0',
  '\r\n',
  '\t',
  '\u200b',
  '\u202e',
  '\ufeff',
  '\ud800',
  '😀',
  'e\u0301',
  'İ',
  'ß',
  '１２３',
  '٣',
  "' OR 1=1--",
  '<script>',
  '${x}',
  '{{x}}',
  '=1+1',
  'active',
  'inactive',
  'on-leave',
  'male',
  'ACTIVE',
  'mon',
  'Monday',
  '09:00',
  '24:00',
  '23:59:59',
  '2024-02-29',
  '2023-02-29',
  '9999-12-31',
  '0000-00-00',
  '2024-01-01T00:00:00Z',
  '00012345',
  '12.345.678',
  '+54 11 4567-8901',
  'a@b.example',
  'http://snomed.info/sct',
  '394579002',
  'centro',
  'org_1',
  'x'.repeat(100),
  'x'.repeat(201),
  'x'.repeat(5000),
  '\u0301'.repeat(600),
] as const satisfies readonly [string, ...string[]];
const VALUES: readonly [unknown, ...unknown[]] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  1.5,
  1e308,
  2 ** 53,
  [],
  {},
  [null],
  [[]],
  { '': 1 },
  { a: { b: { c: [] } } },
  ...TEXTS,
];
const NAMES = [
  'status',
  'name',
  'given',
  'family',
  'nationalId',
  'birthDate',
  'gender',
  'address',
  'text',
  'phone',
  'email',
  'role',
  'specialty',
  'code',
  'display',
  'system',
  'organizationId',
  'locationId',
  'period',
  'start',
  'end',
  'availableTime',
  'daysOfWeek',
  'availableStartTime',
  'availableEndTime',
  'recurrence',
  'interval',
  'unit',
  'id',
  'meta',
  'dni',
  'state',
  'hours',
  '__proto__',
  'constructor',
  'a/b',
  'm~n',
  '',
  'é',
] as const satisfies readonly [string, ...string[]];

const BLOCK = {
  daysOfWeek: ['mon', 'tue'],
  availableStartTime: '08:00',
  availableEndTime: '12:00',
  locationId: 'centro',
  period: { start: '2024-01-01', end: '2025-01-01' },
  recurrence: { interval: 1, unit: 'day', start: '2024-01-01', description: 'x' },
};
const SEEDS: Readonly<Record<ClinicName, readonly [object, ...object[]]>> = {
  north: [
    { status: 'inactive' },
    { role: 'doctor', specialty: { code: '394579002', display: 'Cardiology' }, organizationId: 'org_1' },
    { period: { start: '2024-01-01' }, locationId: 'loc_1' },
  ],
  centro: [
    {
      name: { given: 'Ana', family: 'Núñez' },
      nationalId: '12345678',
      birthDate: '1980-02-29',
      gender: 'female',
    },
    {
      address: { text: 'Calle 1' },
      phone: '+54 11 4567-8901',
      email: 'a@b.example',
      specialty: { code: '394579002' },
    },
    { status: 'on-leave' },
  ],
  south: [
    { status: 'active' },
    { availableTime: [BLOCK] },
    { availableTime: [{ ...BLOCK, daysOfWeek: ['sun'] }, BLOCK] },
  ],
};

/** A copy with one place replaced, removed, added or doubled. */
function bent(value: unknown, { below, pick, chance }: Dice): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = [...value];
    const at = below(items.length + 1);
    if (chance(0.6) && at < items.length) items[at] = bent(items[at], { below, pick, chance });
    else if (chance(0.5)) items.splice(at, 1);
    else items.splice(at, 0, chance(0.5) ? items[0] : pick(VALUES));
    return items;
  }
  if (typeof value !== 'object' || value === null || chance(0.15)) return pick(VALUES);
  const entries = Object.entries(value);
  const at = below(entries.length + 1);
  const entry = entries[at];
  if (entry && chance(0.7)) entries[at] = [entry[0], bent(entry[1], { below, pick, chance })];
  else if (entry && chance(0.5)) entries.splice(at, 1);
  else entries.push([pick(NAMES), pick(VALUES)]);
  // fromEntries defines its members, so that __proto__ goes out as a member.
  return Object.fromEntries(entries);
}

function bentBytes(bytes: Buffer, { below, pick, chance }: Dice): Buffer {
  const copy = Buffer.from(bytes);
  const at = below(copy.length + 1);
  if (chance(0.4) && at < copy.length) copy[at] = below(256);
  else if (chance(0.5))
    return Buffer.concat([copy.subarray(0, at), copy.subarray(Math.min(copy.length, at + 1 + below(8)))]);
  else return Buffer.concat([copy.subarray(0, at), Buffer.from(pick(TEXTS)), copy.subarray(at)]);
  return copy;
}

const HEADER_NAMES = [
  'prefer',
  'if-match',
  'idempotency-key',
  'x-request-id',
  'traceparent',
  'content-type',
  'content-encoding',
  'authorization',
  'accept',
  'expect',
  'range',
  'cookie',
  'x-http-method-override',
  'transfer-encoding',
  'content-length',
  'host',
  'connection',
  'upgrade',
  'te',
] as const satisfies readonly [string, ...string[]];
const HEADER_VALUES = [
  'handling=lenient',
  'return=minimal',
  '*',
  '"x"',
  'W/"x"',
  'application/json',
  'text/plain',
  'gzip',
  'chunked',
  '100-continue',
  'identity',
  '0',
  '-1',
  '99999999999',
  'close',
  'keep-alive',
  'websocket',
  'Bearer x',
  'wait=1',
  ',,,',
  '"',
  '\\',
] as const satisfies readonly [string, ...string[]];
const PATHS = [
  '/staff/st-1',
  '/staff/nobody',
  '/staff/st-1/links',
  '/staff/st-1/links/nowhere',
  '/capabilities',
  '/changes',
  '/operations/x',
  '/healthz',
  '/readyz',
  '/openapi.json',
  '/docs',
  '/problems/conflict',
  '/',
  '*',
  '/staff/st-1?dryRun=true',
  '/changes?limit=1',
] as const satisfies readonly [string, ...string[]];
const METHODS = [
  'GET',
  'PATCH',
  'PUT',
  'POST',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
] as const satisfies readonly [string, ...string[]];

interface FuzzRequest {
  bytes: Buffer;
  /** The framing itself is bent: the server may be left waiting for the rest. */
  bent: boolean;
}

function fuzzRequest(random: Dice): FuzzRequest {
  const { below, pick, chance } = random;
  const clinic = pick<ClinicName>(['north', 'centro', 'south']);
  let body: unknown = pick(SEEDS[clinic]);
  for (let times = below(4); times > 0; times -= 1) body = bent(body, random);
  let bytes: Buffer = Buffer.from(JSON.stringify(body) ?? 'null');
  if (chance(0.15)) bytes = bentBytes(bytes, random);
  const method = chance(0.94) ? 'PATCH' : pick(METHODS);
  let path: string = chance(0.9) ? '/staff/st-1' : pick(PATHS);
  if (chance(0.06)) path = `/staff/${encodeURIComponent(pick(TEXTS).replaceAll(/\p{Surrogate}/gu, ''))}`;
  if (chance(0.03))
    path += `?${pick(NAMES)}=${encodeURIComponent(pick(TEXTS).replaceAll(/\p{Surrogate}/gu, ''))}`;
  const extra = Array.from({ length: chance(0.2) ? 1 + below(3) : 0 }, () => {
    const text = chance(0.5) ? pick(HEADER_VALUES) : pick(TEXTS);
    const name = pick(HEADER_NAMES);
    return `${name}: ${Buffer.from(text.replaceAll(/[\r\n\0]/g, '')).toString('latin1')}`;
  });
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: fuzz.example',
    ...(chance(0.97) ? [`authorization: Bearer ${keyOf(clinic)}`] : []),
    ...(chance(0.97) ? ['content-type: application/merge-patch+json'] : []),
    ...(chance(0.3) ? ['prefer: handling=lenient'] : []),
    `content-length: ${bytes.length}`,
    ...extra,
  ].join('\r\n');
  const whole = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), bytes]);
  return chance(0.05) ? { bytes: bentBytes(whole, random), bent: true } : { bytes: whole, bent: false };
}

const PATIENCE_MS = 10_000;

/** One connection that is used again as long as the server keeps it. */
class Line {
  readonly #url: URL;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #notify: () => void = () => undefined;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** The answer; `closed` where the server ended the connection without one, `hang` where nothing came in time. */
  async ask({ bytes, bent: hasty }: FuzzRequest): Promise<RawAnswer | 'closed' | 'hang'> {
    const socket = this.#open();
    socket.write(bytes);
    const hurry = hasty ? setTimeout(() => socket.end(), 500) : undefined;
    const patience = setTimeout(() => this.close(), PATIENCE_MS);
    const started = performance.now();
    try {
      for (;;) {
        const [answer] = answersIn(this.#received);
        if (answer) {
          if (answer.headers.connection === 'close' || answersIn(this.#received).length > 1) this.close();
          this.#received = Buffer.alloc(0);
          return answer;
        }
        if (this.#socket !== socket) return performance.now() - started > PATIENCE_MS ? 'hang' : 'closed';
        await new Promise<void>((resolve) => {
          this.#notify = resolve;
        });
      }
    } finally {
      clearTimeout(hurry);
      clearTimeout(patience);
      // The server may still wait for the rest of a body that it did not need to answer.
      if (hasty || !socket.writable) this.close();
    }
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
    this.#notify();
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    socket.on('data', (part) => {
      if (this.#socket !== socket) return;
      this.#received = Buffer.concat([this.#received, part]);
      this.#notify();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#notify();
    });
    this.#socket = socket;
    return socket;
  }
}

/** Sends the requests; a defect in the gateway is counted, not thrown. */
export async function fuzz(options: FuzzOptions): Promise<FuzzTotals> {
  const target = await openTarget();
  const random = dice(options.seed);
  const statuses: Record<string, number> = {};
  const examples: string[] = [];
  const totals = { requests: 0, crashes: 0, serverErrors: 0, bare: 0, unanswered: 0 };
  const crashed = (error: unknown) => {
    totals.crashes += 1;
    examples.push(String(error instanceof Error ? error.stack : error));
  };
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  const until = performance.now() + options.milliseconds;

  const note = ({ bytes, bent: hasty }: FuzzRequest, answer: RawAnswer | 'closed' | 'hang') => {
    totals.requests += 1;
    const status = typeof answer === 'string' ? answer : String(answer.status);
    statuses[status] = (statuses[status] ?? 0) + 1;
    // A connection may be closed on what is no HTTP, or ends in the middle.
    const unanswered = answer === 'hang' || (answer === 'closed' && !hasty);
    const wrong = unanswered ? 'unanswered' : typeof answer === 'string' ? undefined : wrongWith(answer);
    if (wrong !== undefined) totals[wrong] += 1;
    if (wrong !== undefined && examples.length < 10) {
      examples.push(
        `${status} ${typeof answer === 'string' ? '' : answer.text.slice(0, 300)}\n${JSON.stringify(bytes.toString('latin1').slice(0, 1500))}`,
      );
    }
  };
  let begun = 0;
  const work = async () => {
    const line = new Line(target.url);
    while (begun < options.count && performance.now() < until) {
      begun += 1;
      const request = fuzzRequest(random);
      note(request, await line.ask(request));
      if (totals.requests % 1000 === 0) options.progress?.(totals.requests);
    }
    line.close();
  };
  try {
    await Promise.all(Array.from({ length: options.connections }, work));
    const alive = await fetch(`${target.url}/readyz`).catch(() => undefined);
    if (alive?.status !== 200) crashed('the gateway is not ready any more');
  } finally {
    await target.close();
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }
  return { ...totals, statuses, examples };
}

function wrongWith({ status, headers, text }: RawAnswer): 'serverErrors' | 'bare' | undefined {
  if (status >= 500) return 'serverErrors';
  // Without a host, or with a wish that nobody knows, Node answers before the gateway sees anything.
  const isNodes = (status === 400 || status === 417) && text === '' && headers['x-request-id'] === undefined;
  const isProblem = headers['content-type']?.startsWith('application/problem+json');
  return status >= 400 && !isProblem && !isNodes ? 'bare' : undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      connections: { type: 'string', default: '8' },
      minutes: { type: 'string', default: '30' },
    },
  });
  const count = Number(values.count);
  const seed = Number(values.seed);
  const started = performance.now();
  process.stdout.write(`fuzz: seed ${seed}, ${count} requests over ${values.connections} connections\n`);
  const totals = await fuzz({
    count,
    seed,
    connections: Number(values.connections),
    milliseconds: Number(values.minutes) * 60_000,
    progress: (done) => {
      const seconds = (performance.now() - started) / 1000;
      if (done % 10_000 === 0) {
        process.stdout.write(`fuzz: ${done} of ${count}, ${Math.round(done / seconds)}/s\n`);
      }
    },
  });
  for (const example of totals.examples) process.stdout.write(`${example}\n`);
  process.stdout.write(`fuzz: answers ${JSON.stringify(totals.statuses)}\n`);
  process.stdout.write(
    `fuzz: ${totals.requests} requests, ${totals.crashes} crashes, ${totals.serverErrors} 5xx, ${totals.bare} without a problem document, ${totals.unanswered} without an answer\n`,
  );
  if (totals.requests < count) process.stdout.write('fuzz: the time was over before all were sent\n');
  const wrong = totals.crashes + totals.serverErrors + totals.bare + totals.unanswered;
  if (wrong > 0 || totals.requests < count) process.exitCode = 1;
}

if (require.main === module) void main();
