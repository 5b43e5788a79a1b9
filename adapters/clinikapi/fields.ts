/** ClinikAPI's two field tables, and the readers that they share. */

import {
  type Codec,
  type CodeTable,
  codeList,
  enumeration,
  field,
  onlyOne,
  periodOf,
  readPresent,
  refuseOtherSystem,
  text,
  timeOf,
  unsupported,
} from '../../src/adapter/codecs';
import type { Decoded, FieldTable, MappedField, VendorRecord } from '../../src/adapter/contract';
import { UNREADABLE } from '../../src/adapter/contract';
import { isObject, member } from '../../src/lib/json';
import {
  type AvailableTime,
  type Coding,
  DAYS,
  type Day,
  SNOMED_CT,
  STATUSES,
  type Status,
} from '../../src/staff/fields';
import { sortBlocks } from '../../src/staff/normalise';

const KEEP = { notClearable: 'ClinikAPI documents no way to empty a field of a practitioner role.' };
const NO_LEAVE = {
  code: 'unsupported_field',
  detail: 'ClinikAPI knows no leave, only active and inactive.',
} as const;

const lacks = (what: string) => unsupported(`ClinikAPI practitioner roles hold no ${what}`);

/** What neither dialect holds. */
const ABSENT = {
  'name.given': lacks('name'),
  'name.family': lacks('name'),
  nationalId: lacks('national id'),
  birthDate: lacks('birth date'),
  gender: lacks('gender'),
  'address.text': lacks('address'),
};

/** What both dialects hold in the same way. */
const COMMON = {
  role: field('role', text, { ...KEEP, decode: readRole }),
  period: field(
    'period',
    { encode: (value) => value, decode: readPeriod },
    {
      ...KEEP,
      members: ['start', 'end'],
      note: 'The period as a whole cannot be cleared; one bound can, with `null`, while the other stays.',
    },
  ),
} satisfies Partial<FieldTable>;

/** The body fields of the vendor's document (contract section 2). */
export function documentedFields(codes: Readonly<Record<string, CodeTable>>): FieldTable {
  const words = enumeration(STATUSES, { active: 'active', inactive: 'inactive' }, NO_LEAVE);
  return {
    ...ABSENT,
    ...COMMON,
    status: field('status', words, { ...KEEP, decode: readStatus }),
    phone: lacks('phone'),
    email: lacks('email'),
    availableTime: lacks('weekly hours'),
    specialty: field('specialty', documentedSpecialty, { ...KEEP, members: ['code', 'display'] }),
    organizationId: referenceField('organizationId', 'organization', 'Organization', codes.organization),
    locationId: referenceField('locationId', 'location', 'Location', codes.location),
  };
}

/** The body fields of the vendor's SDK (contract section 2, "Live body shape"). */
export function liveFields(): FieldTable {
  const words = enumeration(STATUSES, { active: true, inactive: false }, NO_LEAVE);
  return {
    ...ABSENT,
    ...COMMON,
    status: field('active', words, { ...KEEP, decode: readStatus }),
    phone: field('phone', text, { ...KEEP, decode: (role) => readContact(role, 'phone') }),
    email: field('email', text, { ...KEEP, decode: (role) => readContact(role, 'email') }),
    availableTime: field('availableTime', liveHours, {
      ...KEEP,
      note: 'Days and times only: no `locationId`, `period` or `recurrence` in a block.',
    }),
    specialty: field('specialty', liveSpecialty, {
      ...KEEP,
      members: ['display'],
      notStored: {
        code: 'The live ClinikAPI holds the specialty as text only; the code is not stored.',
        system: 'The live ClinikAPI holds the specialty as text only; the code system is not stored.',
      },
      holds: (role, { display }) =>
        onlyOne(listOf(role.specialty).map((item) => conceptOf(item).display)) === display,
      note: 'Held as text: `display` is required, and without a code it cannot be read back as a coded value.',
    }),
    organizationId: unsupported('The live ClinikAPI takes organizations by name, not by id'),
    locationId: unsupported('The live ClinikAPI takes locations by name, not by id'),
  };
}

/** Replaced as a whole (contract section 2); no `system` is documented, so none is sent. */
const documentedSpecialty: Codec<Coding> = {
  encode: (value, refuse) => {
    refuseOtherSystem(value, refuse, 'ClinikAPI');
    return { code: value.code, ...(value.display !== undefined && { display: value.display }) };
  },
  decode: readSpecialty,
};

const liveSpecialty: Codec<Coding> = {
  encode: (value, refuse) => {
    refuseOtherSystem(value, refuse, 'ClinikAPI');
    if (value.display === undefined) {
      refuse(
        '',
        'unsupported_field',
        'The live ClinikAPI holds a specialty by its display text, which is missing here.',
      );
      return undefined;
    }
    return [value.display];
  },
  decode: readSpecialty,
};

/** One coded value out of text, a flat object, a CodeableConcept, or a list of one of these. */
function readSpecialty(stored: unknown): Decoded<Coding> {
  return readPresent(stored, (value) =>
    onlyOne<Coding>(
      listOf(value).map((item) => {
        const { code, display, system = SNOMED_CT } = conceptOf(item);
        if (code === undefined) return UNREADABLE;
        return display === undefined ? { code, system } : { code, display, system };
      }),
    ),
  );
}

function readRole(role: VendorRecord): Decoded<string> {
  if (role.role !== undefined) return text.decode(role.role);
  return readPresent(role.code, (value) =>
    onlyOne<string>(
      listOf(value).map((item) => {
        const concept = conceptOf(item);
        return concept.code ?? concept.display ?? UNREADABLE;
      }),
    ),
  );
}

interface Concept {
  code: string | undefined;
  display: string | undefined;
  system: string | undefined;
}

/** The code and text of a concept; the SNOMED coding where there are several, since that is the canonical system. */
function conceptOf(item: unknown): Concept {
  if (typeof item === 'string') return { code: undefined, display: item, system: undefined };
  const codings = listOf(member(item, 'coding'));
  const coding = codings.find((candidate) => member(candidate, 'system') === SNOMED_CT) ?? codings[0] ?? item;
  return {
    code: textIn(coding, 'code'),
    display: textIn(coding, 'display') ?? textIn(item, 'text'),
    system: textIn(coding, 'system'),
  };
}

function textIn(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** `status` of the document, `active` of the live API. */
function readStatus(role: VendorRecord): Decoded<Status> {
  return readPresent(role.status ?? (role.active === undefined ? role.status : role.active), (value) => {
    if (value === 'active' || value === true) return 'active';
    return value === 'inactive' || value === false ? 'inactive' : UNREADABLE;
  });
}

function readPeriod(stored: unknown) {
  return readPresent(stored, (value) =>
    isObject(value) ? periodOf(member(value, 'start'), member(value, 'end')) : UNREADABLE,
  );
}

/** An id, or on reading a FHIR reference such as `Organization/org_1`; through the configured codes both ways. */
function referenceField(key: string, fhirKey: string, type: string, table?: CodeTable): MappedField<string> {
  const codes = codeList(table);
  return field(key, codes, {
    ...KEEP,
    decode: (role) => {
      const ids = idsIn(role);
      return ids.includes(undefined) ? undefined : onlyOne(ids.map((id) => codes.decode(id)));
    },
    // By the vendor's id, since several of the caller's codes may stand for one.
    holds: (role, value) => {
      const wanted = String(codes.encode(value, () => undefined));
      const ids = idsIn(role);
      return ids.length > 0 && ids.every((id) => String(id) === wanted);
    },
  });

  /** The vendor's ids, flat or referenced; undefined for what is not shown. */
  function idsIn(role: VendorRecord): unknown[] {
    if (role[key] !== undefined || role[fhirKey] === undefined) return [role[key]];
    return listOf(role[fhirKey]).map((reference) => referencedId(member(reference, 'reference'), type));
  }
}

function referencedId(reference: unknown, type: string): string | undefined {
  const parts = typeof reference === 'string' ? reference.split('/') : [];
  const at = parts.indexOf(type);
  return at === -1 ? undefined : parts[at + 1];
}

/** A flat member, or on reading the FHIR `telecom` of that system. */
function readContact(role: VendorRecord, system: 'phone' | 'email'): Decoded<string> {
  if (role[system] !== undefined || role.telecom === undefined) return text.decode(role[system]);
  const points = listOf(role.telecom).filter((point) => member(point, 'system') === system);
  return onlyOne(points.map((point) => text.decode(member(point, 'value'))));
}

const liveHours: Codec<AvailableTime[]> = {
  encode: (blocks, refuse) =>
    blocks.map(({ daysOfWeek, availableStartTime, availableEndTime, ...rest }, index) => {
      for (const part of Object.keys(rest)) {
        refuse(
          `/${index}/${part}`,
          'unsupported_field',
          `ClinikAPI hours hold days and times only, no ${part}.`,
        );
      }
      return { daysOfWeek, availableStartTime, availableEndTime };
    }),
  decode: (stored) =>
    readPresent(stored, (value) => {
      const blocks = listOf(value).map(readBlock);
      const readable = blocks.filter((block) => block !== undefined);
      if (readable.length < blocks.length) return UNREADABLE;
      return readable.length === 0 ? null : sortBlocks(readable);
    }),
};

/** One block; undefined where it says more, or less, than days and times (`allDay`, an unknown day). */
function readBlock(block: unknown): AvailableTime | undefined {
  const names = listOf(member(block, 'daysOfWeek'));
  const daysOfWeek: Day[] = DAYS.filter((day) => names.includes(day));
  const [availableStartTime, availableEndTime] = [
    timeOf(member(block, 'availableStartTime')),
    timeOf(member(block, 'availableEndTime')),
  ];
  if (daysOfWeek.length === 0 || daysOfWeek.length < new Set(names).size) return undefined;
  if (availableStartTime === undefined || availableEndTime === undefined) return undefined;
  return availableStartTime < availableEndTime
    ? { daysOfWeek, availableStartTime, availableEndTime }
    : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}
