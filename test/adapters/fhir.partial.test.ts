/** An update over both resources of a FHIR server whose second write fails: what the receipt says is true, and a repetition completes it. */
import { randomUUID } from 'node:crypto';
import type { Fault } from '../../sandbox/faults';
import { type FhirStage, openFhirStage, PRACTITIONER, ROLE } from '../support/fhirStage';
import { until } from '../support/until';

let stage: FhirStage;
beforeAll(async () => {
  stage = await openFhirStage({ vendor: () => ({ readRetries: 0, breaker: { failures: 1_000 } }) });
});
afterAll(() => stage.close());
beforeEach(() => stage.sandbox.reset());

const PATCH = { status: 'inactive', name: { family: 'Paz' } };
const SECOND = { method: 'PUT', path: /\/Practitioner\// };

type Expected = [status: number, code: string | undefined, name: 'verified' | 'not_applied'];
const SETTLED: Expected = [200, undefined, 'verified'];
const STRANGE: Expected = [502, 'vendor_unexpected_response', 'verified'];

test.each<[string, Fault, Expected]>([
  ['a socket that is reset', { kind: 'drop', reset: true }, [504, 'vendor_timeout', 'not_applied']],
  ['a socket that ends when all is done', { kind: 'drop', when: 'after' }, SETTLED],
  ['a socket that ends within the answer', { kind: 'drop', when: 'during' }, SETTLED],
  ['500', { kind: 'answer', status: 500 }, [503, 'vendor_unavailable', 'not_applied']],
  ['500 after the write', { kind: 'answer', status: 500, commit: true }, SETTLED],
  ['401', { kind: 'answer', status: 401 }, [502, 'vendor_credentials_rejected', 'not_applied']],
  ['404', { kind: 'answer', status: 404, body: {} }, [422, 'stored_value_invalid', 'not_applied']],
  ['405', { kind: 'answer', status: 405, body: {} }, [422, 'vendor_rejected', 'not_applied']],
  ['409', { kind: 'answer', status: 409, body: {} }, [409, 'conflict', 'not_applied']],
  ['412', { kind: 'answer', status: 412, body: {} }, [409, 'conflict', 'not_applied']],
  ['422', { kind: 'answer', status: 422, body: {} }, [422, 'vendor_rejected', 'not_applied']],
  ['a yes without effect', { kind: 'no-effect', echo: 'old' }, [502, 'write_not_confirmed', 'not_applied']],
  ['an empty answer', { kind: 'malformed', form: 'empty' }, SETTLED],
  ['an answer that is cut off', { kind: 'malformed', form: 'truncated' }, STRANGE],
  ['an answer in a list', { kind: 'malformed', form: 'array' }, STRANGE],
  ['the answer of another one', { kind: 'wrong-id', id: 'prac-xyz789' }, STRANGE],
])('%s', async (_name, fault, [status, code, name]) => {
  const { state, faults } = stage.sandbox;
  const headers = { 'idempotency-key': randomUUID() };
  const outcomes = ({ body }: Awaited<ReturnType<FhirStage['patch']>>) =>
    (body.receipt ?? body.meta.receipt).map(
      (row: { pointer: string; outcome: string }) => `${row.pointer} ${row.outcome}`,
    );
  faults.add(fault, SECOND);
  const first = await stage.patch(PATCH, headers);
  expect([first.status, first.body.code, outcomes(first)]).toEqual([
    status,
    code,
    ['/status verified', `/name ${name}`],
  ]);
  if (name === 'not_applied') expect(first.body.outcome).toBe('partial');
  const familyOf = async () => (await state.get('Practitioner', PRACTITIONER))?.name[1].family;
  expect(await familyOf()).toBe(name === 'verified' ? 'Paz' : 'Example');
  expect((await state.get('PractitionerRole', ROLE))?.active).toBe(false);

  faults.clear();
  const second = await until(
    () => stage.patch(PATCH, headers),
    ({ status: answered }) => answered === 200,
  );
  expect(outcomes(second)).toEqual(['/status verified', '/name verified']);
  expect([await familyOf(), stage.sandbox.writes]).toEqual(['Paz', 2]);
});
