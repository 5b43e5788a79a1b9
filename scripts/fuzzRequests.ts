// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of other systems are what is sent here
/** The requests of `npm run fuzz`: good ones, bent in every place, the same ones for the same seed. */
import type { RawRequest } from './rawHttp';

export const CLINICS = {
  north: { vendor: 'clinikapi-main', recordId: 'pr_abc123' },
  centro: { vendor: 'vitalis-centro', recordId: '1' },
  south: { vendor: 'cobalt-main', recordId: 'abc123def4567890abcdef1234567890' },
} as const;
type ClinicName = keyof typeof CLINICS;

/** The API key of the clinic's caller. */
export const keyOf = (clinic: string) => `fuzz-key-of-${clinic}`;

/** Numbers that are the same for the same seed (mulberry32). */
export function dice(seed: number) {
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

/** The next request out of the seed's numbers, whole or bent. */
export function fuzzRequest(random: Dice): RawRequest {
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
