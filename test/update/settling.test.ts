/** What is said about updates whose answer did not come: never more than is known. */
import { KEYS, openStage, RECORDS, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    clinikapi: { rateLimit: 1_000_000 },
    configure: (config) => {
      for (const vendor of Object.values(config.vendors))
        Object.assign(vendor, { timeoutMs: 3000, readRetries: 0 });
    },
  });
});
afterAll(() => stage.close());
beforeEach(() => {
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
});

test('a value that a read cannot tell from the stored one is no sign that it was written', async () => {
  stage.vitalis.faults.next({ kind: 'answer', status: 500 }, { method: 'PATCH' });
  const reply = await stage.patch(KEYS.centro, { nationalId: '030111222' });
  expect(reply.status).toBe(503);
  expect(reply.body).toMatchObject({ code: 'vendor_unavailable', outcome: 'unknown' });
  expect(stage.vitalis.writes).toBe(0);
});

test('a vendor whose reading lags behind is asked again before anything is said', async () => {
  stage.cobalt.state.settings.readLag = { reads: 1 };
  stage.cobalt.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
  const reply = await stage.patch(KEYS.south, { status: 'inactive' });
  expect(reply.status).toBe(200);
  expect(reply.body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
  expect(reply.body.meta.warnings[0].code).toBe('settled_by_reading');
});

test('a part of a stored value that cannot be read is not changed, so that the rest is not lost', async () => {
  stage.clinikapi.state.roles.change(RECORDS['clinikapi-main'], {
    period: { start: '2024-01-01', end: '2025' },
  });
  const reply = await stage.patch(KEYS.north, { period: { start: '2024-02-01' } });
  expect(reply.status).toBe(422);
  expect(reply.body).toMatchObject({
    code: 'stored_value_invalid',
    errors: [{ pointer: '/period', code: 'stored_value_invalid' }],
  });
  expect(stage.clinikapi.writes).toBe(0);
  expect((await stage.patch(KEYS.north, { period: { start: '2024-02-01', end: null } })).status).toBe(200);
});

test('clearing a part of what is empty changes nothing', async () => {
  stage.clinikapi.state.roles.change(RECORDS['clinikapi-main'], { period: {} });
  const reply = await stage.patch(KEYS.north, { period: { end: null } });
  expect([reply.status, reply.body.meta?.receipt]).toEqual([
    200,
    [{ pointer: '/period', outcome: 'unchanged' }],
  ]);
});

test('a stored value that the vendor refuses is not blamed on the caller', async () => {
  stage.vitalis.state.professionals.change(1, { specialityID: 99 });
  const reply = await stage.patch(KEYS.centro, { phone: '+54 11 5555-0000' });
  expect(reply.status).toBe(422);
  expect(reply.body.code).toBe('stored_value_invalid');
  expect(reply.body.errors).toMatchObject([{ pointer: '/specialty', code: 'stored_value_invalid' }]);
});

test('a repeat with the same key does not say more than is known, and settles when the vendor can be read', async () => {
  const headers = { 'idempotency-key': 'settling-1' };
  stage.cobalt.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
  stage.cobalt.faults.add({ kind: 'drop' }, { method: 'GET' });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const reply = await stage.patch(KEYS.south, { status: 'inactive' }, headers);
    expect([reply.status, reply.body.outcome]).toEqual([504, 'unknown']);
  }
  stage.cobalt.faults.clear();
  const settled = await stage.patch(KEYS.south, { status: 'inactive' }, headers);
  expect([settled.status, settled.body.meta?.receipt]).toEqual([
    200,
    [{ pointer: '/status', outcome: 'verified' }],
  ]);
  expect(stage.cobalt.writes).toBe(1);
});

test('an update that waited while its link was moved is not written to the record that it once meant', async () => {
  let letGo = () => {};
  const gate = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    stage.vitalis.faults.next(
      {
        kind: 'hook',
        when: 'commit',
        run: () => {
          resolve();
          return gate;
        },
      },
      { method: 'PATCH' },
    );
  });
  const first = stage.patch(KEYS.centro, { phone: '+54 11 1111-1111' });
  await arrived;
  const second = stage.patch(KEYS.centro, { phone: '+54 11 2222-2222' });
  await stage.call('PUT', '/staff/st-1/links/vitalis-centro', {
    key: KEYS.centro,
    body: { vendorRecordId: '2' },
  });
  letGo();
  expect((await first).status).toBe(200);
  const reply = await second;
  // It may have been located before or after the link was moved; what it must not do is write to record 1.
  expect([200, 409]).toContain(reply.status);
  expect(stage.vitalis.state.professionals.get(1)?.phone).toBe('+54 11 1111-1111');
});
