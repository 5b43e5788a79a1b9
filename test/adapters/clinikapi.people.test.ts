/** The practitioner behind a role at ClinikAPI: what is read out of either shape, what is written, and the pages of the lists. */
import {
  type FieldMapping,
  type MappedField,
  type Resource,
  UNREADABLE,
  type VendorRecord,
} from '../../src/adapter/contract';
import { withPart } from '../../src/adapter/resources';
import type { Field } from '../../src/staff/fields';
import { clinikapi } from '../support/adapterSetups';

const adapter = clinikapi();
const [found] = adapter.also ?? [];
if (found === undefined) throw new Error('the practitioner is a resource');
const practitioner: Resource = found;
const roles = adapter.list;

function mappingOf(field: Field): MappedField<unknown> {
  const mapping: FieldMapping<unknown> = adapter.fields[field];
  if (!mapping.supported) throw new Error(mapping.reason);
  return mapping;
}

const whole = (person: VendorRecord) => withPart({ id: 'pr_1' }, 'practitioner', person);
const read = (field: Field, person: VendorRecord) => mappingOf(field).decode(whole(person));
function encode(field: Field, value: unknown, person?: VendorRecord) {
  const refusals: string[] = [];
  const wire = mappingOf(field).encode(
    value,
    (at, code, detail) => refusals.push(`${at}${code}: ${detail}`),
    person && whole(person),
  );
  return { wire, refusals };
}

const FHIR = {
  name: [{ given: ['Ana'], family: 'Paz' }],
  telecom: [
    { system: 'phone', value: '11 4000' },
    { system: 'email', value: 'ana@example.test' },
  ],
};

test.each<[Field, VendorRecord, unknown]>([
  ['name.given', { firstName: 'Ana' }, 'Ana'],
  ['name.given', { firstName: null, ...FHIR }, null],
  ['name.given', FHIR, 'Ana'],
  ['name.given', { name: [] }, null],
  ['name.given', { name: [{ given: ['Ana', 'Eva'] }] }, UNREADABLE],
  ['name.given', { name: [{ given: ['Ana'] }, { given: ['Eva'] }] }, UNREADABLE],
  ['name.given', {}, undefined],
  ['name.family', { lastName: 'Paz', name: [{ family: 'Sol' }] }, 'Paz'],
  ['name.family', FHIR, 'Paz'],
  ['name.family', { name: [{ family: 'Paz' }, { family: 'Sol' }] }, UNREADABLE],
  ['phone', { phone: '11 5000', ...FHIR }, '11 5000'],
  ['phone', FHIR, '11 4000'],
  ['phone', { telecom: [] }, null],
  ['phone', {}, undefined],
  ['email', FHIR, 'ana@example.test'],
  ['email', { email: null, ...FHIR }, null],
  ['gender', { gender: 'female' }, 'female'],
  ['gender', { gender: 'x' }, UNREADABLE],
  ['birthDate', { birthDate: '1980-02-29' }, '1980-02-29'],
  ['address.text', { address: { line: ['Calle 1'], city: 'Salta' } }, 'Calle 1'],
  ['address.text', { address: { line: 'Calle 1' } }, 'Calle 1'],
  ['address.text', { address: [{ line: ['Calle 1'] }] }, 'Calle 1'],
  ['address.text', { address: { line: [] } }, null],
  ['address.text', { address: { city: 'Salta' } }, null],
  ['address.text', { address: [] }, null],
  ['address.text', { address: [{ line: ['a'] }, { line: ['b'] }] }, UNREADABLE],
  ['address.text', { address: { line: ['a', 'b'] } }, UNREADABLE],
  ['address.text', { address: 'Calle 1' }, UNREADABLE],
])('%s of %j is %p', (field, person, value) => {
  expect(read(field, person)).toEqual(value);
});

test.each<[Field, number]>([
  ['name.given', 100],
  ['name.family', 100],
  ['phone', 20],
])('%s has at most %i characters, not code units', (field, longest) => {
  const character = field === 'phone' ? '1' : '𝒜';
  expect(encode(field, character.repeat(longest))).toEqual({
    wire: character.repeat(longest),
    refusals: [],
  });
  expect(encode(field, character.repeat(longest + 1)).refusals).toEqual([
    `not_expressible: ClinikAPI takes at most ${longest} characters.`,
  ]);
});

test('nothing of a person can be emptied', () => {
  for (const field of [
    'name.given',
    'name.family',
    'birthDate',
    'gender',
    'address.text',
    'phone',
    'email',
  ] as const) {
    const { cleared, notClearable, resource } = mappingOf(field);
    expect([field, cleared, typeof notClearable, resource]).toEqual([
      field,
      undefined,
      'string',
      'practitioner',
    ]);
  }
});

describe('an address', () => {
  const kept = { city: 'Salta', state: 'S', postalCode: '4400', country: 'AR' };

  test.each<[string, VendorRecord, VendorRecord]>([
    ['keeps what it knows', { address: { line: ['old'], ...kept } }, kept],
    ['in a list of one too', { address: [{ line: ['old'], ...kept }] }, kept],
    [
      'sends no empty, unknown or other members',
      { address: { city: '', state: null, postalCode: 4400, use: 'home' } },
      {},
    ],
    ['where there is none', {}, {}],
    ['where there are several', { address: [kept, kept] }, {}],
  ])('%s', (_name, person, rest) => {
    expect(encode('address.text', 'new', person).wire).toEqual({ ...rest, line: ['new'] });
  });

  test('holds its one line, whatever stands beside it', () => {
    const { holds, needsCurrent } = mappingOf('address.text');
    expect(holds?.(whole({ address: { line: ['Calle 1'], ...kept } }), 'Calle 1')).toBe(true);
    expect(holds?.(whole({ address: { line: ['Calle 2'] } }), 'Calle 1')).toBe(false);
    expect(needsCurrent).toBe('merge');
  });

  test.each<[VendorRecord, boolean]>([
    [{ address: { line: ['a', 'b'] } }, true],
    [{ address: [{ line: ['a', 'b'] }] }, true],
    [{ address: [{ line: ['a'] }, { line: ['b'] }] }, true],
    [{ address: { line: ['a'] } }, false],
    [{ address: [{ line: ['a'] }] }, false],
    [{}, false],
  ])('of %j something is lost: %p', (person, isLost) => {
    expect(mappingOf('address.text').loses?.(whole(person)) !== undefined).toBe(isLost);
  });
});

describe('the resource', () => {
  test.each<[VendorRecord, string | undefined]>([
    [{ practitionerId: 'prac_1' }, 'prac_1'],
    [{ practitionerId: '../x' }, undefined],
    [{ practitionerId: 7 }, undefined],
    [{ practitioner: { reference: 'Practitioner/prac_2' } }, 'prac_2'],
    [{ practitionerId: 'prac_1', practitioner: { reference: 'Practitioner/prac_2' } }, 'prac_1'],
    [{ practitioner: { reference: 'Patient/p' } }, undefined],
    [{}, undefined],
  ])('a role %j leads to %p', (role, id) => {
    expect(practitioner.idIn(role)).toBe(id);
  });

  test('is read and written under its own path, with changes only', () => {
    expect(practitioner.read('a b')).toEqual({ method: 'GET', path: '/v1/practitioners/a%20b' });
    expect(practitioner.write('p_1', { firstName: 'Ana' })).toEqual({
      method: 'PATCH',
      path: '/v1/practitioners/p_1',
      body: { firstName: 'Ana' },
    });
    expect([practitioner.writes, practitioner.answers]).toEqual(['changes', 'record']);
    expect([practitioner.idOf?.({ id: 'p' }), practitioner.idOf?.({ id: 1 })]).toEqual(['p', undefined]);
  });

  test.each<[VendorRecord, string | undefined]>([
    [{ meta: { versionId: '3', lastUpdated: '2026' } }, '3'],
    [{ meta: { lastUpdated: '2026' } }, '2026'],
    [{}, undefined],
  ])('the revision of %j is %p', (record, revision) => {
    expect(practitioner.revision?.(record)).toBe(revision);
  });

  test.each<[unknown, unknown]>([
    [{ data: { id: 'p' } }, { id: 'p' }],
    [{ data: { resourceType: 'Practitioner', id: 'p' } }, { resourceType: 'Practitioner', id: 'p' }],
    [
      { resourceType: 'Practitioner', id: 'p' },
      { resourceType: 'Practitioner', id: 'p' },
    ],
    [{ data: { resourceType: 'PractitionerRole', id: 'p' } }, undefined],
    [{ resourceType: 'OperationOutcome' }, undefined],
    [{ data: [] }, undefined],
    ['text', undefined],
  ])('an answer %j holds %p', (body, record) => {
    expect(practitioner.record(body, 'p')).toEqual(record);
  });

  test('its owners are those roles that really lead to it', () => {
    const owners = practitioner.owners?.('prac_1');
    expect(owners?.request).toEqual({
      method: 'GET',
      path: '/v1/practitioner-roles?practitionerId=prac_1&count=100',
    });
    const rows = [
      { id: 'pr_1', practitionerId: 'prac_1' },
      { id: 'pr_2', practitionerId: 'prac_2' },
      { practitionerId: 'prac_1' },
      { resourceType: 'OperationOutcome' },
      null,
      { resourceType: 'PractitionerRole', id: 'pr_3', practitioner: { reference: 'Practitioner/prac_1' } },
    ];
    expect(owners?.ids({ data: { data: rows, hasMore: false } })).toEqual(['pr_1', 'pr_3']);
    expect(owners?.ids({ data: {} })).toBeUndefined();
  });
});

describe('the pages of a list', () => {
  const first = { method: 'GET', path: '/v1/practitioner-roles?count=100' } as const;
  const page = (more: object) => ({ data: { data: [{ id: 'pr_1' }], ...more } });

  test.each<[object, string | undefined]>([
    [{ hasMore: true, cursor: '100' }, '/v1/practitioner-roles?count=100&cursor=100'],
    [{ hasMore: true, cursor: 100 }, '/v1/practitioner-roles?count=100&cursor=100'],
    [{ hasMore: true, cursor: 'a&b' }, '/v1/practitioner-roles?count=100&cursor=a%26b'],
    [{ hasMore: false, cursor: '100' }, undefined],
    [{ cursor: '100' }, undefined],
    [{ hasMore: 'true', cursor: '100' }, undefined],
  ])('after %j comes %p', (more, path) => {
    expect(roles?.first).toEqual(first);
    expect(roles?.next?.(page(more), first)?.path).toBe(path);
    expect(roles?.rows(page(more))).toEqual([{ id: 'pr_1' }]);
  });

  test.each<[unknown]>([
    [page({ hasMore: true })],
    [page({ hasMore: true, cursor: '' })],
    [page({ hasMore: true, cursor: null })],
    [{ data: { data: 'none' } }],
    [{ data: {} }],
    [null],
  ])('%j is no page', (body) => {
    expect(roles?.rows(body)).toBeUndefined();
  });

  test('the total is a number or none', () => {
    expect(roles?.total?.(page({ total: 3 }))).toBe(3);
    expect(roles?.total?.(page({ total: '3' }))).toBeUndefined();
    expect(roles?.total?.({})).toBeUndefined();
  });

  test('rows that are no records keep their places', () => {
    const rows = [{ id: 'pr_1' }, { resourceType: 'OperationOutcome' }, 'text'];
    expect(roles?.rows({ data: { data: rows, hasMore: false } })).toEqual([
      { id: 'pr_1' },
      undefined,
      undefined,
    ]);
  });

  test('of practitioners: the inactive ones after the others', () => {
    const { list } = practitioner;
    const active = { method: 'GET', path: '/v1/practitioners?count=100' } as const;
    const inactive = { method: 'GET', path: '/v1/practitioners?count=100&active=false' } as const;
    expect(list?.first).toEqual(active);
    const more = page({ hasMore: true, cursor: '100' });
    const last = page({ hasMore: false });
    expect(list?.next?.(more, active)?.path).toBe('/v1/practitioners?count=100&cursor=100');
    expect(list?.next?.(last, active)).toEqual(inactive);
    expect(list?.next?.(last, { ...active, path: '/v1/practitioners?count=100&cursor=100' })).toEqual(
      inactive,
    );
    expect(list?.next?.(more, inactive)?.path).toBe('/v1/practitioners?count=100&active=false&cursor=100');
    expect(list?.next?.(last, inactive)).toBeUndefined();
    expect(list?.rows({ data: { data: [{ resourceType: 'Practitioner', id: 'p' }] } })).toHaveLength(1);
  });
});
