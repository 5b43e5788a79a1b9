/** `backup`: a copy of the SQLite database, made while the gateway goes on working. */
import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { loadStore } from '../config/load';
import { member } from '../lib/json';
import { type CommandContext, exitCodes } from './command';
import { missingFile, sqliteFile } from './storeFile';

export function backupCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('backup')
    .description('copy the SQLite database into a new file while the gateway works')
    .argument('<file>', 'the file to write; it must not exist')
    .action(async (file: string) => {
      const { url } = await loadStore(context.configPath(), context);
      context.exit(await backup({ databaseUrl: url, file, ...context }));
    });
  exitCodes(command, 'the copy is complete and sound', 'there is none');
}

export interface BackupOptions {
  databaseUrl: string;
  /** The new file; one that exists is not touched. */
  file: string;
  out: Writable;
  err: Writable;
}

/** How long another process' lock is waited for, in milliseconds. */
const LOCK_WAIT = 10_000;

/** @returns the exit code: 0 the copy is complete and sound, 1 there is none */
export async function backup({ databaseUrl, file, out, err }: BackupOptions): Promise<number> {
  const refuse = (reason: string): number => {
    err.write(`No backup was made: ${reason}\n`);
    return 1;
  };
  const source = sqliteFile(databaseUrl);
  if (source === undefined)
    return refuse('the store is PostgreSQL. Use pg_dump, or the backups of your server.');
  if (missingFile(databaseUrl) !== undefined) return refuse(`there is no database at ${source}.`);
  try {
    // SQLite writes into an empty file of ours, which no other user can read; `wx` takes no file that is there.
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    return refuse(
      member(error, 'code') === 'EEXIST'
        ? `${file} exists. Choose another name.`
        : `${file} cannot be written.`,
    );
  }
  try {
    copy(source, file);
    out.write(`Backup written to ${file} (${statSync(file).size} bytes), integrity checked.\n`);
    return 0;
  } catch (error) {
    rmSync(file, { force: true });
    return refuse(error instanceof Error ? error.message : 'unknown error');
  }
}

function copy(source: string, file: string): void {
  withDatabase(source, (database) => {
    database.prepare('vacuum into ?').run(resolve(file));
  });
  withDatabase(file, (database) => {
    const row = database.prepare('pragma integrity_check').get();
    if (row?.integrity_check !== 'ok') throw new Error('the copy did not pass the integrity check.');
  });
  const descriptor = openSync(file, 'r+');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

export function withDatabase(file: string, work: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(resolve(file), { timeout: LOCK_WAIT });
  try {
    work(database);
  } finally {
    database.close();
  }
}
