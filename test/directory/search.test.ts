/** What a list is searched by, without a vendor: folded names, filters, and where a page begins. */
import { cursorText, digestOf, readCursor } from '../../src/directory/cursor';
import { matcher, refuseUnshown, refuseUnsupported, type StaffFilter } from '../../src/directory/filter';
import { folded } from '../../src/directory/fold';
import { tableOf } from '../../src/directory/record';
import type { Entry, Snapshot } from '../../src/directory/snapshot';
import { Problem } from '../../src/problem';
import type { Field } from '../../src/staff/fields';
import { clinikapi, connect, moduleNamed, vitalis } from '../support/adapterSetups';

test.each([
  ['Núñez-Łukasz, O’Hara', 'nunez lukasz ohara'],
  ['  Ana   María ', 'ana maria'],
  ['Müller', 'muller'],
  ['STRASSE straße ẞ', 'strasse strasse ss'],
  ['Ærøskøbing Œuvre Þór Đorđe Ħ Ŧ ð', 'aeroskobing oeuvre thor dorde h t d'],
  ['İrem ışık', 'irem isik'],
  ['Ὀδυσσεύς ΟΔΥΣΣΕΥΣ', 'οδυσσευσ οδυσσευσ'],
  ['Ⅻ ﬁn 12', 'xii fin 12'],
  ["D'Angelo `x´ ʼy", 'dangelo x y'],
  ['Zoe\u200b\u0308', 'zoe'],
  ['—…!', ''],
])('%p is searched as %p', (text, plain) => {
  expect(folded(text)).toBe(plain);
});

const entry = (more: Partial<Entry> = {}): Entry => ({
  ...{ id: '1', name: 'ana maria paz nunez', status: 'active', nationalId: '20000010' },
  ...{ email: 'ana@example.test', specialty: '394579002', text: '{}' },
  ...more,
});
const exact = tableOf(clinikapi());
const lossy = tableOf(vitalis());

test.each<[StaffFilter, boolean]>([
  [{}, true],
  [{ q: 'NÚÑ ma' }, true],
  [{ q: 'maria  paz' }, true],
  [{ q: 'ana x' }, false],
  [{ status: 'active' }, true],
  [{ status: 'inactive' }, false],
  [{ email: 'ANA@Example.test' }, true],
  [{ email: 'na@example.test' }, false],
  [{ specialty: '394579002' }, true],
  [{ specialty: '39457900' }, false],
  [{ nationalId: '20000010' }, true],
  [{ nationalId: '0020000010' }, false],
  [{ nationalId: '2000001' }, false],
  [
    { q: 'ana', status: 'active', email: 'ana@example.test', specialty: '394579002', nationalId: '20000010' },
    true,
  ],
  [{ q: 'ana', status: 'inactive', email: 'ana@example.test' }, false],
])('%j fits: %p', (filter, fits) => {
  expect(matcher(exact, filter)(entry())).toBe(fits);
});

test('a national id in any case, with its zeros, or without where the vendor loses them', () => {
  expect(matcher(exact, { nationalId: 'X12L' })(entry({ nationalId: 'x12l' }))).toBe(true);
  expect(matcher(exact, { nationalId: '1' })(entry({ nationalId: undefined }))).toBe(false);
  const zeros = matcher(lossy, { nationalId: '0020000010' });
  expect([
    zeros(entry()),
    zeros(entry({ nationalId: '0020000010' })),
    zeros(entry({ nationalId: '020000010' })),
  ]).toEqual([true, true, false]);
  expect(matcher(lossy, { nationalId: '20000010' })(entry({ nationalId: '0020000010' }))).toBe(false);
  expect(matcher(lossy, { nationalId: '2000010' })(entry({ nationalId: '210' }))).toBe(false);
  expect(matcher(lossy, { nationalId: '20000010' })(entry({ nationalId: '210' }))).toBe(false);
});

function problemOf(work: () => void): Problem | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}
const told = (work: () => void) => problemOf(work)?.extras.errors?.map(({ pointer }) => pointer);

test('what the vendor does not hold is refused, all of it', () => {
  const cobalt = tableOf(
    connect(moduleNamed('cobalt'), { clientId: 'c', clientSecret: 's', accessToken: 't' }),
  );
  const all: StaffFilter = { q: 'a', status: 'active', nationalId: '1', email: 'a@b', specialty: '1' };
  expect(told(() => refuseUnsupported(cobalt, all))).toEqual(['/q', '/nationalId', '/email', '/specialty']);
  expect(problemOf(() => refuseUnsupported(cobalt, all))?.detail).toMatch(
    /: q, nationalId, email, specialty\.$/,
  );
  expect(told(() => refuseUnsupported(cobalt, { status: 'on-leave' }))).toEqual(['/status']);
  expect(told(() => refuseUnsupported(exact, { status: 'on-leave', nationalId: '1' }))).toEqual([
    '/status',
    '/nationalId',
  ]);
  expect(told(() => refuseUnsupported(exact, { q: 'a', status: 'inactive' }))).toBeUndefined();
  expect(told(() => refuseUnsupported(lossy, all))).toBeUndefined();
});

test('what the list does not show is refused, but not of an empty list', () => {
  const snapshot = (shows: Field[], entries: readonly Entry[] = [entry()]): Snapshot => ({
    ...{ id: 'x', asOf: '', entries, shows: new Set(shows), skipped: 0, partless: 0, missing: 0 },
  });
  const filter: StaffFilter = { q: 'a', status: 'active', email: 'a@b' };
  expect(told(() => refuseUnshown(snapshot([]), filter))).toEqual(['/q', '/status', '/email']);
  expect(told(() => refuseUnshown(snapshot(['name.family', 'email']), filter))).toEqual(['/status']);
  expect(told(() => refuseUnshown(snapshot(['name.given', 'status', 'email']), filter))).toBeUndefined();
  expect(told(() => refuseUnshown(snapshot([], []), filter))).toBeUndefined();
});

describe('a cursor', () => {
  const cursor = { snapshotId: `${'0'.repeat(31)}f`, position: 12, digest: digestOf({ a: 1 }) };

  test('is read as it was written', () => {
    expect(readCursor(cursorText(cursor))).toEqual(cursor);
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
    expect(cursor.digest).toHaveLength(16);
  });

  test.each([
    ['x', (text: string) => `x${text}`],
    ['too much', (text: string) => `${text}x`],
    ['too few figures', (text: string) => text.replace('f', '')],
    ['no place', (text: string) => text.replace(':12:', '::')],
    ['a negative place', (text: string) => text.replace(':12:', ':-1:')],
    ['too far', (text: string) => text.replace(':12:', ':1234567890:')],
    ['capitals', (text: string) => text.replace('f', 'F')],
    ['no digest', (text: string) => text.replace(/:[^:]*$/, '')],
  ])('with %s is none', (_name, change) => {
    const text = Buffer.from(cursorText(cursor), 'base64url').toString();
    expect(readCursor(Buffer.from(change(text)).toString('base64url'))).toBeUndefined();
  });
});
