/** Test and live keys see different records (clinikapi.md section 1). */
type Environment = 'live' | 'test';

/** Whose record it is; records of another organization look as if they did not exist. */
export interface Owned {
  id: string;
  environment: Environment;
  organization: string;
}

/** A start and an end day, either of them optional. */
export interface Period {
  start?: string;
  end?: string;
}

/** One coded specialty. The documented dialect knows one for a role, the live one a list. */
export interface Specialty {
  code?: string;
  display?: string;
  system?: string;
}

/** A practitioner role, with what either dialect can write. */
export interface Role extends Owned {
  practitionerId: string;
  role: string;
  status: string;
  specialties: Specialty[];
  period?: Period;
  organizationId?: string;
  organizationName?: string;
  locationId?: string;
  locationName?: string;
  phone?: string;
  email?: string;
  /** Members that only the live dialect has, kept as they were sent. */
  availableTime?: unknown[];
  notAvailable?: unknown[];
  availabilityExceptions?: string;
  version: number;
  createdAt: string;
  updatedAt: string;
}

/** A practitioner, an organization or a location; only a practitioner can be written. */
export interface Reference extends Owned {
  name: string;
  /** Everything else that the documents list, as it is answered. */
  details: Record<string, unknown>;
  /** How often it was written; 1 if absent. */
  version?: number;
  updatedAt?: string;
}

/** An API key and what it may do (clinikapi.md section 1). */
export interface ApiKey {
  key: string;
  organization: string;
  environment: Environment;
  scopes: ReadonlyArray<'read' | 'write' | '*'>;
  state: 'active' | 'revoked' | 'expired';
}

export const ORGANIZATION = 'tenant-north';
export const STAMP = '2026-11-01T08:00:00.000Z';

function role(
  id: string,
  [practitionerId, code]: [string, string],
  rest: Partial<Role> & Pick<Role, 'specialties'>,
): Role {
  return {
    id,
    environment: 'live',
    organization: ORGANIZATION,
    practitionerId,
    role: code,
    status: 'active',
    version: 1,
    createdAt: STAMP,
    updatedAt: STAMP,
    ...rest,
  };
}

export const ROLES: readonly Role[] = [
  role('pr_abc123', ['prac_abc123', 'doctor'], {
    specialties: [{ code: '394579002', display: 'Cardiology' }],
    period: { start: '2024-01-01' },
    organizationId: 'org_north1',
    organizationName: 'Northside Clinic',
    locationId: 'loc_main1',
    locationName: 'Main Building',
  }),
  role('pr_def456', ['prac_xyz789', 'nurse'], {
    specialties: [{ code: '394537008', display: 'Pediatric specialty' }],
    period: { start: '2023-05-01', end: '2027-04-30' },
    organizationId: 'org_north1',
    organizationName: 'Northside Clinic',
    locationId: 'loc_annex2',
    locationName: 'Annex',
  }),
  // No specialty, no period, no references: what a reader must live with.
  role('pr_ghi789', ['prac_abc123', 'consultant'], { status: 'inactive', specialties: [] }),
  role('pr_test001', ['prac_test01', 'doctor'], {
    environment: 'test',
    specialties: [{ code: '394579002', display: 'Cardiology' }],
  }),
  role('pr_other001', ['prac_other1', 'doctor'], { organization: 'tenant-other', specialties: [] }),
];

function reference(id: string, name: string, details: Record<string, unknown>): Reference {
  return { id, environment: 'live', organization: ORGANIZATION, name, details };
}

export const PRACTITIONERS: readonly Reference[] = [
  reference('prac_abc123', 'Dana Example', {
    firstName: 'Dana',
    lastName: 'Example',
    active: true,
    gender: 'female',
    npi: '1000000001',
    specialty: 'Cardiology',
  }),
  reference('prac_xyz789', 'Noel Sample', {
    firstName: 'Noel',
    lastName: 'Sample',
    active: true,
    gender: 'other',
    npi: '1000000002',
    specialty: 'Pediatrics',
  }),
];

export const ORGANIZATIONS: readonly Reference[] = [
  reference('org_north1', 'Northside Clinic', { active: true, type: ['prov'] }),
  reference('org_south2', 'Southside Clinic', { active: true, type: ['prov'] }),
];

export const LOCATIONS: readonly Reference[] = [
  reference('loc_main1', 'Main Building', { status: 'active', managingOrganizationId: 'org_north1' }),
  reference('loc_annex2', 'Annex', { status: 'active', managingOrganizationId: 'org_north1' }),
];
