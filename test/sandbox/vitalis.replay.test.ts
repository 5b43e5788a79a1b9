import { readdirSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import type { Listening } from '../../sandbox/kit';
import { createVitalisSandbox } from '../../sandbox/vitalis';

/**
 * Plays every recorded exchange of the real Vitalis against the sandbox, in order, over a real socket. The clock and
 * the steps that nobody recorded are set from outside, so that bodies, lengths and ETags can be compared as they are:
 * the only masked value is the token of the two log-ins.
 */

const FOLDER = join(__dirname, '../../sandbox/recordings/vitalis');

interface Recording {
  request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  response: { status: number; headers: Record<string, string>; body: unknown };
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .sort();

let clock = Date.parse('2026-11-22T00:57:17.999Z');
const sandbox = createVitalisSandbox({ dialect: 'code', now: () => clock });
const { state } = sandbox;
const [juan] = state.professionals.all();
let listening: Listening;
let played = 0;
const tokens = new Map<string, string>();

beforeAll(async () => {
  listening = await sandbox.listen();
  tokens.set('<EXPIRED_TOKEN>', state.issueToken('1', clock - 5 * 60 * 60 * 1000));
  tokens.set('<TOKEN_OF_UNKNOWN_USER_9999>', state.issueToken('9999'));
});

afterAll(() => listening.close());

/** What unrecorded steps had done by then: the next recorded answer shows it. */
const UNRECORDED: Readonly<Record<string, () => void>> = {
  // The first professional was put back as seeded; the recorded PATCH then changes nothing, so this stamp stays.
  '013_patch_noop_same_types': () => restoreJuan('2026-11-22T00:57:19.324Z'),
  // The same after the tests of ids and tokens.
  '180_get_by_id_ok': () => restoreJuan('2026-11-22T00:57:22.926Z'),
};

function restoreJuan(updatedAt: string): void {
  if (juan) state.professionals.set({ ...juan, updatedAt });
}

test('there are 73 recordings', () => {
  expect(names).toHaveLength(73);
});

describe.each(names)('%s', (file) => {
  test('is answered as recorded', async () => {
    const recording: Recording = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
    UNRECORDED[file.replace('.json', '')]?.();
    setClock(recording);

    const answer = await play(recording);
    played += 1;

    const { status, headers, body } = recording.response;
    expect(answer.status).toBe(status);
    for (const name of ['content-type', 'x-powered-by', 'access-control-allow-origin', 'connection']) {
      expect({ [name]: answer.headers[name] }).toEqual({ [name]: headers[name] });
    }
    if (headers['content-type']?.startsWith('text/html')) {
      expect(withoutStack(answer.text)).toBe(withoutStack(String(body)));
      return;
    }
    const answered: unknown = JSON.parse(answer.text);
    expect(answer.headers['content-length']).toBe(headers['content-length']);
    if (file.includes('auth_login_ok')) {
      rememberToken(file, answered);
      expect(JSON.parse(answer.text, maskToken)).toEqual(body);
      return;
    }
    expect(answered).toEqual(body);
    // The tag is a hash of the body: the order of the members is the vendor's too.
    expect(answer.headers.etag).toBe(headers.etag);
  });
});

test('all 73 were played', () => {
  expect(played).toBe(73);
  expect(sandbox.log).toHaveLength(73);
});

/** A recorded write happened at the stamp it shows; anything else within the second of its Date header. */
function setClock({ request, response }: Recording): void {
  const stamp = /"updatedAt":"([^"]+)"/.exec(JSON.stringify(response.body))?.[1];
  clock = Date.parse(response.headers.date ?? '') + 999;
  const writes = request.method !== 'GET' && stamp !== undefined;
  const keepsStamp = JSON.stringify(state.professionals.get(1)).includes(`"updatedAt":"${stamp}"`);
  if (writes && !keepsStamp) clock = Date.parse(stamp);
}

function play({ request }: Recording): Promise<Answer> {
  const headers = { ...request.headers };
  delete headers.host;
  for (const [name, value] of Object.entries(headers)) {
    headers[name] = value.replace(/<[A-Z_0-9]+>/, (mark) => tokens.get(mark) ?? mark);
  }
  const { body } = request;
  const text = body === null ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${listening.url}${request.path}`,
      { method: request.method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const answered = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answered });
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

function rememberToken(file: string, answered: unknown): void {
  if (typeof answered !== 'object' || answered === null || !('token' in answered)) return;
  tokens.set(file.includes('admin') ? '<ADMIN_TOKEN>' : '<USER_TOKEN>', String(answered.token));
}

function maskToken(key: string, value: unknown): unknown {
  return key === 'token' ? '<TOKEN>' : value;
}

/** The page up to the stack trace, whose paths are the machine's. Node 22 adds the line and column to the message. */
function withoutStack(page: string): string {
  return page.replace(/(<br>.*)?<\/pre>/s, '</pre>').replace(/ \(line \d+ column \d+\)/, '');
}
