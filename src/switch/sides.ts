/** Both sides of a move, read. */
import type { VendorConnection } from '../connection/connection';
import { isStaffId } from '../staff/id';
import type { Database } from '../store/database';
import { linksAt, type MovingClinic, type Person, peopleOf } from './people';
import { readSide, type Side } from './side';
import type { Watch } from './watch';

export interface MoveParts extends Watch {
  clinic: MovingClinic;
  there: VendorConnection;
  database: Database;
}

export interface Sides {
  here: Side;
  there: Side;
  people: readonly Person[];
}

/** Reads what the clinic's staff have on both sides, `here` first. Sends nothing but reads. */
export async function readSides(parts: MoveParts): Promise<Sides> {
  const { clinic, there, database, onStep, signal } = parts;
  const watch = { onStep, signal, owner: clinic.name };
  const here = await readHere(parts);
  const linkedThere = await linksAt(database, clinic.name, there.name);
  const other = await readSide(there, { ...watch, wanted: new Set(linkedThere.values()) });
  return { here: here.side, there: other, people: peopleOf(here.records, linkedThere) };
}

/** The clinic's own side, and whose each record is. */
export async function readHere(
  parts: Omit<MoveParts, 'there'>,
): Promise<{ side: Side; records: ReadonlyMap<string, string> }> {
  const { clinic, database, onStep, signal } = parts;
  const watch = { onStep, signal, owner: clinic.name };
  if (clinic.identity === 'direct') {
    const side = await readSide(clinic.here, watch);
    return { side, records: new Map([...(side.listed ?? [])].filter(isStaffId).map((id) => [id, id])) };
  }
  const records = await linksAt(database, clinic.name, clinic.here.name);
  return { side: await readSide(clinic.here, { ...watch, wanted: new Set(records.values()) }), records };
}
