/** Which connection and which vendor record a clinic's staff id leads to. */
import type { ClinicConfig } from '../config/types';
import type { VendorConnection } from '../connection/connection';
import { Problem } from '../problem';
import type { Links } from '../store/links';

/** A clinic as the running configuration knows it. */
export interface Clinic extends ClinicConfig {
  name: string;
  connection: VendorConnection;
  /** How many unfinished updates each of its callers may have queued. */
  maxQueuedPerCaller: number;
}

/**
 * What an update asks of the links: where one leads, whether the vendor was seen to have that record, and whether another record
 * is linked.
 */
export type FindLink = Pick<Links, 'find' | 'isChecked' | 'markChecked' | 'clinicOf'>;

export interface Location {
  clinic: Clinic;
  staffId: string;
  connection: VendorConnection;
  recordId: string;
}

/** @throws Problem `staff_not_found` if no link leads to the vendor, or the id cannot exist there */
export async function locate(links: FindLink, clinic: Clinic, staffId: string): Promise<Location> {
  const { connection } = clinic;
  const recordId =
    clinic.identity === 'direct' ? staffId : await links.find(clinic.name, staffId, connection.name);
  if (recordId === undefined) {
    throw new Problem('staff_not_found', `No link leads from this id to ${connection.name}.`);
  }
  if (!connection.admits(recordId)) {
    throw new Problem('staff_not_found', `${connection.title} has no ids of this form.`);
  }
  return { clinic, staffId, connection, recordId };
}
