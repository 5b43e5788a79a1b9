/** What the suites of hostile input share: bytes on a socket as they are, one row per case, and what holds for every case. */
import { connect } from 'node:net';
import { answersIn, type RawAnswer } from '../../scripts/rawHttp';
import { isObject } from '../../src/lib/json';
import { PROBLEMS } from '../../src/problem';
import { KEYS, type Stage } from './stage';

export type Spoken = RawAnswer;

export interface SpeakOptions {
  /** How many whole answers are waited for, unless the server closes before. */
  answers?: number;
  /** Says "no more from here" after the last byte. */
  end?: boolean;
}

/** Writes bytes to a new connection and collects the answers. Never rejects for a connection that the server ends. */
export function speak(
  url: string,
  bytes: Buffer | string,
  { answers = 1, end = false }: SpeakOptions = {},
): Promise<Spoken[]> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect(Number(port), hostname, () => {
      const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
      if (end) socket.end(all);
      else socket.write(all);
    });
    const finish = () => {
      socket.destroy();
      resolve(answersIn(received));
    };
    socket.on('data', (part) => {
      received = Buffer.concat([received, part]);
      if (answersIn(received).length >= answers) finish();
    });
    socket.on('error', () => undefined);
    socket.on('close', finish);
  });
}

export interface Ask {
  method?: string;
  path?: string;
  /** Null: no `Authorization`. */
  key?: string | null;
  /** Null: no `Content-Type`. */
  type?: string | null;
  headers?: readonly (readonly [name: string, value: string])[];
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: string | Buffer;
}

/** A request as bytes. Header values are Latin-1, as HTTP has them, or bytes given as such characters. */
export function requestBytes(ask: Ask): Buffer {
  const { method = 'PATCH', path = '/staff/st-1', key = KEYS.north, type = 'application/json' } = ask;
  const body = Buffer.from(ask.body ?? ('json' in ask ? JSON.stringify(ask.json) : ''));
  const head = [
    `${method} ${path} HTTP/1.1`,
    'host: gateway.example',
    ...(key === null ? [] : [`authorization: Bearer ${key}`]),
    ...(type === null || !('body' in ask || 'json' in ask) ? [] : [`content-type: ${type}`]),
    ...(body.length > 0 || method === 'PATCH' || method === 'PUT' ? [`content-length: ${body.length}`] : []),
    ...(ask.headers ?? []).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

export interface HostileCase extends Ask {
  name: string;
  status: number;
  code?: string;
  /** All complaints, as `pointer code`, in their order. */
  errors?: readonly string[];
  /** What the body of the vendor's write holds among other things. */
  wire?: Readonly<Record<string, unknown>>;
  /** Members that the body of the vendor's write does not have. */
  without?: readonly string[];
  /** How many vendor calls there are besides none; default: none where the answer is no success. */
  reachesVendor?: true;
}

/** Sends the case and checks it. */
export async function judge(stage: Stage, row: HostileCase): Promise<Spoken> {
  const [answer] = await speak(stage.url, requestBytes(row));
  if (answer === undefined) throw new Error('no answer');
  const body: unknown = answer.text === '' ? undefined : JSON.parse(answer.text);
  const code = isObject(body) && answer.status >= 400 ? body.code : undefined;
  const errors = isObject(body) && Array.isArray(body.errors) ? body.errors : [];
  expect({ status: answer.status, code, ...(row.errors && { errors: errors.map(spot) }) }).toEqual({
    status: row.status,
    code: row.code,
    ...(row.errors && { errors: row.errors }),
  });
  if (answer.status >= 400) {
    expectProblem(answer);
    if (!row.reachesVendor) expect(vendorCalls(stage)).toEqual([]);
    expect(wrote(stage)).toBe(0);
    expectNoEcho(answer, row);
  }
  if (row.wire || row.without) {
    const sent = lastWrite(stage);
    expect(sent).toMatchObject(row.wire ?? {});
    for (const name of row.without ?? []) expect(sent).not.toHaveProperty([name]);
  }
  return answer;
}

function spot(error: unknown): string {
  return isObject(error) ? `${error.pointer} ${error.code}` : 'no complaint';
}

/** RFC 9457 with the contract's members, status and type in accord. */
export function expectProblem(answer: Spoken): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  if (answer.text === '') return;
  const body: unknown = JSON.parse(answer.text);
  const known: Readonly<Record<string, { status: number; title: string }>> = PROBLEMS;
  const kind = isObject(body) ? known[String(body.code)] : undefined;
  expect(body).toMatchObject({
    type: expect.stringMatching(/^\/problems\/[a-z_]+$/),
    status: answer.status,
    title: kind?.title,
    requestId: answer.headers['x-request-id'],
    detail: expect.stringMatching(/./),
  });
  expect(kind?.status).toBe(answer.status);
}

/** Words that our own texts use, whoever sends them. */
const OUR_WORDS =
  /^(active|inactive|on-leave|male|female|other|unknown|mon|tue|wed|thu|fri|sat|sun|day|week|name|date|text|role|time|true|false|null|application\/json|close|identity|staff|north|centro|south|bearer)$/i;

/** No value that was sent comes back, outside of a pointer; nor does a key. */
export function expectNoEcho(answer: Spoken, row: Ask): void {
  const shown = answer.text.replaceAll(/"pointer":"(?:[^"\\]|\\.)*"/g, '');
  const sent = new Set([
    ...leaves('json' in row ? row.json : parsed(row.body)),
    ...(row.headers ?? []).map(([, value]) => value),
    ...(typeof row.key === 'string' ? [row.key] : []),
  ]);
  for (const value of sent) {
    if (value.length < 4 || value.length > 4000 || OUR_WORDS.test(value.trim())) continue;
    expect(shown).not.toContain(value);
    expect(shown).not.toContain(JSON.stringify(value).slice(1, -1));
  }
}

function parsed(body: string | Buffer | undefined): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    return undefined;
  }
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

const sandboxes = ({ clinikapi, vitalis, cobalt, fhir }: Stage) => [
  ...[clinikapi, vitalis, cobalt],
  ...(fhir ? [fhir] : []),
];

/** What reached any vendor. */
export function vendorCalls(stage: Stage): string[] {
  return sandboxes(stage).flatMap(({ log }) => log.map(({ method, path }) => `${method} ${path}`));
}

export function wrote(stage: Stage): number {
  return sandboxes(stage).reduce((sum, { writes }) => sum + writes, 0);
}

/** The body of the last write that reached any vendor. */
export function lastWrite(stage: Stage): unknown {
  return sandboxes(stage)
    .flatMap(({ log }) => log)
    .findLast(({ method }) => method === 'PATCH' || method === 'PUT')?.body;
}

/** The vendors as at the start, with room for as many requests as a suite sends. */
export function resetVendors(stage: Stage): void {
  for (const sandbox of sandboxes(stage)) sandbox.reset();
  stage.clinikapi.state.settings.rateLimit = 1_000_000;
}

/** One line for people, and a check: a suite that lost most of its cases would otherwise look well. */
export function printTotals(name: string, least: number, ran: number, passed: number): void {
  process.stdout.write(`${name}: ${ran} cases, ${passed} passed\n`);
  expect(ran).toBeGreaterThanOrEqual(least);
  expect(passed).toBe(ran);
}
