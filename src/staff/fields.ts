/**
 * The canonical staff record: FHIR R4 Practitioner and PractitionerRole, flattened.
 *
 * A *field* is the unit that a vendor's field table answers for: a leaf (`name.given`) or a value that only makes
 * sense as a whole (a coded `specialty`, a `period`, the weekly `availableTime`).
 */

export const STATUSES = ['active', 'inactive', 'on-leave'] as const;
export type Status = (typeof STATUSES)[number];

export const GENDERS = ['male', 'female', 'other', 'unknown'] as const;
export type Gender = (typeof GENDERS)[number];

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export const RECURRENCE_UNITS = ['day', 'week'] as const;
export type RecurrenceUnit = (typeof RECURRENCE_UNITS)[number];

/** The code system that `specialty.code` belongs to when `system` is not given. */
export const SNOMED_CT = 'http://snomed.info/sct';

/** One coded value. `system` is absent only in a patch; a record always carries it. */
export interface Coding {
  code: string;
  display?: string;
  system?: string;
}

/** Dates are `YYYY-MM-DD`; `end` is never before `start`; an absent bound is open. */
export interface Period {
  start?: string;
  end?: string;
}

/** Repeats every `interval` units between `start` and `end` (`YYYY-MM-DD`). */
export interface Recurrence {
  interval: number;
  unit: RecurrenceUnit;
  start?: string;
  end?: string;
  description?: string;
}

/** One block of weekly hours; times are `HH:MM:SS` on the clinic's wall clock, end after start. */
export interface AvailableTime {
  daysOfWeek: Day[];
  availableStartTime: string;
  availableEndTime: string;
  locationId?: string;
  period?: Period;
  recurrence?: Recurrence;
}

/** Every canonical field with the type of its value. */
export interface StaffFields {
  status: Status;
  'name.given': string;
  'name.family': string;
  nationalId: string;
  birthDate: string;
  gender: Gender;
  'address.text': string;
  phone: string;
  email: string;
  role: string;
  specialty: Coding;
  organizationId: string;
  locationId: string;
  period: Period;
  availableTime: AvailableTime[];
}

export type Field = keyof StaffFields;

/** All fields, in the order in which receipts, tables and capabilities list them. */
export const FIELDS = [
  'status',
  'name.given',
  'name.family',
  'nationalId',
  'birthDate',
  'gender',
  'address.text',
  'phone',
  'email',
  'role',
  'specialty',
  'organizationId',
  'locationId',
  'period',
  'availableTime',
] as const satisfies readonly Field[];

// Fails to compile when a field of StaffFields is missing from FIELDS.
const everyFieldIsListed: Exclude<Field, (typeof FIELDS)[number]> extends never ? true : never = true;
void everyFieldIsListed;

/** Fields whose value is an object that merges member by member (RFC 7396). */
export type CompositeField = 'specialty' | 'period';

/** The members of the composite fields. */
export const MEMBERS: Readonly<Record<CompositeField, readonly string[]>> = {
  specialty: ['code', 'display', 'system'],
  period: ['start', 'end'],
};

export function isComposite(field: Field): field is CompositeField {
  return field === 'specialty' || field === 'period';
}

/** The place of each field in a record or an update: its top-level member, and for some a member of that. */
export const STANDS = FIELDS.map((field) => {
  const [top = field, leaf] = field.split('.');
  return { field, top, leaf };
});

/** `name.given` → `/name/given` (RFC 6901). */
export function pointerOf(field: Field): string {
  return `/${field.replace('.', '/')}`;
}

/** `name.given` → `name`: the member of the record that holds the field, which is what a receipt row speaks of. */
export function topLevelOf(field: Field): string {
  const dot = field.indexOf('.');
  return dot === -1 ? field : field.slice(0, dot);
}
