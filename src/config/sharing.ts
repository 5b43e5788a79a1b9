/** Settings that let two names reach the same records, which is allowed and seldom meant. */
import type { ClinicConfig, GatewayConfig, VendorConfig } from './types';

/** Warnings, a sentence each. They name connections and clinics, never a credential. */
export function sharingWarnings({ vendors, clinics }: Pick<GatewayConfig, 'vendors' | 'clinics'>): string[] {
  return [...twins(vendors), ...openClinics(clinics), ...sharedConnections({ vendors, clinics })];
}

/**
 * The connections at which a clinic's callers may link staff: those that the operator has named for it, unless another clinic
 * has a part in them. On a shared one whoever may link could take, and then read, a person of the other clinic.
 */
export function linkableAt(clinics: GatewayConfig['clinics'], clinic: string): string[] {
  return connectionsOf(clinics[clinic]).filter((vendor) => othersAt(clinics, clinic, vendor).length === 0);
}

/** The other clinics that have a part in a connection, now or soon: records there may be of their people. */
export function othersAt(clinics: GatewayConfig['clinics'], clinic: string, vendor: string): string[] {
  return usersOf(clinics, vendor).filter((name) => name !== clinic);
}

function usersOf(clinics: GatewayConfig['clinics'], vendor: string): string[] {
  return Object.keys(clinics).filter((name) => connectionsOf(clinics[name]).includes(vendor));
}

/** All that a clinic has a part in, now or soon. */
function connectionsOf(clinic: ClinicConfig | undefined): string[] {
  if (clinic === undefined) return [];
  const { vendor, mirror, links = [] } = clinic;
  return [...new Set([vendor, ...(mirror === undefined ? [] : [mirror]), ...links])];
}

function sharedConnections({ vendors, clinics }: Pick<GatewayConfig, 'vendors' | 'clinics'>): string[] {
  return Object.keys(vendors).flatMap((vendor) => {
    const users = usersOf(clinics, vendor);
    return users.length < 2
      ? []
      : [
          `vendors.${vendor}: is used by ${users.join(', ')}, so only an operator can link staff there ("links import"): links:write would let each reach the others' people`,
        ];
  });
}

/** A record may have one staff id at each connection, so a second connection to the same system gives it a second one. */
function twins(vendors: GatewayConfig['vendors']): string[] {
  const all = Object.entries(vendors);
  return all.flatMap(([name, vendor], index) => {
    const earlier = all.slice(0, index).find(([, other]) => isSameSystem(vendor, other));
    return earlier === undefined
      ? []
      : [
          `vendors.${name}: has the adapter and the origin of vendors.${earlier[0]}; if both lead to the same records, one of them can get two staff ids, in two clinics`,
        ];
  });
}

/** By where it is: two accounts of one system may well see the same records. */
function isSameSystem(one: VendorConfig, other: VendorConfig): boolean {
  return one.adapter === other.adapter && originOf(one) === originOf(other);
}

function originOf({ baseUrl }: VendorConfig): string {
  return new URL(baseUrl).origin;
}

/** `direct` needs no link, so such a clinic reaches whatever the connection does. */
function openClinics(clinics: GatewayConfig['clinics']): string[] {
  return Object.entries(clinics).flatMap(([name, { identity, vendor }]) => {
    const others = Object.keys(clinics).filter(
      (other) => other !== name && clinics[other]?.vendor === vendor,
    );
    return identity !== 'direct' || others.length === 0
      ? []
      : [
          `clinics.${name}.identity: direct reaches every record of ${vendor}, also those of ${others.join(', ')}, which ${others.length === 1 ? 'uses' : 'use'} it too`,
        ];
  });
}
