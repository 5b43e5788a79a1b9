/** Settings that let two names stand for the same records, which is allowed and seldom meant. */
import { sameJson } from '../lib/json';
import type { GatewayConfig, VendorConfig } from './types';

/** Warnings, a sentence each. They name connections and clinics, never a credential. */
export function sharingWarnings({ vendors, clinics }: GatewayConfig): string[] {
  return [...twins(vendors), ...openClinics(clinics)];
}

/** A record may have one staff id at each connection, so a second connection to the same system gives it a second one. */
function twins(vendors: GatewayConfig['vendors']): string[] {
  const all = Object.entries(vendors);
  return all.flatMap(([name, vendor], index) => {
    const earlier = all.slice(0, index).find(([, other]) => isSameSystem(vendor, other));
    return earlier === undefined
      ? []
      : [
          `vendors.${name}: has the adapter, baseUrl and credentials of vendors.${earlier[0]}, so one record there can get two staff ids`,
        ];
  });
}

function isSameSystem(one: VendorConfig, other: VendorConfig): boolean {
  return (
    one.adapter === other.adapter &&
    placeOf(one) === placeOf(other) &&
    sameJson(one.credentials, other.credentials)
  );
}

function placeOf({ baseUrl }: VendorConfig): string {
  return new URL(baseUrl).href.replace(/\/+$/, '');
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
