/** Which operations a command is about, and the store that holds them. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { loadStore } from '../../config/load';
import { storeSecrets } from '../../config/types';
import { type Cipher, createCipher } from '../../store/cipher';
import { type Database, openDatabase } from '../../store/database';
import { OPERATION_STATUSES, type OperationFilter, type OperationStatus } from '../../store/operation';
import type { CommandContext } from '../command';
import { messageOf } from '../problems';
import { missingFile } from '../storeFile';

export interface DeliveriesOptions {
  databaseUrl: string;
  /** Opens what the store holds sealed; absent: nothing. */
  cipher?: Cipher;
  filter: OperationFilter;
  out: Writable;
  err: Writable;
}

/** The options of the command line. */
export interface Choice {
  clinic?: string;
  staff?: string;
  status?: OperationStatus[];
}

export function choosing(command: Command): Command {
  return command
    .option('--clinic <name>', 'only those of this clinic')
    .option('--staff <id>', 'only those of this staff id')
    .option('--status <list>', `only those: ${OPERATION_STATUSES.join(', ')}`, parseStatuses);
}

export async function chosen(
  context: CommandContext,
  ids: readonly string[],
  { clinic, staff, status }: Choice,
): Promise<DeliveriesOptions> {
  const store = await loadStore(context.configPath(), context);
  const filter = {
    ...(ids.length > 0 && { ids }),
    ...(clinic !== undefined && { clinic }),
    ...(staff !== undefined && { staffId: staff }),
    ...(status !== undefined && { statuses: status }),
  };
  return {
    databaseUrl: store.url,
    cipher: createCipher(storeSecrets(store)),
    filter,
    out: context.out,
    err: context.err,
  };
}

/** @throws TypeError naming the statuses that exist */
export function parseStatuses(text: string): OperationStatus[] {
  return text.split(',').map((name) => {
    const status = OPERATION_STATUSES.find((known) => known === name.trim());
    if (status === undefined) throw new TypeError(`a status is one of ${OPERATION_STATUSES.join(', ')}`);
    return status;
  });
}

export async function withStore(
  { databaseUrl, err }: DeliveriesOptions,
  work: (database: Database) => Promise<number>,
): Promise<number> {
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}.\n`);
    return 1;
  }
  let database: Database | undefined;
  try {
    database = await openDatabase(databaseUrl);
    return await work(database);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    err.write(`The store cannot be used: ${messageOf(cause)}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}
