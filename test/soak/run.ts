/** `npm run soak`: the full counts, with a progress line. `--updates`, `--kills`, `--engine` make it smaller. */
import { Command } from 'commander';
import { type CrashSoakOptions, runCrashSoak } from './crashes';

interface Options {
  engine: string;
  updates: number;
  kills: number;
  clients: number;
}

async function soak({ engine, updates, kills, clients }: Options): Promise<void> {
  const engines: CrashSoakOptions['engine'][] =
    engine === 'sqlite' ? ['sqlite'] : engine === 'postgres' ? ['postgres'] : ['sqlite', 'postgres'];
  for (const each of engines) {
    const result = await runCrashSoak({
      engine: each,
      updates,
      kills,
      clients,
      onProgress: (done, killed) => {
        if (done % 20 === 0 || done === updates) {
          const line = `${each}: ${done} of ${updates} updates, ${killed} of ${kills} kills`;
          process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
        }
      },
    });
    const right = result.notOnce === 0 && result.withoutRow === 0 && result.chain === 0;
    process.stdout.write(
      `\n${each}: ${result.updates} updates, ${result.kills} kills, ${result.requests} requests; ` +
        `${result.notOnce} not exactly once, ${result.withoutRow} without an audit row, ` +
        `${result.auditRows} audit rows, chain ${result.chain === 0 ? 'whole' : 'BROKEN'}\n`,
    );
    if (!right) process.exitCode = 1;
  }
}

new Command('soak')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--updates <number>', 'keyed updates', Number, 2000)
  .option('--kills <number>', 'times the gateway is killed', Number, 50)
  .option('--clients <number>', 'concurrent clients', Number, 40)
  .action(soak)
  .parseAsync()
  .then(() => process.exit())
  .catch((error: unknown) => {
    process.stderr.write(`\n${error instanceof Error ? error.message : 'failed'}\n`);
    process.exit(1);
  });
