/** The pages that need no key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { GUIDE } from '../../src/http/openapi/guide';
import { PROBLEMS } from '../../src/problem';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test.each([
  { method: 'get', url: '/healthz', status: 200, type: /json/ },
  { method: 'get', url: '/readyz', status: 200, type: /json/ },
  { method: 'get', url: '/openapi.json', status: 200, type: /json/ },
  { method: 'get', url: '/docs', status: 200, type: /html/ },
  { method: 'get', url: '/problems/no_such_code', status: 404, type: /problem\+json/ },
  { method: 'post', url: '/healthz', status: 405, type: /problem\+json/ },
  { method: 'get', url: '/', status: 404, type: /problem\+json/ },
] as const)('$method $url → $status', ({ method, url, status, type }) =>
  request(stage.url)[method](url).expect(status).expect('content-type', type),
);

describe('the page on what a request can ask for', () => {
  const page = readFileSync(join(__dirname, '../../docs/use-the-api.md'), 'utf8');
  const section = page.split('## What a request can ask for')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| [^|]+\| `(GET|PATCH) ([^`]+)` `([\w-]+): ([^`]+)` +\| (\d+)/gm)].map(
    ([, method = '', path = '', header = '', value = '', status]) => ({
      method,
      path,
      header,
      value,
      status: Number(status),
    }),
  );

  test('has an example of each', () => {
    expect(rows.map(({ header, value }) => (header === 'Prefer' ? value : header))).toEqual([
      'Accept',
      'Accept',
      'return=minimal',
      'handling=lenient',
      'Idempotency-Key',
      'If-Match',
      'respond-async',
    ]);
  });

  test.each(rows)(
    '$method $path $header: $value → $status',
    async ({ method, path, header, value, status }) => {
      const body =
        value === 'handling=lenient' ? { role: 'nurse', nationalId: '30999888' } : { role: 'nurse' };
      const reply = await stage.call(method, path.replace('st-42', 'st-1'), {
        headers: { [header.toLowerCase()]: value },
        ...(method === 'PATCH' && { body }),
      });
      expect(reply.status).toBe(status);
      if (header === 'Accept') expect(reply.headers.get('content-type')).toContain(value);
      if (header === 'Prefer') expect(reply.headers.get('preference-applied')).toBe(value);
    },
  );
});

test('the README shows a request and the answer that it really gets', async () => {
  const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
  const [, command = ''] = /```sh\n(curl [\s\S]+?)```/.exec(readme) ?? [];
  const [, shown = ''] = /```json\n([\s\S]+?)```/.exec(readme) ?? [];
  const expected = JSON.parse(shown);
  const headers = [...command.matchAll(/-H '([\w-]+): ([^']+)'/g)].map(([, name = '', value = '']) => [
    name.toLowerCase(),
    value,
  ]);
  const { authorization, ...rest } = Object.fromEntries(headers);
  expect(authorization).toBe('Bearer demo-key-centro');
  const [, body = ''] = /-d '([^']+)'/.exec(command) ?? [];
  // The demo's examples, which came before, have changed these two.
  const demo = { address: expected.data.address, phone: expected.data.phone };
  await stage.patch(KEYS.centro, demo);
  const reply = await stage.patch(KEYS.centro, JSON.parse(body), rest);
  expect(reply.status).toBe(200);
  expect(reply.body.meta.requestId).toHaveLength(expected.meta.requestId.length);
  const { requestId } = expected.meta;
  expect({
    data: { ...reply.body.data, id: expected.data.id },
    meta: { ...reply.body.meta, requestId },
  }).toEqual(expected);
});

describe('the curl lines of the guide', () => {
  const lines = GUIDE.map(({ text }) => text())
    .join('\n')
    .replaceAll(/\\\n\s+/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('curl '));
  const quoted = (line: string, option: string) =>
    [...line.matchAll(new RegExp(`${option} '([^']*)'`, 'g'))].map(([, text = '']) => text);

  test('are one for each wish', () => {
    const wishes = [
      '"status"',
      'dryRun=true',
      'If-Match',
      'Idempotency-Key',
      'respond-async',
      'fhir+json',
      '/staff?',
    ];
    expect(lines.map((line) => wishes.filter((wish) => line.includes(wish)))).toEqual(
      wishes.map((wish) => [wish]),
    );
    for (const line of lines) expect(line).toMatch(/^curl -i /);
  });

  test.each(lines)('%s', async (line) => {
    const known = await stage.call('GET', '/staff/st-1');
    const path = /http:\/\/127\.0\.0\.1:8080([^ ']*)/.exec(line)?.[1] ?? '';
    const headers = quoted(line, '-H').map((header) => {
      const [name = '', value = ''] = header.split(/: (.*)/);
      return [name.toLowerCase(), value.replace('"<ETag>"', known.headers.get('etag') ?? '')];
    });
    const { authorization, ...rest } = Object.fromEntries(headers);
    expect(authorization).toBe('Bearer demo-key-north');
    const [body] = quoted(line, '-d');
    const reply = await stage.call(
      line.includes('-X PATCH') ? 'PATCH' : 'GET',
      path.replace('st-42', 'st-1'),
      {
        headers: rest,
        ...(body !== undefined && { body: JSON.parse(body) }),
      },
    );
    expect(reply.status).toBe(line.includes('respond-async') ? 202 : 200);
  });
});

test.each(Object.entries(PROBLEMS))('the type of %s leads to its page', async (code, kind) => {
  const { body } = await request(stage.url).get(`/problems/${code}`).expect(200);
  expect(body).toEqual({ code, ...kind });
});
