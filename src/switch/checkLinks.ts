/** Are a clinic's links at a connection complete, and do they lead to records? Changes nothing. */
import type { VendorConnection } from '../connection/connection';
import type { VendorFailure } from '../connection/failure';
import { createClinicLinks } from '../store/clinicLinks';
import type { Database } from '../store/database';
import { createLinks } from '../store/links';
import { byCodeUnit, linksAt, type MovingClinic } from './people';
import { readSide } from './side';
import { readHere } from './sides';
import type { Watch } from './watch';

/** What was found. Lists are by staff id, `unlinked` by record id. */
export interface LinkCheck {
  clinic: string;
  connection: string;
  /** Whether all of it could be found out, `unlinked` too. */
  complete: boolean;
  counts: { linked: number; missing: number; notFound: number; unlinked: number };
  /** Staff ids of the clinic that have no link there. */
  missing: string[];
  /** Links to records that do not exist. */
  notFound: { staffId: string; vendorRecordId: string }[];
  /** Records that no link leads to, of whichever clinic. */
  unlinked: string[];
}

export interface LinkCheckParts extends Watch {
  clinic: MovingClinic;
  connection: VendorConnection;
  database: Database;
}

/** What was found, and why it is not all. `lists: false`: the vendor has no list of its records. */
export interface LinkCheckResult {
  check: LinkCheck;
  lists: boolean;
  failure: VendorFailure | undefined;
  /** Pages of the vendor's list that were read. */
  pages: number;
}

export async function checkLinks(parts: LinkCheckParts): Promise<LinkCheckResult> {
  const { clinic, connection, database, onStep, signal } = parts;
  const links = await linksAt(database, clinic.name, connection.name);
  const wanted = new Set(links.values());
  const side = await readSide(connection, {
    ...{ wanted, owner: clinic.name, onStep, signal },
    // Whether a record is there, its further parts do not tell.
    resources: [],
    whole: true,
  });
  const notFound = [...links]
    .filter(([, vendorRecordId]) => 'absent' in side.find(vendorRecordId))
    .map(([staffId, vendorRecordId]) => ({ staffId, vendorRecordId }));
  const known = await knownStaff(parts);
  const missing = known.filter((staffId) => !links.has(staffId));
  const taken = await createLinks(database).atVendor(connection.name);
  const unlinked = [...(side.listed ?? [])].filter((id) => !taken.has(id)).sort(byCodeUnit);
  const counts = {
    linked: links.size,
    missing: missing.length,
    notFound: notFound.length,
    unlinked: unlinked.length,
  };
  const complete = side.listed !== undefined && side.incomplete === undefined;
  const found = { counts, missing, notFound, unlinked };
  return {
    check: { clinic: clinic.name, connection: connection.name, complete, ...found },
    lists: connection.adapter.list !== undefined,
    failure: side.incomplete,
    pages: side.pages,
  };
}

/** Whom the clinic has: those linked where it is now. Asked about just that connection: those linked anywhere. */
async function knownStaff({ clinic, connection, database, ...watch }: LinkCheckParts): Promise<string[]> {
  if (clinic.here.name === connection.name) {
    if (clinic.identity === 'direct') return [];
    return createClinicLinks(database, clinic.name, connection.name).missing();
  }
  if (clinic.identity === 'direct') {
    const { records } = await readHere({ clinic, database, ...watch });
    return [...records.keys()].sort(byCodeUnit);
  }
  return [...(await linksAt(database, clinic.name, clinic.here.name)).keys()];
}
