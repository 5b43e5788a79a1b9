/** Parts of a record that an update neither reads nor writes, so that its answer has the entity tag of the next read. */
import type { VendorRecord } from '../adapter/contract';
import { partOf, withPart } from '../adapter/resources';
import { Deadline } from '../lib/deadline';
import type { Location } from '../runtime/locate';

/** The answer to an update does not wait longer for what it does not need. */
const PATIENCE_MS = 1_000;

type Parts = ReadonlyMap<string, VendorRecord>;
const NONE: Parts = new Map();

/**
 * The parts that nobody has read, of a vendor whose updates are whole records. Where only changes are written nothing more is
 * read. Never fails: without them there is no entity tag.
 */
export function unreadParts(
  location: Location,
  current: VendorRecord | undefined,
  deadline: Deadline,
): Parts | Promise<Parts> {
  const { connection } = location;
  if (current === undefined || connection.adapter.writes !== 'whole-record') return NONE;
  const names = connection.resources.filter((name) => partOf(current, name) === undefined);
  return names.length === 0 ? NONE : readParts(location, names, current, deadline);
}

async function readParts(
  { connection, clinic }: Location,
  names: readonly string[],
  current: VendorRecord,
  deadline: Deadline,
): Promise<Parts> {
  const patience = new Deadline(Math.min(PATIENCE_MS, deadline.remaining()), clinic.name, deadline.requestId);
  try {
    const record = await connection.readParts(current, names, patience);
    return new Map(
      names.flatMap((name): [string, VendorRecord][] => {
        const part = partOf(record, name);
        return part === undefined ? [] : [[name, part]];
      }),
    );
  } catch {
    return NONE;
  }
}

/** The record with these parts; undefined if there is no record, or none of them. */
export function completed(record: VendorRecord | undefined, parts: Parts): VendorRecord | undefined {
  if (record === undefined || parts.size === 0) return undefined;
  return [...parts].reduce<VendorRecord>((whole, [name, part]) => withPart(whole, name, part), record);
}
