/** What two people's records have in common, sign by sign. */
import { isSlip, likeness, nameReason, namesAlike } from '../../src/switch/match/alike';
import { blocks } from '../../src/switch/match/blocks';
import { type Candidate, candidateOf, nationalIdKey, wordsOf } from '../../src/switch/match/evidence';
import { clinikapi, vitalis } from '../support/adapterSetups';

const candidate = (more: Partial<Candidate> & { name?: string } = {}): Candidate => ({
  ...{ id: 'a', shown: {}, words: wordsOf(more.name), nationalId: undefined, birthDate: undefined },
  ...{ email: undefined, phone: undefined, specialty: undefined },
  ...more,
});
const alike = (one: Partial<Candidate> & { name?: string }, other: Partial<Candidate> & { name?: string }) =>
  likeness(candidate(one), candidate(other));

test.each<[string, string, boolean]>([
  ['20123456', '20123457', true],
  ['20123456', '2012346', true],
  ['20123456', '20213456', true],
  ['20123456', '20132457', false],
  ['20123456', '20133457', false],
  ['20123456', '20123456', false],
  ['20123456', '20123465', true],
  ['20123456', '99999999', false],
])('%s and %s differ by a slip: %p', (one, other, isOne) => {
  expect(isSlip(one, other)).toBe(isOne);
});

test('names in any order, with one word less, with a slip, and others', () => {
  const of = (one: string, other: string) => namesAlike(wordsOf(one), wordsOf(other)) ?? -1;
  expect(of('Ana Paz', 'Paz, Ana')).toBe(1);
  expect(of('Núñez Ana', 'ana nunez')).toBe(1);
  // A word that one of them lacks costs a part of fifteen hundredths.
  expect(of('Ana Paz Sol', 'Ana Paz')).toBeCloseTo(0.85 + 0.15 * (2 / 3), 10);
  expect(of('Ana Paz', 'Ana Paz Sol')).toBe(of('Ana Paz Sol', 'Ana Paz'));
  expect(of('Martinez Ana', 'Martines Ana')).toBeGreaterThan(0.95);
  expect(of('Martinez Ana', 'Martines Ana')).toBeLessThan(1);
  expect(of('Ana Paz', 'Bruno Klein')).toBeLessThan(0.4);
  // The words that are most alike belong together, whatever their order.
  expect(namesAlike(['marta', 'maria'], ['maria', 'marta'])).toBe(1);
  // Each word is matched once.
  expect(of('Ana Ana', 'Ana')).toBeLessThan(1);
  expect(of('Ana Ana', 'Ana Sol')).toBeLessThan(0.9);
  expect(namesAlike([], ['ana'])).toBeUndefined();
  expect(namesAlike(['ana'], [])).toBeUndefined();
});

test.each<[string, object, object, number, string]>([
  [
    'swapped',
    { given: 'Ana', family: 'Paz' },
    { given: 'Paz', family: 'Ana' },
    1,
    'given and family name swapped',
  ],
  ['the same', { given: 'Ana', family: 'Paz' }, { given: 'Ana', family: 'Paz' }, 1, 'same name'],
  ['one of them half', { given: 'Ana' }, { family: 'Ana' }, 1, 'same name'],
  ['twice the same word', { given: 'Ana', family: 'Ana' }, { given: 'Ana', family: 'Ana' }, 1, 'same name'],
  [
    'only the given one elsewhere',
    { given: 'Ana', family: 'Paz' },
    { given: 'Sol', family: 'Ana' },
    0.6,
    'names differ (0.60)',
  ],
  [
    'only the family one elsewhere',
    { given: 'Ana', family: 'Paz' },
    { given: 'Paz', family: 'Sol' },
    0.8,
    'names alike (0.80)',
  ],
])('names %s', (_name, here, there, score, reason) => {
  expect(nameReason(here, there, score)).toBe(reason);
});

test('each sign has its weight and its words', () => {
  expect(alike({}, {})).toBeUndefined();
  // What one side does not show is not compared.
  const shown = { nationalId: '1', birthDate: '1980-01-01', email: 'a', phone: '12345678', specialty: '1' };
  for (const [sign, value] of Object.entries(shown)) {
    expect([alike({ [sign]: value }, {}), alike({}, { [sign]: value })]).toEqual([undefined, undefined]);
  }
  const reasons = (one: Partial<Candidate>, other: Partial<Candidate>) => alike(one, other)?.reasons;
  expect(alike({ nationalId: '123' }, { nationalId: '123' })).toEqual({
    score: 1,
    reasons: ['same national id'],
  });
  expect(alike({ nationalId: '20123456' }, { nationalId: '20123457' })).toEqual({
    score: expect.closeTo(0.8, 10),
    reasons: ['national ids that a slip could explain'],
  });
  expect(alike({ nationalId: '123' }, { nationalId: '999' })).toEqual({
    score: 0,
    reasons: ['national ids differ'],
  });
  expect(reasons({ birthDate: '1980-02-03' }, { birthDate: '1980-02-03' })).toEqual(['same birth date']);
  expect(alike({ birthDate: '1980-12-03' }, { birthDate: '1980-03-12' })).toEqual({
    score: expect.closeTo(0.7, 10),
    reasons: ['birth dates that a slip could explain'],
  });
  expect(alike({ birthDate: '1980-12-03' }, { birthDate: '1981-12-03' })?.score).toBeCloseTo(0.7, 10);
  expect(alike({ birthDate: '1980-12-03' }, { birthDate: '1975-04-21' })).toEqual({
    score: 0,
    reasons: ['birth dates differ'],
  });
  expect(reasons({ email: 'a@x' }, { email: 'a@x' })).toEqual(['same e-mail']);
  expect(reasons({ email: 'ana@x' }, { email: 'anna@x' })).toEqual(['e-mails that a slip could explain']);
  expect(reasons({ email: 'ana@x' }, { email: 'q@y' })).toEqual(['e-mails differ']);
  expect(reasons({ phone: '12345678', specialty: '1' }, { phone: '12345678', specialty: '2' })).toEqual([
    'same phone',
    'specialty differs',
  ]);
});

test('what counts more weighs more: a name and an identifier together', () => {
  const name = 'Ana Paz';
  const score = (one: Partial<Candidate>, other: Partial<Candidate>) =>
    alike({ name, ...one }, { name, ...other })?.score ?? -1;
  expect(score({}, {})).toBe(1);
  expect(score({ nationalId: '123' }, { nationalId: '999' })).toBeCloseTo(0.45 / 0.65, 10);
  expect(score({ birthDate: '1980-12-03' }, { birthDate: '1975-04-21' })).toBeCloseTo(0.45 / 0.65, 10);
  expect(score({ email: 'ana@x' }, { email: 'q@y' })).toBeCloseTo(0.45 / 0.5, 10);
  expect(score({ phone: '12345678' }, { phone: '87654321' })).toBeCloseTo(0.45 / 0.49, 10);
  expect(score({ specialty: '1' }, { specialty: '2' })).toBeCloseTo(0.45 / 0.48, 10);
});

test('a name alone has to be very much alike', () => {
  const same = alike({ name: 'Martinez Ana' }, { name: 'Martines Ana' });
  expect(same?.score).toBeGreaterThan(0.9);
  const less = alike({ name: 'Ana Paz' }, { name: 'Ana Klein' });
  expect(less?.score).toBeLessThanOrEqual(0.5);
  // A specialty, which many have, does not help; a phone does.
  const words = { name: 'Marta Gomez' };
  const others = { name: 'Marta Lopez' };
  expect(alike({ ...words, specialty: '1' }, { ...others, specialty: '1' })?.score).toBeLessThanOrEqual(0.5);
  expect(alike({ ...words, phone: '12345678' }, { ...others, phone: '12345678' })?.score).toBeGreaterThan(
    0.5,
  );
});

test.each<[string | undefined, string | undefined]>([
  ['0030.111.222', '30111222'],
  ['x-12 34', 'X1234'],
  ['000', undefined],
  ['', undefined],
  [undefined, undefined],
  ['100', '100'],
])('the key of the national id %p is %p', (id, key) => {
  expect(nationalIdKey(id)).toBe(key);
});

test('a candidate is what a record shows, in forms that can be compared', () => {
  const record = {
    ...{
      id: 1,
      name: 'José',
      surname: 'Paz Núñez',
      dni: 30111222,
      birthdate: '1985-03-15',
      phone: '+54 (11) 4444-5555 ext. 23',
    },
    ...{ email: ' Ana@Example.TEST ', state: 'Activo/a' },
  };
  expect(candidateOf('st-1', vitalis(), record)).toMatchObject({
    id: 'st-1',
    words: ['jose', 'nunez', 'paz'],
    nationalId: '30111222',
    birthDate: '1985-03-15',
    phone: '44445555',
    email: 'ana@example.test',
    specialty: undefined,
    shown: { name: 'José Paz Núñez', given: 'José', family: 'Paz Núñez' },
  });
  const bare = candidateOf('st-2', vitalis(), {
    id: 2,
    name: '',
    surname: 'Paz',
    phone: '12 34 56',
    email: '  ',
  });
  expect([bare.words, bare.phone, bare.email, bare.nationalId]).toEqual([
    ['paz'],
    undefined,
    undefined,
    undefined,
  ]);
  expect(candidateOf('st-2', vitalis(), { id: 2, phone: '123 4567x89' }).phone).toBe('1234567');
  const role = { id: 'pr_1', specialty: { code: '394579002' } };
  expect(candidateOf('st-3', clinikapi(), role)).toMatchObject({ words: [], specialty: '394579002' });
});

test('a block has those with anything in common, each once', () => {
  const records = [
    candidate({ id: '1', name: 'Martinez Ana', nationalId: '7' }),
    candidate({ id: '2', name: 'Marti' }),
    candidate({ id: '3', name: 'Klein', email: 'a@x', phone: '12345678' }),
    candidate({ id: '4', name: 'Sol', birthDate: '1980-01-01' }),
    // The same value in another place is nothing in common.
    candidate({ id: '5', phone: '7' }),
    candidate({ id: '6' }),
  ];
  const find = blocks(records);
  const ids = (more: Partial<Candidate> & { name?: string }) =>
    [...find(candidate(more))].map(({ id }) => id).sort();
  expect(ids({ name: 'Martinez', nationalId: '7' })).toEqual(['1', '2']);
  expect(ids({ name: 'Mar' })).toEqual(['1', '2']);
  expect(ids({ email: 'a@x' })).toEqual(['3']);
  expect(ids({ phone: '12345678' })).toEqual(['3']);
  expect(ids({ birthDate: '1980-01-01' })).toEqual(['4']);
  expect(ids({ nationalId: '7' })).toEqual(['1']);
  expect(ids({})).toEqual([]);
});
