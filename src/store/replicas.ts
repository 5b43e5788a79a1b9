/** Which processes are alive, and which connection each of them uses for which clinic. Times are the database's. */
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import { orUnavailable } from './unavailable';

/** A process that has shown no sign of life for this long is taken for gone. */
export const LIVE_MS = 10_000;
/** Between two signs of life. */
export const BEAT_MS = 2_000;

export interface Served {
  clinic: string;
  /** The connection's name. */
  vendor: string;
}

/** Each throws StoreUnavailable. */
export interface Replicas {
  /** A sign of life. @param served what it serves from now on; absent: what it said last */
  beat(served?: readonly Served[]): Promise<void>;
  /** Of these, what another process that is alive serves just so. */
  servedByOthers(served: readonly Served[]): Promise<Served[]>;
  /** This process ends: nobody waits until it is taken for gone. */
  leave(): Promise<void>;
}

/** @param id this process */
export function createReplicas({ db, engine }: Database, id: string): Replicas {
  const { now } = databaseClock(engine);
  return {
    beat: (served) =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          await transaction
            .insertInto('replicas')
            .values({ id, seen_at: now() })
            .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: now() }))
            .execute();
          if (served === undefined) return;
          await transaction.deleteFrom('replica_clinics').where('replica', '=', id).execute();
          if (served.length > 0)
            await transaction
              .insertInto('replica_clinics')
              .values(served.map(({ clinic, vendor }) => ({ replica: id, clinic, vendor })))
              .execute();
          // Those of processes that were killed.
          await transaction
            .deleteFrom('replicas')
            .where('seen_at', '<', now(-60 * LIVE_MS))
            .execute();
          await transaction
            .deleteFrom('replica_clinics')
            .where('replica', 'not in', (eb) => eb.selectFrom('replicas').select('id'))
            .execute();
        }),
      ),

    servedByOthers: (served) =>
      orUnavailable(async () => {
        if (served.length === 0) return [];
        const rows = await db
          .selectFrom('replica_clinics')
          .innerJoin('replicas', 'replicas.id', 'replica_clinics.replica')
          .select(['clinic', 'vendor'])
          .distinct()
          .where('replica', '<>', id)
          .where('seen_at', '>', now(-LIVE_MS))
          .where(
            'clinic',
            'in',
            served.map(({ clinic }) => clinic),
          )
          .execute();
        return served.filter(({ clinic, vendor }) =>
          rows.some((row) => row.clinic === clinic && row.vendor === vendor),
        );
      }),

    leave: () =>
      orUnavailable(() =>
        db.transaction().execute(async (transaction) => {
          await transaction.deleteFrom('replica_clinics').where('replica', '=', id).execute();
          await transaction.deleteFrom('replicas').where('id', '=', id).execute();
        }),
      ),
  };
}
