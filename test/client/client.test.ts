/** The typed client and its example, against the running gateway. */
import { randomUUID } from 'node:crypto';
import { example } from '../../client/example';
import { connect, isAccepted, problemIn, wishing } from '../../client/index';
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test('the example does what it says', async () => {
  const told = await example(stage.url, KEYS.north, 'st-1');
  expect(told.writable).toContain('/status');
  expect(told.wouldSend).toMatchObject({ method: 'PATCH', body: { status: 'inactive' } });
  expect(told.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
  expect(told.refusedBecause).toBe('validation_failed');
  expect(JSON.stringify(told)).not.toContain('clk_live');
});

test('lenient handling, a minimal answer, and a repetition that is not carried out twice', async () => {
  const gateway = connect(`${stage.url}/`, KEYS.north);
  const wishes = wishing({ lenient: true, minimal: true, idempotencyKey: randomUUID() });
  const patch = { role: 'nurse', phone: '+54 11 5555-0000' };
  const first = await gateway.staff.updateStaff('st-1', patch, {}, wishes);
  expect(first.data.data).toBeUndefined();
  expect(first.data.meta.receipt.map(({ outcome }) => outcome)).toEqual(['dropped', 'verified']);
  const again = await gateway.staff.updateStaff('st-1', patch, {}, wishes);
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.data).toEqual(first.data);
});

test('a queued update is told apart', async () => {
  const gateway = connect(stage.url, KEYS.centro);
  const { data } = await gateway.staff.updateStaff(
    'st-1',
    { phone: '+54 11 5555-0002' },
    {},
    wishing({ respondAsync: true }),
  );
  expect(isAccepted(data)).toBe(true);
  const { data: now } = await gateway.staff.updateStaff('st-1', { status: 'active' }, { dryRun: true });
  expect(isAccepted(now)).toBe(false);
});

test('a refusal is a problem with its code; an id cannot lead to another path', async () => {
  const stranger = connect(stage.url, 'no-such-key');
  const refused = await stranger.staff.readCapabilities().catch((error: unknown) => problemIn(error));
  expect(refused).toMatchObject({ code: 'unauthenticated', status: 401 });
  const gateway = connect(stage.url, KEYS.north);
  const missing = await gateway.staff
    .readStaff('../capabilities')
    .catch((error: unknown) => problemIn(error));
  expect(missing).toMatchObject({ code: 'staff_not_found' });
  expect(problemIn(new TypeError('fetch failed'))).toBeUndefined();
});
