/** The body fields of the vendor's SDK (contract section 2, "Live body shape"). */
import {
  type Coding,
  codingIn,
  conceptOf,
  contactIn,
  type FieldTable,
  field,
  listOf,
  type MappedField,
  onlyOne,
  plainHours,
  type Refuse,
  refuseOtherSystem,
  text,
  unsupported,
} from '../../src/adapter';
import { COMMON, KEEP, statusField, TITLE } from './reading';

export const liveFields: FieldTable = {
  ...COMMON,
  status: statusField('active', { active: [true, 'active'], inactive: [false, 'inactive'] }),
  phone: contactField('phone'),
  email: contactField('email'),
  availableTime: field('availableTime', plainHours(TITLE), {
    ...KEEP,
    note: 'Days and times only: no `locationId`, `period` or `recurrence` in a block.',
  }),
  specialty: field(
    'specialty',
    { encode: displayOf, decode: codingIn },
    {
      ...KEEP,
      members: ['display'],
      notStored: {
        code: 'The live ClinikAPI holds the specialty as text only; the code is not stored.',
        system: 'The live ClinikAPI holds the specialty as text only; the code system is not stored.',
      },
      holds: (role, { display }) =>
        onlyOne(listOf(role.specialty).map((item) => conceptOf(item).display)) === display,
      note: 'Held as text: `display` is required, and without a code it cannot be read back as a coded value.',
    },
  ),
  organizationId: unsupported('The live ClinikAPI takes organizations by name, not by id'),
  locationId: unsupported('The live ClinikAPI takes locations by name, not by id'),
};

/** A flat member, or on reading the FHIR `telecom` of that system. */
function contactField(system: 'phone' | 'email'): MappedField<string> {
  return field(system, text, {
    ...KEEP,
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
