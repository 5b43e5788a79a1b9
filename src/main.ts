#!/usr/bin/env node
/** The command line. Reads the environment, builds the parts, handles signals: the only place that does. */
import './lib/checkNode';
import { Command, Option } from 'commander';
import { adapters } from '../adapters';
import { backup } from './cli/backup';
import { checkConfig } from './cli/checkConfig';
import {
  discardDeliveries,
  listDeliveries,
  parseLimit,
  parseStatuses,
  retryDeliveries,
} from './cli/deliveries';
import { doctor } from './cli/doctor';
import { exportLinks, importLinks } from './cli/links';
import { newKey } from './cli/newKey';
import { failureText } from './cli/problems';
import { verifyAudit } from './cli/verifyAudit';
import { loadConfig } from './config/load';
import { createLog } from './ops/log';
import { serve } from './serve';
import { OPERATION_STATUSES, type OperationStatus } from './store/operation';

const env = process.env;

const program = new Command('provider-directory-gateway')
  .description('One PATCH for clinic staff, whichever vendor system holds them.')
  .addOption(
    new Option('-c, --config <file>', 'configuration file')
      .env('GATEWAY_CONFIG')
      .default('config/gateway.yaml'),
  )
  .showHelpAfterError();

program
  .command('serve')
  .description(
    'run the gateway until SIGTERM or SIGINT; SIGHUP reads the configuration again (also without a command)',
  )
  .action(async () => {
    const log = createLog(env.LOG_LEVEL ?? 'info');
    const gateway = await serve({
      configPath: configPath(),
      env,
      adapters,
      log,
    });
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
    // Said last: whoever waits for this line may send a signal right away.
    process.stderr.write(`metrics and health on ${gateway.opsUrl}\nlistening on ${gateway.url}\n`);
  });

program
  .command('check-config')
  .description('check the configuration and print what takes effect, secrets masked')
  .action(async () => {
    process.exitCode = await checkConfig({
      path: configPath(),
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

const links = program
  .command('links')
  .description('the links from staff ids to vendor records, from and to a CSV file');

links
  .command('import')
  .description('import links; importing a file again changes nothing')
  .argument(
    '<file>',
    'a CSV file with the columns clinic, staffId, vendor, vendorRecordId; - is the standard input',
  )
  .option(
    '--refused <file>',
    'write the rows that are refused there, each with its line number and the reason',
  )
  .addHelpText(
    'after',
    '\nExit codes: 0 all rows are imported, 1 nothing can be imported, 2 some rows were refused.',
  )
  .action(async (file: string, options: { refused?: string }) => {
    const { config } = await readConfig();
    const ids = new Map(
      Object.entries(config.vendors).flatMap(([name, vendor]) => {
        const module = adapters.find((adapter) => adapter.name === vendor.adapter);
        return module ? [[name, module.connect(vendor).recordId] as const] : [];
      }),
    );
    process.exitCode = await importLinks({
      file,
      databaseUrl: config.store.url,
      clinics: new Set(Object.keys(config.clinics)),
      vendors: new Set(ids.keys()),
      isRecordId: (vendor, id) => ids.get(vendor)?.test(id) ?? false,
      ...(options.refused !== undefined && { refusedFile: options.refused }),
      ...terminal(),
    });
  });

links
  .command('export')
  .description('export all links')
  .argument('<file>', 'the CSV file to write; - is the standard output')
  .addHelpText('after', '\nExit codes: 0 done, 1 the file or the database cannot be used.')
  .action(async (file: string) => {
    process.exitCode = await exportLinks({ file, databaseUrl: await storeUrl(), ...terminal() });
  });

program
  .command('new-key')
  .description('make an API key: prints it once, with its hash and the line for the configuration')
  .argument('[name]', 'the name of the caller, for the line to paste')
  .action((name?: string) => {
    process.exitCode = newKey({ out: process.stdout, ...(name !== undefined && { name }) });
  });

program
  .command('doctor')
  .description('check each vendor connection: reachability, credentials, and codes that do not exist there')
  .addHelpText('after', '\nChanges nothing anywhere. Exit codes: 0 all checks passed, 1 a check failed.')
  .action(async () => {
    const { config } = await readConfig();
    process.exitCode = await doctor({ config, adapters, out: process.stdout });
  });

const deliveries = program.command('deliveries').description('the updates that are delivered later');

interface DeliveryChoice {
  clinic?: string;
  staff?: string;
  status?: OperationStatus[];
  yes?: boolean;
  limit?: number;
}

async function chosen(ids: readonly string[], { clinic, staff, status }: DeliveryChoice) {
  const filter = {
    ...(ids.length > 0 && { ids }),
    ...(clinic !== undefined && { clinic }),
    ...(staff !== undefined && { staffId: staff }),
    ...(status !== undefined && { statuses: status }),
  };
  return { databaseUrl: await storeUrl(), filter, out: process.stdout, err: process.stderr };
}

function choosing(command: Command): Command {
  return command
    .option('--clinic <name>', 'only those of this clinic')
    .option('--staff <id>', 'only those of this staff id')
    .option('--status <list>', `only those: ${OPERATION_STATUSES.join(', ')}`, parseStatuses);
}

choosing(deliveries.command('list'))
  .description('show operations, newest first; without a status those that are not finished')
  .argument('[ids...]', 'operation ids')
  .option('--limit <number>', 'how many at most (default: 50)', parseLimit)
  .action(async (ids: string[], options: DeliveryChoice) => {
    process.exitCode = await listDeliveries({ ...(await chosen(ids, options)), limit: options.limit ?? 50 });
  });

choosing(deliveries.command('retry'))
  .description('try dead operations again')
  .argument('[ids...]', 'operation ids; without any, all dead ones that the options choose')
  .option('--yes', 'do it without ids')
  .addHelpText('after', '\nExit codes: 0 all done, 1 nothing was done, 2 some could not be done.')
  .action(async (ids: string[], options: DeliveryChoice) => {
    process.exitCode = await retryDeliveries({
      ...(await chosen(ids, options)),
      confirmed: options.yes ?? false,
    });
  });

choosing(deliveries.command('discard'))
  .description('give up dead or queued operations without delivering them')
  .argument('[ids...]', 'operation ids; without any, all dead ones that the options choose')
  .option('--yes', 'do it without ids')
  .addHelpText('after', '\nExit codes: 0 all done, 1 nothing was done, 2 some could not be done.')
  .action(async (ids: string[], options: DeliveryChoice) => {
    process.exitCode = await discardDeliveries({
      ...(await chosen(ids, options)),
      confirmed: options.yes ?? false,
    });
  });

function terminal() {
  return { out: process.stdout, err: process.stderr, isTerminal: process.stderr.isTTY === true };
}

function configPath(): string {
  return program.opts<{ config: string }>().config;
}

async function readConfig() {
  return loadConfig(configPath(), { adapters, env });
}

async function storeUrl(): Promise<string> {
  const { config } = await readConfig();
  return config.store.url;
}

/**
 * The arguments, with `serve` where there is no command. A default command of commander's would also take every word that
 * is no command, and complain of too many arguments.
 */
function completed(args: readonly string[]): string[] {
  const { operands, unknown } = program.parseOptions([...args]);
  return operands.length + unknown.length === 0 ? [...args, 'serve'] : [...args];
}

program.parseAsync(completed(process.argv.slice(2)), { from: 'user' }).catch((error: unknown) => {
  process.stderr.write(failureText(error, configPath()));
  process.exit(1);
});
