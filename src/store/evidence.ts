/** What speaks for and against moving a clinic to another connection, as far as the store knows it. Counts and times only. */
import { type Comparison, createComparisons } from './comparisons';
import type { Database } from './database';
import { databaseClock } from './databaseClock';
import { orUnavailable } from './unavailable';

export interface Evidence {
  /** Of the staff that are linked where the clinic is: how many are linked there too, and how many are not. */
  links: { linked: number; missing: number };
  /** The last complete one of the two connections. */
  comparison?: Comparison;
  /** Links of either side that lead to another record since that comparison began: it was about somebody else's. */
  relinked: number;
  /** Updates that are not finished: those that callers have sent. */
  queue: { queued: number; running: number; dead: number };
  /** And those that the mirror still has to get. `lagSeconds`: the age of the oldest that nobody has given up. */
  mirrorQueue: { queued: number; dead: number; lagSeconds: number };
}

/** @throws StoreUnavailable */
export async function evidenceOf(
  database: Database,
  clinic: string,
  here: string,
  there: string,
): Promise<Evidence> {
  const [links, comparison, queues] = await Promise.all([
    orUnavailable(() => linksOf(database, clinic, here, there)),
    createComparisons(database).latest(clinic, here, there, true),
    queuesOf(database, clinic),
  ]);
  if (comparison === undefined) return { links, ...queues, relinked: 0 };
  const since = comparison.startedAt;
  const relinked = await orUnavailable(() => relinkedOf(database, clinic, [here, there], since));
  return { links, ...queues, relinked, comparison };
}

async function relinkedOf({ db }: Database, clinic: string, vendors: string[], since: string) {
  const row = await db
    .selectFrom('links')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('clinic', '=', clinic)
    .where('vendor', 'in', vendors)
    .where('revision', '>', 1)
    .where('updated_at', '>', since)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

async function linksOf({ db }: Database, clinic: string, here: string, there: string) {
  const row = await db
    .selectFrom('links as one')
    .leftJoin('links as other', (join) =>
      join
        .onRef('other.clinic', '=', 'one.clinic')
        .onRef('other.staff_id', '=', 'one.staff_id')
        .on('other.vendor', '=', there),
    )
    .select(({ fn }) => [fn.countAll().as('all'), fn.count('other.staff_id').as('both')])
    .where('one.clinic', '=', clinic)
    .where('one.vendor', '=', here)
    .executeTakeFirstOrThrow();
  const linked = Number(row.both);
  return { linked, missing: Number(row.all) - linked };
}

/** @throws StoreUnavailable */
export async function queuesOf(
  { db, engine }: Database,
  clinic: string,
): Promise<Pick<Evidence, 'queue' | 'mirrorQueue'>> {
  const { until } = databaseClock(engine);
  const unfinished = db
    .selectFrom('operations')
    .where('clinic', '=', clinic)
    .where('finished_at', 'is', null);
  const [counts, oldest] = await orUnavailable(() =>
    Promise.all([
      unfinished
        .select(({ fn }) => ['mirrored', 'status', fn.countAll().as('count')])
        .groupBy(['mirrored', 'status'])
        .execute(),
      unfinished
        .select(until('created_at').as('ms'))
        .where('mirrored', '=', 1)
        .where('status', '<>', 'dead')
        .orderBy('created_at')
        .limit(1)
        .executeTakeFirst(),
    ]),
  );
  const of = (mirrored: number, status: string) =>
    Number(counts.find((row) => Number(row.mirrored) === mirrored && row.status === status)?.count ?? 0);
  return {
    queue: { queued: of(0, 'queued'), running: of(0, 'running'), dead: of(0, 'dead') },
    mirrorQueue: {
      queued: of(1, 'queued') + of(1, 'running'),
      dead: of(1, 'dead'),
      lagSeconds: Math.max(0, Math.round(-(oldest?.ms ?? 0) / 1000)),
    },
  };
}
