/** What a caller may not read it does not learn by writing: every answer to it shows only what the request sent. */
import { createHash } from 'node:crypto';
import { openStage, type Reply, type Stage } from '../support/stage';

const WRITERS = {
  north: 'writer-of-north',
  centro: 'writer-of-centro',
  south: 'writer-of-south',
  west: 'writer-of-west',
} as const;
type Clinic = keyof typeof WRITERS;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    fhir: {},
    configure: (config) => {
      for (const [clinic, key] of Object.entries(WRITERS)) {
        config.callers.push({
          name: `writer-${clinic}`,
          keySha256: createHash('sha256').update(key).digest('hex'),
          clinic,
          scopes: ['staff:write'],
        });
      }
    },
  });
});
afterAll(() => stage.close());
beforeEach(() => {
  stage.clinikapi.reset();
  stage.vitalis.reset();
  stage.cobalt.reset();
  stage.fhir?.reset();
});

const write = (clinic: Clinic, body: unknown, headers = {}, query = '') =>
  stage.patch(WRITERS[clinic], body, headers, 'st-1', query);

/** What the answer says of the record: names of members, and of the members of those. */
function shown({ body }: Reply): Record<string, unknown> {
  const parts = Object.entries(body.data ?? {}).map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : true,
  ]);
  return Object.fromEntries(parts);
}

const WEEK = [{ daysOfWeek: ['mon'], availableStartTime: '09:00:00', availableEndTime: '12:00:00' }];

describe.each<[Clinic, Record<string, unknown>, Record<string, unknown>]>([
  ['north', { status: 'inactive' }, { id: true, status: true }],
  ['north', { period: { end: '2031-12-31' } }, { id: true, period: ['end'] }],
  ['north', { specialty: { display: 'Another' } }, { id: true, specialty: ['display'] }],
  ['north', { role: 'nurse', period: { start: '2020-01-01' } }, { id: true, role: true, period: ['start'] }],
  ['centro', { phone: '+54 11 4444-0000' }, { id: true, phone: true }],
  ['centro', { name: { given: 'Ana' } }, { id: true, name: ['given'] }],
  ['centro', { status: 'on-leave', email: 'ana@example.test' }, { id: true, status: true, email: true }],
  ['south', { status: 'inactive' }, { id: true, status: true }],
  ['south', { availableTime: WEEK }, { id: true, availableTime: true }],
])('%s: an update of %j by a caller that may only write', (clinic, body, expected) => {
  test('shows what was sent, without an entity tag', async () => {
    const reply = await write(clinic, body);
    expect(reply.status).toBe(200);
    expect(shown(reply)).toEqual(expected);
    expect(reply.headers.get('etag')).toBeNull();
  });

  test('shows no more when nothing changes', async () => {
    await write(clinic, body);
    const reply = await write(clinic, body);
    expect([reply.status, shown(reply)]).toEqual([200, expected]);
  });

  test('shows no more as a dry run, in the vendor’s request neither', async () => {
    const reply = await write(clinic, body, {}, '?dryRun=true');
    expect([reply.status, shown(reply)]).toEqual([200, expected]);
    const request = reply.body.meta.vendorRequest;
    expect(Object.keys(request.body)).toHaveLength(Object.keys(body).length);
    // Names, addresses and numbers of the seeded people.
    expect(JSON.stringify(request.body)).not.toMatch(/Juan|Pérez|Corrientes|12345678|1985-03-15|2024-01-01/);
  });

  test('shows no more to a key that is used again', async () => {
    const key = { 'idempotency-key': `again-${clinic}-${JSON.stringify(body).length}-${Math.random()}` };
    await write(clinic, body, key);
    const reply = await write(clinic, body, key);
    expect(reply.headers.get('idempotency-replayed')).toBe('true');
    expect(shown(reply)).toEqual(expected);
  });
});

test('a stored value that blocks the update is not named', async () => {
  stage.vitalis.state.professionals.change(1, { email: 'no address' });
  const reply = await write('centro', { phone: '+54 11 4444-0000' });
  expect([reply.status, reply.body.code]).toEqual([422, 'stored_value_invalid']);
  expect(reply.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['']);
  expect(JSON.stringify(reply.body)).not.toMatch(/email|e-mail/);
});

test('a record that is another one is refused without its entity tag', async () => {
  const reply = await write('north', { status: 'inactive' }, { 'if-match': '"another"' });
  expect([reply.status, reply.body.code]).toEqual([412, 'precondition_failed']);
  expect(reply.headers.get('etag')).toBeNull();
});

test.each<[Clinic, Record<string, unknown>, Record<string, unknown>]>([
  ['centro', { phone: '123', status: 'active' }, { id: 'st-1', status: 'active' }],
  ['south', { status: 'on-leave', availableTime: [] }, { id: 'st-1', availableTime: null }],
  ['west', { status: 'on-leave', role: 'nurse' }, { id: 'st-1', role: 'nurse' }],
])('%s: what is stored is not shown in the place of what was dropped: %j', async (clinic, body, data) => {
  for (const query of ['?dryRun=true', '']) {
    const reply = await write(clinic, body, { prefer: 'handling=lenient' }, query);
    expect([reply.status, reply.body.data]).toEqual([200, data]);
  }
});

test('a list in the vendor’s request of a dry run shows no stored items', async () => {
  // The seeded one has a work address, and a home in La Plata.
  const reply = await write('west', { address: { text: 'Calle 1' } }, {}, '?dryRun=true');
  expect([reply.status, reply.body.data]).toEqual([200, { id: 'st-1', address: { text: 'Calle 1' } }]);
  expect(JSON.stringify(reply.body)).not.toMatch(/Calle 7|La Plata/);
});

test('the vendor’s words about a stored value are not told', async () => {
  const errors = [{ param: 'dni', msg: 'El DNI es obligatorio' }];
  stage.vitalis.faults.next({ kind: 'answer', status: 400, body: { errors } }, { method: 'PATCH' });
  const reply = await write('centro', { phone: '+54 11 4444-0000' });
  expect([reply.status, reply.body.code]).toEqual([422, 'stored_value_invalid']);
  expect(JSON.stringify(reply.body)).not.toMatch(/dni|national/i);
});
