/** `deliveries`: the updates that are delivered later, for operators. One file a command in `deliveries/`. */
import type { Command } from 'commander';
import type { CommandContext } from './command';
import { deliveriesListCommand } from './deliveries/list';
import { deliveriesDiscardCommand, deliveriesRetryCommand } from './deliveries/redrive';

const COMMANDS = [deliveriesListCommand, deliveriesRetryCommand, deliveriesDiscardCommand];

export function deliveriesCommand(program: Command, context: CommandContext): void {
  const deliveries = program.command('deliveries').description('the updates that are delivered later');
  for (const add of COMMANDS) add(deliveries, context);
}
