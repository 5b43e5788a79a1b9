/** Which connection and which vendor record a staff id of a clinic stands for. */
import type { ClinicConfig } from '../config/types';
import type { VendorConnection } from '../connection/connection';
import { Problem } from '../problem';
import type { Links } from '../store/links';

/** A clinic as the running configuration knows it. */
export interface Clinic extends ClinicConfig {
  name: string;
  connection: VendorConnection;
}

/** What locating asks of the store, and tells it. */
export type FindLink = Pick<Links, 'lookUp' | 'markChecked'>;

export interface Location {
  clinic: Clinic;
  staffId: string;
  connection: VendorConnection;
  recordId: string;
  /** The vendor has not shown yet that it has a record of exactly this id. */
  unchecked: boolean;
}

/** @throws Problem `staff_not_found` where no link leads to the vendor, or the id cannot exist there */
export async function locate(links: FindLink, clinic: Clinic, staffId: string): Promise<Location> {
  const { connection } = clinic;
  const found =
    clinic.identity === 'direct'
      ? { vendorRecordId: staffId, checked: true }
      : await links.lookUp(clinic.name, staffId, connection.name);
  if (found === undefined) {
    throw new Problem('staff_not_found', `No link leads from this id to ${connection.name}.`);
  }
  const { vendorRecordId: recordId, checked } = found;
  if (!connection.admits(recordId)) {
    throw new Problem('staff_not_found', `${connection.title} has no ids of this form.`);
  }
  return { clinic, staffId, connection, recordId, unchecked: !checked };
}
