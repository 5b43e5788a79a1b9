/** `serve`: runs the gateway until it is told to stop. */
import { setFlagsFromString } from 'node:v8';
import type { Command } from 'commander';
import type { AdapterModule } from '../adapter/contract';
import type { Environment } from '../config/substitute';
import { createLog, type Log } from '../ops/log';
import { type AddCommand, type CommandContext, exitCodes } from './command';

/** What the command needs of a running gateway. */
interface Running {
  url: string;
  opsUrl: string;
  reload(): Promise<void>;
  close(): Promise<void>;
}

type Start = (options: {
  configPath: string;
  env: Environment;
  adapters: readonly AdapterModule[];
  log: Log;
}) => Promise<Running>;

/** @param start puts the gateway together and has it listen */
export function serveCommand(start: Start): AddCommand {
  return (program: Command, context: CommandContext) => {
    const command = program
      .command('serve')
      .description(
        'run the gateway until SIGTERM or SIGINT; SIGHUP reads the configuration again (also without a command)',
      )
      .action(() => run(start, context));
    exitCodes(command, 'it was told to stop', 'it cannot start, or a second signal ended it');
  };
}

async function run(start: Start, { adapters, env, err, configPath }: CommandContext): Promise<void> {
  // V8 lets garbage gather until the heap is several times as large as what it holds. That is memory for nothing here:
  // little lives longer than a request.
  setFlagsFromString('--heap-growing-percent=30');
  const log = createLog(env.LOG_LEVEL ?? 'info');
  const gateway = await start({ configPath: configPath(), env, adapters, log });
  process.on('SIGHUP', () => void gateway.reload());
  let stopping = false;
  const stop = () => {
    // A second signal means now.
    if (stopping) process.exit(1);
    stopping = true;
    void gateway.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
  // Printed last: a process that waits for this line may send a signal right away.
  err.write(`metrics and health on ${gateway.opsUrl}\nlistening on ${gateway.url}\n`);
}
