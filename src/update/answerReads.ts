/**
 * Reads that only the answer to an update needs, for its entity tag and its warnings. They never fail, and the answer does not wait
 * long for them.
 */
import type { VendorRecord } from '../adapter/contract';
import { partOf, withPart } from '../adapter/resources';
import { Deadline } from '../lib/deadline';
import type { Warning } from '../receipt';
import type { FindLink, Location } from '../runtime/locate';
import { topLevelOf } from '../staff/fields';
import { ofResource, type Plan } from './plan';

const PATIENCE_MS = 1_000;
/** As many other records are looked up: one that is linked is enough for the warning. */
const MOST_LOOKED_UP = 20;

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

/** Never fails: a vendor that cannot say who shares a part has shown nothing that could be told. */
export function sharedWarnings(
  links: FindLink,
  location: Location,
  plan: Plan,
  current: VendorRecord | undefined,
  deadline: Deadline,
): readonly Warning[] | Promise<readonly Warning[]> {
  const resources = plan.writes.map(({ resource }) => resource).filter((name) => name !== undefined);
  if (current === undefined || resources.length === 0) return [];
  return sharedAmong(links, location, plan, resources, current, deadline);
}

async function sharedAmong(
  links: FindLink,
  location: Location,
  { targets }: Plan,
  resources: readonly string[],
  current: VendorRecord,
  deadline: Deadline,
): Promise<readonly Warning[]> {
  const found = resources.map(async (resource): Promise<Warning[]> => {
    if (!(await isShared(links, location, resource, current, deadline))) return [];
    const members = new Set(ofResource(targets, resource).map(({ field }) => topLevelOf(field)));
    return [...members].map((name) => ({
      pointer: `/${name}`,
      code: 'shared_record',
      detail: `The vendor keeps it in a ${resource} that other linked staff have too. It is changed for them as well.`,
    }));
  });
  return (await Promise.all(found)).flat();
}

async function isShared(
  links: FindLink,
  { connection, recordId, clinic }: Location,
  resource: string,
  current: VendorRecord,
  deadline: Deadline,
): Promise<boolean> {
  try {
    const id = connection.idOfPart(resource, current);
    const patience = new Deadline(
      Math.min(PATIENCE_MS, deadline.remaining()),
      clinic.name,
      deadline.requestId,
    );
    const owners = id === undefined ? [] : await connection.ownersOf(resource, id, patience);
    const others = owners.filter((owner) => owner !== recordId);
    if (clinic.identity === 'direct') return others.length > 0;
    for (const other of others.slice(0, MOST_LOOKED_UP)) {
      if ((await links.clinicOf(connection.name, other)) !== undefined) return true;
    }
    return false;
  } catch {
    // Only a warning depends on it, and the update itself is under way.
    return false;
  }
}
