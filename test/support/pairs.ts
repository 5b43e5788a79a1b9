/** Seeded pairs of people as two systems write them: with twins, namesakes, slips, swaps, and what is missing. */
import { vitalis } from '../../adapters/vitalis';
import { type Candidate, candidateOf, type Evidence } from '../../src/switch/match/evidence';

export interface SeededPairs {
  people: Candidate[];
  records: Candidate[];
  /** Record ids by staff id. */
  truth: Map<string, string>;
}

const GIVEN = [
  'María José',
  'Ñusta',
  'José',
  'Zoë',
  'Ángel',
  'Lucía',
  'Joaquín',
  'Agustina',
  'Nicolás',
  'Inés',
  'Bruno',
  'Tomás',
  'Elena',
  'Sofía',
  'Martín',
  'Paula',
  'Diego',
  'Camila',
  'Andrés',
  'Rocío',
];
const FAMILY = [
  'Núñez',
  'García Márquez',
  "O'Higgins",
  'Peña',
  'Müller',
  'de la Cruz',
  'Yáñez',
  'Ibarra-Sáenz',
  'Quiñones',
  'Giménez',
  'Ávila',
  'Łukasiewicz',
  'Sosa',
  'Fernández',
  'López',
  'Torres',
  'Benítez',
  'Acosta',
  'Rojas',
  'Molina',
  'Castro',
  'Vega',
  'Herrera',
  'Suárez',
];

/** The same numbers for the same seed, 0 to 1. */
export function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function seededPairs(count: number, seed: number): SeededPairs {
  const random = randomness(seed);
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const chance = (part: number) => random() < part;
  const digits = (length: number) => Array.from({ length }, () => Math.floor(random() * 10)).join('');

  const persons: Required<Omit<Evidence, 'name'>>[] = [];
  for (let index = 0; index < count; index += 1) {
    const before = persons.at(-1);
    const person = {
      given: pick(GIVEN),
      family: pick(FAMILY),
      nationalId: `${1 + Math.floor(random() * 8)}${digits(7)}`,
      birthDate: `${1950 + Math.floor(random() * 50)}-${String(1 + Math.floor(random() * 12)).padStart(2, '0')}-${String(1 + Math.floor(random() * 28)).padStart(2, '0')}`,
      email: `p${index}.${digits(3)}@example.test`,
      phone: `+54 11 4${digits(3)}-${digits(4)}`,
      specialty: pick(['394579002', '394537008', '419192003']),
    };
    if (before && chance(0.08)) {
      // A twin: everything but the given name and the id, and often not even an e-mail of their own.
      const given = pick(GIVEN.filter((name) => name !== before.given));
      const { family, birthDate, phone } = before;
      persons.push({
        ...person,
        given,
        family,
        birthDate,
        phone,
        ...(chance(0.5) && { email: before.email }),
      });
    } else if (before && chance(0.06))
      persons.push({ ...person, given: before.given, family: before.family });
    else persons.push(person);
  }

  const slip = (text: string): string => {
    const at = 1 + Math.floor(random() * Math.max(1, text.length - 2));
    const [one = '', other = ''] = [text[at], text[at + 1]];
    if (chance(0.5) && other !== '') return text.slice(0, at) + other + one + text.slice(at + 2);
    return text.slice(0, at) + (/\d/.test(one) ? String((Number(one) + 1) % 10) : 'x') + text.slice(at + 1);
  };
  const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toUpperCase();

  const written = persons.map((person, index) => {
    const record: Evidence = { ...person };
    if (chance(0.25)) delete record.nationalId;
    else if (chance(0.05)) record.nationalId = slip(person.nationalId);
    else if (chance(0.03)) record.nationalId = persons[(index + 7) % count]?.nationalId ?? '';
    else if (chance(0.1)) record.nationalId = `0${person.nationalId}`;
    if (chance(0.15)) delete record.email;
    else if (chance(0.1)) record.email = `other${index}@example.test`;
    if (chance(0.05)) record.birthDate = slip(person.birthDate);
    if (chance(0.1)) delete record.phone;
    if (chance(0.1)) [record.given, record.family] = [person.family, person.given];
    if (chance(0.15)) record.given = slip(record.given ?? '');
    if (chance(0.1)) record.family = slip(record.family ?? '');
    if (chance(0.3)) [record.given, record.family] = [plain(record.given ?? ''), plain(record.family ?? '')];
    if (chance(0.05)) delete record.specialty;
    return record;
  });

  const here = persons.map((person): Evidence => {
    const shown: Evidence = { ...person };
    if (chance(0.1)) delete shown.nationalId;
    if (chance(0.05)) delete shown.email;
    return shown;
  });
  const people = here.map((shown, index) => asCandidate(`st-${index}`, shown));
  const records = written.map((shown, index) => asCandidate(String(1_000 + ((index * 37) % count)), shown));
  // Some work at one place only.
  const truth = new Map(people.map(({ id }, index) => [id, records[index]?.id ?? '']));
  return { people, records, truth };
}

const adapter = vitalis.connect({
  baseUrl: 'https://vendor.example.test',
  credentials: { token: 'x' },
  options: {},
  codes: { specialty: { '394579002': 1, '394537008': 2, '419192003': 3 } },
});
const SPECIALTIES = ['394579002', '394537008', '419192003'];

/** As a real adapter shows a record of it. */
function asCandidate(id: string, shown: Evidence): Candidate {
  const { given, family, nationalId, birthDate, email, phone, specialty } = shown;
  const record = { name: given, surname: family, dni: nationalId, birthdate: birthDate, email, phone };
  const place = SPECIALTIES.indexOf(specialty ?? '') + 1;
  return candidateOf(id, adapter, { ...record, ...(place > 0 && { specialityID: place }) });
}

/** In another order, the same for the same seed. */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = randomness(seed);
  return items
    .map((item) => ({ item, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item);
}
