/**
 * The vendors, as cheap as they can be: one bare node:http server in a process of its own that holds records, applies
 * updates to them, and refuses a request that is not what the vendor wants. A subject that skips its work gets errors.
 *
 * Environment: `STUB_LATENCY_MS` (default 0), `STUB_COBALT_PROVIDERS` (default 32).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { announce } from './subjects/announce';

/** What the stub has seen of one vendor since it was last asked. */
export interface VendorCounts {
  reads: number;
  writes: number;
  refused: number;
}

export type StubCounts = Record<VendorName, VendorCounts>;
type VendorName = 'clinikapi' | 'vitalis' | 'cobalt' | 'chat';

/** `reset`: the counts so far; all records are as in the beginning afterwards. `roles`: ClinikAPI's roles as JSON, by their ids. */
export type StubCommand = 'reset' | 'roles';

type Fields = Record<string, unknown>;
type Answer = readonly [status: number, json: string];

const latency = Number(process.env.STUB_LATENCY_MS ?? 0);
const providerCount = Number(process.env.STUB_COBALT_PROVIDERS ?? 32);

const counts: StubCounts = {
  clinikapi: noCounts(),
  vitalis: noCounts(),
  cobalt: noCounts(),
  chat: noCounts(),
};
const roles = new Map<string, Fields>();
const practitioners = new Map<string, Fields>();
const professionals = new Map<string, Fields>();
const providers = new Map<string, Fields>();
/** Each provider as JSON: the list is read after every write. */
const providerTexts = new Map<string, string>();
let revision = 0;

function noCounts(): VendorCounts {
  return { reads: 0, writes: 0, refused: 0 };
}

function reset(): void {
  for (const vendor of [counts.clinikapi, counts.vitalis, counts.cobalt, counts.chat]) {
    Object.assign(vendor, noCounts());
  }
  roles.clear();
  practitioners.clear();
  professionals.clear();
  for (let index = 0; index < providerCount; index += 1) {
    keepProvider({
      id: cobaltId(index),
      ehr_id: String(90_000 + index),
      npi: String(1_000_000_000 + index),
      name: 'Doe, John',
      timezone: 'America/Phoenix',
      status: 'active',
      hide_in_availability: false,
      hours: [
        {
          day: 'Monday',
          shifts: [
            {
              start: 'T08:00:00',
              end: 'T12:00:00',
              facility_id: '095f8067d3fc4e13b77132f87cd0c3f2',
              facility_name: 'Happy Clinic',
              set_start_date: '2025-11-13T00:00:00',
            },
          ],
        },
      ],
    });
  }
}

function keepProvider(provider: Fields): void {
  const id = String(provider.id);
  providers.set(id, provider);
  providerTexts.set(id, JSON.stringify(provider));
}

/** The id of the provider at this place of the list. */
export function cobaltId(index: number): string {
  return `c0ba1700${index.toString(16).padStart(24, '0')}`;
}

function role(id: string): Fields {
  const known = roles.get(id);
  if (known) return known;
  const fresh = {
    id,
    practitionerId: id.replace('pr_', 'prac_'),
    role: 'doctor',
    status: 'active',
    specialty: { code: '394733009', display: 'Medical specialty' },
    period: { start: '2023-01-01' },
  };
  roles.set(id, fresh);
  return fresh;
}

function professional(id: string): Fields {
  const known = professionals.get(id);
  if (known) return known;
  const fresh = {
    id: Number(id),
    name: 'Juan',
    surname: 'Pérez García',
    dni: 12_345_678,
    birthdate: '1985-03-15T00:00:00.000Z',
    gender: 'Masculino',
    address: 'Av. de Mayo 1',
    phone: '+54 11 1111-1111',
    email: 'j@x.com',
    specialityID: 1,
    state: 'Activo/a',
    createdAt: '2026-11-22T00:55:16.473Z',
    updatedAt: '2026-11-22T00:55:16.749Z',
  };
  professionals.set(id, fresh);
  return fresh;
}

const PRACTITIONERS = '/v1/practitioners/';
const ROLES_OF = '/v1/practitioner-roles?practitionerId=prac_';
const ROLES = '/v1/practitioner-roles/';
const PROFESSIONALS = '/professionals/';
const PROVIDERS = '/v1/providers';
const CHAT = '/v1/chat/completions';
const ROLE_FIELDS = ['role', 'status', 'specialty', 'period', 'organizationId', 'locationId'];
const STATUS_WORDS: readonly unknown[] = ['active', 'inactive'];
const STATE_WORDS: readonly unknown[] = ['Activo/a', 'Inactivo/a'];
const PROFESSIONAL_FIELDS = 'name surname dni birthdate gender address phone email specialityID state'.split(
  ' ',
);

function answer({ method, url = '', headers }: IncomingMessage, text: string): Answer {
  if (url.startsWith(ROLES_OF)) {
    counts.clinikapi.reads += 1;
    const number = url.slice(ROLES_OF.length).split('&')[0];
    return [200, `{"data":{"data":[${JSON.stringify(role(`pr_${number}`))}],"hasMore":false}}`];
  }
  if (url.startsWith(PRACTITIONERS)) return practitioner(method, url.slice(PRACTITIONERS.length), text);
  if (url.startsWith(ROLES)) {
    if (headers['x-api-key'] === undefined) return refuse(counts.clinikapi, 401, 'no key');
    return clinikapi(method, url.slice(ROLES.length), text);
  }
  if (url.startsWith(PROFESSIONALS)) {
    if (headers.authorization === undefined) return refuse(counts.vitalis, 401, 'no token');
    return vitalis(method, url.slice(PROFESSIONALS.length), text);
  }
  if (url.startsWith(PROVIDERS)) {
    if (headers.access_token === undefined) return refuse(counts.cobalt, 401, 'no token');
    return cobalt(method, url.slice(PROVIDERS.length + 1), text);
  }
  if (url === CHAT) return chat(text);
  return [404, '{"error":"no such path"}'];
}

function clinikapi(method: string | undefined, id: string, text: string): Answer {
  const stored = role(id);
  if (method === 'PATCH') {
    const body: Fields = JSON.parse(text);
    const known = Object.keys(body).every((name) => ROLE_FIELDS.includes(name));
    const rightStatus = body.status === undefined || STATUS_WORDS.includes(body.status);
    if (!known || !rightStatus || text === '{}') return refuse(counts.clinikapi, 422, 'the role');
    Object.assign(stored, body);
    counts.clinikapi.writes += 1;
  } else counts.clinikapi.reads += 1;
  const meta =
    '{"requestId":"req_k8f3a7x2","timestamp":"2025-01-15T09:15:00.000Z","status":200,"rateLimitTotal":500,"rateLimitRemaining":498,"rateLimitReset":3600}';
  return [200, `{"data":${JSON.stringify(stored)},"meta":${meta}}`];
}

function practitioner(method: string | undefined, id: string, text: string): Answer {
  const stored = practitioners.get(id) ?? { id, firstName: 'Ana', lastName: 'Ruiz' };
  practitioners.set(id, stored);
  if (method === 'PATCH') {
    Object.assign(stored, JSON.parse(text));
    counts.clinikapi.writes += 1;
  } else counts.clinikapi.reads += 1;
  return [200, `{"data":${JSON.stringify(stored)}}`];
}

function vitalis(method: string | undefined, id: string, text: string): Answer {
  const stored = professional(id);
  if (method === 'PATCH') {
    const body: Fields = JSON.parse(text);
    const whole = PROFESSIONAL_FIELDS.every((name) => body[name] !== undefined);
    if (!whole || !STATE_WORDS.includes(body.state))
      return refuse(counts.vitalis, 400, 'the whole record is wanted');
    revision += 1;
    const updatedAt = new Date(1_763_000_000_000 + revision).toISOString();
    Object.assign(stored, body, { dni: Number(body.dni), updatedAt });
    counts.vitalis.writes += 1;
  } else counts.vitalis.reads += 1;
  return [200, JSON.stringify({ professional: stored })];
}

function cobalt(method: string | undefined, id: string, text: string): Answer {
  if (method !== 'PATCH') {
    counts.cobalt.reads += 1;
    return [200, `{"success":true,"providers":[${[...providerTexts.values()].join()}]}`];
  }
  const stored = providers.get(id);
  const body: Fields = JSON.parse(text);
  if (stored === undefined || !STATUS_WORDS.includes(body.status))
    return refuse(counts.cobalt, 400, 'status');
  keepProvider({ ...stored, ...body, ...(Array.isArray(body.hours) && { hours: body.hours.map(named) }) });
  counts.cobalt.writes += 1;
  const message = 'Provider status and hours updated successfully.';
  return [200, JSON.stringify({ success: true, message, provider_id: id })];
}

/** What Cobalt adds to the shifts that it is sent. */
function named({ day, shifts }: { day: string; shifts: Fields[] }): Fields {
  return { day, shifts: shifts.map((shift) => ({ ...shift, facility_name: 'Happy Clinic' })) };
}

/** Answers a chat completion with the last message: what an LLM gateway is measured with. */
function chat(text: string): Answer {
  const { messages }: { messages: { content: string }[] } = JSON.parse(text);
  counts.chat.writes += 1;
  const message = { role: 'assistant', content: messages.at(-1)?.content };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  return [
    200,
    JSON.stringify({ id: 'c1', object: 'chat.completion', created: 1, model: 'stub', choices, usage }),
  ];
}

function refuse(vendor: VendorCounts, status: number, reason: string): Answer {
  vendor.refused += 1;
  return [status, JSON.stringify({ error: reason })];
}

function send(res: ServerResponse, [status, json]: Answer): void {
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(json),
  });
  res.end(json);
}

/** No subject waits for its next turn so long: one that closed a connection just then would fail a request. */
const IDLE_MS = 15 * 60_000;

if (require.main === module) {
  reset();
  const server = createServer({ keepAliveTimeout: IDLE_MS }, (req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => {
      text += chunk;
    });
    req.on('end', () => {
      const ready = answer(req, text);
      if (latency > 0) setTimeout(send, latency, res, ready);
      else send(res, ready);
    });
  });
  process.on('message', (command: StubCommand) => {
    if (command === 'roles') {
      const sorted = [...roles].sort(([a], [b]) => (a < b ? -1 : 1));
      return void process.send?.(JSON.stringify(sorted));
    }
    process.send?.(counts);
    reset();
  });
  announce(server);
}
