/** The body fields of the vendor's SDK (contract section 2, "Live body shape"). */
import {
  asStoredBlocks,
  type CodeTable,
  type Coding,
  codeList,
  codingByCode,
  codingIn,
  conceptOf,
  contactIn,
  type FieldTable,
  field,
  listOf,
  type MappedField,
  member,
  onlyOne,
  plainHours,
  type Refuse,
  refuseOtherSystem,
  text,
  type UnsupportedField,
  unsupported,
  type VendorRecord,
} from '../../src/adapter';
import { PERSON } from './practitioner';
import { COMMON, KEEP, losesCodings, NO_PERSON, statusField, TITLE } from './reading';

/** Of what it writes as one value the live API may hold several (lists by type), so an update looks first what is there. */
const LOOK = { ...KEEP, needsCurrent: 'look' } as const;

/**
 * @param codes the caller's codes and the vendor's names of what it takes by name
 * @param practitioner whether the person behind the role is read and written too; phone and e-mail are the role's own here
 */
export function liveFields(codes: Readonly<Record<string, CodeTable>>, practitioner: boolean): FieldTable {
  return {
    ...COMMON,
    ...(practitioner ? PERSON : NO_PERSON),
    role: { ...COMMON.role, ...LOOK },
    status: statusField('active', { active: [true, 'active'], inactive: [false, 'inactive'] }),
    phone: contactField('phone'),
    email: contactField('email'),
    availableTime: field('availableTime', hours, {
      ...LOOK,
      encode: (blocks, refuse, current) =>
        current === undefined ? hours.encode(blocks, refuse) : asStoredBlocks(blocks, current.availableTime),
      note: 'Days and times only: no `locationId`, `period` or `recurrence` in a block.',
    }),
    specialty: codes.specialty === undefined ? specialtyByText : specialtyByName(codes.specialty),
    organizationId: referenceByName('organization', codes.organization),
    locationId: referenceByName('location', codes.location),
  };
}

const hours = plainHours(TITLE);

const specialtyByText = field(
  'specialty',
  { encode: displayOf, decode: codingIn },
  {
    ...LOOK,
    members: ['display'],
    notStored: {
      code: 'The live ClinikAPI holds the specialty as text only; the code is not stored.',
      system: 'The live ClinikAPI holds the specialty as text only; the code system is not stored.',
    },
    holds: (role, { display }) =>
      onlyOne(listOf(role.specialty).map((item) => conceptOf(item).display)) === display,
    loses: losesCodings('specialty'),
    note: 'Held as text: `display` is required, and without a code it cannot be read back as a coded value. With `codes.specialty` it can.',
  },
);

/** Each of the caller's codes is written as the vendor's text for it, and read back from that. */
function specialtyByName(table: CodeTable): MappedField<Coding> {
  const unmapped = { at: '/code', detail: 'No ClinikAPI specialty is configured for this code.' };
  const names = codingByCode(TITLE, codeList(table, { unmapped, fold: foldName }));
  return field(
    'specialty',
    {
      ...names,
      encode: (value, refuse) => listOf(names.encode(value, refuse)),
      decode: (stored) =>
        stored === undefined ? undefined : onlyOne(listOf(stored).map((item) => names.decode(nameOf(item)))),
    },
    {
      ...LOOK,
      members: ['code'],
      notStored: {
        display: 'The name of each specialty is configured (`codes.specialty`); the display is not stored.',
      },
      holds: (role, value) => {
        const stored = listOf(role.specialty).map((item) => names.decode(nameOf(item)));
        const wanted = names.decode(names.encode(value, () => undefined));
        return stored.length > 0 && stored.every((item) => codeOf(item) === codeOf(wanted));
      },
      loses: losesCodings('specialty'),
      note: 'Written as the name that `codes.specialty` has for the code.',
    },
  );
}

const nameOf = (item: unknown) => conceptOf(item).display ?? item;
const codeOf = (coding: unknown) => member(coding, 'code');
const foldName = (name: string) => name.toLowerCase();

/** Taken by name only: the caller's ids are those that have a name in the configuration. */
function referenceByName(
  type: 'organization' | 'location',
  table: CodeTable | undefined,
): MappedField<string> | UnsupportedField {
  if (table === undefined)
    return unsupported(`The live ClinikAPI takes ${type}s by name, and \`codes.${type}\` holds none`);
  const detail = `No ClinikAPI ${type} is configured for this id.`;
  const names = codeList(table, { unmapped: { at: '', detail }, fold: foldName });
  const key = `${type}Name` as const;
  /** Flat, or the name in a FHIR Reference, which may hold an id alone; undefined if nothing is shown. */
  const namesIn = ({ [key]: flat, [type]: references }: VendorRecord): unknown[] | undefined => {
    if (flat !== undefined || references === undefined) return flat === undefined ? undefined : [flat];
    return listOf(references).map((reference) => member(reference, 'display') ?? { unnamed: true });
  };
  return field(key, names, {
    ...LOOK,
    decode: (role) => {
      const stored = namesIn(role);
      return stored && onlyOne(stored.map((name) => names.decode(name)));
    },
    note: `Written as the name that \`codes.${type}\` has for the id.`,
  });
}

/** A flat member, or on reading the FHIR `telecom` of that system. */
function contactField(system: 'phone' | 'email'): MappedField<string> {
  return field(system, text, {
    ...LOOK,
    decode: ({ [system]: flat, telecom }) =>
      flat !== undefined || telecom === undefined ? text.decode(flat) : contactIn(telecom, system),
  });
}

function displayOf(specialty: Coding, refuse: Refuse): string[] | undefined {
  refuseOtherSystem(specialty, refuse, TITLE);
  if (specialty.display !== undefined) return [specialty.display];
  refuse(
    '',
    'unsupported_field',
    'The live ClinikAPI holds a specialty by its display text, which is missing here.',
  );
  return undefined;
}
