import type { VendorConnection } from '../connection/connection';
import { Problem } from '../problem';
import type { Warning } from '../receipt';
import type { Clinic } from '../runtime/locate';
import { isStaffId } from '../staff/id';
import { type Cursor, cursorText, digestOf } from './cursor';
import { matcher, refuseUnshown, refuseUnsupported, type StaffFilter } from './filter';
import type { StaffLists } from './lists';
import { staffRecord, tableOf } from './record';
import { type Entry, type Snapshot, storedRecord } from './snapshot';

/** The one question that listing asks of the store. */
export interface FindLinks {
  atVendor(vendor: string, clinic?: string): Promise<ReadonlyMap<string, string>>;
}

export interface ListParts {
  lists: StaffLists;
  links: FindLinks;
}

export interface ListRequest {
  clinic: Clinic;
  requestId: string;
  filter: StaffFilter;
  /** `false`: the vendor's records without a link, instead of the clinic's staff. */
  linked: boolean;
  limit: number;
  cursor?: Cursor | undefined;
  /** Reads the list anew, unless a cursor asks for the one that it points into. */
  fresh: boolean;
}

export interface ListMeta {
  requestId: string;
  clinic: string;
  vendor: string;
  source: 'live' | 'cache';
  /** When the reading of the list began. */
  asOf: string;
  /** Set if the vendor counts more records than it has listed. */
  complete?: false;
  /** Records that fit, on all pages. */
  total: number;
  nextCursor: string | null;
  /** Pointers lead into `data`. */
  warnings: readonly Warning[];
}

export interface StaffPage {
  data: readonly Record<string, unknown>[];
  meta: ListMeta;
}

/** Lists a clinic's staff as its vendor holds them: the vendor's list → the clinic's links → filters → a page. @throws Problem */
export async function listStaff({ lists, links }: ListParts, request: ListRequest): Promise<StaffPage> {
  const { clinic, filter, linked, limit, cursor } = request;
  const { connection } = clinic;
  const table = tableOf(connection.adapter);
  if (connection.adapter.list === undefined) {
    throw new Problem('not_found', `${connection.title} has no list of its records.`);
  }
  refuseUnsupported(table, filter);
  const digest = digestOf({ clinic: clinic.name, linked, filter });
  const { snapshot, source } = await snapshotFor(lists, request, digest);
  refuseUnshown(snapshot, filter);
  const { idOf, unlisted, unnamed } = await identities(links, request, snapshot);
  const fits = matcher(table, filter);
  const keep = (entry: Entry) => idOf(entry) !== undefined && fits(entry);
  const { shown, total, next } = select(snapshot.entries, keep, cursor?.position ?? 0, limit);
  if (next !== undefined) lists.keepForCursor(connection, snapshot, cursor === undefined);
  const page = shown.map((entry) => record(entry, idOf(entry) ?? null));
  // What a list has shown once is no news when it is shown again.
  if (source === 'live') {
    connection.observer?.answered(connection, { warnings: page.flatMap((item) => item.warnings) });
  }
  return {
    data: page.map(({ data }) => data),
    meta: {
      requestId: request.requestId,
      clinic: clinic.name,
      vendor: connection.name,
      source,
      asOf: snapshot.asOf,
      ...(snapshot.missing > 0 && { complete: false }),
      total,
      nextCursor: next === undefined ? null : cursorText({ snapshotId: snapshot.id, position: next, digest }),
      warnings: [
        ...listWarnings(connection, snapshot, { unlisted, unnamed }),
        ...page.flatMap((item, index) => item.warnings.map((warning) => below(index, warning))),
      ],
    },
  };
}

interface Selection {
  shown: readonly Entry[];
  /** All that are kept, before `from` and after `shown` too. */
  total: number;
  /** Index of the first that is kept after those shown. */
  next: number | undefined;
}

function select(
  entries: readonly Entry[],
  keep: (entry: Entry) => boolean,
  from: number,
  limit: number,
): Selection {
  const shown: Entry[] = [];
  let total = 0;
  let next: number | undefined;
  for (const [index, entry] of entries.entries()) {
    if (!keep(entry)) continue;
    total += 1;
    if (index < from) continue;
    if (shown.length < limit) shown.push(entry);
    else next ??= index;
  }
  return { shown, total, next };
}

async function snapshotFor(
  lists: StaffLists,
  { clinic: { connection }, cursor, fresh }: ListRequest,
  digest: string,
): Promise<{ snapshot: Snapshot; source: 'live' | 'cache' }> {
  if (cursor === undefined) return lists.current(connection, fresh);
  const snapshot = lists.at(connection, cursor.snapshotId);
  if (snapshot === undefined) {
    throw new Problem(
      'cursor_expired',
      'The list that this cursor belongs to is gone. Begin again without it.',
    );
  }
  if (cursor.digest !== digest || cursor.position >= snapshot.entries.length) {
    throw new Problem('malformed_request', 'The cursor belongs to another question: repeat its parameters.');
  }
  return { snapshot, source: 'cache' };
}

interface Identities {
  /** The staff id of a record; null for one without; undefined for one that is not shown. */
  idOf: (entry: Entry) => string | null | undefined;
  /** Linked records that the vendor does not list. */
  unlisted: number;
  /** Listed records whose id can be no staff id, if it has to be one. */
  unnamed: number;
}

/** Asked for each page: a record that is no longer the clinic's is not shown from a kept list either. */
async function identities(
  links: FindLinks,
  { clinic, linked }: ListRequest,
  { entries }: Snapshot,
): Promise<Identities> {
  if (clinic.identity === 'direct') {
    // Every record is staff then.
    const unnamed = linked ? entries.filter(({ id }) => !isStaffId(id)).length : 0;
    return { idOf: ({ id }) => (linked && isStaffId(id) ? id : undefined), unlisted: 0, unnamed };
  }
  if (!linked) {
    const taken = await links.atVendor(clinic.connection.name);
    return { idOf: ({ id }) => (taken.has(id) ? undefined : null), unlisted: 0, unnamed: 0 };
  }
  const own = await links.atVendor(clinic.connection.name, clinic.name);
  const listed = entries.reduce((count, { id }) => (own.has(id) ? count + 1 : count), 0);
  return { idOf: ({ id }) => own.get(id), unlisted: own.size - listed, unnamed: 0 };
}

function record(
  entry: Entry,
  id: string | null,
): { data: Record<string, unknown>; warnings: readonly Warning[] } {
  const { fields, warnings } = storedRecord(entry);
  const { id: _, ...rest } = staffRecord('', fields);
  return { data: { id, vendorRecordId: entry.id, ...rest }, warnings };
}

function below(index: number, { pointer = '', ...rest }: Warning): Warning {
  return { pointer: `/${index}${pointer}`, ...rest };
}

function listWarnings(
  { title }: VendorConnection,
  { skipped, partless, missing }: Snapshot,
  { unlisted, unnamed }: Pick<Identities, 'unlisted' | 'unnamed'>,
): Warning[] {
  const warnings: Warning[] = [];
  if (missing > 0) {
    const detail = `${title} counts ${missing} records more than it lists, so some may be missing here.`;
    warnings.push({ code: 'list_incomplete', detail });
  }
  if (skipped > 0) {
    const detail = `${title} lists ${skipped === 1 ? 'a row that is no record, such as one without an id. It is' : `${skipped} rows that are no records, such as rows without an id. They are`} left out.`;
    warnings.push({ code: 'rows_skipped', detail });
  }
  if (partless > 0) {
    const detail = `${title} keeps a part of ${partless === 1 ? 'a record' : `${partless} records`} elsewhere and does not list it there, so some of ${partless === 1 ? 'its' : 'their'} fields are missing here.`;
    warnings.push({ code: 'parts_not_listed', detail });
  }
  if (unnamed > 0) {
    const detail = `${title} lists ${unnamed} records whose ids no request can name, so they are missing here.`;
    warnings.push({ code: 'ids_not_usable', detail });
  }
  if (unlisted > 0) {
    const detail = `${unlisted} linked staff members are not in the list of ${title}, so they are missing here.`;
    warnings.push({ code: 'not_listed', detail });
  }
  return warnings;
}
