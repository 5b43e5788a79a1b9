/** `links`: the links from staff ids to vendor records. One file a command in `links/`. */
import type { Command } from 'commander';
import type { CommandContext } from './command';
import { linksExportCommand } from './links/export';
import { linksImportCommand } from './links/import';

const COMMANDS = [linksImportCommand, linksExportCommand];

export function linksCommand(program: Command, context: CommandContext): void {
  const links = program
    .command('links')
    .description('the links from staff ids to vendor records, from and to a CSV file');
  for (const add of COMMANDS) add(links, context);
}
