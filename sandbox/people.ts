import { readFileSync } from 'node:fs';
import Joi from 'joi';

/** A block of weekly hours of a canonical record, as far as the sandboxes hold it. */
interface Hours {
  daysOfWeek: string[];
  availableStartTime: string;
  availableEndTime: string;
  locationId?: string;
}

/** A canonical staff record, as the gateway's own API shows it; every member may be absent. */
export interface Person {
  status?: 'active' | 'inactive' | 'on-leave';
  name?: { given?: string; family?: string };
  nationalId?: string;
  birthDate?: string;
  gender?: 'male' | 'female' | 'other' | 'unknown';
  address?: { text?: string };
  phone?: string;
  email?: string;
  role?: string;
  specialty?: { code: string; display?: string; system?: string };
  organizationId?: string;
  locationId?: string;
  period?: { start?: string; end?: string };
  availableTime?: Hours[];
}

const text = Joi.string().min(1);
const PEOPLE = Joi.array()
  .items(
    Joi.object({
      status: Joi.valid('active', 'inactive', 'on-leave'),
      name: Joi.object({ given: text, family: text }),
      nationalId: text,
      birthDate: Joi.string().pattern(/^\d{4}-\d{2}-\d{2}$/),
      gender: Joi.valid('male', 'female', 'other', 'unknown'),
      address: Joi.object({ text }),
      phone: text,
      email: text,
      role: text,
      specialty: Joi.object({ code: text.required(), display: text, system: text }),
      organizationId: text,
      locationId: text,
      period: Joi.object({ start: text, end: text }),
      availableTime: Joi.array().items(
        Joi.object({
          daysOfWeek: Joi.array()
            .items(Joi.valid('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'))
            .required(),
          availableStartTime: Joi.string()
            .pattern(/^\d{2}:\d{2}:\d{2}$/)
            .required(),
          availableEndTime: Joi.string()
            .pattern(/^\d{2}:\d{2}:\d{2}$/)
            .required(),
          locationId: text,
        }).unknown(),
      ),
    }),
  )
  .unique('nationalId', { ignoreUndefined: true })
  .min(1)
  .required();

const MAXIMUM = 10_000;

/**
 * The people to seed: that many made-up ones, or those of a JSON file that holds a list of canonical records.
 *
 * @throws Error with the place in the file and no value, if the number or the file is of no use
 */
export function readPeople(countOrFile: string): readonly Person[] {
  if (/^\d+$/.test(countOrFile)) {
    const count = Number(countOrFile);
    if (count < 1 || count > MAXIMUM) throw new Error(`--seed takes 1 to ${MAXIMUM} people`);
    return makePeople(count);
  }
  const content: unknown = JSON.parse(readFileSync(countOrFile, 'utf8'));
  const invalid = peopleProblem(content);
  if (invalid !== undefined || !isPeople(content)) throw new Error(`${countOrFile}: ${invalid}`);
  return content;
}

function isPeople(value: unknown): value is Person[] {
  return peopleProblem(value) === undefined;
}

function peopleProblem(value: unknown): string | undefined {
  const detail = PEOPLE.validate(value, { convert: false }).error?.details[0];
  return detail && `${detail.path.join('.') || 'the file'}: ${detail.type}`;
}

const GIVEN: readonly (readonly [string, NonNullable<Person['gender']>])[] = [
  ['María José', 'female'],
  ['Ñusta', 'female'],
  ['José', 'male'],
  ['Zoë', 'female'],
  ['Ángel', 'male'],
  ['Lucía', 'female'],
  ['Joaquín', 'male'],
  ['Agustina', 'female'],
  ['Nicolás', 'male'],
  ['Ariel', 'other'],
  ['Inés', 'female'],
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
];
const STREETS = ['Av. Corrientes', 'Calle 7', 'San Martín', 'Belgrano', 'Güemes'];
const SPECIALTIES = [
  { code: '394579002', display: 'Cardiología' },
  { code: '394537008', display: 'Pediatría' },
  { code: '419192003', display: 'Clínica médica' },
];
const STATUSES = ['active', 'active', 'active', 'on-leave', 'inactive'] as const;

/** One of `values`, the same one for the same number. */
function pick<Value>(values: readonly Value[], index: number): Value {
  const value = values[index % values.length];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}

/** The same made-up people for the same number: the fifth of every ten is a twin, the eighth has another's name. */
export function makePeople(count: number): Person[] {
  const people: Person[] = [];
  for (let index = 0; index < count; index += 1) people.push(makePerson(index, people));
  return people;
}

function makePerson(index: number, before: readonly Person[]): Person {
  const [given, gender] = pick(GIVEN, index);
  const number = String(index + 1);
  const person: Person = {
    status: pick(STATUSES, index),
    name: { given, family: pick(FAMILY, index) },
    nationalId: String(20_000_003 + index * 7),
    birthDate: new Date(Date.UTC(1950 + ((index * 7) % 50), index % 12, 1 + (index % 28)))
      .toISOString()
      .slice(0, 10),
    gender,
    address: { text: `${pick(STREETS, index)} ${100 + index}, Córdoba` },
    phone: `+54 11 4${String(100 + (index % 900))}-${String(1000 + (index % 9000))}`,
    email: `persona${number}@example.test`,
    role: 'doctor',
    specialty: pick(SPECIALTIES, index),
    period: { start: `20${String(10 + (index % 15))}-01-01` },
    availableTime: [
      { daysOfWeek: ['mon', 'wed'], availableStartTime: '08:00:00', availableEndTime: '12:00:00' },
      { daysOfWeek: ['fri'], availableStartTime: '14:00:00', availableEndTime: '18:30:00' },
    ],
  };
  const other = before.at(-1);
  if (index % 10 === 4 && other) return { ...person, ...twinOf(other, given) };
  if (index % 10 === 7 && other?.name) return { ...person, name: other.name };
  return person;
}

/** Same family, day of birth, address and telephone. */
function twinOf({ name, birthDate, address, phone }: Person, given: string): Person {
  return {
    name: { ...name, given },
    ...(birthDate !== undefined && { birthDate }),
    ...(address && { address }),
    ...(phone !== undefined && { phone }),
  };
}
