/** The ClinikAPI translation and nothing else, for the subjects that are written by hand: no checks, no receipt. */

export interface CanonicalBody {
  status?: string;
  role?: string;
  specialty?: { code: string; display?: string; system?: string };
  organizationId?: string;
  locationId?: string;
  period?: { start?: string; end?: string };
}

export interface RoleAnswer {
  data: {
    id: string;
    role?: string;
    status?: string;
    specialty?: { code: string; display?: string };
    period?: { start?: string; end?: string };
  };
}

export function rolePath(staffId: string): string {
  return `/v1/practitioner-roles/${encodeURIComponent(`pr_${staffId.slice('st-'.length)}`)}`;
}

export function toVendor({ status, role, specialty, organizationId, locationId, period }: CanonicalBody) {
  return {
    status,
    role,
    specialty: specialty && { code: specialty.code, display: specialty.display },
    organizationId,
    locationId,
    period,
  };
}

export function fromVendor(staffId: string, { data }: RoleAnswer) {
  const { role, status, specialty, period } = data;
  return {
    data: {
      id: staffId,
      status,
      role,
      specialty: specialty && { ...specialty, system: 'http://snomed.info/sct' },
      period,
    },
  };
}
