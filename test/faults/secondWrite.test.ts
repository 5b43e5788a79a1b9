/**
 * One update over two resources, of which the second write fails in each way that a vendor or the network knows: the receipt says
 * for every member what is true, nothing is written twice, and a repetition with the same key sends only what is missing.
 */
import { randomUUID } from 'node:crypto';
import { type Fault, MALFORMED_FORMS } from '../../sandbox/faults';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';
import { until } from '../support/until';

const PATCH = { name: { given: 'Ana', family: 'Paz' }, status: 'inactive' };
const PERSON = { method: 'PATCH', path: /^\/v1\/practitioners\// };
const TIMEOUT_MS = 1_000;

interface Expected {
  status: number;
  code?: string;
  outcome?: 'applied' | 'partial';
  /** What the receipt says of the name. */
  name: 'verified' | 'not_applied' | 'unknown';
}

const SETTLED: Expected = { status: 200, name: 'verified' };
const partial = (status: number, code: string, name: Expected['name'] = 'not_applied'): Expected => ({
  ...{ status, code, outcome: 'partial', name },
});
/** Applied, but told as a failure: somebody has to look at it. */
const STRANGE: Expected = {
  status: 502,
  code: 'vendor_unexpected_response',
  outcome: 'applied',
  name: 'verified',
};

const CASES: [name: string, Fault, Expected][] = [
  ['a socket that ends before anything is done', { kind: 'drop' }, partial(504, 'vendor_timeout')],
  ['a socket that is reset', { kind: 'drop', reset: true }, partial(504, 'vendor_timeout')],
  ['a socket that ends when all is done', { kind: 'drop', when: 'after' }, SETTLED],
  ['a socket that ends within the answer', { kind: 'drop', when: 'during' }, SETTLED],
  ['an answer that comes too late', { kind: 'delay', milliseconds: TIMEOUT_MS, when: 'after' }, SETTLED],
  [
    'a write that comes too late',
    { kind: 'delay', milliseconds: 2 * TIMEOUT_MS, when: 'commit' },
    partial(504, 'vendor_timeout', 'unknown'),
  ],
  ['500', { kind: 'answer', status: 500 }, partial(503, 'vendor_unavailable')],
  ['500 after the write', { kind: 'answer', status: 500, commit: true }, SETTLED],
  ['503', { kind: 'answer', status: 503 }, partial(503, 'vendor_unavailable')],
  ['401', { kind: 'answer', status: 401 }, partial(502, 'vendor_credentials_rejected')],
  ['403', { kind: 'answer', status: 403 }, partial(502, 'vendor_credentials_rejected')],
  ['404', { kind: 'answer', status: 404, body: {} }, partial(422, 'stored_value_invalid')],
  ['409', { kind: 'answer', status: 409, body: {} }, partial(409, 'conflict')],
  ['422', { kind: 'answer', status: 422, body: {} }, partial(422, 'vendor_rejected')],
  [
    '429',
    { kind: 'answer', status: 429, body: { code: 'RATE_LIMITED' }, headers: { 'retry-after': '2' } },
    partial(503, 'vendor_rate_limited'),
  ],
  ['202', { kind: 'answer', status: 202, body: {} }, partial(502, 'vendor_unexpected_response')],
  ['a yes without effect', { kind: 'no-effect', echo: 'old' }, partial(502, 'write_not_confirmed')],
  ['the answer of another record', { kind: 'wrong-id', id: 'prac_xyz789' }, STRANGE],
  ...MALFORMED_FORMS.filter((form) => form !== 'bom' && form !== 'latin1').map(
    (form): [string, Fault, Expected] => [
      `an answer that is ${form}`,
      { kind: 'malformed', form, ...(form === 'huge' && { bytes: 10_000_000 }) },
      STRANGE,
    ],
  ),
  [
    'nonsense, nothing written',
    { kind: 'malformed', form: 'html', commit: false },
    partial(502, 'vendor_unexpected_response'),
  ],
];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    configure: (config) => {
      Object.assign(config.vendors['clinikapi-main'], {
        timeoutMs: TIMEOUT_MS,
        readRetries: 0,
        breaker: { failures: 1_000 },
      });
    },
  });
});
afterAll(() => stage.close());
beforeEach(() => stage.clinikapi.reset());
afterEach(() => stage.clinikapi.faults.clear());

const role = () => stage.clinikapi.state.roles.get('pr_abc123');
const person = () => stage.clinikapi.state.practitioners.get('prac_abc123');
/** How often each was stored since the seeds. */
const stores = () => [(role()?.version ?? 1) - 1, (person()?.version ?? 1) - 1];
const send = (key: string) => stage.patch(KEYS.north, PATCH, { 'idempotency-key': key });
const byPointer = (rows: { pointer: string; outcome: string }[]) =>
  Object.fromEntries(rows.map(({ pointer, outcome }) => [pointer, outcome]));
const outcomes = ({ body }: Reply) => byPointer(body.receipt ?? body.meta.receipt);
const newest = async () => (await stage.call('GET', '/changes?limit=1')).body.data[0];

test.each(CASES)('%s', async (_name, fault, expected) => {
  stage.clinikapi.faults.add(fault, PERSON);
  const key = randomUUID();
  const first = await send(key);
  expect([first.status, first.body.code, first.body.outcome]).toEqual([
    ...[expected.status, expected.code, expected.outcome],
  ]);
  // Every sent member, and what is stored bears it out.
  expect(outcomes(first)).toEqual({ '/status': 'verified', '/name': expected.name });
  expect(role()?.status).toBe('inactive');
  // No value of the update in a failure, and none in the log.
  for (const value of ['Ana', 'Paz']) {
    if (first.status >= 400) expect(JSON.stringify(first.body)).not.toContain(`"${value}"`);
    expect(stage.lines.join('')).not.toContain(`"${value}"`);
  }
  const isStored = person()?.details.firstName === 'Ana';
  if (expected.name !== 'unknown') expect(isStored).toBe(expected.name === 'verified');
  expect(stores()).toEqual([1, isStored ? 1 : 0]);
  const row = await newest();
  expect([row.outcome, byPointer(row.fields)]).toEqual([
    expected.outcome === 'partial' ? 'partial' : 'success',
    outcomes(first),
  ]);

  stage.clinikapi.faults.clear();
  const sent = stage.clinikapi.log.length;
  // After a 429 the connection keeps quiet for as long as it was told.
  const second = await until(
    () => send(key),
    ({ body }) => body.code !== 'vendor_rate_limited',
  );
  expect([second.status, outcomes(second)]).toEqual([200, { '/status': 'verified', '/name': 'verified' }]);
  expect(person()?.details).toMatchObject({ firstName: 'Ana', lastName: 'Paz' });
  expect(stores()[0]).toBe(1);
  const writes = stage.clinikapi.log.slice(sent).filter(({ method }) => method === 'PATCH');
  expect(writes.map(({ path }) => path)).toEqual(isStored ? [] : ['/v1/practitioners/prac_abc123']);
  // A write that is still on its way must not reach the next case.
  if (expected.name === 'unknown') {
    await until(
      async () => stores()[1],
      (count) => count === 2,
    );
    expect(person()?.details).toMatchObject({ firstName: 'Ana', lastName: 'Paz' });
  }
});
