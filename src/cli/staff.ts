/** `staff`: what the vendors hold. One file a command in `staff/`. */
import type { Command } from 'commander';
import type { CommandContext } from './command';
import { staffListCommand } from './staff/list';

export function staffCommand(program: Command, context: CommandContext): void {
  const staff = program.command('staff').description('the staff as a vendor holds them');
  staffListCommand(staff, context);
}
