#!/usr/bin/env node
/** The command line. Reads the environment, builds the parts, handles signals: the only place that does. */
import { Command } from 'commander';
import { adapters } from '../adapters';
import { loadConfig } from '../config/load';
import { ConfigError, problemLine } from '../config/problem';
import { backup } from './cli/backup';
import { checkConfig } from './cli/checkConfig';
import { verifyAudit } from './cli/verifyAudit';
import { createLog } from './ops/log';
import { serve } from './serve';

const env = process.env;
const configPath = env.GATEWAY_CONFIG ?? 'config/gateway.yaml';

const program = new Command('provider-directory-gateway')
  .description('One PATCH for clinic staff, whichever vendor system holds them.')
  .option(
    '-c, --config <file>',
    'configuration file (default: $GATEWAY_CONFIG or config/gateway.yaml)',
    configPath,
  )
  .showHelpAfterError();

program
  .command('serve', { isDefault: true })
  .description('run the gateway until SIGTERM or SIGINT; SIGHUP reads the configuration again')
  .action(async () => {
    const log = createLog(env.LOG_LEVEL ?? 'info');
    const gateway = await serve({
      configPath: program.opts<{ config: string }>().config,
      env,
      adapters,
      log,
    });
    process.stderr.write(`listening on ${gateway.url}\n`);
    process.on('SIGHUP', () => void gateway.reload());
    let stopping = false;
    const stop = () => {
      // A second signal means now.
      if (stopping) process.exit(1);
      stopping = true;
      void gateway.close().then(() => process.exit(0));
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });

program
  .command('check-config')
  .description('check the configuration and print what takes effect, secrets masked')
  .action(async () => {
    process.exitCode = await checkConfig({
      path: program.opts<{ config: string }>().config,
      adapters,
      env,
      out: process.stdout,
      err: process.stderr,
    });
  });

program
  .command('verify-audit')
  .description('prove that no row of the audit was changed, added or taken away; names the first broken one')
  .action(async () => {
    process.exitCode = await verifyAudit({
      databaseUrl: await storeUrl(),
      out: process.stdout,
      err: process.stderr,
    });
  });

program
  .command('backup')
  .description('copy the SQLite database into a new file while the gateway goes on working')
  .argument('<file>', 'the file to write; it must not exist')
  .action(async (file: string) => {
    process.exitCode = await backup({
      databaseUrl: await storeUrl(),
      file,
      out: process.stdout,
      err: process.stderr,
    });
  });

async function storeUrl(): Promise<string> {
  const { config } = await loadConfig(program.opts<{ config: string }>().config, { adapters, env });
  return config.store.url;
}

program.parseAsync().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) process.stderr.write(`${problemLine(problem)}\n`);
    process.exit(1);
  }
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  process.exit(1);
});
