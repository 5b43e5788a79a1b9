/**
 * What every adapter must do, told by its own recordings: the gateway runs whole, the vendor is `recordings/<scenario>.json`.
 * A new vendor adds its folder; nothing here names one.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { isObject } from '../../src/lib/json';
import { createLog } from '../../src/ops/log';
import type { ReceiptRow } from '../../src/receipt';
import { serve } from '../../src/serve';
import { DAYS, GENDERS, STATUSES } from '../../src/staff/fields';
import { openReplay, type RecordedExchange, type Replay } from '../support/replay';

const SCENARIOS = [
  'updated',
  'cleared-or-refused',
  'unsupported',
  'not-found',
  'rejected',
  'conflict',
  'unauthorised-then-ok',
  'rate-limited',
  'server-error',
  'timeout',
  'malformed-200',
  'resources',
  'partial',
  'version-conflict',
  'list',
] as const;

/** The credentials, options and codes that the recordings of a vendor are played with. */
interface Connection {
  credentials: Record<string, string>;
  options?: object;
  codes?: object;
  timeoutMs?: number;
}

interface Recording {
  origin: 'recorded' | 'document' | 'assumed';
  source: string;
  given: {
    settings?: Partial<Connection>;
    prefer?: string;
    id: string;
    patch: Record<string, unknown>;
    /** Instead of an update: the query of a list. */
    list?: string;
  };
  exchanges: RecordedExchange[];
  then: {
    status: number;
    code?: string;
    outcome?: string;
    receipt?: ReceiptRow[];
    /** Of a list: its rows. */
    data?: object;
    errors?: { pointer: string; code: string }[];
    vendor?: object;
    retryAfter?: string;
    /** Codes of the warnings. */
    warnings?: string[];
  };
}

type Scenario = Recording | { cannotHappen: string };

function folderOf(adapter: string): string {
  return join(__dirname, '../../adapters', adapter, 'recordings');
}

function readScenario(adapter: string, name: string): Scenario {
  return JSON.parse(readFileSync(join(folderOf(adapter), `${name}.json`), 'utf8'));
}

const KEY = 'key-of-the-conformance-suite';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** The gateway with one clinic whose ids are the vendor's own, in front of a vendor that is a recording. */
async function play(adapter: string, exchanges: RecordedExchange[], settings: Partial<Connection> = {}) {
  const connection: Connection = JSON.parse(readFileSync(join(folderOf(adapter), 'connection.json'), 'utf8'));
  const folder = await mkdtemp(join(tmpdir(), 'gateway-conformance-'));
  const replay = await openReplay(exchanges);
  const used = { ...connection, ...settings };
  const configPath = join(folder, 'gateway.yaml');
  const caller = { name: 'suite', clinic: 'clinic', scopes: ['staff:read', 'staff:write'] };
  await writeFile(
    configPath,
    stringify({
      server: { port: 0, drainMs: 0 },
      ops: { port: 0 },
      store: { url: `sqlite:${join(folder, 'data', 'gateway.db')}` },
      vendors: { vendor: { adapter, baseUrl: replay.url, ...used } },
      clinics: { clinic: { vendor: 'vendor', identity: 'direct' } },
      callers: [{ ...caller, keySha256: createHash('sha256').update(KEY).digest('hex') }],
    }),
  );
  const lines: string[] = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const gateway = await serve({ configPath, env: {}, adapters, log });
  return {
    replay,
    lines,
    credentials: Object.values(used.credentials),
    // A raw path, because URL classes tidy up exactly what is tried here.
    send: (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
      send(gateway.url, method, path, body, headers),
    close: async () => {
      await gateway.close();
      await replay.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function send(
  url: string,
  method: string,
  path: string,
  body: object | undefined,
  headers: Record<string, string>,
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const all = { authorization: `Bearer ${KEY}`, 'content-type': 'application/merge-patch+json', ...headers };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What an answer says of what a recording expects of it; a receipt of a problem, and data, only if the recording has them. */
function shownBy({ status, headers, text }: Answer, then: Recording['then']) {
  const { code, outcome, errors = [], meta, receipt, data } = JSON.parse(text);
  return {
    status,
    code,
    outcome,
    retryAfter: headers['retry-after'],
    warnings: (meta?.warnings ?? []).map((row: { code: string }) => row.code),
    errors: errors.map((row: { pointer: string; code: string }) => ({
      pointer: row.pointer,
      code: row.code,
    })),
    receipt: status === 200 ? meta.receipt : then.receipt && receipt,
    data: then.data && data,
  };
}

/** The texts of an update that say something about a person; words of closed lists do not. */
function valuesIn(patch: unknown): string[] {
  if (typeof patch === 'string') {
    const isWord = [...STATUSES, ...GENDERS, ...DAYS].some((known) => known === patch);
    return isWord || patch.length < 4 ? [] : [patch];
  }
  return typeof patch === 'object' && patch !== null ? Object.values(patch).flatMap(valuesIn) : [];
}

const ids = (status: number, id: string) => ({ status, id });

describe.each(adapters.map((module) => ({ name: module.name, title: module.title, module })))(
  '$title',
  ({ name, module }) => {
    test('has a recording, or a reason, for every scenario, and no others', () => {
      expect(readdirSync(folderOf(name)).sort()).toEqual(
        [...SCENARIOS, 'connection'].map((scenario) => `${scenario}.json`).sort(),
      );
    });

    test.each(SCENARIOS)('%s', async (scenario) => {
      const recording = readScenario(name, scenario);
      if ('cannotHappen' in recording) {
        expect(recording).toEqual({ cannotHappen: expect.stringMatching(/^.{40,}\.$/) });
        expect([
          'updated',
          'unsupported',
          'not-found',
          'timeout',
          'server-error',
          'malformed-200',
          'list',
        ]).not.toContain(scenario);
        return;
      }
      const { given, exchanges, then } = recording;
      expect(recording.origin).toMatch(/^(recorded|document|assumed)$/);
      expect(recording.source).toMatch(/.{20,}/);
      const stage = await play(name, exchanges, given.settings);
      try {
        const answer = await (given.list === undefined
          ? stage.send('PATCH', `/staff/${given.id}`, given.patch, {
              ...(given.prefer !== undefined && { prefer: given.prefer }),
            })
          : stage.send('GET', `/staff${given.list}`));
        const body = JSON.parse(answer.text);
        // All at once, so that one run tells all that a recording has to say.
        expect({ ...shownBy(answer, then), complaints: stage.replay.complaints() }).toEqual({
          status: then.status,
          code: then.code,
          outcome: then.outcome,
          retryAfter: then.retryAfter,
          warnings: then.warnings ?? [],
          errors: then.errors ?? [],
          receipt: then.receipt,
          data: then.data,
          complaints: [],
        });
        if (answer.status === 200) {
          if (given.list !== undefined) expect(body.data.length).toBeGreaterThan(0);
        } else {
          if (exchanges.length > 0) expect(body.vendor).toMatchObject({ name: 'vendor', ...then.vendor });
          for (const value of valuesIn(given.patch)) expect(answer.text).not.toContain(value);
        }
        const shown = `${answer.text}${JSON.stringify(answer.headers)}${stage.lines.join('')}`;
        for (const secret of stage.credentials) expect(shown).not.toContain(secret);
        // The newest row of an empty audit has a hash of zeros, and the value may be zeros, too.
        const told = stage.lines.filter((line) => !line.includes('audit head')).join('');
        for (const value of valuesIn(given.patch)) expect(told).not.toContain(value);
      } finally {
        await stage.close();
      }
    });

    test('every recorded request but a login names its authorisation, and every write its media type', () => {
      const connection: Connection = JSON.parse(
        readFileSync(join(folderOf(name), 'connection.json'), 'utf8'),
      );
      const adapter = module.connect({
        baseUrl: 'https://vendor.example.test',
        credentials: module.settings.credentials.validate(connection.credentials).value,
        options: module.settings.options.validate(connection.options).value,
        codes: module.settings.codes.validate(connection.codes).value,
      });
      const names = Object.keys(adapter.authorize('session'));
      expect(names.length).toBeGreaterThan(0);
      let seen = 0;
      for (const scenario of SCENARIOS) {
        const recording = readScenario(name, scenario);
        for (const { request } of 'exchanges' in recording ? recording.exchanges : []) {
          seen += 1;
          const headers = Object.keys(request.headers ?? {});
          expect(headers).toEqual(expect.arrayContaining(request.method === 'POST' ? [] : names));
          if (request.body !== undefined) expect(headers).toContain('content-type');
        }
      }
      expect(seen).toBeGreaterThan(8);
    });

    describe('ids that are more than an id', () => {
      const recording = readScenario(name, 'updated');
      const good = 'given' in recording ? recording.given.id : '';
      let stage: Awaited<ReturnType<typeof play>>;
      let replay: Replay;
      beforeAll(async () => {
        stage = await play(name, []);
        replay = stage.replay;
      });
      afterAll(() => stage.close());

      test.each([
        ['..', 404],
        ['.', 404],
        ['%2e%2e', 404],
        ['%2E', 404],
        [`${good}%2F..%2F..%2Fadmin`, 404],
        [`..%2F${good}`, 404],
        [`${good}%3Fa=b`, 404],
        [`${good}%23a`, 404],
        [`${good};a=b`, 404],
        [`${good}%00`, 404],
        [`${good}%0d%0ax-injected:%201`, 404],
        [`%20${good}`, 404],
        [`${good}%20`, 404],
        [`${good}%252F..`, 404],
        [`${good}@evil.test`, 404],
        [`${good}:80`, 404],
        ['%D9%A1', 404],
        ['%EF%BC%91', 404],
        ['x'.repeat(200), 404],
        ['%zz', 400],
        ['%c3', 400],
      ])('%s never reaches the vendor', async (id, status) => {
        const { length } = replay.received;
        for (const [method, body] of [['GET'], ['PATCH', { status: 'active' }]] as const) {
          const answer = await stage.send(method, `/staff/${id}`, body);
          expect(ids(answer.status, id)).toEqual(ids(status, id));
          expect(JSON.parse(answer.text).code).toMatch(/^(staff_not_found|not_found|malformed_request)$/);
        }
        expect(replay.received.slice(length)).toEqual([]);
      });

      test('while a good one does', async () => {
        await stage.send('GET', `/staff/${good}`);
        expect(replay.received.length).toBeGreaterThan(0);
      });
    });
  },
);

test('a difference from the recording is noticed: method, path, header, body, one too many, one too few', async () => {
  const request = { method: 'PATCH', path: '/a', headers: { key: '1' }, body: { a: 1 } };
  const replay = await openReplay(Array.from({ length: 6 }, () => ({ request, response: { status: 204 } })));
  const call = (path: string, method: string, key: string, body: object) =>
    fetch(replay.url + path, { method, headers: { key }, body: JSON.stringify(body) }).then(
      (response) => response.status,
    );
  try {
    await call('/a', 'PATCH', '1', { a: 1 });
    expect(replay.complaints().filter((line) => line.startsWith('request'))).toEqual([]);
    await call('/a', 'POST', '1', { a: 1 });
    await call('/b', 'PATCH', '1', { a: 1 });
    await call('/a', 'PATCH', '2', { a: 1 });
    await call('/a', 'PATCH', '1', { a: 1, b: 2 });
    expect(replay.complaints()).toEqual([
      expect.stringContaining('the method is "POST"'),
      expect.stringContaining('the path is "/b"'),
      expect.stringContaining('the key is "2"'),
      expect.stringContaining('the body is {"a":1,"b":2}'),
      'never asked for: PATCH /a',
    ]);
    await call('/a', 'PATCH', '1', { a: 1 });
    expect(await call('/a', 'PATCH', '1', { a: 1 })).toBe(599);
    expect(replay.complaints().at(-1)).toContain('is not in the recording');
  } finally {
    await replay.close();
  }
});

test('values that are looked for in errors are found in every recording that has some', () => {
  expect(valuesIn({ a: 'Juan', b: { c: ['1234', 'active'] }, d: null, e: 5 })).toEqual(['Juan', '1234']);
  expect(isObject(readScenario(adapters[0]?.name ?? '', 'updated'))).toBe(true);
});
