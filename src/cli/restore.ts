/** `restore`: puts a backup where the SQLite database is, and keeps what it replaces. */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { sql } from 'kysely';
import { loadAuditedStore } from '../config/load';
import { auditSecrets } from '../config/types';
import { type AuditKeys, auditKeys } from '../store/auditKeys';
import { openDatabase } from '../store/database';
import { isBusy } from '../store/engine';
import { verifyChain } from '../store/verify';
import { withDatabase } from './backup';
import { type CommandContext, exitCodes } from './command';
import { messageOf } from './problems';
import { sqliteFile } from './storeFile';

export function restoreCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('restore')
    .description(
      'put a backup where the SQLite database is, with all gateways stopped; what it replaces is kept beside it',
    )
    .argument('<file>', 'the backup, as `backup` wrote it; it stays')
    .action(async (file: string) => {
      const { store, audit } = await loadAuditedStore(context.configPath(), context);
      const keys = auditKeys(auditSecrets(audit));
      context.exit(await restore({ databaseUrl: store.url, file, keys, ...context }));
    });
  exitCodes(command, 'the backup is in place', 'nothing was changed');
}

export interface RestoreOptions {
  databaseUrl: string;
  /** The backup. */
  file: string;
  keys?: AuditKeys | undefined;
  out: Writable;
  err: Writable;
}

/** Files that belong to a database of SQLite, by what follows its name. */
const SIDE_FILES = ['-wal', '-shm', '-journal'] as const;

const ON_POSTGRESQL = `the store is PostgreSQL. Stop all gateways, load the dump into an empty database
(createdb gateway_restored; pg_restore --exit-on-error --dbname gateway_restored <dump>), let store.url name it, run
verify-audit, and start the gateways. Keep the old database until you are sure.`;

/** @returns the exit code: 0 the backup is in place, 1 nothing was changed */
export async function restore({ databaseUrl, file, keys, out, err }: RestoreOptions): Promise<number> {
  const refuse = (reason: string): number => {
    err.write(`Nothing was restored: ${reason}\n`);
    return 1;
  };
  const path = sqliteFile(databaseUrl);
  if (path === undefined) return refuse(ON_POSTGRESQL);
  if (path === ':memory:') return refuse('the store is in memory and ends with the gateway.');
  const target = resolve(path);
  if (!existsSync(file)) return refuse(`there is no file ${file}.`);
  if (existsSync(target) && isSameFile(file, target)) return refuse(`${file} is the database in use.`);
  const copy = `${target}.restoring-${process.pid}`;
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    copyDatabase(file, copy);
    const rows = await examine(copy, keys);
    const kept = replace(target, copy);
    out.write(
      `Restored ${file} to ${target}: integrity checked, ${rows} ${rows === 1 ? 'row' : 'rows'} of the audit verified.\n`,
    );
    if (kept !== undefined) out.write(`The database that was there is kept as ${kept}.\n`);
    return 0;
  } catch (error) {
    return refuse(messageOf(error));
  } finally {
    removeDatabase(copy);
  }
}

function isSameFile(one: string, other: string): boolean {
  const [first, second] = [statSync(one), statSync(other)];
  return first.dev === second.dev && first.ino === second.ino;
}

/** With what may still be in the write-ahead log of a copy that somebody made by hand. */
function copyDatabase(from: string, to: string): void {
  for (const suffix of ['', '-wal']) {
    if (!existsSync(`${from}${suffix}`)) continue;
    copyFileSync(`${from}${suffix}`, `${to}${suffix}`, constants.COPYFILE_EXCL);
    chmodSync(`${to}${suffix}`, 0o600);
  }
}

/**
 * Is it a sound database of a gateway that this version knows? Brings its tables up to date, as a start would do.
 * @returns the number of rows of its audit
 * @throws Error that says why not
 */
async function examine(file: string, keys: AuditKeys | undefined): Promise<number> {
  withDatabase(file, (database) => {
    const tables = database.prepare("select name from sqlite_master where name = 'kysely_migration'").all();
    if (tables.length === 0) throw new Error('the file is not a database of this gateway.');
  });
  const database = await openDatabase(`sqlite:${file}`);
  try {
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database.db);
    if (rows[0]?.integrity_check !== 'ok') throw new Error('the file did not pass the integrity check.');
    const signed = await verifyChain(database, { keys });
    // A backup from before there was a key.
    const verdict = 'unsigned' in signed ? await verifyChain(database) : signed;
    if (!verdict.valid) throw new Error(`its audit is broken at row ${verdict.sequence}: ${verdict.reason}.`);
    return verdict.rows;
  } finally {
    await database.close();
  }
}

/** @returns the name under which the database that was there is kept */
function replace(target: string, copy: string): string | undefined {
  // What is in its log goes into the file itself. Only who is alone with a database can take it out of this mode.
  // What is no database any more is kept as it is, with its log: SQLite would delete that.
  if (existsSync(target) && isDatabase(target)) leaveLog(target);
  takeOwner(copy, target);
  flush(copy);
  const kept = keep(target);
  renameSync(copy, target);
  flush(dirname(target));
  return kept;
}

/** The first bytes of every SQLite database. */
const MAGIC = 'SQLite format 3\0';

function isDatabase(file: string): boolean {
  const start = Buffer.alloc(MAGIC.length);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, start, 0, MAGIC.length, 0);
  closeSync(descriptor);
  return start.toString('latin1') === MAGIC;
}

function leaveLog(target: string): void {
  try {
    withDatabase(target, (database) => {
      database.prepare('pragma busy_timeout = 1000').all();
      database.prepare('pragma journal_mode = delete').all();
    });
  } catch (error) {
    if (isBusy(error)) throw new Error(`a gateway is using ${target}. Stop it first.`);
    // A damaged database is what a backup is for: it is kept as it is, with its log.
  }
}

/** Renames the database and what belongs to it, so that nothing of it is left for the one that takes its place. */
function keep(target: string): string | undefined {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const kept = `${target}.replaced-${stamp}`;
  const present = ['', ...SIDE_FILES].filter((suffix) => existsSync(`${target}${suffix}`));
  for (const suffix of present) {
    if (existsSync(`${kept}${suffix}`)) throw new Error(`${kept}${suffix} exists; try again in a second.`);
  }
  for (const suffix of present) renameSync(`${target}${suffix}`, `${kept}${suffix}`);
  return present.length === 0 ? undefined : kept;
}

/** Run by root, the file goes to whom the old one belonged: the gateway does not run as root. */
function takeOwner(file: string, like: string): void {
  if (!existsSync(like)) return;
  const { uid, gid } = statSync(like);
  const own = statSync(file);
  if (own.uid !== uid || own.gid !== gid) chownSync(file, uid, gid);
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function removeDatabase(file: string): void {
  for (const suffix of ['', ...SIDE_FILES]) rmSync(`${file}${suffix}`, { force: true });
}
