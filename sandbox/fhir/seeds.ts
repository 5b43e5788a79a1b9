import type { Json } from './store';

/** The code systems and identifiers of the seeds. */
export const NATIONAL_ID_SYSTEM = 'urn:oid:2.16.32.5.3';
export const SNOMED_CT = 'http://snomed.info/sct';
export const ROLE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/practitioner-role';

/** People with more than the gateway shows: other names, further telecoms, extensions, decimals, notes beside a date. */
export const SEEDS: readonly Json[] = [
  {
    resourceType: 'Practitioner',
    id: 'prac-abc123',
    meta: { profile: ['http://example.test/fhir/StructureDefinition/staff'] },
    extension: [{ url: 'http://example.test/fhir/workload', valueDecimal: 0.75 }],
    identifier: [
      { use: 'official', system: NATIONAL_ID_SYSTEM, value: '30111222' },
      { system: 'http://example.test/badges', value: 'B-0042' },
    ],
    active: true,
    name: [
      { use: 'nickname', given: ['Dani'] },
      { use: 'official', family: 'Example', given: ['Dana', 'Maria'], prefix: ['Dr.'] },
    ],
    telecom: [
      { system: 'phone', value: '+54 11 4000-0001', use: 'home', rank: 2 },
      { system: 'phone', value: '+54 11 4567-8901', use: 'work', rank: 1 },
      { system: 'email', value: 'dana@example.test', use: 'work' },
      { system: 'fax', value: '+54 11 4000-0009' },
    ],
    address: [
      { use: 'work', text: 'Av. Corrientes 1234, Buenos Aires', city: 'Buenos Aires' },
      { use: 'home', line: ['Calle 7 100'], city: 'La Plata' },
    ],
    gender: 'female',
    birthDate: '1985-03-15',
    _birthDate: { extension: [{ url: 'http://example.test/fhir/source', valueCode: 'passport' }] },
    qualification: [{ code: { text: 'Physician' } }],
  },
  {
    resourceType: 'Practitioner',
    id: 'prac-xyz789',
    active: true,
    name: [{ family: 'Sample', given: ['Noel'] }],
    gender: 'other',
  },
  {
    resourceType: 'PractitionerRole',
    id: 'role-abc123',
    extension: [{ url: 'http://example.test/fhir/rate', valueDecimal: 12.5 }],
    identifier: [{ system: 'http://example.test/roles', value: 'R-1' }],
    active: true,
    period: { start: '2024-01-01' },
    practitioner: { reference: 'Practitioner/prac-abc123', display: 'Dana Example' },
    organization: { reference: 'Organization/org-north', display: 'Northside Clinic' },
    code: [{ coding: [{ system: ROLE_SYSTEM, code: 'doctor', display: 'Doctor' }] }],
    specialty: [{ coding: [{ system: SNOMED_CT, code: '394579002', display: 'Cardiology' }] }],
    location: [{ reference: 'Location/loc-main', display: 'Main Building' }],
    telecom: [{ system: 'phone', value: '+54 11 4000-0100', use: 'work' }],
    availableTime: [
      {
        daysOfWeek: ['mon', 'wed'],
        availableStartTime: '08:00:00',
        availableEndTime: '12:00:00',
      },
    ],
    notAvailable: [{ description: 'Public holidays' }],
  },
  {
    resourceType: 'PractitionerRole',
    id: 'role-def456',
    active: false,
    practitioner: { reference: 'Practitioner/prac-xyz789' },
    organization: { reference: 'Organization/org-south' },
  },
  // The second role of one person: what is written at the practitioner is seen at both.
  {
    resourceType: 'PractitionerRole',
    id: 'role-ghi789',
    active: true,
    practitioner: { reference: 'Practitioner/prac-abc123' },
    organization: { reference: 'Organization/org-south' },
    code: [{ text: 'Consultant' }],
  },
  { resourceType: 'Organization', id: 'org-north', active: true, name: 'Northside Clinic' },
  { resourceType: 'Organization', id: 'org-south', active: false, name: 'Southside Clinic' },
  { resourceType: 'Location', id: 'loc-main', status: 'active', name: 'Main Building' },
  { resourceType: 'Location', id: 'loc-annex', status: 'inactive', name: 'Annex' },
];
