import type { Person } from '../people';
import { NATIONAL_ID_SYSTEM, ROLE_SYSTEM, SNOMED_CT } from './seeds';
import type { Json } from './store';

/** A made-up person as the two resources of a FHIR server; what the record does not have is not there. */
export function practitionerResource(person: Person, suffix: string): Json {
  const { name, nationalId, birthDate, gender, address, phone, email } = person;
  const telecom = [
    ...(phone === undefined ? [] : [{ system: 'phone', value: phone, use: 'work' }]),
    ...(email === undefined ? [] : [{ system: 'email', value: email, use: 'work' }]),
  ];
  return {
    resourceType: 'Practitioner',
    id: `prac-seed${suffix}`,
    active: true,
    ...(nationalId !== undefined && { identifier: [{ system: NATIONAL_ID_SYSTEM, value: nationalId }] }),
    ...(name && {
      name: [
        {
          use: 'official',
          ...(name.family !== undefined && { family: name.family }),
          ...(name.given !== undefined && { given: [name.given] }),
        },
      ],
    }),
    ...(telecom.length > 0 && { telecom }),
    ...(gender !== undefined && { gender }),
    ...(birthDate !== undefined && { birthDate }),
    ...(address?.text !== undefined && { address: [{ text: address.text }] }),
  };
}

export function roleResource(person: Person, suffix: string): Json {
  const { status = 'active', role = 'doctor', specialty, period, availableTime } = person;
  const { organizationId = 'org-north', locationId = 'loc-main' } = person;
  return {
    resourceType: 'PractitionerRole',
    id: `role-seed${suffix}`,
    active: status === 'active',
    ...(period && { period }),
    practitioner: { reference: `Practitioner/prac-seed${suffix}` },
    organization: { reference: `Organization/${organizationId}` },
    code: [{ coding: [{ system: ROLE_SYSTEM, code: role }] }],
    ...(specialty && { specialty: [{ coding: [{ system: SNOMED_CT, ...specialty }] }] }),
    location: [{ reference: `Location/${locationId}` }],
    ...(availableTime && { availableTime: availableTime.map(({ locationId: _, ...block }) => block) }),
  };
}
