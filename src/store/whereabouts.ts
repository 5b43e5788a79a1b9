/** Where each clinic is: the one connection that its updates go to, for all replicas. */
import type { Transaction } from 'kysely';
import type { Change } from './changes';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { Engine } from './engine';
import type { Schema } from './schema';
import type { Trail } from './trail';
import { orUnavailable } from './unavailable';

/** Whether staff are linked, or have the vendor's own ids. */
export type Identity = 'linked' | 'direct';

export interface Place {
  clinic: string;
  /** The connection's name in the configuration. */
  vendor: string;
  /** Where it was before; absent if it has never moved. */
  previous?: string;
  /** ISO 8601, UTC: when it came here. */
  since: string;
  revision: number;
  /** Codes of what the guard had against its last move. */
  despite: readonly string[];
  /** As its configuration had it when it was served last; absent if that is not known. */
  identity?: Identity;
}

/** A clinic as a configuration has it. */
export interface Served {
  clinic: string;
  vendor: string;
  identity: Identity;
}

/** A clinic's move from where it was found. */
export interface Move {
  from: Place;
  to: string;
  identity: Identity;
  despite: readonly string[];
  /** The clinic stays where it is if anything is queued for it. */
  needsEmptyQueue: boolean;
  /** The row of the audit. */
  change: Change;
}

/** Each throws StoreUnavailable. */
export interface Whereabouts {
  /** Of all clinics that have ever been served, by name. */
  all(): Promise<ReadonlyMap<string, Place>>;
  /** Writes down where clinics are that nobody has served yet. */
  settle(clinics: readonly Served[]): Promise<void>;
  /** Writes down how those identify their staff that are still there. */
  identify(clinics: readonly Served[]): Promise<void>;
  /** All of these, or none. @returns false if one of them is not where it was found any more, or may not move */
  move(moves: readonly Move[]): Promise<boolean>;
}

export function createWhereabouts(database: Database, trail: Trail): Whereabouts {
  const { db, engine } = database;
  const { now } = databaseClock(engine);
  return {
    all: () =>
      orUnavailable(async () => {
        const rows = await db.selectFrom('whereabouts').selectAll().execute();
        return new Map(rows.map((row) => [row.clinic, placeOf(row)]));
      }),

    settle: (clinics) =>
      orUnavailable(async () => {
        for (const { clinic, vendor, identity } of clinics) {
          await db
            .insertInto('whereabouts')
            .values({ clinic, vendor, previous: null, since: now(), revision: 1, despite: '[]', identity })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
      }),

    identify: (clinics) =>
      orUnavailable(async () => {
        for (const { clinic, vendor, identity } of clinics) {
          await db
            .updateTable('whereabouts')
            .set({ identity })
            .where('clinic', '=', clinic)
            .where('vendor', '=', vendor)
            .execute();
        }
      }),

    move: (moves) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          for (const { from, needsEmptyQueue } of sorted(moves)) {
            if (!(await holds(transaction, engine, from))) return false;
            // Looked at after the row is held: who queues an update holds it too.
            if (needsEmptyQueue && (await hasQueued(transaction, from.clinic))) return false;
          }
          for (const { from, to, identity, despite } of moves) {
            await transaction
              .updateTable('whereabouts')
              .set({
                vendor: to,
                previous: from.vendor,
                since: now(),
                revision: from.revision + 1,
                despite: JSON.stringify(despite),
                identity,
              })
              .where('clinic', '=', from.clinic)
              .execute();
          }
          await trail.append(
            transaction,
            moves.map(({ change }) => change),
          );
          return true;
        }),
      ),
  };
}

/** @returns undefined for a clinic that nobody has served yet @throws StoreUnavailable */
export async function findPlace({ db }: Database, clinic: string): Promise<Place | undefined> {
  const query = db.selectFrom('whereabouts').selectAll().where('clinic', '=', clinic);
  const row = await orUnavailable(() => query.executeTakeFirst());
  return row && placeOf(row);
}

/** Whether the clinic is where it was found; it stays there until the transaction ends. */
async function holds(
  transaction: Transaction<Schema>,
  engine: Engine,
  { clinic, revision }: Place,
): Promise<boolean> {
  const query = transaction.selectFrom('whereabouts').select('revision').where('clinic', '=', clinic);
  const row = await (engine === 'postgres' ? query.forUpdate() : query).executeTakeFirst();
  return Number(row?.revision) === revision;
}

async function hasQueued(transaction: Transaction<Schema>, clinic: string): Promise<boolean> {
  const queued = transaction
    .selectFrom('operations')
    .select('id')
    .where('clinic', '=', clinic)
    .where('finished_at', 'is', null);
  return (await queued.limit(1).executeTakeFirst()) !== undefined;
}

/** In one order everywhere, as all that several replicas lock. */
function sorted(moves: readonly Move[]): Move[] {
  return [...moves].sort((a, b) => (a.from.clinic < b.from.clinic ? -1 : 1));
}

interface Row {
  clinic: string;
  vendor: string;
  previous: string | null;
  since: string;
  revision: number | string;
  despite: string;
  identity: string | null;
}

function placeOf({ clinic, vendor, previous, since, revision, despite, identity }: Row): Place {
  const codes: unknown = JSON.parse(despite);
  return {
    clinic,
    vendor,
    since,
    revision: Number(revision),
    despite: Array.isArray(codes) ? codes.map(String) : [],
    ...(previous !== null && { previous }),
    ...((identity === 'linked' || identity === 'direct') && { identity }),
  };
}
