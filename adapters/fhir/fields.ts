/** Where the canonical fields are in the two resources (contract, "Canonical mapping"). */
import {
  addressField,
  type ClientAuthentication,
  type CodeTable,
  codeField,
  codeList,
  conceptField,
  contactField,
  currentIdentifiers,
  date,
  element,
  enumeration,
  GENDERS,
  givenNames,
  hoursField,
  itemMember,
  nameField,
  period,
  placed,
  referenceField,
  STATUSES,
  text,
  unsupported,
  writtenNationalId,
} from '../../src/adapter';

export const TITLE = 'FHIR R4';

export type Options = Partial<
  Record<'nationalIdSystem' | 'organization' | 'roleSystem', string> &
    Record<'allDay' | 'ifMatch', boolean> & { clientAuthentication: ClientAuthentication }
>;

type Codes = Readonly<Record<string, CodeTable>>;

/** Fields of PractitionerRole. */
export function roleFields({ roleSystem, allDay = false }: Options, codes: Codes, baseUrl: string) {
  const to = (type: string, table: CodeTable | undefined, isList = false) =>
    referenceField(type.toLowerCase(), { vendor: TITLE, type, codes: codeList(table), baseUrl, isList });
  return {
    status: placed('active', element('active'), status, { notClearable: 'A role is active or not.' }),
    role: codeField('code', roleSystem, 'role'),
    specialty: conceptField('specialty'),
    organizationId: to('Organization', codes.organization),
    locationId: to('Location', codes.location, true),
    period: placed('period', element('period'), period, { members: ['start', 'end'] }),
    availableTime: hoursField('availableTime', TITLE, allDay),
  };
}

const status = enumeration(
  STATUSES,
  { active: true, inactive: false },
  { code: 'not_expressible', detail: 'FHIR R4 knows no leave: a role is active or not.' },
);

/** Fields of Practitioner. */
export function practitionerFields({ nationalIdSystem }: Options) {
  return {
    'name.given': nameField('given', givenNames),
    'name.family': nameField('family', text),
    birthDate: placed('birthDate', element('birthDate'), date),
    gender: placed('gender', element('gender'), gender),
    'address.text': addressField('address', TITLE, text),
    phone: contactField('phone', text),
    email: contactField('email', text),
    nationalId: nationalId(nationalIdSystem),
  };
}

/** Of which system the national id is, only the configuration can say. */
function nationalId(system: string | undefined) {
  if (system === undefined) {
    return unsupported('FHIR R4 has identifiers of many systems, and `options.nationalIdSystem` names none');
  }
  const candidates = currentIdentifiers(system);
  return placed(
    'nationalId',
    itemMember('identifier', 'value', { candidates, fresh: { system }, goes: true, single: true }),
    writtenNationalId,
  );
}

const gender = enumeration(
  GENDERS,
  { male: 'male', female: 'female', other: 'other', unknown: 'unknown' },
  { code: 'not_expressible', detail: 'FHIR R4 knows no such gender.' },
);
