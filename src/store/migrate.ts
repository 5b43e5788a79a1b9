import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Engine } from './engine';
import { migrations } from './migrations';
import type { Schema } from './schema';

/**
 * Runs the migrations that the database lacks, all or none, under a lock: PostgreSQL's advisory lock that Kysely takes,
 * SQLite's write lock. Replicas that start together wait for each other.
 * @throws when the database has migrations that this version does not know
 */
export async function migrate(
  db: Kysely<Schema>,
  engine: Engine,
  known: Readonly<Record<string, Migration>> = migrations(engine),
): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...known }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const unknown = (await recorded(db)).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) {
    throw new Error(
      `The database was written by a newer version of the gateway: it has the migration "${unknown.join('", "')}", which ` +
        'this version does not know. Start the newer version, or restore a backup from before it.',
    );
  }
  throw error;
}

/** The migrations that have run; none if the table of them cannot be read. */
async function recorded(db: Kysely<Schema>): Promise<string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
    return rows.map((row) => row.name);
  } catch {
    return [];
  }
}
