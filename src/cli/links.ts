/** `links`: the links from staff ids to vendor records. One file a command in `links/`. */
import type { Command } from 'commander';
import type { CommandContext } from './command';
import { linksCheckCommand } from './links/check';
import { linksExportCommand } from './links/export';
import { linksImportCommand } from './links/import';
import { linksRemoveCommand } from './links/remove';
import { linksSuggestCommand } from './links/suggest';

const COMMANDS = [
  linksImportCommand,
  linksExportCommand,
  linksRemoveCommand,
  linksCheckCommand,
  linksSuggestCommand,
];

export function linksCommand(program: Command, context: CommandContext): void {
  const links = program.command('links').description('the links from staff ids to vendor records');
  for (const add of COMMANDS) add(links, context);
}
