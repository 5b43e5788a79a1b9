import { createHash } from 'node:crypto';
import type { Reference, Role } from './clinikapi/seeds';
import { ORGANIZATION, STAMP } from './clinikapi/seeds';
import type { DayHours, Provider } from './cobalt/seeds';
import { LOCATIONS } from './cobalt/seeds';
import { practitionerResource, roleResource } from './fhir/people';
import type { Json } from './fhir/store';
import type { Person } from './people';
import { asIntegerColumn } from './vitalis/columns';
import type { Professional, Schedule, Speciality, VitalisSeeds } from './vitalis/seeds';
import { SPECIALITIES } from './vitalis/seeds';

/** What each sandbox holds of the same people, in their order. */
export interface SeededPeople {
  vitalis: VitalisSeeds & { professionals: Professional[] };
  clinikapi: { roles: Role[]; practitioners: Reference[] };
  cobalt: { providers: Provider[] };
  fhir: { roles: Json[]; practitioners: Json[] };
}

/** The people as the vendors keep them. What a vendor needs and a record does not have is filled in. */
export function seedPeople(people: readonly Person[]): SeededPeople {
  const specialities = specialitiesOf(people);
  return {
    vitalis: {
      professionals: people.map((person, index) => professionalOf(person, index + 1, specialities)),
      specialities,
      schedules: people.flatMap(blocksOf).map((block, index): Schedule => ({ ...block, id: index + 1 })),
    },
    clinikapi: {
      roles: people.map((person, index) => roleOf(person, index + 1)),
      practitioners: people.map((person, index) => practitionerOf(person, index + 1)),
    },
    cobalt: { providers: people.map((person, index) => providerOf(person, index + 1)) },
    fhir: {
      roles: people.map((person, index) => roleResource(person, suffix(index + 1))),
      practitioners: people.map((person, index) => practitionerResource(person, suffix(index + 1))),
    },
  };
}

const DEFAULT_CODES = ['394579002', '394537008', '419192003'];

/** The three that are always there, then one for each further code, with its display for a name. */
function specialitiesOf(people: readonly Person[]): Speciality[] {
  const names = new Map<string, string>();
  for (const { specialty } of people) {
    if (!specialty || DEFAULT_CODES.includes(specialty.code)) continue;
    names.set(specialty.code, specialty.display ?? specialty.code);
  }
  const more = [...new Set(names.values())].map((name, index) => ({
    id: SPECIALITIES.length + index + 1,
    name,
    state: 'Activa',
    createdAt: STAMP,
    updatedAt: STAMP,
  }));
  return [...SPECIALITIES, ...more];
}

const VITALIS_STATES = { active: 'Activo/a', inactive: 'Inactivo/a', 'on-leave': 'Licencia' };
const VITALIS_GENDERS = { male: 'Masculino', female: 'Femenino', other: 'Otro', unknown: 'No informado' };

function professionalOf(person: Person, id: number, specialities: readonly Speciality[]): Professional {
  const { code = '', display = code } = person.specialty ?? {};
  const named = specialities.find(({ name }) => name === display)?.id ?? 1;
  const known = DEFAULT_CODES.indexOf(code) + 1;
  return {
    id,
    name: person.name?.given ?? 'Sin nombre',
    surname: person.name?.family ?? 'Sin apellido',
    dni: asIntegerColumn(person.nationalId ?? String(90_000_000 + id)),
    birthdate: `${person.birthDate ?? '1980-01-01'}T00:00:00.000Z`,
    gender: VITALIS_GENDERS[person.gender ?? 'unknown'],
    address: person.address?.text ?? 'Sin dirección',
    phone: person.phone ?? '+54 11 4000-0000',
    email: person.email ?? `persona${id}@example.test`,
    specialityID: known || named,
    state: VITALIS_STATES[person.status ?? 'active'],
    createdAt: STAMP,
    updatedAt: STAMP,
  };
}

const DAYS = [
  ['sun', 'Sunday'],
  ['mon', 'Monday'],
  ['tue', 'Tuesday'],
  ['wed', 'Wednesday'],
  ['thu', 'Thursday'],
  ['fri', 'Friday'],
  ['sat', 'Saturday'],
] as const;

function hoursOn(person: Person, day: string) {
  return (person.availableTime ?? []).filter(({ daysOfWeek }) => daysOfWeek.includes(day));
}

/** Vitalis holds one block a day: the first. */
function blocksOf(person: Person, index: number): Omit<Schedule, 'id'>[] {
  return DAYS.flatMap(([day], dayOfWeek) => {
    const [first] = hoursOn(person, day);
    if (!first) return [];
    return {
      professionalID: index + 1,
      dayOfWeek,
      startTime: first.availableStartTime.replace(/:00$/, ''),
      endTime: first.availableEndTime.replace(/:00$/, ''),
      createdAt: STAMP,
      updatedAt: STAMP,
    };
  });
}

function suffix(number: number): string {
  return String(number).padStart(5, '0');
}

function roleOf(person: Person, number: number): Role {
  const { specialty, period, availableTime, phone, email } = person;
  return {
    id: `pr_seed${suffix(number)}`,
    environment: 'live',
    organization: ORGANIZATION,
    practitionerId: `prac_seed${suffix(number)}`,
    role: person.role ?? 'doctor',
    status: person.status === undefined || person.status === 'active' ? 'active' : 'inactive',
    specialties: specialty ? [specialty] : [],
    organizationId: person.organizationId ?? 'org_north1',
    locationId: person.locationId ?? 'loc_main1',
    ...(period && { period }),
    ...(availableTime && { availableTime }),
    ...(phone !== undefined && { phone }),
    ...(email !== undefined && { email }),
    version: 1,
    createdAt: STAMP,
    updatedAt: STAMP,
  };
}

function practitionerOf(person: Person, number: number): Reference {
  const { given = 'Unnamed', family = 'Unnamed' } = person.name ?? {};
  const details = {
    firstName: given,
    lastName: family,
    active: person.status !== 'inactive',
    gender: person.gender,
    birthDate: person.birthDate,
    phone: person.phone,
    email: person.email,
    npi: npiOf(number),
    specialty: person.specialty?.display,
    address: person.address?.text === undefined ? undefined : { line: [person.address.text] },
  };
  return {
    id: `prac_seed${suffix(number)}`,
    environment: 'live',
    organization: ORGANIZATION,
    name: `${given} ${family}`,
    details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)),
  };
}

function npiOf(number: number): string {
  return String(1_000_000_000 + number);
}

function providerOf(person: Person, number: number): Provider {
  const { given = 'Unnamed', family = 'Unnamed' } = person.name ?? {};
  return {
    id: createHash('sha256').update(`provider ${number}`).digest('hex').slice(0, 32),
    ehr_id: String(50_000 + number),
    npi: npiOf(number),
    name: `${family}, ${given}`,
    timezone: 'America/Phoenix',
    status: person.status === undefined || person.status === 'active' ? 'active' : 'inactive',
    hide_in_availability: false,
    hours: DAYS.flatMap(([short, day]) => weekdayOf(person, short, day)),
  };
}

function weekdayOf(person: Person, short: string, day: string): DayHours[] {
  const shifts = hoursOn(person, short).map((hours) => ({
    start: `T${hours.availableStartTime}`,
    end: `T${hours.availableEndTime}`,
    facility_id: facilityOf(hours.locationId ?? person.locationId),
    set_start_date: `${person.period?.start?.slice(0, 10) ?? '2026-01-01'}T00:00:00`,
  }));
  return shifts.length > 0 ? [{ day, shifts }] : [];
}

/** A location that exists. */
function facilityOf(wanted: string | undefined): string {
  const [first] = LOCATIONS;
  const found = LOCATIONS.find(({ id }) => id === wanted?.replaceAll('-', ''));
  return (found ?? first)?.id ?? '';
}
