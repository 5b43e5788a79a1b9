/** Who the staff of a clinic are, and which record is whose on both sides. */
import type { VendorConnection } from '../connection/connection';
import { createClinicLinks } from '../store/clinicLinks';
import type { Database } from '../store/database';

/** A clinic that may move. */
export interface MovingClinic {
  name: string;
  /** Its connection now. */
  here: VendorConnection;
  /** `direct`: its staff ids are the record ids of `here`. */
  identity: 'linked' | 'direct';
}

/** One staff member's records. */
export interface Person {
  staffId: string;
  /** Undefined: none is linked. */
  here: string | undefined;
  there: string | undefined;
}

/** Vendor record ids by staff id. */
export async function linksAt(
  database: Database,
  clinic: string,
  connection: string,
): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for await (const { staffId, vendorRecordId } of createClinicLinks(database, clinic, connection).linked()) {
    links.set(staffId, vendorRecordId);
  }
  return links;
}

/** By staff id. @param here, there record ids by staff id */
export function peopleOf(here: ReadonlyMap<string, string>, there: ReadonlyMap<string, string>): Person[] {
  const ids = [...new Set([...here.keys(), ...there.keys()])].sort(byCodeUnit);
  return ids.map((staffId) => ({ staffId, here: here.get(staffId), there: there.get(staffId) }));
}

/** As the store sorts. */
export function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
