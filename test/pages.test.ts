/** The pages that need no key. */
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

test.each(Object.entries(PROBLEMS))('the type of %s leads to its page', async (code, kind) => {
  const { body } = await request(stage.url).get(`/problems/${code}`).expect(200);
  expect(body).toEqual({ code, ...kind });
});
