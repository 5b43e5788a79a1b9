import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/** Rows of a clinic that one row of `change_blocks` tells about. */
const BLOCK = 1_000;

/**
 * The audit keeps more than updates, signed with a key from outside, and each clinic has a count of its own. `clinic_seq`: the
 * position within the clinic. `change_clinics`: the newest of each clinic. `change_blocks`: between which times the rows of
 * a block lie, so that a period is found without reading what lies outside of it.
 */
export function auditOfEverything(engine: Engine): Migration {
  const sqlite = engine === 'sqlite';
  const text = sqlite ? 'text' : 'text collate "C"';
  const number = sqlite ? 'integer' : 'bigint';
  const small = sqlite ? ' strict, without rowid' : '';
  const index = (name: string, columns: string) =>
    `create index changes_of_${name} on changes (clinic, kind, ${columns}clinic_seq)`;
  const statements = [
    `alter table changes add column kind ${text} not null default 'update'`,
    // 1: hashed over the columns of before; 2: over all.
    `alter table changes add column version ${number} not null default 1`,
    `alter table changes add column clinic_seq ${number} not null default 0`,
    `alter table changes add column key_id ${text}`,
    `alter table changes add column detail ${text}`,
    ...['key_id', 'signature', 'at', 'reason'].map(
      (column) => `alter table change_chain add column ${column} ${text}`,
    ),
    ...(sqlite
      ? ['drop trigger changes_never_updated']
      : ['alter table changes disable trigger changes_rows']),
    `update changes set clinic_seq = counted.place from
      (select seq, row_number() over (partition by clinic order by seq) as place from changes) as counted
      where counted.seq = changes.seq`,
    ...(sqlite ? [SQLITE_TRIGGER] : ['alter table changes enable trigger changes_rows']),
    `create table change_clinics (clinic ${text} primary key, seq ${number} not null)${small}`,
    'insert into change_clinics (clinic, seq) select clinic, max(clinic_seq) from changes group by clinic',
    `create table change_blocks (clinic ${text} not null, block ${number} not null, min_at ${text} not null,
      max_at ${text} not null, constraint change_blocks_key primary key (clinic, block))${small}`,
    `insert into change_blocks (clinic, block, min_at, max_at)
      select clinic, clinic_seq / ${BLOCK}, min(at), max(at) from changes group by clinic, clinic_seq / ${BLOCK}`,
    'drop index changes_clinic',
    'drop index changes_staff',
    index('kind', ''),
    index('staff', 'staff_id, '),
    index('caller', 'caller, '),
    // Nearly all are, and those are found without it.
    `${index('outcome', 'outcome, ')} where outcome <> 'success'`,
    index('vendor', 'vendor, '),
  ];
  return {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

const SQLITE_TRIGGER = `create trigger changes_never_updated before update on changes
  begin select raise(abort, 'changes is append-only'); end`;
