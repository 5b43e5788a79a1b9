/**
 * A staff record as FHIR R4: a `PractitionerRole` with its `Practitioner` contained. Reading only. What R4 has no element for
 * is in extensions, so nothing that the JSON shows is lost (docs/decisions/0006-fhir-reading.md).
 */

import type { Request } from 'express';
import type {
  CodeableConcept,
  ContactPoint,
  Extension,
  Identifier,
  Period,
  Practitioner,
  PractitionerRole,
  PractitionerRoleAvailableTime,
  Reference,
} from 'fhir/r4';
import { isObject, member } from '../lib/json';
import type { Warning } from '../receipt';
import { DAYS, type Day, GENDERS } from '../staff/fields';
import { withoutImpossibleDates } from './fhirDates';

export const FHIR_TYPE = 'application/fhir+json';

/** Where our own extensions are defined; a name, not a place to call. */
const BASE = 'https://provider-directory-gateway.example/fhir';
export const EXTENSIONS = {
  /** The canonical status, since R4 knows only active and not active. */
  status: `${BASE}/StructureDefinition/status`,
  /** Pointer of a field whose stored value has no canonical meaning, or a date that FHIR cannot hold. */
  unreadable: `${BASE}/StructureDefinition/unreadable`,
  /** The place of one block of weekly hours. */
  blockLocation: `${BASE}/StructureDefinition/available-time-location`,
  /** During which dates a block holds. It changes what the block means, so it is a modifier. */
  blockPeriod: `${BASE}/StructureDefinition/available-time-period`,
  /** How often a block repeats, likewise. */
  blockRecurrence: `${BASE}/StructureDefinition/available-time-recurrence`,
} as const;
const STAFF_ID = `${BASE}/staff-id`;
/** The system of the vendor's own ids. */
export const VENDOR_RECORD_ID = `${BASE}/vendor-record-id`;
const OFFERED = ['application/json', FHIR_TYPE, `${FHIR_TYPE};fhirVersion=4.0`];

/** Whether the caller prefers FHIR to plain JSON (RFC 9110 section 12.5.1). Whoever accepts neither gets plain JSON. */
export function prefersFhir(req: Request): boolean {
  // Negotiating costs more than the rest of the head, and it is rarely asked for.
  if (!/fhir/i.test(req.headers.accept ?? '')) return false;
  const chosen = req.accepts(OFFERED);
  return typeof chosen === 'string' && chosen.startsWith(FHIR_TYPE);
}

/**
 * The entity tag of the FHIR form of a record. It is weak: the same record in another form has the strong one, which is what
 * `If-Match` wants.
 */
export function fhirEtag(etag: string): string {
  return `W/${etag}`;
}

/** @param shown the canonical record as `GET /staff/:id` shows it */
export function toPractitionerRole(
  shown: Readonly<Record<string, unknown>>,
  warnings: readonly Warning[] = [],
): PractitionerRole {
  const { record, left } = withoutImpossibleDates(shown);
  const id = text(record.id);
  const status = text(record.status);
  const specialty = concept(record.specialty);
  const period = periodOf(record.period);
  const telecom = contacts(record);
  const hours = listOf(record.availableTime).flatMap(availableTime);
  const organization = logical('Organization', text(record.organizationId));
  const location = logical('Location', text(record.locationId));
  const role = text(record.role);
  const limited = hours.some(({ modifierExtension }) => modifierExtension !== undefined);
  return {
    resourceType: 'PractitionerRole',
    // A FHIR id has a narrower form than ours; the identifier below always has the whole of it.
    ...(id !== undefined && /^[A-Za-z0-9.-]{1,64}$/.test(id) && { id }),
    ...withExtensions(status, warnings, left),
    contained: [practitioner(record)],
    ...(id !== undefined && { identifier: [{ use: 'usual', system: STAFF_ID, value: id }] }),
    ...(status !== undefined && { active: status !== 'inactive' }),
    ...(period && { period }),
    practitioner: { reference: '#practitioner' },
    ...(organization && { organization }),
    ...(role !== undefined && { code: [{ coding: [{ code: role }], text: role }] }),
    ...(specialty && { specialty: [specialty] }),
    ...(location && { location: [location] }),
    ...(telecom.length > 0 && { telecom }),
    ...(hours.length > 0 && { availableTime: hours }),
    // Still in office, but not to be booked.
    ...(status === 'on-leave' && { notAvailable: [{ description: 'On leave' }] }),
    ...(limited && {
      availabilityExceptions: 'Some hours hold only between dates or in some weeks: see their extensions.',
    }),
  };
}

function withExtensions(
  status: string | undefined,
  warnings: readonly Warning[],
  left: readonly string[],
): { extension?: Extension[] } {
  const warned = warnings.flatMap(({ code, pointer }) =>
    code === 'unreadable' && pointer !== undefined ? [pointer] : [],
  );
  const unreadable = [...warned, ...left];
  const extension: Extension[] = [
    ...(status === undefined ? [] : [{ url: EXTENSIONS.status, valueCode: status }]),
    ...unreadable.map((pointer) => ({ url: EXTENSIONS.unreadable, valueString: pointer })),
  ];
  return extension.length > 0 ? { extension } : {};
}

function practitioner(record: Readonly<Record<string, unknown>>): Practitioner {
  const given = text(member(record.name, 'given'));
  const family = text(member(record.name, 'family'));
  const nationalId = text(record.nationalId);
  const birthDate = text(record.birthDate);
  const address = text(member(record.address, 'text'));
  const gender = GENDERS.find((value) => value === record.gender);
  return {
    resourceType: 'Practitioner',
    id: 'practitioner',
    ...(nationalId !== undefined && { identifier: [nationalIdentifier(nationalId)] }),
    ...((given !== undefined || family !== undefined) && {
      name: [{ ...(family !== undefined && { family }), ...(given !== undefined && { given: [given] }) }],
    }),
    ...(gender && { gender }),
    ...(birthDate !== undefined && { birthDate }),
    ...(address !== undefined && { address: [{ text: address }] }),
  };
}

/** Which country's id it is, the canonical record does not say; so there is no system. */
function nationalIdentifier(value: string): Identifier {
  const coding = [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'NI' }];
  return { use: 'official', type: { coding }, value };
}

function contacts({ phone, email }: Readonly<Record<string, unknown>>): ContactPoint[] {
  return [
    { system: 'phone' as const, value: text(phone) },
    { system: 'email' as const, value: text(email) },
  ].flatMap(({ system, value }) => (value === undefined ? [] : [{ system, value }]));
}

/** Ids of things that this API does not serve: logical references. */
function logical(type: 'Organization' | 'Location', value: string | undefined): Reference | undefined {
  return value === undefined ? undefined : { type, identifier: { value } };
}

function concept(value: unknown): CodeableConcept | undefined {
  const [code, display, system] = ['code', 'display', 'system'].map((key) => text(member(value, key)));
  if (code === undefined && display === undefined) return undefined;
  return {
    ...(code !== undefined && {
      coding: [{ ...(system !== undefined && { system }), code, ...(display !== undefined && { display }) }],
    }),
    ...(display !== undefined && { text: display }),
  };
}

function periodOf(value: unknown): Period | undefined {
  const start = text(member(value, 'start'));
  const end = text(member(value, 'end'));
  if (start === undefined && end === undefined) return undefined;
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

function availableTime(block: unknown): PractitionerRoleAvailableTime[] {
  if (!isObject(block)) return [];
  const place = text(block.locationId);
  const period = periodOf(block.period);
  const recurrence = recurrenceOf(block.recurrence);
  const modifierExtension: Extension[] = [
    ...(period ? [{ url: EXTENSIONS.blockPeriod, valuePeriod: period }] : []),
    ...(recurrence ? [recurrence] : []),
  ];
  const availableStartTime = text(block.availableStartTime);
  const availableEndTime = text(block.availableEndTime);
  return [
    {
      ...(place !== undefined && {
        extension: [
          {
            url: EXTENSIONS.blockLocation,
            valueReference: { type: 'Location', identifier: { value: place } },
          },
        ],
      }),
      ...(modifierExtension.length > 0 && { modifierExtension }),
      daysOfWeek: listOf(block.daysOfWeek).filter(isDay),
      ...(availableStartTime !== undefined && { availableStartTime }),
      ...(availableEndTime !== undefined && { availableEndTime }),
    },
  ];
}

function recurrenceOf(value: unknown): Extension | undefined {
  if (!isObject(value)) return undefined;
  const { interval } = value;
  const unit = text(value.unit);
  const description = text(value.description);
  const period = periodOf(value);
  return {
    url: EXTENSIONS.blockRecurrence,
    extension: [
      ...(typeof interval === 'number' ? [{ url: 'interval', valuePositiveInt: interval }] : []),
      ...(unit === undefined ? [] : [{ url: 'unit', valueCode: unit }]),
      ...(period ? [{ url: 'period', valuePeriod: period }] : []),
      ...(description === undefined ? [] : [{ url: 'description', valueString: description }]),
    ],
  };
}

function isDay(value: unknown): value is Day {
  return DAYS.some((day) => day === value);
}

/** FHIR has no empty texts and no nulls: what is empty is left out. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
