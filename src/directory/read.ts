import { VendorFailure } from '../connection/failure';
import { Deadline } from '../lib/deadline';
import type { Warning } from '../receipt';
import { type Clinic, type FindLink, locate } from '../runtime/locate';
import { etagOf } from './etag';
import { problemFrom } from './failures';
import { namesOf, withNames } from './names';
import { blockedUpdates, missingParts, showRecord, staffRecord, tableOf } from './record';

/** A record, what is to be said about it, and its entity tag if all of it is known. */
export interface StaffResult<Meta> {
  data: Record<string, unknown>;
  meta: Meta;
  etag?: string | undefined;
}

export interface ReadMeta {
  requestId: string;
  clinic: string;
  vendor: string;
  vendorRecordId: string;
  warnings: readonly Warning[];
}

/** Reads one staff member: locate → vendor → canonical record. @throws Problem */
export async function readStaff(
  links: FindLink,
  request: { clinic: Clinic; staffId: string; requestId: string },
): Promise<StaffResult<ReadMeta>> {
  const { clinic, staffId, requestId } = request;
  const { connection, recordId } = await locate(links, clinic, staffId);
  const deadline = new Deadline(connection.config.timeoutMs, clinic.name, requestId);
  const record = await connection.read(recordId, deadline).catch((error) => {
    throw error instanceof VendorFailure ? problemFrom(error, connection) : error;
  });
  const names = await namesOf(connection);
  const table = tableOf(connection.adapter);
  const shown = showRecord(table, record);
  const data = staffRecord(staffId, withNames(shown.fields, names));
  const meta = {
    requestId,
    clinic: clinic.name,
    vendor: connection.name,
    vendorRecordId: recordId,
    warnings: [
      ...shown.warnings,
      ...blockedUpdates(table, record),
      ...missingParts(connection.adapter, record),
    ],
  };
  connection.observer?.answered(connection, meta);
  return { data, meta, etag: etagOf(staffRecord(staffId, shown.fields)) };
}
