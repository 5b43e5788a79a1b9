/** Ceilings that all replicas share: turns are reserved in the store, in blocks. */
import { sql } from 'kysely';
import type { RateLimit } from '../lib/limits';
import type { Reserve } from '../lib/sharedLimit';
import type { Database } from './database';
import { orUnavailable } from './unavailable';

export interface Ceilings {
  /** How turns are reserved at the ceiling of this name. @throws StoreUnavailable, when it is called */
  of(name: string, limit: RateLimit): Reserve;
}

/** @returns undefined on SQLite: there is one process, which counts by itself */
export function createCeilings({ engine, db }: Database): Ceilings | undefined {
  if (engine === 'sqlite') return undefined;
  return {
    of:
      (name, { requests, perSeconds }) =>
      (count, patienceMs) =>
        orUnavailable(async () => {
          const { rows } = await sql<{ wait: number; remaining: string }>`
            select wait, remaining from reserve_turns(${name}, ${requests}, ${perSeconds * 1000}, ${count}, ${patienceMs})
          `.execute(db);
          const [found] = rows;
          if (found === undefined) throw new RangeError('the function gives one row');
          return { waitMs: found.wait, remaining: Number(found.remaining) };
        }),
  };
}
