/** `deliveries retry` and `deliveries discard`: what an operator decides about updates that are dead. */
import type { Command } from 'commander';
import { loadAuditedStore } from '../../config/load';
import type { AuditConfig } from '../../config/types';
import type { OperationFilter, OperationStatus, Redriven } from '../../store/operation';
import { createOperations, type Operations } from '../../store/operations';
import { REDRIVEN_FROM, type RedriveKind } from '../../store/operatorQueue';
import { OPERATOR, trailOf } from '../audit';
import { type CommandContext, exitCodes } from '../command';
import { type Choice, choosing, chosen, type DeliveriesOptions, withStore } from './choose';

export interface RedriveOptions extends DeliveriesOptions {
  /** Needed if operations are chosen by filter instead of by id. */
  confirmed: boolean;
  /** Signs the rows that acts leave in the audit; absent: unsigned. */
  audit?: Pick<AuditConfig, 'key'>;
}

const PAGE = 500;

export function deliveriesRetryCommand(deliveries: Command, context: CommandContext): void {
  redriveCommand(deliveries.command('retry'), 'try dead operations again', retryDeliveries, context);
}

export function deliveriesDiscardCommand(deliveries: Command, context: CommandContext): void {
  const does = 'give up dead or queued operations without delivering them';
  redriveCommand(deliveries.command('discard'), does, discardDeliveries, context);
}

function redriveCommand(
  command: Command,
  does: string,
  run: (options: RedriveOptions) => Promise<number>,
  context: CommandContext,
): void {
  choosing(command)
    .description(does)
    .argument('[ids...]', 'operation ids; without any, all dead ones that the options choose')
    .option('--yes', 'do it without ids')
    .action(async (ids: string[], options: Choice & { yes?: boolean }) => {
      const { audit } = await loadAuditedStore(context.configPath(), context);
      const confirmed = options.yes === true;
      context.exit(await run({ ...(await chosen(context, ids, options)), audit, confirmed }));
    });
  exitCodes(command, 'all done', 'nothing was done', 'some could not be done');
}

/** @returns the exit code: 0 all done, 1 nothing was done, 2 some could not be done */
export function retryDeliveries(options: RedriveOptions): Promise<number> {
  return redriveAll(options, 'retry', 'retried');
}

/** @returns as `retryDeliveries` does */
export function discardDeliveries(options: RedriveOptions): Promise<number> {
  return redriveAll(options, 'discard', 'discarded');
}

async function redriveAll(options: RedriveOptions, kind: RedriveKind, done: string): Promise<number> {
  const { filter, confirmed, out, err } = options;
  return withStore(options, async (database) => {
    const operations = createOperations(database, { trail: trailOf(database, options.audit) });
    const ids = filter.ids ?? (await idsOf(operations, { statuses: ['dead'], ...filter }));
    if (filter.ids === undefined && !confirmed) {
      err.write(`${count(ids.length)} would be ${done}. Nothing was done: add --yes to do it.\n`);
      return 1;
    }
    let changed = 0;
    for (const id of ids) {
      const result = await operations[kind](id, OPERATOR);
      if (result === 'done') changed += 1;
      else err.write(`${id}: ${reason(result, REDRIVEN_FROM[kind])}\n`);
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

function count(operations: number): string {
  return `${operations} operation${operations === 1 ? '' : 's'}`;
}
