/** What comparing a clinic's staff at two connections has come to. No values, no names: counts only. */
import { randomUUID } from 'node:crypto';
import { isObject } from '../lib/json';
import type { Database } from './database';
import type { Schema } from './schema';
import { orUnavailable } from './unavailable';

/** One comparison. */
export interface Comparison {
  clinic: string;
  /** The connection that the clinic used when it was made, and the one that it was compared with. */
  here: string;
  there: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  finishedAt: string;
  /** Whether both sides were read to their end. */
  complete: boolean;
  /** How many fields have each verdict. */
  counts: Readonly<Record<string, number>>;
  /** How many of them speak against moving the clinic: differences that nothing explains. */
  differences: number;
}

export interface Comparisons {
  /** @throws StoreUnavailable */
  save(comparison: Comparison): Promise<void>;
  /**
   * The one of these two connections that ended last, in whichever direction it was made.
   * @param complete only those that are
   * @throws StoreUnavailable
   */
  latest(clinic: string, one: string, other: string, complete?: boolean): Promise<Comparison | undefined>;
  /** The clinic's that ended last, whatever it was compared with. @throws StoreUnavailable */
  latestOf(clinic: string): Promise<Comparison | undefined>;
  /** All of the clinic with this connection: they do not hold any more. @throws StoreUnavailable */
  forget(clinic: string, connection: string): Promise<void>;
}

/** Older ones say nothing about today. */
const KEPT_DAYS = 30;
const DAY_MS = 86_400_000;

export function createComparisons({ db }: Database, now: () => Date = () => new Date()): Comparisons {
  const since = () => new Date(now().getTime() - KEPT_DAYS * DAY_MS).toISOString();
  const newest = (clinic: string) =>
    db
      .selectFrom('comparisons')
      .selectAll()
      .where('clinic', '=', clinic)
      .where('finished_at', '>=', since())
      .orderBy('finished_at', 'desc')
      .orderBy('id')
      .limit(1);
  return {
    save: (comparison) =>
      orUnavailable(async () => {
        await db.insertInto('comparisons').values(rowOf(comparison)).execute();
        await db.deleteFrom('comparisons').where('finished_at', '<', since()).execute();
      }),

    latest: (clinic, one, other, complete = false) =>
      orUnavailable(async () => {
        const row = await newest(clinic)
          .where('complete', '>=', complete ? 1 : 0)
          .where((eb) =>
            eb.or([
              eb.and([eb('here', '=', one), eb('there', '=', other)]),
              eb.and([eb('here', '=', other), eb('there', '=', one)]),
            ]),
          )
          .executeTakeFirst();
        return row && comparisonOf(row);
      }),

    latestOf: (clinic) =>
      orUnavailable(async () => {
        const row = await newest(clinic).executeTakeFirst();
        return row && comparisonOf(row);
      }),

    forget: (clinic, connection) =>
      orUnavailable(async () => {
        await db
          .deleteFrom('comparisons')
          .where('clinic', '=', clinic)
          .where((eb) => eb.or([eb('here', '=', connection), eb('there', '=', connection)]))
          .execute();
      }),
  };
}

function rowOf(comparison: Comparison): Schema['comparisons'] {
  const { clinic, here, there, startedAt, finishedAt, complete, counts, differences } = comparison;
  return {
    id: randomUUID(),
    clinic,
    here,
    there,
    started_at: startedAt,
    finished_at: finishedAt,
    complete: complete ? 1 : 0,
    counts: JSON.stringify(counts),
    differences,
  };
}

function comparisonOf(row: Schema['comparisons']): Comparison {
  const { clinic, here, there } = row;
  return {
    clinic,
    here,
    there,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    complete: Number(row.complete) === 1,
    counts: countsOf(row.counts),
    differences: Number(row.differences),
  };
}

function countsOf(text: string): Record<string, number> {
  const counts: unknown = JSON.parse(text);
  return isObject(counts)
    ? Object.fromEntries(Object.entries(counts).map(([verdict, count]) => [verdict, Number(count)]))
    : {};
}
