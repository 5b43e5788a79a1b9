/** How a store is backed up and restored on either engine, as docs/backup-and-restore.md tells, and what is then in it. */
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { run } from '../support/commandLine';
import type { PostgresServer } from './postgresServer';

export interface BackedUp {
  /** For `store.url`: another one after each restore, if the engine's way is a new database. */
  url(): string;
  /** While the gateway works. */
  backup(): Promise<void>;
  /** The last backup, with the gateway stopped. */
  restore(): Promise<void>;
  /** The URL of a database with the contents of what the last restore has replaced. */
  replaced(): string;
  /** The URL of a database that has the contents of the store, and may be opened without touching it. */
  look(): string;
  /** Every row and every definition, a line each, in the last backup and in the store. */
  contents(): Promise<{ backup: string[]; store: string[] }>;
}

/** @param command what Node runs, up to and with the name of the configuration file */
export function sqliteBackups(folder: string, command: readonly string[]): BackedUp {
  const file = join(folder, 'store', 'gateway.db');
  let backups = 0;
  let copies = 0;
  const name = () => join(folder, `backup-${backups}.db`);
  const cli = async (...args: string[]) => {
    const { code, err } = await run(args, {}, command);
    if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${err}`);
  };
  /** Looking at a database makes files beside it. */
  const copyOf = (path: string) => {
    copies += 1;
    const copy = join(folder, `copy-${copies}.db`);
    for (const suffix of ['', '-wal']) {
      if (existsSync(`${path}${suffix}`)) copyFileSync(`${path}${suffix}`, `${copy}${suffix}`);
    }
    return copy;
  };
  return {
    url: () => `sqlite:${file}`,
    backup: () => {
      backups += 1;
      return cli('backup', name());
    },
    restore: () => cli('restore', name()),
    replaced: () => {
      const kept = readdirSync(join(folder, 'store')).filter((entry) => /\.replaced-\w+$/.test(entry));
      const newest = kept.sort().at(-1);
      if (newest === undefined) throw new Error('nothing was kept');
      return `sqlite:${copyOf(join(folder, 'store', newest))}`;
    },
    look: () => `sqlite:${copyOf(file)}`,
    contents: async () => ({ backup: linesOf(copyOf(name())), store: linesOf(copyOf(file)) }),
  };
}

function linesOf(file: string): string[] {
  const database = new DatabaseSync(file);
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
  const lines = ['sqlite_master', ...tables.map(({ name }) => String(name))].flatMap((table) => {
    // Where a table's pages are is no content.
    const columns = table === 'sqlite_master' ? 'type, name, sql' : '*';
    const rows = database.prepare(`select ${columns} from "${table}"`).all();
    return rows.map((row) => `${table} ${JSON.stringify(row)}`);
  });
  database.close();
  return lines.sort();
}

export function postgresBackups(folder: string, server: PostgresServer): BackedUp {
  let restores = 0;
  let backups = 0;
  const database = () => (restores === 0 ? 'gateway' : `gateway_restored_${restores}`);
  let before = database();
  const dump = () => join(folder, `gateway-${backups}.dump`);
  return {
    url: () => server.urlOf(database()),
    backup: async () => {
      backups += 1;
      await server.tool('pg_dump', '--format=custom', '--file', dump(), server.urlOf(database()));
    },
    restore: async () => {
      before = database();
      restores += 1;
      await server.tool('createdb', database());
      await server.tool('pg_restore', '--exit-on-error', '--no-owner', '--dbname', database(), dump());
    },
    replaced: () => server.urlOf(before),
    look: () => server.urlOf(database()),
    contents: async () => ({
      backup: linesIn(await server.tool('pg_restore', '--no-owner', '--file', '-', dump())),
      store: linesIn(await server.tool('pg_dump', '--no-owner', database())),
    }),
  };
}

/** What a dump as text says: the rows, each after the name of its table, and the definitions; without its remarks. */
function linesIn(dump: string): string[] {
  let table = '';
  const lines: string[] = [];
  for (const line of dump.split('\n')) {
    const begins = /^COPY (\S+) .*FROM stdin;$/.exec(line);
    if (begins) table = begins[1] ?? '';
    else if (line === '\\.') table = '';
    else if (table !== '') lines.push(`${table} ${line}`);
    else if (line !== '' && !/^(?:--|SET |\\(?:un)?restrict|SELECT pg_catalog\.set_config)/.test(line))
      lines.push(line);
  }
  return lines.sort();
}
