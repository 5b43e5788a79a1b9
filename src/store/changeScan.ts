/** Looks through the newest rows of the whole audit, a bounded number at a time: no index leads over all clinics. */
import { setImmediate as turn } from 'node:timers/promises';
import type { ChangeRow } from './chain';
import type { Filter } from './changeList';
import type { Database } from './database';

/** Rows of one query, and of one call altogether. */
const STRIDE = 2_000;
const MOST = 10_000;

export interface Scanned {
  rows: ChangeRow[];
  /** Where the next call goes on; absent when all has been looked through. */
  next?: number;
}

/** Newest first. @param before `next` of the call before */
export async function scanChanges(
  database: Database,
  filter: Omit<Filter, 'clinic'>,
  limit: number,
  before?: number,
): Promise<Scanned> {
  const rows: ChangeRow[] = [];
  const first = before ?? (await newest(database)) + 1;
  for (let to = first; to > 1; to -= STRIDE) {
    const from = Math.max(1, to - STRIDE);
    rows.push(...(await rowsIn(database, filter, { from, to, limit: limit - rows.length })));
    const last = rows.at(-1);
    if (rows.length >= limit && last !== undefined) {
      const next = Number(last.seq);
      return next > 1 ? { rows, next } : { rows };
    }
    if (first - from >= MOST && from > 1) return { rows, next: from };
    await turn();
  }
  return { rows };
}

async function newest({ db }: Database): Promise<number> {
  const head = await db
    .selectFrom('change_chain')
    .select('seq')
    .where('name', '=', 'head')
    .executeTakeFirst();
  return Number(head?.seq ?? 0);
}

function rowsIn(
  { db }: Database,
  { kinds, equal, since, until }: Omit<Filter, 'clinic'>,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<ChangeRow[]> {
  let query = db.selectFrom('changes').selectAll().where('seq', '>=', from).where('seq', '<', to);
  if (kinds.length === 1) query = query.where('kind', 'in', kinds);
  for (const column of ['staff_id', 'caller', 'vendor', 'outcome'] as const) {
    const value = equal[column];
    if (value !== undefined) query = query.where((eb) => eb(eb.ref(column), '=', value));
  }
  if (since !== undefined) query = query.where('at', '>=', since);
  if (until !== undefined) query = query.where('at', '<', until);
  return query.orderBy('seq', 'desc').limit(limit).execute();
}
