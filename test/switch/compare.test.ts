/** `switch compare`: finds what was planted, and nothing else; a list that breaks off is never called equal. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makePeople, type Person } from '../../sandbox/people';
import { createComparisons } from '../../src/store/comparisons';
import { openDatabase } from '../../src/store/database';
import type { ComparisonRow } from '../../src/switch/compare';
import { type Movable, openMovable, rowsIn } from '../support/movable';

jest.setTimeout(120_000);

const COUNT = 40;
/** What the vendor holds of each, weekly hours included. */
const FIELDS_HELD = 11;
const HERE = 'vitalis-centro';
const THERE = 'vitalis-new';

/** What both connections hold of everybody. */
const PEOPLE = makePeople(COUNT).map(({ role: _, period: __, ...person }): Person => person);

let stage: Movable;
let other: Movable;
beforeAll(async () => {
  other = await openMovable(PEOPLE);
  stage = await openMovable(PEOPLE, {
    configure: ({ vendors }) => {
      const specialty = { '394579002': 1, '394537008': 2, '419192003': 3 };
      vendors[THERE] = {
        ...other.config.vendors[HERE],
        codes: { ...other.config.vendors[HERE].codes, specialty },
      };
    },
  });
  await stage.link('centro', HERE);
  for (const [index, id] of stage.records[HERE].entries()) {
    // One has no link there.
    if (index !== 11) await stage.linkTo('centro', THERE, `st-${index + 1}`, id);
  }
});
afterAll(async () => {
  await stage.close();
  await other.close();
});
beforeEach(() => {
  stage.vitalis.reset();
  other.vitalis.reset();
});

const compare = (...args: string[]) => stage.json('switch', 'compare', 'centro', THERE, ...args);

async function kept() {
  const database = await openDatabase(stage.config.store.url);
  const comparison = await createComparisons(database).latest('centro', THERE, HERE);
  await database.close();
  return comparison;
}

type Professional = ReturnType<Movable['vitalis']['state']['professionals']['all']>[number];

/** Changes one record, as somebody at the vendor does. */
const there = (index: number, change: Partial<Professional>) =>
  void other.vitalis.state.professionals.change(index + 1, change);
const here = (index: number, change: Partial<Professional>) =>
  void stage.vitalis.state.professionals.change(index + 1, change);
/** What both have of somebody. */
const both = (index: number) => stage.seeded.vitalis.professionals[index];

/** Each plants one difference of one staff member. */
const PLANTED: readonly (readonly [index: number, field: string, verdict: string, plant: () => void])[] = [
  [0, '/status', 'differs', () => there(0, { state: 'Licencia' })],
  [1, '/name/given', 'differs', () => there(1, { name: 'Otra' })],
  [2, '/name/family', 'differs', () => there(2, { surname: 'Persona' })],
  [3, '/nationalId', 'differs', () => there(3, { dni: 12_345_678 })],
  [4, '/birthDate', 'differs', () => there(4, { birthdate: '1981-02-03T00:00:00.000Z' })],
  [5, '/gender', 'differs', () => there(5, { gender: both(5)?.gender === 'Otro' ? 'Femenino' : 'Otro' })],
  [6, '/address/text', 'differs', () => there(6, { address: 'Other Street 1' })],
  [7, '/phone', 'differs', () => there(7, { phone: '+54 11 0000-0000' })],
  [8, '/email', 'differs', () => there(8, { email: 'other@example.test' })],
  [9, '/specialty', 'differs', () => there(9, { specialityID: both(9)?.specialityID === 1 ? 2 : 1 })],
  [10, '/phone', 'only_here', () => there(10, { phone: '' })],
  [12, '/address/text', 'only_there', () => here(12, { address: '' })],
  [13, '/status', 'unreadable', () => there(13, { state: 'Jubilado' })],
  [14, '/status', 'unreadable', () => here(14, { state: 'Jubilado' })],
  [15, '/email', 'only_here', () => there(15, { email: '' })],
  [16, '/gender', 'unreadable', () => there(16, { gender: 'Unbekannt' })],
  [17, '/phone', 'known_difference', () => here(17, { phone: '(011) 4555-1234 x5' })],
  [18, '/nationalId', 'known_difference', () => here(18, { dni: '12e34567' })],
  [19, '/name/given', 'differs', () => there(19, { name: both(19)?.name.toUpperCase() ?? '' })],
];

test('20 planted differences of every kind are found, and nothing else', async () => {
  for (const [, , , plant] of PLANTED) plant();
  const { code, err, document } = await compare();
  expect([code, err, document.complete]).toEqual([2, '', true]);
  const found = (document.rows as ComparisonRow[]).filter(({ verdict }) => verdict !== 'equal');
  const missing = found.filter(({ verdict }) => verdict === 'missing_there');
  expect(new Set(missing.map(({ staffId }) => staffId))).toEqual(new Set(['st-12']));
  expect(missing).toHaveLength(FIELDS_HELD);
  const rest = found
    .filter((row) => !missing.includes(row))
    .map(({ staffId, field, verdict }) => `${staffId} ${field} ${verdict}`);
  expect(rest.sort()).toEqual(
    PLANTED.map(([index, field, verdict]) => `st-${index + 1} ${field} ${verdict}`).sort(),
  );
  expect(document.counts.equal).toBe(COUNT * FIELDS_HELD - missing.length - PLANTED.length);
  const explained = PLANTED.filter(
    ([, , verdict]) => verdict === 'known_difference' || verdict === 'only_there',
  ).length;
  expect(await kept()).toMatchObject({
    ...{ here: HERE, there: THERE, complete: true, counts: document.counts },
    differences: PLANTED.length - explained + missing.length,
  });
});

test('equal sides are equal, once everybody is linked', async () => {
  await stage.linkTo('centro', THERE, 'st-12', stage.records[HERE][11] ?? '');
  const { code, err, document } = await compare();
  expect([code, err]).toEqual([0, '']);
  expect(document.counts).toMatchObject({ equal: COUNT * FIELDS_HELD, differs: 0, missing_there: 0 });
  expect(await kept()).toMatchObject({ complete: true, differences: 0 });
});

test.each([
  ['here', () => stage],
  ['there', () => other],
] as const)('a list that is cut %s is never called equal', async (_, side) => {
  side().vitalis.faults.add({ kind: 'malformed', form: 'truncated' }, { path: '/professionals' });
  const { code, err, document } = await compare();
  side().vitalis.faults.clear();
  expect([code, document.complete, document.counts.equal]).toEqual([1, false, 0]);
  expect(err).toMatch(/could not be read to its end/);
  expect(await kept()).toMatchObject({ complete: false });
});

test('what changes here meanwhile is no difference if it was equal before or after', async () => {
  let reads = 0;
  const hook = () => {
    reads += 1;
    if (reads === 2) {
      here(3, { phone: '+54 11 9999-9999' });
      here(5, { email: 'changed@example.test' });
    }
  };
  there(3, { phone: '+54 11 9999-9999' });
  stage.vitalis.faults.add({ kind: 'hook', run: hook }, { path: '/professionals' });
  const { code, err, document } = await compare();
  stage.vitalis.faults.clear();
  expect([code, document.counts.differs]).toEqual([0, 0]);
  expect(err).toBe('2 fields changed here while all was read.\n');
});

test('for people: one screen, and a file for its owner only; values only if they are asked for', async () => {
  there(7, { phone: '+54 11 0000-0000' });
  const file = join(stage.folder, 'compared.csv');
  const { code, out } = await stage.command('switch', 'compare', 'centro', THERE, '--out', file);
  expect(code).toBe(2);
  expect(out).toMatch(/differs +1 +has another value there/);
  expect(out).toMatch(/1 difference that nothing explains/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const [header] = await rowsIn(file);
  expect(Object.keys(header ?? {})).toEqual(['staffId', 'field', 'verdict', 'detail']);
  expect(JSON.stringify([out, await rowsIn(file)])).not.toContain('0000-0000');
  const { document } = await compare('--values');
  const row = document.rows.find(({ verdict }: ComparisonRow) => verdict === 'differs');
  expect(row).toEqual({
    ...{ staffId: 'st-8', field: '/phone', verdict: 'differs' },
    ...{ here: PEOPLE[7]?.phone, there: '+54 11 0000-0000' },
  });
});
