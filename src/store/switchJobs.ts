/** Work on the switch of clinics, as all processes know it: what runs where, how far it is, and what it has come to. */
import { type Selectable, sql } from 'kysely';
import { v7 as uuidV7 } from 'uuid';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import type { Schema } from './schema';
import type { JobEnd, JobState, JobStep, NewJob, StoredJob } from './switchJob';
import { orUnavailable } from './unavailable';

/** A job without a sign of life for this long is interrupted. */
export const LOST_MS = 10_000;
/** Between two signs of life. */
export const SIGN_MS = 1_000;
/** Ended ones of each clinic that are remembered. */
const KEPT = 10;

type Place = Pick<StoredJob, 'clinic' | 'id'>;

/** Each throws StoreUnavailable. */
export interface SwitchJobs {
  /** One at a time for each clinic. @returns undefined while another one is running, wherever */
  begin(job: NewJob): Promise<StoredJob | undefined>;
  /** A sign of life. `lost`: it is not this process's any more; `stop`: somebody has asked for that. */
  sign(place: Place, step: JobStep | undefined): Promise<'goOn' | 'stop' | 'lost'>;
  end(place: Place, end: JobEnd): Promise<void>;
  /** Asks whatever process does it to stop. @returns false if it is not running */
  askToStop(place: Place): Promise<boolean>;
  /** The newest first. */
  of(clinic: string): Promise<StoredJob[]>;
  /** The newest of each clinic, without its result, if it is running or was interrupted. */
  open(): Promise<StoredJob[]>;
}

/** @param owner this process */
export function createSwitchJobs({ db, engine }: Database, owner: string): SwitchJobs {
  const { now } = databaseClock(engine);
  const isLost = sql<boolean>`state = 'running' and seen_at < ${now(-LOST_MS)}`;
  const state = sql<JobState>`case when ${isLost} then 'interrupted' else state end`.as('state');
  const mine = ({ clinic, id }: Place) =>
    db
      .updateTable('switch_jobs')
      .where('clinic', '=', clinic)
      .where('id', '=', id)
      .where('state', '=', 'running');

  return {
    begin: ({ clinic, connection, task, overwrite, by }) =>
      orUnavailable(async () => {
        await db
          .updateTable('switch_jobs')
          .set(({ ref }) => ({ state: 'interrupted', finished_at: ref('seen_at') }))
          .where('clinic', '=', clinic)
          .where(isLost)
          .execute();
        const begun = await db
          .insertInto('switch_jobs')
          .values({
            ...{ clinic, id: uuidV7(), connection, task, overwrite: overwrite ? 1 : 0, operator: by, owner },
            ...{ state: 'running', stop_asked: 0, seen_at: now(), started_at: now() },
          })
          .onConflict((conflict) => conflict.doNothing())
          .returningAll()
          .executeTakeFirst();
        if (begun === undefined) return undefined;
        await db
          .deleteFrom('switch_jobs')
          .where('clinic', '=', clinic)
          .where('state', '<>', 'running')
          .where('id', 'not in', (eb) =>
            eb
              .selectFrom('switch_jobs')
              .select('id')
              .where('clinic', '=', clinic)
              .orderBy('id', 'desc')
              .limit(KEPT + 1),
          )
          .execute();
        return jobOf(begun);
      }),

    sign: (place, step) =>
      orUnavailable(async () => {
        const row = await mine(place)
          .where('owner', '=', owner)
          .set({ seen_at: now(), ...(step !== undefined && { step: JSON.stringify(step) }) })
          .returning('stop_asked')
          .executeTakeFirst();
        if (row === undefined) return 'lost';
        return Number(row.stop_asked) === 1 ? 'stop' : 'goOn';
      }),

    end: (place, { state: ended, result, reason }) =>
      orUnavailable(async () => {
        await mine(place)
          .where('owner', '=', owner)
          .set({
            ...{ state: ended, finished_at: now(), reason: reason ?? null },
            result: result === undefined ? null : JSON.stringify(result),
          })
          .execute();
      }),

    askToStop: (place) =>
      orUnavailable(async () => {
        const asked = await mine(place)
          .where('seen_at', '>=', now(-LOST_MS))
          .set({ stop_asked: 1 })
          .executeTakeFirst();
        return Number(asked.numUpdatedRows) === 1;
      }),

    of: (clinic) =>
      orUnavailable(async () => {
        const rows = await db
          .selectFrom('switch_jobs')
          .selectAll()
          .select(state)
          .where('clinic', '=', clinic)
          .orderBy('id', 'desc')
          .limit(KEPT)
          .execute();
        return rows.map(jobOf);
      }),

    open: () =>
      orUnavailable(async () => {
        const rows = await db
          .selectFrom('switch_jobs as one')
          .selectAll()
          .select([state, sql<null>`null`.as('result')])
          .where('state', 'in', ['running', 'interrupted'])
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('switch_jobs as newer')
                  .select('newer.id')
                  .whereRef('newer.clinic', '=', 'one.clinic')
                  .whereRef('newer.id', '>', 'one.id'),
              ),
            ),
          )
          .orderBy('id', 'desc')
          .execute();
        return rows.map(jobOf);
      }),
  };
}

function jobOf(row: Omit<Selectable<Schema['switch_jobs']>, 'owner' | 'stop_asked'>): StoredJob {
  const finishedAt = row.finished_at ?? (row.state === 'interrupted' ? row.seen_at : null);
  return {
    id: row.id,
    clinic: row.clinic,
    connection: row.connection,
    task: row.task,
    by: row.operator,
    state: row.state,
    startedAt: row.started_at,
    ...(Number(row.overwrite) === 1 && { overwrite: true }),
    ...(finishedAt !== null && { finishedAt }),
    ...(row.step !== null && { step: JSON.parse(row.step) }),
    ...(row.result !== null && { result: JSON.parse(row.result) }),
    ...(row.reason !== null && { reason: row.reason }),
  };
}
