import Joi from 'joi';
import type { Period, Role, Specialty } from './seeds';
import type { ClinikapiSettings } from './store';

const day = Joi.string()
  .pattern(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/)
  .custom((value: string, helpers) => {
    const date = value.slice(0, 10);
    const parsed = new Date(date);
    const real = !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
    return real ? value : helpers.error('any.invalid');
  });
const period = Joi.object<Period>({ start: day, end: day }).custom((value: Period, helpers) => {
  const backwards = value.start !== undefined && value.end !== undefined && value.end < value.start;
  return backwards ? helpers.error('any.invalid') : value;
});
const id = Joi.string().pattern(/^[A-Za-z0-9\-_.]{1,128}$/);
const codedSpecialty = Joi.object<Specialty>({
  code: Joi.string().min(1),
  display: Joi.string().min(1),
  system: Joi.string().min(1),
}).or('code', 'display');
const displays = Joi.array().items(Joi.string().min(1));
const time = Joi.string().pattern(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/);
const weekDay = Joi.valid('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun');

/** The body members of the document (clinikapi.md section 2). */
const DOCUMENTED = {
  role: Joi.string().min(1).max(100),
  organizationId: id,
  locationId: id,
  specialty: codedSpecialty,
  status: Joi.valid('active', 'inactive'),
  period,
};

/** The body members of the SDK (clinikapi.md section 2, "Live body shape"). */
const LIVE = {
  practitionerId: id,
  organizationName: Joi.string().min(1).max(200),
  role: Joi.string().min(1).max(100),
  specialty: displays,
  locationName: Joi.string().min(1).max(200),
  phone: Joi.string().min(1),
  email: Joi.string().email({ tlds: { allow: false } }),
  active: Joi.boolean(),
  period,
  availableTime: Joi.array().items(
    Joi.object({
      daysOfWeek: Joi.array().items(weekDay),
      allDay: Joi.boolean(),
      availableStartTime: time,
      availableEndTime: time,
    }),
  ),
  notAvailable: Joi.array().items(
    Joi.object({ description: Joi.string().min(1).max(500).required(), during: period }),
  ),
  availabilityExceptions: Joi.string().max(1000),
  availableDays: Joi.array().items(weekDay),
  availableStartTime: time,
  availableEndTime: time,
};

const PATCH_SCHEMAS = {
  documented: Joi.object(DOCUMENTED),
  live: Joi.object(LIVE),
  both: Joi.object({ ...LIVE, ...DOCUMENTED, specialty: Joi.alternatives(codedSpecialty, displays) }),
};
const REQUIRED = { practitionerId: id.required(), role: Joi.string().min(1).max(100).required() };
const POST_SCHEMAS = {
  documented: PATCH_SCHEMAS.documented.keys(REQUIRED),
  live: PATCH_SCHEMAS.live.keys(REQUIRED),
  both: PATCH_SCHEMAS.both.keys(REQUIRED),
};

/** A body that passed its schema, of either dialect. */
export interface SentRole {
  practitionerId?: string;
  role?: string;
  status?: string;
  active?: boolean;
  specialty?: Specialty | string[];
  period?: Period;
  organizationId?: string;
  organizationName?: string;
  locationId?: string;
  locationName?: string;
  phone?: string;
  email?: string;
  availableTime?: unknown[];
  notAvailable?: unknown[];
  availabilityExceptions?: string;
  availableDays?: string[];
  availableStartTime?: string;
  availableEndTime?: string;
}

/** What is wrong with a body, in the vendor's `field: constraint` form; nothing if its schema takes it. */
export function invalidMembers(body: unknown, schema: Joi.Schema): string[] {
  const { error } = schema.required().validate(body, { abortEarly: false, convert: false });
  return error ? error.details.map(describeIssue) : [];
}

/** Whether the dialect's schema for this method takes the body. */
export function isSentRole(body: unknown, schema: Joi.Schema): body is SentRole {
  return invalidMembers(body, schema).length === 0;
}

/** The schema of PATCH or POST bodies in this dialect. */
export function roleSchema(dialect: ClinikapiSettings['dialect'], method: 'PATCH' | 'POST'): Joi.Schema {
  return (method === 'POST' ? POST_SCHEMAS : PATCH_SCHEMAS)[dialect];
}

function describeIssue(detail: Joi.ValidationErrorItem): string {
  const field = detail.path.join('.') || 'body';
  const constraints: Record<string, string> = {
    'object.unknown': 'Unrecognized key',
    'any.required': 'Required',
    'any.only': 'Invalid enum value',
    'any.invalid': 'Invalid value',
    'object.base': 'Expected object',
    'string.base': 'Expected string',
    'boolean.base': 'Expected boolean',
    'array.base': 'Expected array',
    'string.empty': 'String must contain at least 1 character(s)',
  };
  return `${field}: ${constraints[detail.type] ?? 'Invalid value'}`;
}

/** The role after this body: members that are not sent stay, objects and lists are replaced whole. */
export function applyBody(role: Role, sent: SentRole): Role {
  const { specialty, active, availableDays, availableStartTime, availableEndTime, ...same } = sent;
  const next: Role = { ...role, ...same };
  if (specialty !== undefined) next.specialties = toSpecialties(specialty);
  if (active !== undefined) next.status = active ? 'active' : 'inactive';
  // The old three members are "mapped to availableTime[0]" (clinikapi.md section 2).
  const legacy = { daysOfWeek: availableDays, availableStartTime, availableEndTime };
  const block = Object.entries(legacy).filter(([, value]) => value !== undefined);
  if (block.length > 0) next.availableTime = [Object.fromEntries(block)];
  // A name replaces the reference that was there, and an id the name.
  if ('organizationName' in sent && !('organizationId' in sent)) delete next.organizationId;
  if ('organizationId' in sent && !('organizationName' in sent)) delete next.organizationName;
  if ('locationName' in sent && !('locationId' in sent)) delete next.locationId;
  if ('locationId' in sent && !('locationName' in sent)) delete next.locationName;
  return next;
}

function toSpecialties(sent: Specialty | string[]): Specialty[] {
  return Array.isArray(sent) ? sent.map((display) => ({ display })) : [sent];
}
