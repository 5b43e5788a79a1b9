/**
 * `If-Match` together with an idempotency key: what our own half of an update has changed does not stand in the way of its
 * repetition, and what somebody else has changed meanwhile does.
 */
import { randomUUID } from 'node:crypto';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';
import { until } from '../support/until';

const TIMEOUT_MS = 1_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    fhir: {},
    configure: (config) => {
      for (const name of ['clinikapi-main', 'vitalis-centro', 'fhir-main']) {
        Object.assign(config.vendors[name] ?? {}, {
          timeoutMs: TIMEOUT_MS,
          readRetries: 0,
          breaker: { failures: 1_000 },
        });
      }
    },
  });
});
afterAll(() => stage.close());

const block = (day: string, from: string, to: string) => ({
  daysOfWeek: [day],
  availableStartTime: `${from}:00`,
  availableEndTime: `${to}:00`,
});
const NAME = { given: 'Ana', family: 'Paz' };
const WEEK = [{ ...block('mon', '07:30', '11:30'), daysOfWeek: ['mon', 'wed'] }];
const sandboxOf = (name: 'clinikapi' | 'vitalis' | 'fhir') => {
  const sandbox = stage[name];
  if (sandbox === undefined) throw new TypeError(`${name} is open`);
  return sandbox;
};

interface Vendor {
  sandbox: 'clinikapi' | 'vitalis' | 'fhir';
  key: string;
  patch: Record<string, unknown>;
  /** The write of the second resource. */
  second: { method?: string; path: RegExp };
  /** The status by which it fails: one that no read has to follow, if reads of this vendor lag. */
  refusal: number;
  /** What is sent to complete it. */
  rest: RegExp[];
  /** What else is kept in the first resource, and in the second. */
  others: Record<string, unknown>[];
  /** Other values of what could not be applied. */
  rival: Record<string, unknown>;
}

const VENDORS: [name: string, vendor: Vendor][] = [
  [
    'a role and its practitioner',
    {
      sandbox: 'clinikapi',
      key: KEYS.north,
      patch: { status: 'inactive', name: NAME },
      second: { method: 'PATCH', path: /^\/v1\/practitioners\// },
      refusal: 503,
      rest: [/^PATCH \/v1\/practitioners\/prac_abc123$/],
      others: [{ role: 'nurse' }, { email: 'other@example.test' }],
      rival: { name: { given: 'Eva', family: 'Sol' } },
    },
  ],
  [
    'a whole record and its weekly hours',
    {
      sandbox: 'vitalis',
      key: KEYS.centro,
      patch: { status: 'inactive', availableTime: WEEK },
      second: { method: 'PATCH', path: /^\/work_schedules/ },
      refusal: 422,
      rest: [/^PATCH \/work_schedules\/1$/, /^PATCH \/work_schedules\/2$/],
      others: [{ email: 'other@example.test' }],
      rival: { availableTime: [block('mon', '08:00', '09:00'), block('wed', '08:00', '09:00')] },
    },
  ],
  [
    'two resources that go back whole',
    {
      sandbox: 'fhir',
      key: KEYS.west,
      patch: { status: 'inactive', name: NAME },
      second: { method: 'PUT', path: /\/Practitioner\// },
      refusal: 503,
      rest: [/^PUT .*\/Practitioner\/prac-abc123$/],
      others: [{ role: 'nurse' }, { email: 'other@example.test' }],
      rival: { name: { given: 'Eva', family: 'Sol' } },
    },
  ],
];

const outcomes = ({ body }: Reply): string[] =>
  (body.receipt ?? body.meta?.receipt ?? []).map(
    (row: { pointer: string; outcome: string }) => `${row.pointer} ${row.outcome}`,
  );

describe.each(VENDORS)('%s', (_name, { sandbox: name, key, patch, second, refusal, rest, others, rival }) => {
  const members = Object.keys(patch);
  let headers: Record<string, string>;
  const sandbox = () => sandboxOf(name);
  const etag = async () => {
    const { headers: given } = await stage.call('GET', '/staff/st-1', { key });
    return given.get('etag') ?? 'none';
  };
  const send = (more: Record<string, string> = headers) => stage.patch(key, patch, more);
  const writes = () =>
    sandbox()
      .log.filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path}`);
  /** The first write is applied and the second refused. */
  const half = async () => {
    sandbox().faults.next({ kind: 'answer', status: refusal, body: {} }, second);
    const reply = await send();
    expect([reply.status, reply.body.outcome, outcomes(reply)]).toEqual([
      refusal,
      'partial',
      [`/${members[0]} verified`, `/${members[1]} not_applied`],
    ]);
    sandbox().log.length = 0;
  };
  const expectDone = (reply: Reply) =>
    expect([reply.status, outcomes(reply)]).toEqual([200, members.map((member) => `/${member} verified`)]);
  const expectRefused = async () => {
    sandbox().log.length = 0;
    const { status, body } = await send();
    expect([status, body.code]).toEqual([412, 'precondition_failed']);
    expect(writes()).toEqual([]);
  };

  beforeEach(async () => {
    sandbox().reset();
    sandbox().faults.clear();
    headers = { 'idempotency-key': randomUUID(), 'if-match': await etag() };
  });

  test('a repetition sends what is missing, and no more', async () => {
    await half();
    expectDone(await send());
    expect(writes()).toEqual(rest.map((pattern) => expect.stringMatching(pattern)));
    const again = await send();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const { body } = await stage.call('GET', '/staff/st-1', { key });
    expect(body.data).toMatchObject(patch);
  });

  test('so does one after others that could do nothing, or could not even look', async () => {
    await half();
    sandbox().faults.next({ kind: 'answer', status: 500 }, { method: 'GET' });
    expect((await send()).body.outcome).toBe('unknown');
    await half();
    expectDone(await send());
  });

  test('If-None-Match too', async () => {
    headers = { 'idempotency-key': randomUUID(), 'if-none-match': '"another"' };
    await half();
    expectDone(await send());
  });

  test('without the key, or with another one, the record is another one', async () => {
    await half();
    const { 'if-match': ifMatch = '' } = headers;
    expect((await send({ 'if-match': ifMatch })).status).toBe(412);
    expect((await send({ 'if-match': ifMatch, 'idempotency-key': randomUUID() })).status).toBe(412);
    expect(writes()).toEqual([]);
  });

  test.each(others)('somebody else changed another field: %j', async (change) => {
    await half();
    expect((await stage.patch(key, change)).status).toBe(200);
    await expectRefused();
    // It stays so.
    await expectRefused();
  });

  test('somebody else changed what was not applied', async () => {
    await half();
    expect((await stage.patch(key, rival)).status).toBe(200);
    await expectRefused();
  });

  test('somebody else took back what was applied, and something else is another one too', async () => {
    await half();
    expect((await stage.patch(key, { status: 'active', ...rival })).status).toBe(200);
    await expectRefused();
  });

  test('somebody else took back all that was applied: it is the record that If-Match names', async () => {
    await half();
    expect((await stage.patch(key, { status: 'active' })).status).toBe(200);
    sandbox().log.length = 0;
    expectDone(await send());
    expect(writes()).toHaveLength(rest.length + 1);
  });

  test('somebody else has set the very values: nothing is missing', async () => {
    await half();
    const { [members[1] ?? '']: value } = patch;
    expect((await stage.patch(key, { [members[1] ?? '']: value })).status).toBe(200);
    sandbox().log.length = 0;
    expectDone(await send());
    expect(writes()).toEqual([]);
  });
});

describe('weekly hours of which one day came through', () => {
  const patch = { status: 'inactive', availableTime: WEEK };
  const days = () =>
    stage.vitalis.log.filter(({ method, path }) => method === 'PATCH' && path.startsWith('/work_schedules/'));

  test.each([
    ['and a read shows it', false],
    ['and no read shows it', true],
  ])('%s: a repetition sends the other one', async (_name, isBlind) => {
    stage.vitalis.reset();
    stage.vitalis.faults.clear();
    const { headers: given } = await stage.call('GET', '/staff/st-1', { key: KEYS.centro });
    const headers = { 'idempotency-key': randomUUID(), 'if-match': given.get('etag') ?? '' };
    stage.vitalis.faults.next(
      { kind: 'answer', status: 500 },
      { method: 'PATCH', path: /^\/work_schedules/, after: 1 },
    );
    if (isBlind) {
      // The look before, the one right before the write, and then the one that would tell.
      stage.vitalis.faults.add({ kind: 'drop' }, { method: 'GET', path: /^\/work_schedules/, after: 2 });
    }
    const first = await stage.patch(KEYS.centro, patch, headers);
    expect([first.body.outcome, outcomes(first)]).toEqual([
      'partial',
      ['/status verified', '/availableTime unknown'],
    ]);
    stage.vitalis.faults.clear();
    stage.vitalis.log.length = 0;
    const second = await stage.patch(KEYS.centro, patch, headers);
    expect([second.status, outcomes(second)]).toEqual([200, ['/status verified', '/availableTime verified']]);
    expect(days()).toHaveLength(1);
  });
});

test('a change right before what is missing is written', async () => {
  stage.clinikapi.reset();
  const { headers: given } = await stage.call('GET', '/staff/st-1');
  const headers = { 'idempotency-key': randomUUID(), 'if-match': given.get('etag') ?? '' };
  const patch = { status: 'inactive', name: NAME };
  stage.clinikapi.faults.next({ kind: 'answer', status: 503 }, { method: 'PATCH', path: /practitioners/ });
  expect((await stage.patch(KEYS.north, patch, headers)).body.outcome).toBe('partial');
  stage.clinikapi.faults.next(
    {
      kind: 'hook',
      when: 'answer',
      run: () => void stage.clinikapi.state.roles.change('pr_abc123', { role: 'nurse' }),
    },
    { method: 'GET', path: /practitioners/ },
  );
  stage.clinikapi.log.length = 0;
  const { status, body } = await stage.patch(KEYS.north, patch, headers);
  expect([status, body.code]).toEqual([412, 'precondition_failed']);
  expect(stage.clinikapi.log.filter(({ method }) => method === 'PATCH')).toEqual([]);
});

test('a first write that came through late, after nobody could tell', async () => {
  stage.clinikapi.reset();
  const patch = { status: 'inactive', name: NAME };
  const { headers: given } = await stage.call('GET', '/staff/st-1');
  const headers = { 'idempotency-key': randomUUID(), 'if-match': given.get('etag') ?? '' };
  const role = () => stage.clinikapi.state.roles.get('pr_abc123');
  stage.clinikapi.faults.next(
    { kind: 'delay', milliseconds: 2 * TIMEOUT_MS, when: 'commit' },
    { method: 'PATCH', path: /practitioner-roles/ },
  );
  const first = await stage.patch(KEYS.north, patch, headers);
  expect([first.status, first.body.outcome]).toEqual([504, 'unknown']);
  await until(
    async () => role()?.status,
    (status) => status === 'inactive',
  );
  const second = await stage.patch(KEYS.north, patch, headers);
  expect([second.status, outcomes(second)]).toEqual([200, ['/status verified', '/name verified']]);
});
