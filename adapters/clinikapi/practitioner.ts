/**
 * The person behind a role (contract section 4): name, contact, gender, birth date, address. Read flat as documented and as a
 * FHIR Practitioner, written flat.
 */
import {
  asSent,
  type Codec,
  contactIn,
  date,
  enumeration,
  field,
  GENDERS,
  inResource,
  isObject,
  listOf,
  type MappedField,
  member,
  OPAQUE_ID,
  onlyOne,
  path,
  type Resource,
  referencedId,
  text,
  textIn,
  UNREADABLE,
  type VendorRecord,
  type VendorRequest,
} from '../../src/adapter';
import { practitionerIn, practitionerList, roleList } from './lists';
import { TITLE } from './reading';

const NAME = 'practitioner';

const KEEP = { notClearable: 'ClinikAPI documents no way to empty a field of a practitioner.' };

const own = <V>(mapping: MappedField<V>): MappedField<V> => inResource(NAME, mapping);

/** The fields of the person, in either dialect. */
export const PERSON = {
  'name.given': own(
    nameField('firstName', (name) => onlyOne(listOf(member(name, 'given')).map(text.decode))),
  ),
  'name.family': own(nameField('lastName', (name) => text.decode(member(name, 'family')))),
  birthDate: own(field('birthDate', date, KEEP)),
  gender: own(
    field(
      'gender',
      enumeration(
        GENDERS,
        { male: 'male', female: 'female', other: 'other', unknown: 'unknown' },
        { code: 'unsupported_field', detail: 'ClinikAPI has no such gender.' },
      ),
      KEEP,
    ),
  ),
  'address.text': own(
    field('address', asSent<string>(lineOf), {
      ...KEEP,
      // Replaced whole (contract section 4), so that city and postal code go back as they are stored.
      needsCurrent: 'merge',
      encode: (line, _refuse, person) => ({ ...storedAddress(person), line: [line] }),
      holds: (person, line) => lineOf(person.address) === line,
      loses: ({ address }) =>
        listOf(address).length > 1 || listOf(member(onlyAddress(address), 'line')).length > 1
          ? 'The stored address has several lines. An update of it deletes them.'
          : undefined,
      note: 'The one line of the address; city, postal code and country stay as they are stored.',
    }),
  ),
};

/** Where the dialect has no contact of the role itself. */
export const CONTACT = {
  phone: own(
    field('phone', shorter(20), { ...KEEP, decode: contact('phone'), note: 'At most 20 characters.' }),
  ),
  email: own(field('email', text, { ...KEEP, decode: contact('email') })),
};

/** A flat member, or on reading that part of the one FHIR HumanName. */
function nameField(
  key: 'firstName' | 'lastName',
  read: (name: unknown) => ReturnType<typeof text.decode>,
): MappedField<string> {
  return field(key, shorter(100), {
    ...KEEP,
    decode: ({ [key]: flat, name }) =>
      flat !== undefined || name === undefined ? text.decode(flat) : onlyOne(listOf(name).map(read)),
    note: 'At most 100 characters.',
  });
}

function contact(system: 'phone' | 'email') {
  return ({ [system]: flat, telecom }: VendorRecord) =>
    flat !== undefined || telecom === undefined ? text.decode(flat) : contactIn(telecom, system);
}

/** Text of limited length (contract section 4). */
function shorter(longest: number): Codec<string> {
  return {
    ...text,
    encode: (value, refuse) => {
      if ([...value].length > longest) {
        refuse('', 'not_expressible', `${TITLE} takes at most ${longest} characters.`);
      }
      return value;
    },
  };
}

/** FHIR has a list of addresses. */
function onlyAddress(address: unknown): unknown {
  return Array.isArray(address) && address.length === 1 ? address[0] : address;
}

function lineOf(stored: unknown) {
  const address = onlyAddress(stored);
  if (Array.isArray(address)) return address.length === 0 ? null : UNREADABLE;
  if (!isObject(address)) return UNREADABLE;
  const lines = listOf(address.line);
  return lines.length > 1 ? UNREADABLE : text.decode(lines[0] ?? null);
}

const ADDRESS_MEMBERS = ['city', 'state', 'postalCode', 'country'];

function storedAddress(person: VendorRecord | undefined): VendorRecord {
  const address = onlyAddress(person?.address);
  if (!isObject(address)) return {};
  return Object.fromEntries(
    Object.entries(address).filter(([name, value]) => ADDRESS_MEMBERS.includes(name) && isText(value)),
  );
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';

/** Of a role, flat or in a FHIR reference. */
export function practitionerIdIn({ practitionerId, practitioner }: VendorRecord): string | undefined {
  const id = practitionerId ?? referencedId(practitioner, 'Practitioner');
  return typeof id === 'string' && OPAQUE_ID.test(id) ? id : undefined;
}

/** @param headers of updates, as the dialect wants them */
export function practitionerResource(headers: Pick<VendorRequest, 'headers'>): Resource {
  return {
    name: NAME,
    idIn: practitionerIdIn,
    writes: 'changes',
    answers: 'record',
    read: (id) => ({ method: 'GET', path: path`/v1/practitioners/${id}` }),
    write: (id, body) => ({ method: 'PATCH', path: path`/v1/practitioners/${id}`, ...headers, body }),
    record: practitionerIn,
    list: practitionerList,
    idOf: ({ id }) => (typeof id === 'string' ? id : undefined),
    revision: ({ meta }) => textIn(meta, 'versionId') ?? textIn(meta, 'lastUpdated'),
    // The vendor's own filter is not trusted (contract section 8).
    owners: (id) => ({
      request: { method: 'GET', path: path`/v1/practitioner-roles?practitionerId=${id}&count=100` },
      ids: (body) =>
        roleList
          .rows(body)
          ?.flatMap((role) =>
            isObject(role) && practitionerIdIn(role) === id && typeof role.id === 'string' ? [role.id] : [],
          ),
    }),
    recordShape: {
      always: ['id'],
      sometimes: [
        ...['firstName', 'lastName', 'prefix', 'suffix', 'email', 'phone', 'gender', 'birthDate', 'npi'],
        ...[
          'specialty',
          'qualifications',
          'languages',
          'address',
          'photo',
          'active',
          'createdAt',
          'updatedAt',
        ],
        ...[
          'resourceType',
          'meta',
          'identifier',
          'name',
          'telecom',
          'qualification',
          'communication',
          'extension',
        ],
      ],
    },
  };
}
