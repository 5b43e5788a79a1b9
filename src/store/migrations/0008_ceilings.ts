import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * Turns that replicas have reserved at a ceiling, in blocks. Not needed on SQLite, which has one process. Unlogged: what is lost
 * with the server is over a period later, and nobody waits for a disk. Times are milliseconds of the database's clock.
 */
export function createCeilings(engine: Engine): Migration {
  return {
    async up(db) {
      if (engine === 'sqlite') return;
      for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
    },
  };
}

const STATEMENTS = [
  `create unlogged table ceiling_turns (
    ceiling text collate "C" not null,
    id bigint generated always as identity,
    turn_at float8 not null,
    reserved_at float8 not null,
    turns bigint not null,
    constraint ceiling_turns_key primary key (ceiling, id))`,
  // One way to the server. Each statement of the function sees what was committed before its lock was granted.
  `create function reserve_turns(of_ceiling text, requests bigint, period float8, wanted bigint, patience float8)
   returns table (wait float8, remaining bigint) language plpgsql as $$
   declare
     present float8;
     turn float8;
   begin
     perform pg_advisory_xact_lock(hashtextextended('ceiling ' || of_ceiling, 0));
     present := extract(epoch from clock_timestamp()) * 1000;
     -- Over, or of a time before the clock was set back.
     delete from ceiling_turns as kept where kept.ceiling = of_ceiling
       and (kept.turn_at <= present - period or kept.reserved_at > present + 1000);
     -- Never before one that was given earlier, and not within a period of the one that would be one too many.
     select greatest(present, max(kept.turn_at), max(kept.turn_at + period) filter (where kept.later > requests - wanted))
       into turn
       from (select counted.turn_at,
               sum(counted.turns) over (order by counted.turn_at desc, counted.id desc) as later
             from ceiling_turns as counted where counted.ceiling = of_ceiling) as kept;
     if turn - present <= patience then
       insert into ceiling_turns (ceiling, turn_at, reserved_at, turns) values (of_ceiling, turn, present, wanted);
     end if;
     return query select turn - present, greatest(0, requests - coalesce(sum(kept.turns), 0))::bigint
       from ceiling_turns as kept where kept.ceiling = of_ceiling;
   end $$`,
] as const;
