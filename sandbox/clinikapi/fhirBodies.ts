import Joi from 'joi';
import { invalidMembers } from './bodies';
import { withoutAbsent } from './render';
import { type Reference, type Role, type Specialty, STAMP } from './seeds';

interface Concept {
  coding?: Specialty[];
  text?: string;
}

interface FhirReference {
  reference?: string;
  display?: string;
}

interface ContactPoint {
  system?: string;
  value?: string;
}

/** The members of a raw PractitionerRole that a role keeps; others are dropped. */
interface FhirRole {
  active?: boolean;
  period?: Role['period'];
  practitioner: FhirReference;
  organization?: FhirReference;
  code?: Concept[];
  specialty?: Concept[];
  location?: FhirReference[];
  telecom?: ContactPoint[];
  availableTime?: unknown[];
  notAvailable?: unknown[];
  availabilityExceptions?: string;
}

const text = Joi.string();
const reference = Joi.object({ reference: text, display: text }).unknown();
const concept = Joi.object({
  coding: Joi.array().items(Joi.object({ system: text, code: text, display: text }).unknown()),
  text,
}).unknown();
const telecom = Joi.array().items(Joi.object({ system: text, value: text }).unknown());

function schemaOf(type: string, id: string, members: Record<string, Joi.Schema>): Joi.Schema {
  return Joi.object({
    resourceType: Joi.valid(type).required(),
    id: Joi.valid(id).required(),
    active: Joi.boolean(),
    telecom,
    ...members,
  }).unknown();
}

function isFhirRole(value: unknown, schema: Joi.Schema): value is FhirRole {
  return invalidMembers(value, schema).length === 0;
}

const ROLE_MEMBERS = {
  period: Joi.object({ start: text, end: text }),
  practitioner: reference.required(),
  organization: reference,
  code: Joi.array().items(concept),
  specialty: Joi.array().items(concept),
  location: Joi.array().items(reference),
  availableTime: Joi.array(),
  notAvailable: Joi.array(),
  availabilityExceptions: text,
};

/** The role that a patched raw resource says, or what is wrong with the resource. */
export function roleOfFhir(role: Role, resource: unknown): Role | string[] {
  const schema = schemaOf('PractitionerRole', role.id, ROLE_MEMBERS);
  if (!isFhirRole(resource, schema)) return invalidMembers(resource, schema);
  const [code] = resource.code ?? [];
  const [location] = resource.location ?? [];
  const { id, environment, organization, practitionerId, version, createdAt, updatedAt } = role;
  return {
    id,
    environment,
    organization,
    practitionerId: idOf(resource.practitioner) ?? practitionerId,
    role: code?.coding?.[0]?.code ?? code?.text ?? '',
    status: resource.active === false ? 'inactive' : 'active',
    specialties: (resource.specialty ?? []).map(({ coding: [first] = [], text: display }) =>
      display === undefined ? { ...first } : { display, ...first },
    ),
    version,
    createdAt,
    updatedAt,
    ...withoutAbsent({
      period: resource.period,
      organizationId: idOf(resource.organization),
      organizationName: resource.organization?.display,
      locationId: idOf(location),
      locationName: location?.display,
      phone: pointOf(resource.telecom, 'phone'),
      email: pointOf(resource.telecom, 'email'),
      availableTime: resource.availableTime,
      notAvailable: resource.notAvailable,
      availabilityExceptions: resource.availabilityExceptions,
    }),
  };
}

function idOf(found: FhirReference | undefined): string | undefined {
  return found?.reference?.split('/').at(-1);
}

function pointOf(points: readonly ContactPoint[] | undefined, system: string): string | undefined {
  return points?.find((point) => point.system === system)?.value;
}

const NPI = 'http://hl7.org/fhir/sid/us-npi';

/** An organization, a location or a practitioner as a raw FHIR R4 resource. */
export function fhirReference(row: Reference, resourceType: string): object {
  const head = {
    resourceType,
    id: row.id,
    meta: {
      versionId: String(row.version ?? 1),
      lastUpdated: row.updatedAt ?? STAMP,
      tag: [{ system: 'https://clinikapi.com/tenant', code: row.organization }],
    },
  };
  if (resourceType === 'Practitioner') return withoutAbsent({ ...head, ...practitionerMembers(row) });
  const { managingOrganizationId: owner, type, ...rest } = row.details;
  return withoutAbsent({
    ...head,
    name: row.name,
    type: Array.isArray(type) ? type.map((code) => ({ coding: [{ code }] })) : undefined,
    managingOrganization: owner === undefined ? undefined : { reference: `Organization/${owner}` },
    ...rest,
  });
}

function practitionerMembers({ details }: Reference): object {
  const { firstName, lastName, prefix, suffix, phone, email, npi, active, gender, birthDate } = details;
  const points = [
    { system: 'phone', value: phone },
    { system: 'email', value: email },
  ].filter(({ value }) => value !== undefined);
  return {
    active,
    identifier: npi === undefined ? undefined : [{ system: NPI, value: npi }],
    name: [withoutAbsent({ family: lastName, given: [firstName], prefix, suffix })],
    telecom: points.length > 0 ? points : undefined,
    gender,
    birthDate,
    address: details.address === undefined ? undefined : [details.address],
  };
}

interface FhirPractitioner {
  active?: boolean;
  identifier?: ContactPoint[];
  name?: { family?: string; given?: string[]; prefix?: string[]; suffix?: string[] }[];
  telecom?: ContactPoint[];
  gender?: string;
  birthDate?: string;
  address?: unknown[];
}

function isFhirPractitioner(value: unknown, schema: Joi.Schema): value is FhirPractitioner {
  return invalidMembers(value, schema).length === 0;
}

const texts = Joi.array().items(text);
const PRACTITIONER_MEMBERS = {
  identifier: telecom,
  name: Joi.array().items(Joi.object({ family: text, given: texts, prefix: texts, suffix: texts }).unknown()),
  gender: Joi.valid('male', 'female', 'other', 'unknown'),
  birthDate: Joi.string().pattern(/^\d{4}(-\d{2}(-\d{2})?)?$/),
  address: Joi.array(),
};

/** The details of a practitioner that a patched raw resource says, or what is wrong with the resource. */
export function detailsOfFhir(row: Reference, resource: unknown): Record<string, unknown> | string[] {
  const schema = schemaOf('Practitioner', row.id, PRACTITIONER_MEMBERS);
  if (!isFhirPractitioner(resource, schema)) return invalidMembers(resource, schema);
  const [name] = resource.name ?? [];
  // What a raw practitioner has no member for stays.
  const { specialty, qualifications, languages, photo } = row.details;
  return Object.fromEntries(
    Object.entries({
      firstName: name?.given?.join(' '),
      lastName: name?.family,
      prefix: name?.prefix,
      suffix: name?.suffix,
      active: resource.active,
      gender: resource.gender,
      birthDate: resource.birthDate,
      npi: pointOf(resource.identifier, NPI),
      phone: pointOf(resource.telecom, 'phone'),
      email: pointOf(resource.telecom, 'email'),
      address: resource.address?.[0],
      specialty,
      qualifications,
      languages,
      photo,
    }).filter(([, value]) => value !== undefined),
  );
}
