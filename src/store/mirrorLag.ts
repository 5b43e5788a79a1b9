/** How far mirrors are behind. */
import { sql } from 'kysely';
import type { Database } from './database';
import { databaseClock } from './databaseClock';

/** `diverged`: failed, discarded or expired, so the mirror never got it; for as long as finished operations are kept. */
export const MIRROR_STATES = ['queued', 'running', 'dead', 'diverged'] as const;

export interface Mirror {
  clinic: string;
  /** The connection's name. */
  connection: string;
}

export interface MirrorLag extends Mirror {
  counts: Readonly<Record<(typeof MIRROR_STATES)[number], number>>;
  /** The age of the oldest that is on its way. */
  lagSeconds: number;
}

/** @param mirrors those that are configured; others are told as long as something is on its way there */
export async function mirrorLags({ db, engine }: Database, mirrors: readonly Mirror[]): Promise<MirrorLag[]> {
  const { until } = databaseClock(engine);
  const rows = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('operations')
        .select(({ fn }) => [
          'clinic',
          'vendor',
          'status',
          fn.countAll().as('count'),
          fn.min('created_at').as('created_at'),
        ])
        // As the index has it.
        .where(sql<boolean>`mirrored = 1 and status <> 'succeeded'`)
        .groupBy(['clinic', 'vendor', 'status'])
        .as('groups'),
    )
    .select(['clinic', 'vendor', 'status', 'count', until('created_at').as('ms')])
    .execute();
  const found = rows.map(({ clinic, vendor }) => ({ clinic, connection: vendor ?? '' }));
  const all = new Map(
    [...mirrors, ...found].map((mirror) => [`${mirror.clinic} ${mirror.connection}`, mirror]),
  );
  return [...all.values()].map(({ clinic, connection }) => {
    const own = rows.filter((row) => row.clinic === clinic && row.vendor === connection);
    const of = (status: string) => Number(own.find((row) => row.status === status)?.count ?? 0);
    const waiting = own.filter(({ status }) => status === 'queued' || status === 'running');
    return {
      clinic,
      connection,
      counts: { queued: of('queued'), running: of('running'), dead: of('dead'), diverged: of('failed') },
      lagSeconds: Math.max(0, ...waiting.map(({ ms }) => -ms / 1000)),
    };
  });
}
