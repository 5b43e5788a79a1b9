/** Where the canonical fields are in the two resources, by the vendor contract's "Canonical mapping". */
import {
  type CodeTable,
  codeList,
  concept,
  conceptCode,
  currentContacts,
  currentIdentifiers,
  currentNames,
  date,
  element,
  enumeration,
  GENDERS,
  givenNames,
  type ItemRule,
  itemMember,
  losing,
  losingConcepts,
  losingReferences,
  oneInList,
  period,
  placed,
  postalAddress,
  reference,
  STATUSES,
  text,
  unsupported,
  weeklyHours,
} from '../../src/adapter';

export const TITLE = 'FHIR R4';

export interface Options {
  nationalIdSystem?: string;
  organization?: string;
  roleSystem?: string;
  allDay?: boolean;
  ifMatch?: boolean;
}

/** @param baseUrl a reference to another server is none to a record of this one */
export function roleFields(
  { roleSystem, allDay = false }: Options,
  codes: Readonly<Record<string, CodeTable>>,
  baseUrl: string,
) {
  const organization = reference(TITLE, 'Organization', codeList(codes.organization), baseUrl);
  const location = oneInList(reference(TITLE, 'Location', codeList(codes.location), baseUrl));
  const role = element('code');
  return {
    status: placed('active', element('active'), status, { notClearable: 'A role is active or not.' }),
    role: placed('code', role, conceptCode(), {
      encode: (code, _refuse, current) => conceptCode(roleSystem, current && role.get(current)).encode(code, _refuse),
      loses: losingConcepts('role', role),
    }),
    specialty: placed('specialty', element('specialty'), concept, {
      members: ['code', 'display', 'system'],
      loses: losingConcepts('specialty', element('specialty')),
    }),
    organizationId: placed('organization', element('organization'), organization, {
      loses: losingReferences('organization', element('organization')),
    }),
    locationId: placed('location', element('location'), location, {
      loses: losingReferences('location', element('location')),
    }),
    period: placed('period', element('period'), period, { members: ['start', 'end'] }),
    availableTime: placed('availableTime', element('availableTime'), weeklyHours(TITLE, { allDay }), {
      encode: (blocks, refuse, current) =>
        weeklyHours(TITLE, { allDay, stored: current?.availableTime }).encode(blocks, refuse),
      loses: losing('hours', ({ availableTime }) => availableTime, HOURS),
      note: 'Days and times only: no `locationId`, `period` or `recurrence` in a block.',
    }),
  };
}

const status = enumeration(
  STATUSES,
  { active: true, inactive: false },
  { code: 'not_expressible', detail: 'FHIR R4 knows no leave: a role is active or not.' },
);

const HOURS = ['daysOfWeek', 'allDay', 'availableStartTime', 'availableEndTime'];

export function practitionerFields({ nationalIdSystem }: Options) {
  return {
    'name.given': placed('given', itemMember('name', 'given', NAME), givenNames, NAME_EXTRAS),
    'name.family': placed('family', itemMember('name', 'family', NAME), text, NAME_EXTRAS),
    nationalId:
      nationalIdSystem === undefined
        ? unsupported('FHIR R4 has identifiers of many systems, and `options.nationalIdSystem` names none')
        : placed('nationalId', itemMember('identifier', 'value', identifier(nationalIdSystem)), text),
    birthDate: placed('birthDate', element('birthDate'), date),
    gender: placed('gender', element('gender'), gender),
    'address.text': postalAddress(TITLE, 'address'),
    phone: contact('phone'),
    email: contact('email'),
  };
}

const gender = enumeration(
  GENDERS,
  { male: 'male', female: 'female', other: 'other', unknown: 'unknown' },
  { code: 'not_expressible', detail: 'FHIR R4 has no such gender.' },
);

const NAME: ItemRule = {
  candidates: currentNames,
  // Both say the same: what is shown of the whole must be found in its parts (HumanName, "text").
  stale: ['text', '_given'],
  isOpaque: ({ text: whole, given, family }) => whole !== undefined && given === undefined && family === undefined,
};

const NAME_EXTRAS = {
  loses: losing(
    'name',
    ({ name }) => name,
    [],
  ),
};

function identifier(system: string): ItemRule {
  return { candidates: currentIdentifiers(system), fresh: { system }, goes: true, single: true };
}

function contact(system: 'phone' | 'email') {
  const candidates = currentContacts(system);
  return placed(system, itemMember('telecom', 'value', { candidates, fresh: { system }, goes: true }), text);
}
