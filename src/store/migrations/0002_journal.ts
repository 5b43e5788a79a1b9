import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from '../engine';

/**
 * `attempts`: updates that may be on their way to a vendor; empty at rest. `changes`: the audit, append-only by trigger;
 * only rows that the checkpoint has passed can be deleted. `change_chain`: both ends of the audit's hash chain.
 * `idempotency`: keys and the answers given for them. `settings`: what an installation makes up once.
 */
export function createJournal(engine: Engine): Migration {
  const sqlite = engine === 'sqlite';
  // Bytewise order on both engines, and JSON as the very text that was hashed.
  const text = sqlite ? 'text' : 'text collate "C"';
  const number = sqlite ? 'integer' : 'bigint';
  const required = (type: string) => (name: string) => `${name} ${type} not null`;
  const optional = (type: string) => (name: string) => `${name} ${type}`;
  const table = (
    name: string,
    columns: readonly string[],
    key: string,
    size: 'small' | 'large' = 'small',
  ) => {
    const definition = [...columns, `constraint ${name}_key primary key (${key})`].join(', ');
    // Without a row id a lookup is one descent instead of two, but large rows would crowd the inner pages.
    const form = size === 'small' ? ' strict, without rowid' : ' strict';
    return `create table ${name} (${definition})${sqlite ? form : ''}`;
  };

  const statements = [
    table('settings', ['name', 'value'].map(required(text)), 'name'),
    table(
      'attempts',
      [
        ...['id', 'request_id', 'clinic', 'caller', 'staff_id', 'vendor', 'vendor_record_id'].map(
          required(text),
        ),
        ...['patch', 'lease_until', 'created_at'].map(required(text)),
        ...['lenient'].map(required(number)),
      ],
      'id',
    ),
    'create index attempts_lease on attempts (lease_until)',
    table(
      'idempotency',
      [
        ...['scope', 'fingerprint', 'state', 'owner', 'lease_until'].map(required(text)),
        ...['created_at', 'expires_at'].map(required(text)),
        ...['answer'].map(optional(text)),
      ],
      'scope',
      'large',
    ),
    'create index idempotency_expiry on idempotency (expires_at)',
    table(
      'changes',
      [
        ...['seq', 'duration_ms'].map(required(number)),
        ...['at', 'request_id', 'clinic', 'caller', 'staff_id', 'vendor', 'outcome'].map(required(text)),
        ...['fields', 'sent_values', 'previous_hash', 'hash'].map(required(text)),
        ...['vendor_record_id', 'code'].map(optional(text)),
        ...['status'].map(optional(number)),
      ],
      'seq',
      'large',
    ),
    'create index changes_clinic on changes (clinic, seq)',
    'create index changes_staff on changes (clinic, staff_id, seq)',
    table(
      'change_chain',
      [...['name', 'hash'].map(required(text)), ...['seq'].map(required(number))],
      'name',
    ),
    `insert into change_chain (name, seq, hash) values ('checkpoint', 0, '${GENESIS}'), ('head', 0, '${GENESIS}')`,
    ...(sqlite ? SQLITE_TRIGGERS : POSTGRES_TRIGGERS),
  ];

  return {
    async up(db) {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

/** What the first row is chained to. */
const GENESIS = '0'.repeat(64);

const CHECKPOINT = `(select seq from change_chain where name = 'checkpoint')`;

const SQLITE_TRIGGERS = [
  `create trigger changes_never_updated before update on changes
   begin select raise(abort, 'changes is append-only'); end`,
  `create trigger changes_deleted_by_retention_only before delete on changes when old.seq > ${CHECKPOINT}
   begin select raise(abort, 'changes is append-only'); end`,
] as const;

const POSTGRES_TRIGGERS = [
  `create function changes_append_only() returns trigger language plpgsql as $$
   begin
     if tg_op = 'DELETE' then
       if old.seq <= ${CHECKPOINT} then return old; end if;
     end if;
     raise exception 'changes is append-only';
   end $$`,
  `create trigger changes_rows before update or delete on changes
   for each row execute function changes_append_only()`,
  `create trigger changes_whole before truncate on changes
   for each statement execute function changes_append_only()`,
] as const;
