/**
 * A further record of a staff member that somebody deletes while an update is under way: never a 404, since the staff member is still
 * there, and the receipt tells what was applied. The primary record's own end is one.
 */
import type { Fault } from '../../sandbox/faults';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ fhir: {} });
});
afterAll(() => stage.close());

const NAME = { given: 'Ana', family: 'Paz' };
const hook = (run: () => unknown): Fault => ({ kind: 'hook', when: 'request', run: () => void run() });
const week = (start: string) => [
  { daysOfWeek: ['mon', 'wed'], availableStartTime: start, availableEndTime: '18:30:00' },
];

const outcomes = ({ body }: Reply): string[] =>
  (body.receipt ?? []).map((row: { pointer: string; outcome: string }) => `${row.pointer} ${row.outcome}`);
const told = (reply: Reply) => [reply.status, reply.body.code, reply.body.outcome, outcomes(reply)];
const pointers = ({ body }: Reply) =>
  body.errors.map(({ pointer, code }: { pointer: string; code: string }) => `${pointer} ${code}`);

interface Vendor {
  sandbox: 'clinikapi' | 'vitalis' | 'fhir';
  key: string;
  /** Of the second resource alone, and of both. */
  alone: Record<string, unknown>;
  both: Record<string, unknown>;
  /** The writes of the two. */
  first: { method: string; path: RegExp };
  second: { method: string; path: RegExp };
  end: (which: 'first' | 'second') => unknown;
  code: [status: number, code: string, inner: string];
}

const VENDORS: [name: string, vendor: Vendor][] = [
  [
    'ClinikAPI',
    {
      sandbox: 'clinikapi',
      key: KEYS.north,
      alone: { name: NAME },
      both: { status: 'inactive', name: NAME },
      first: { method: 'PATCH', path: /practitioner-roles/ },
      second: { method: 'PATCH', path: /practitioners/ },
      end: (which) =>
        which === 'first'
          ? stage.clinikapi.state.roles.remove('pr_abc123')
          : stage.clinikapi.state.practitioners.remove('prac_abc123'),
      code: [422, 'stored_value_invalid', 'stored_value_invalid'],
    },
  ],
  [
    'FHIR',
    {
      sandbox: 'fhir',
      key: KEYS.west,
      alone: { name: NAME },
      both: { status: 'inactive', name: NAME },
      first: { method: 'PUT', path: /\/PractitionerRole\// },
      second: { method: 'PUT', path: /\/Practitioner\// },
      end: (which) =>
        which === 'first'
          ? stage.fhir?.state.remove('PractitionerRole', 'role-abc123')
          : stage.fhir?.state.remove('Practitioner', 'prac-abc123'),
      code: [422, 'stored_value_invalid', 'stored_value_invalid'],
    },
  ],
  [
    // The hours are never gone as such: a row of theirs is, and so they have been changed.
    'Vitalis',
    {
      sandbox: 'vitalis',
      key: KEYS.centro,
      alone: { availableTime: week('08:30:00') },
      both: { status: 'inactive', availableTime: week('08:30:00') },
      first: { method: 'PATCH', path: /^\/professionals/ },
      second: { method: 'PATCH', path: /^\/work_schedules/ },
      end: (which) =>
        which === 'first'
          ? stage.vitalis.state.professionals.remove(1)
          : stage.vitalis.state.schedules.remove(1),
      code: [409, 'conflict', 'changed_meanwhile'],
    },
  ],
];

describe.each(VENDORS)('%s', (_name, { sandbox: name, key, alone, both, first, second, end, code }) => {
  const sandbox = () => stage[name] ?? stage.clinikapi;
  const [status, outer, inner] = code;
  const [member = ''] = Object.keys(alone);
  const named = member === 'name' ? ['/name/given', '/name/family'] : [`/${member}`];
  const complained = named.map((pointer) => `${pointer} ${inner}`);

  beforeEach(() => sandbox().reset());
  afterEach(() => sandbox().faults.clear());

  test('the further one, of an update of it alone: not applied', async () => {
    sandbox().faults.next(
      hook(() => end('second')),
      second,
    );
    const reply = await stage.patch(key, alone);
    expect(told(reply).slice(0, 3)).toEqual([status, outer, 'not_applied']);
    expect(pointers(reply)).toEqual(complained);
    expect(reply.body.detail).not.toMatch(/no such record/);
  });

  test('the further one, after the first was written: partial', async () => {
    sandbox().faults.next(
      hook(() => end('second')),
      second,
    );
    const reply = await stage.patch(key, both);
    expect(told(reply)).toEqual([
      ...[status, outer, 'partial'],
      ['/status verified', `/${member} not_applied`],
    ]);
    expect(pointers(reply)).toEqual(complained);
    const [change] = (await stage.call('GET', '/changes?limit=1', { key })).body.data;
    expect([change.outcome, change.code]).toEqual(['partial', outer]);
  });

  // A server that heeds the version of a write is not asked again before it.
  if (name !== 'fhir') {
    test('the further one, between the look and the first write: nothing is sent', async () => {
      const { headers } = await stage.call('GET', '/staff/st-1', { key });
      sandbox().faults.next(
        hook(() => end('second')),
        { method: 'GET', path: second.path, after: 1 },
      );
      const reply = await stage.patch(key, both, { 'if-match': headers.get('etag') ?? '' });
      // Weekly hours without one of their days are another record.
      const expected =
        outer === 'conflict' ? [412, 'precondition_failed', undefined] : [status, outer, 'not_applied'];
      expect(told(reply).slice(0, 3)).toEqual(expected);
      expect(sandbox().log.filter(({ method }) => method !== 'GET')).toEqual([]);
    });
  }

  test('the primary one: the staff member is gone, and nothing was applied', async () => {
    sandbox().faults.next(
      hook(() => end('first')),
      first,
    );
    const reply = await stage.patch(key, both);
    expect(told(reply)).toEqual([
      ...[404, 'staff_not_found', 'not_applied'],
      ['/status not_applied', `/${member} not_applied`],
    ]);
  });
});

test('the second of two days is gone: it is not known what the week is', async () => {
  stage.vitalis.reset();
  stage.vitalis.faults.next(
    hook(() => stage.vitalis.state.schedules.remove(2)),
    { method: 'PATCH', path: /^\/work_schedules/, after: 1 },
  );
  const reply = await stage.patch(KEYS.centro, { availableTime: week('08:30:00') });
  expect(told(reply)).toEqual([409, 'conflict', 'partial', ['/availableTime unknown']]);
  expect(pointers(reply)).toEqual(['/availableTime changed_meanwhile']);
});
