/** The vendor's names of specialties, of which its records hold the codes alone. */
import { KEYS, openStage, type Stage } from '../support/stage';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage({
    configure: (config) => Object.assign(config.vendors['vitalis-centro'], { readRetries: 0 }),
  });
});
afterEach(() => stage.close());

const read = (headers: Record<string, string> = {}) =>
  stage.call('GET', '/staff/st-1', { key: KEYS.centro, headers });
const asked = () => stage.vitalis.log.filter(({ path }) => path === '/specialities').length;

test('are shown by reads and lists, and asked for once', async () => {
  const specialty = { code: '394579002', display: 'Cardiología', system: 'http://snomed.info/sct' };
  const [first, second] = [await read(), await read()];
  const list = await stage.call('GET', '/staff', { key: KEYS.centro });
  expect([first.body.data.specialty, second.body.data.specialty, list.body.data[0].specialty]).toEqual([
    ...[specialty, specialty, specialty],
  ]);
  expect(asked()).toBe(1);
});

test('are in no entity tag: the one of a read fits an update, and that of the update the next read', async () => {
  const etag = (await read()).headers.get('etag') ?? '';
  const body = { phone: '+54 11 4444-0000' };
  const updated = await stage.patch(KEYS.centro, body, { 'if-match': etag });
  expect(updated.status).toBe(200);
  expect(updated.headers.get('etag')).toBe((await read()).headers.get('etag'));
});

test('are left out where the vendor does not tell them', async () => {
  stage.vitalis.faults.add({ kind: 'answer', status: 500 }, { path: '/specialities' });
  const { status, body } = await read();
  expect([status, body.data.specialty, body.meta.warnings]).toEqual([
    200,
    { code: '394579002', system: 'http://snomed.info/sct' },
    [],
  ]);
});
