/** The pages that need no key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { PROBLEMS } from '../src/problem';
import { openStage, type Stage } from './support/stage';

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

describe('the README on what a request can ask for', () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const section = readme.split('## What a request can ask for')[1]?.split('\n## ')[0] ?? '';
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
        value === 'handling=lenient' ? { role: 'nurse', phone: '+54 11 4567-8901' } : { role: 'nurse' };
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

test.each(Object.entries(PROBLEMS))('the type of %s leads to its page', async (code, kind) => {
  const { body } = await request(stage.url).get(`/problems/${code}`).expect(200);
  expect(body).toEqual({ code, ...kind });
});
