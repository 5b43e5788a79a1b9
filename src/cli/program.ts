/** The program out of its commands. */
import { Command, Option } from 'commander';
import { packageVersion } from '../ops/build';
import type { AddCommand, CommandContext } from './command';
import { failureText } from './problems';

/** All but what the program itself gives: the configuration's path comes from its options. */
export type ProgramParts = Omit<CommandContext, 'configPath'>;

/**
 * Runs the command that the arguments name, `serve` if they name none.
 * @param args without the interpreter and the script
 */
export async function runProgram(
  commands: readonly AddCommand[],
  parts: ProgramParts,
  args: readonly string[],
): Promise<void> {
  const program = new Command('provider-directory-gateway')
    .description('One PATCH for clinic staff, whichever vendor system holds them.')
    .version(packageVersion())
    .addOption(
      new Option('-c, --config <file>', 'configuration file')
        .env('GATEWAY_CONFIG')
        .default('config/gateway.yaml'),
    )
    .addHelpText(
      'after',
      '\nExit codes of all commands: 0 well, 1 it could not be done, 2 there are findings.',
    )
    .showHelpAfterError();
  const configPath = () => program.opts<{ config: string }>().config;
  for (const add of commands) add(program, { ...parts, configPath });
  try {
    await program.parseAsync(withCommand(program, args), { from: 'user' });
  } catch (error) {
    parts.err.write(failureText(error, configPath()));
    process.exit(1);
  }
}

/**
 * The arguments, with `serve` if there is no command. A default command of commander's would also take every word that
 * is not a command, and complain about too many arguments.
 */
function withCommand(program: Command, args: readonly string[]): string[] {
  const { operands, unknown } = program.parseOptions([...args]);
  return operands.length + unknown.length === 0 ? [...args, 'serve'] : [...args];
}
