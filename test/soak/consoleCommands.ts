/** The soak's commands for the operators' console: what its screens take, and what its page weighs. */
import type { Command } from 'commander';
import { type ConsoleSoakOptions, runConsoleSoak } from './console';
import { runPageSoak } from './page';
import { report } from './report';

export function consoleCommands(program: Command): void {
  program
    .command('console')
    .description(
      'ask for every screen of the console over many dead deliveries and a large audit, then beside updates',
    )
    .option('--rows <number>', 'rows of the audit', Number, 1_000_000)
    .option('--dead <number>', 'dead deliveries', Number, 10_000)
    .option('--pairs <number>', 'of rounds, without and with an operator', Number, 5)
    .option('--seconds <number>', 'of each round', Number, 20)
    .option('--rate <number>', 'updates a second', Number, 50)
    .action(operatorsConsole);
  program
    .command('page')
    .description('measure what the console’s page weighs, and when it stands on a slow processor')
    .option('--slowdown <number>', 'how many times slower the processor is', Number, 4)
    .action(async ({ slowdown }: { slowdown: number }) => {
      report('', await runPageSoak(slowdown));
    });
}

async function operatorsConsole(options: ConsoleSoakOptions) {
  const right = await runConsoleSoak(options, (line) => process.stdout.write(`${line}\n`));
  if (!right) process.exitCode = 1;
}
