import type { Reference, Role, Specialty } from './seeds';
import type { ClinikapiSettings, ClinikapiState } from './store';

/** Whether a role is shown in answer to a read or to a write. */
export type Occasion = 'read' | 'write';

/** A role as the settings say it is shown (clinikapi.md section 2). */
export function renderRole(role: Role, state: ClinikapiState, occasion: Occasion): object {
  if (state.settings.rendering === 'fhir') return fhirRole(role, state);
  return withoutAbsent({ ...documentedRole(role), ...flatExtras(role, state.settings, occasion) });
}

/** The six members that the document lists, and in its order. */
function documentedRole(role: Role) {
  return {
    id: role.id,
    practitionerId: role.practitionerId,
    role: role.role,
    status: role.status,
    specialty: role.specialties[0],
    period: role.period,
  };
}

function flatExtras(role: Role, settings: ClinikapiSettings, occasion: Occasion): object {
  const { showReferences, dialect } = settings;
  const shown = showReferences === 'always' || (showReferences === 'get' && occasion === 'read');
  const references = shown ? { organizationId: role.organizationId, locationId: role.locationId } : {};
  if (dialect === 'documented') return references;
  return {
    ...references,
    organizationName: role.organizationName,
    locationName: role.locationName,
    phone: role.phone,
    email: role.email,
    availableTime: role.availableTime,
    notAvailable: role.notAvailable,
    availabilityExceptions: role.availabilityExceptions,
  };
}

/** A FHIR R4 PractitionerRole (clinikapi.md section 2, "Live response shape"). */
export function fhirRole(role: Role, state: ClinikapiState): object {
  const organizationName =
    role.organizationName ?? nameOf(state.organizations.get(role.organizationId ?? ''));
  const locationName = role.locationName ?? nameOf(state.locations.get(role.locationId ?? ''));
  const location = fhirReference('Location', role.locationId, locationName);
  const telecom = [
    ...(role.phone ? [{ system: 'phone', value: role.phone }] : []),
    ...(role.email ? [{ system: 'email', value: role.email }] : []),
  ];
  return withoutAbsent({
    resourceType: 'PractitionerRole',
    id: role.id,
    meta: {
      versionId: String(role.version),
      lastUpdated: role.updatedAt,
      tag: [{ system: 'https://clinikapi.com/tenant', code: role.organization }],
    },
    active: role.status === 'active',
    period: role.period,
    practitioner: { reference: `Practitioner/${role.practitionerId}` },
    organization: fhirReference('Organization', role.organizationId, organizationName),
    code: [{ coding: [{ code: role.role }], text: role.role }],
    specialty: role.specialties.length > 0 ? role.specialties.map(fhirConcept) : undefined,
    location: location ? [location] : undefined,
    telecom: telecom.length > 0 ? telecom : undefined,
    availableTime: role.availableTime,
    notAvailable: role.notAvailable,
    availabilityExceptions: role.availabilityExceptions,
  });
}

function fhirConcept({ system, code, display }: Specialty): object {
  if (code === undefined) return withoutAbsent({ text: display });
  const coding = withoutAbsent({ system: system ?? 'http://snomed.info/sct', code, display });
  return withoutAbsent({ coding: [coding], text: display });
}

function fhirReference(
  type: string,
  id: string | undefined,
  display: string | undefined,
): object | undefined {
  if (id === undefined && display === undefined) return undefined;
  return withoutAbsent({ reference: id === undefined ? undefined : `${type}/${id}`, display });
}

function nameOf(row: Reference | undefined): string | undefined {
  return row?.name;
}

/** A practitioner, an organization or a location. Their names are in the same place in both renderings. */
export function renderReference(row: Reference, resourceType: string, state: ClinikapiState): object {
  const name = resourceType === 'Practitioner' ? {} : { name: row.name };
  const flat = { id: row.id, ...name, ...row.details };
  if (state.settings.rendering === 'flat') return flat;
  if (resourceType !== 'Practitioner') return { resourceType, ...flat };
  const { firstName, lastName, ...rest } = row.details;
  return { resourceType, id: row.id, name: [{ family: lastName, given: [firstName] }], ...rest };
}

/** The members that are there. */
export function withoutAbsent(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
