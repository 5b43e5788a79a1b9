/** `switch`: moving a clinic to another vendor connection, knowing. One file a command in `switch/`. */
import type { Command } from 'commander';
import type { CommandContext } from './command';
import { switchCompareCommand } from './switch/compare';
import { switchCopyCommand } from './switch/copy';
import { switchRehearseCommand } from './switch/rehearse';
import { switchStatusCommand } from './switch/status';
import { switchUndoCommand } from './switch/undo';

const COMMANDS = [
  switchRehearseCommand,
  switchCopyCommand,
  switchUndoCommand,
  switchCompareCommand,
  switchStatusCommand,
];

export function switchCommand(program: Command, context: CommandContext): void {
  const parent = program.command('switch').description('move a clinic to another vendor connection, knowing');
  for (const add of COMMANDS) add(parent, context);
}
