/** `deliveries list|retry|discard`: the queued updates, for operators. */
import type { Writable } from 'node:stream';
import { type Database, openDatabase } from '../store/database';
import {
  OPERATION_STATUSES,
  type Operation,
  type OperationFilter,
  type OperationStatus,
  type Redriven,
} from '../store/operation';
import { createOperations, type Operations } from '../store/operations';
import { missingFile } from './storeFile';

export interface DeliveriesOptions {
  databaseUrl: string;
  filter: OperationFilter;
  out: Writable;
  err: Writable;
}

export interface RedriveOptions extends DeliveriesOptions {
  /** Needed where operations are chosen by filter instead of by id. */
  confirmed: boolean;
}

/** What is shown and asked for where no status is given. */
const UNFINISHED: readonly OperationStatus[] = ['queued', 'running', 'dead'];
const WIDTH = 80;
const PAGE = 500;

/** @throws TypeError naming the statuses that exist */
export function parseStatuses(text: string): OperationStatus[] {
  return text.split(',').map((name) => {
    const status = OPERATION_STATUSES.find((known) => known === name.trim());
    if (status === undefined) throw new TypeError(`a status is one of ${OPERATION_STATUSES.join(', ')}`);
    return status;
  });
}

/** @throws TypeError for anything but a whole number from 1 */
export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new TypeError('a limit is a whole number from 1 to 999999');
  return Number(text);
}

/** @returns the exit code: 0 shown, 1 the database cannot be used */
export function listDeliveries(options: DeliveriesOptions & { limit: number }): Promise<number> {
  const { filter, limit, out } = options;
  return withOperations(options, async (operations) => {
    const chosen = filter.ids || filter.statuses ? filter : { ...filter, statuses: UNFINISHED };
    const found = await operations.list(chosen, limit + 1);
    if (found.length === 0) out.write('There are no such operations.\n');
    else out.write(table(found.slice(0, limit)));
    if (found.length > limit) out.write(`… and more: the newest ${limit} are shown, see --limit.\n`);
    return 0;
  });
}

/** @returns the exit code: 0 all done, 1 nothing was done, 2 some could not be done */
export function retryDeliveries(options: RedriveOptions): Promise<number> {
  return redrive(options, ['dead'], 'retried', (operations, id) => operations.retry(id));
}

/** @returns as `retryDeliveries` does */
export function discardDeliveries(options: RedriveOptions): Promise<number> {
  return redrive(options, ['dead', 'queued'], 'discarded', (operations, id) => operations.discard(id));
}

async function redrive(
  options: RedriveOptions,
  from: readonly OperationStatus[],
  done: string,
  act: (operations: Operations, id: string) => Promise<Redriven>,
): Promise<number> {
  const { filter, confirmed, out, err } = options;
  return withOperations(options, async (operations) => {
    const ids = filter.ids ?? (await idsOf(operations, { statuses: ['dead'], ...filter }));
    if (filter.ids === undefined && !confirmed) {
      err.write(`${count(ids.length)} would be ${done}. Nothing was done: add --yes to do it.\n`);
      return 1;
    }
    let changed = 0;
    for (const id of ids) {
      const result = await act(operations, id);
      if (result === 'done') changed += 1;
      else err.write(`${id}: ${reason(result, from)}\n`);
    }
    out.write(`${count(changed)} ${done}.\n`);
    return changed === ids.length ? 0 : 2;
  });
}

/** Oldest first, so that what belongs together goes on in its order. */
async function idsOf(operations: Operations, filter: OperationFilter): Promise<string[]> {
  let limit = PAGE;
  for (;;) {
    const found = await operations.list(filter, limit);
    if (found.length < limit) return found.map(({ id }) => id).reverse();
    limit *= 10;
  }
}

function reason(result: Exclude<Redriven, 'done'>, from: readonly OperationStatus[]): string {
  return result === 'not_found' ? 'there is no such operation' : `it is not ${from.join(' or ')} any more`;
}

async function withOperations(
  { databaseUrl, err }: DeliveriesOptions,
  work: (operations: Operations) => Promise<number>,
): Promise<number> {
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}.\n`);
    return 1;
  }
  let database: Database | undefined;
  try {
    database = await openDatabase(databaseUrl);
    return await work(createOperations(database));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    err.write(`The store cannot be used: ${cause instanceof Error ? cause.message : 'unknown error'}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}

/** One line each, and a second one where something went wrong; never wider than a terminal of 80 columns. */
function table(operations: readonly Operation[]): string {
  const head = row('ID', 'STATUS', 'TRIES', 'AGE', 'CLINIC/STAFF');
  return [head, ...operations.flatMap(lines)].map((line) => `${cut(line)}\n`).join('');
}

function lines({ id, status, attempts, createdAt, clinic, staffId, lastError }: Operation): string[] {
  const line = row(id, status, String(attempts), age(createdAt), `${clinic}/${staffId}`);
  return lastError === undefined ? [line] : [line, `  ${lastError.code}: ${lastError.detail}`];
}

function row(id: string, status: string, tries: string, old: string, who: string): string {
  return `${id.padEnd(36)}  ${status.padEnd(9)}  ${tries.padStart(5)}  ${old.padStart(4)}  ${who}`;
}

function cut(line: string): string {
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
}

function age(since: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

function count(operations: number): string {
  return `${operations} operation${operations === 1 ? '' : 's'}`;
}
