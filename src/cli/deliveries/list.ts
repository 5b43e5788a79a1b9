/** `deliveries list`: the updates that wait, that nobody could deliver, or that failed after their 202. */
import type { Command } from 'commander';
import { type ListedOperation, listOperations, type WaitsFor } from '../../store/operationList';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { type Choice, choosing, chosen, type DeliveriesOptions, withStore } from './choose';

const WIDTH = 80;

export function deliveriesListCommand(deliveries: Command, context: CommandContext): void {
  const command = withJson(choosing(deliveries.command('list')))
    .description('show operations, newest first; without a status those that wait, are dead or have failed')
    .argument('[ids...]', 'operation ids')
    .option('--limit <number>', 'how many at most (default: 50)', parseLimit)
    .action(async (ids: string[], options: Choice & { json?: boolean; limit?: number }) => {
      const { limit = 50, json = false } = options;
      context.exit(await listDeliveries({ ...(await chosen(context, ids, options)), limit, json }));
    });
  exitCodes(command, 'they are shown', 'the store cannot be used');
}

/** @throws TypeError for anything but a whole number from 1 */
export function parseLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new TypeError('a limit is a whole number from 1 to 999999');
  return Number(text);
}

export interface ListOptions extends DeliveriesOptions {
  limit: number;
  /** A document instead of a table. */
  json?: boolean;
}

/** @returns the exit code: 0 shown, 1 the database cannot be used */
export function listDeliveries(options: ListOptions): Promise<number> {
  const { filter, limit, json = false, out, cipher } = options;
  return withStore(options, async (database) => {
    const found = await listOperations(database, filter, limit + 1, cipher);
    const shown = found.slice(0, limit);
    const more = found.length > limit;
    if (json) writeJson(out, { operations: shown.map(withoutAnswer), more });
    else if (found.length === 0) out.write('There are no such operations.\n');
    else out.write(table(shown));
    if (more && !json) out.write(`… and more: the newest ${limit} are shown, see --limit.\n`);
    return 0;
  });
}

/** The answer holds what the vendor has of a person. */
function withoutAnswer({ answer: _, ...rest }: ListedOperation): Omit<ListedOperation, 'answer'> {
  return rest;
}

/** A line each, and lines below it on its fields, its wait and what went wrong; never wider than a terminal of 80 columns. */
function table(operations: readonly ListedOperation[]): string {
  const head = row('ID', 'STATUS', 'TRIES', 'AGE', 'CLINIC/STAFF');
  return [head, ...operations.flatMap(lines)].map((line) => `${cut(line)}\n`).join('');
}

function lines(operation: ListedOperation): string[] {
  const { id, status, attempts, createdAt, clinic, staffId, lastError, fields, waitsFor } = operation;
  return [
    row(id, status, String(attempts), age(createdAt), `${clinic}/${staffId}`),
    ...(lastError === undefined ? [] : [`  ${lastError.code}: ${lastError.detail}`]),
    ...(waitsFor === undefined ? [] : [`  waits for ${waitText(waitsFor)}`]),
    ...(fields.length > 0 ? [`  changes ${fields.join(', ')}`] : []),
  ];
}

function waitText(waitsFor: WaitsFor): string {
  if (waitsFor.kind === 'time') return `its next attempt at ${waitsFor.until}`;
  if (waitsFor.kind === 'operation') return `the update before it, which is ${waitsFor.status}`;
  return { worker: 'a gateway to take it', vendor: 'its vendor', operator: 'an operator' }[waitsFor.kind];
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
