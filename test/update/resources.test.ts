/** One staff record over two resources of its vendor: one update, two writes, one receipt. */
import { expectNoneLostAtFhir, expectNoneLostAtVitalis, fhirRivals, vitalisRivals } from '../support/rivals';
import { KEYS, openStage, RECORDS, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ fhir: {} });
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.clinikapi.reset();
});

const calls = () => stage.clinikapi.log.map(({ method, path }) => `${method} ${path.replace('/v1/', '')}`);
const ROLE = 'practitioner-roles/pr_abc123';
const PERSON = 'practitioners/prac_abc123';
/** Who else has this practitioner: for a warning, besides the writes. */
const OWNERS = 'GET practitioner-roles';
const stored = () => ({
  status: stage.clinikapi.state.roles.get('pr_abc123')?.status,
  ...stage.clinikapi.state.practitioners.get('prac_abc123')?.details,
});

describe('an update of both', () => {
  test('is found through the first, written in order, and told in one receipt', async () => {
    const patch = { name: { given: 'Ana', family: 'Paz' }, status: 'inactive' };
    const { status, body } = await stage.patch(KEYS.north, patch);
    expect([status, body.meta.receipt]).toEqual([
      200,
      [
        { pointer: '/status', outcome: 'verified' },
        { pointer: '/name', outcome: 'verified' },
      ],
    ]);
    expect(calls().filter((call) => call !== OWNERS)).toEqual([
      `GET ${ROLE}`,
      `PATCH ${ROLE}`,
      `PATCH ${PERSON}`,
    ]);
    expect(stored()).toMatchObject({ firstName: 'Ana', lastName: 'Paz', status: 'inactive' });
    expect(body.data).toMatchObject({ ...patch, role: 'doctor', gender: 'female' });
  });

  test('reads and writes nothing of a resource that it does not need', async () => {
    expect((await stage.patch(KEYS.north, { status: 'inactive' })).status).toBe(200);
    expect(calls()).toEqual([`PATCH ${ROLE}`]);
    stage.clinikapi.log.length = 0;
    expect((await stage.patch(KEYS.north, { email: 'ana@example.test' })).status).toBe(200);
    expect(calls().filter((call) => call !== OWNERS)).toEqual([`GET ${ROLE}`, `PATCH ${PERSON}`]);
  });

  test('a dry run shows all requests in order', async () => {
    const { body } = await stage.patch(
      KEYS.north,
      { gender: 'other', role: 'nurse' },
      {},
      'st-1',
      '?dryRun=true',
    );
    expect(body.meta).not.toHaveProperty('vendorRequest');
    expect(body.meta.vendorRequests).toMatchObject([
      { method: 'PATCH', url: expect.stringMatching(`/v1/${ROLE}$`), body: { role: 'nurse' } },
      { method: 'PATCH', url: expect.stringMatching(`/v1/${PERSON}$`), body: { gender: 'other' } },
    ]);
    expect(calls()).toEqual([`GET ${ROLE}`]);
  });

  test('an address keeps what is stored besides its line', async () => {
    const before = stage.clinikapi.state.practitioners.get('prac_abc123');
    if (before === undefined) throw new TypeError('the practitioner is seeded');
    const address = { line: ['Old street 1'], city: 'Córdoba', postalCode: '5000' };
    stage.clinikapi.state.practitioners.set({ ...before, details: { ...before.details, address } });
    expect((await stage.patch(KEYS.north, { address: { text: 'New street 2' } })).status).toBe(200);
    expect(stored()).toMatchObject({ address: { ...address, line: ['New street 2'] } });
  });

  test('a role that leads to no practitioner: what belongs there is refused, before anything is written', async () => {
    const role = stage.clinikapi.state.roles.get('pr_abc123');
    if (role === undefined) throw new TypeError('the role is seeded');
    stage.clinikapi.state.roles.set({ ...role, practitionerId: '../../x' });
    const { status, body } = await stage.patch(KEYS.north, { status: 'inactive', gender: 'other' });
    expect([status, body.code, body.errors]).toEqual([
      422,
      'stored_value_invalid',
      [{ pointer: '/gender', code: 'stored_value_invalid', detail: expect.any(String) }],
    ]);
    expect(calls()).toEqual([`GET ${ROLE}`]);
    expect((await stage.call('GET', '/staff/st-1')).body.data).not.toHaveProperty('name');
  });
});

test('a practitioner that other linked roles lead to: a warning, for what is kept there alone', async () => {
  const alone = await stage.patch(KEYS.north, { gender: 'other', role: 'nurse' });
  expect(alone.body.meta.warnings).toEqual([]);
  const body = { vendorRecordId: 'pr_ghi789' };
  expect((await stage.call('PUT', '/staff/st-3/links/clinikapi-main', { body })).status).toBe(201);
  const shared = await stage.patch(KEYS.north, { gender: 'male', role: 'doctor' });
  expect(shared.body.meta.warnings).toEqual([
    { pointer: '/gender', code: 'shared_record', detail: expect.any(String) },
  ]);
});

test('updates of two roles of one practitioner take turns where it is merged on', async () => {
  const body = { vendorRecordId: 'pr_ghi789' };
  await stage.call('PUT', '/staff/st-3/links/clinikapi-main', { body });
  const texts = Array.from({ length: 10 }, (_, index) => `Street ${index}`);
  const replies = await Promise.all(
    texts.map((text, index) =>
      stage.patch(KEYS.north, { address: { text } }, {}, index % 2 === 0 ? 'st-1' : 'st-3'),
    ),
  );
  expect(replies.map(({ status }) => status)).toEqual(texts.map(() => 200));
});

describe('50 updates of different fields of one person at once', () => {
  test('over a role and its practitioner: none is lost', async () => {
    const bodies = Array.from(
      { length: 50 },
      (_, index) =>
        [
          { role: `role-${index}` },
          { name: { given: `Given${index}` }, status: 'active' },
          { period: { end: `2031-01-${10 + (index % 19)}` }, phone: `11 4000 ${1000 + index}` },
          { address: { text: `Street ${index}` } },
          { name: { family: `Family${index}` }, email: `person${index}@example.org` },
        ][index % 5] ?? {},
    );
    const replies = await Promise.all(bodies.map((body) => stage.patch(KEYS.north, body)));
    expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    const sent = stage.clinikapi.log
      .filter(({ method }) => method === 'PATCH')
      .map(({ body }) => Object(body));
    const last = (key: string) => sent.map((body) => body[key]).findLast((value) => value !== undefined);
    const role = stage.clinikapi.state.roles.get('pr_abc123');
    expect([role?.role, role?.period?.end]).toEqual([last('role'), last('period').end]);
    for (const key of ['firstName', 'lastName', 'phone', 'email', 'address']) {
      expect([key, stored()[key as 'status']]).toEqual([key, last(key)]);
    }
    // Every value has been there once.
    expect(new Set(sent.flatMap(({ firstName }) => firstName ?? [])).size).toBe(10);
    expect(new Set(sent.flatMap(({ role: code }) => code ?? [])).size).toBe(10);
  });

  test('over a whole record and its weekly hours: none takes another one back', async () => {
    stage.vitalis.reset();
    const replies = await Promise.all(vitalisRivals().map((body) => stage.patch(KEYS.centro, body)));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expectNoneLostAtVitalis(stage);
  });

  test('over two resources that go back whole: none takes another one back', async () => {
    stage.fhir?.reset();
    const replies = await Promise.all(fhirRivals().map((body) => stage.patch(KEYS.west, body)));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expectNoneLostAtFhir(stage);
  });

  test('over the two members of one resource: none is lost', async () => {
    stage.cobalt.reset();
    const hours = (index: number) => [
      {
        daysOfWeek: ['mon', 'wed'],
        availableStartTime: `0${index % 10}:00:00`,
        availableEndTime: `1${index % 10}:${10 + index}:00`,
      },
    ];
    const bodies = Array.from(
      { length: 50 },
      (_, index) =>
        [
          { status: index % 4 === 0 ? 'inactive' : 'active' },
          { availableTime: hours(index) },
          { status: index % 4 === 0 ? 'active' : 'inactive', availableTime: hours(index) },
        ][index % 3] ?? {},
    );
    const replies = await Promise.all(bodies.map((body) => stage.patch(KEYS.south, body)));
    expect(replies.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    const sent = stage.cobalt.log.filter(({ method }) => method === 'PATCH').map(({ body }) => Object(body));
    expect(sent).toHaveLength(50);
    const last = (key: string) => sent.map((body) => body[key]).findLast((value) => value !== undefined);
    const provider = stage.cobalt.state.providers.get(RECORDS['cobalt-main']);
    expect(provider?.status).toBe(last('status'));
    expect(provider?.hours).toEqual(last('hours'));
    const weeks = sent.flatMap(({ hours: week }) => (week === undefined ? [] : [JSON.stringify(week)]));
    expect(new Set(weeks).size).toBe(33);
  });
});
