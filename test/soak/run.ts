/** `npm run soak`: power failures, an outage or random faults in full count, with a progress line. */
import { Command } from 'commander';
import { runAssetSoak } from './assets';
import { runAuditSoak } from './audit';
import { makeBundle } from './bundle';
import { runCeilingSoak } from './ceilings';
import { consoleCommands } from './consoleCommands';
import { runCrashSoak } from './crashes';
import { runFailover } from './failover';
import { measureClaims, runFairness } from './fairness';
import { runFaultSoak } from './faults';
import { runLimitedList, runListSoak } from './list';
import { compareMirrors, measureMirror } from './mirrorCost';
import { runMovingSoak } from './moving';
import { runOutage } from './outage';
import { enginesOf, progress, report } from './report';
import { runRestoreSoak } from './restores';
import { runRolling } from './rolling';
import { runStopSoak } from './stops';
import { killCopies, measureSwitch } from './switch';

async function crashes(options: {
  engine: string;
  updates: number;
  kills: number;
  clients: number;
  mirror?: boolean;
  down?: number;
}) {
  for (const engine of enginesOf(options.engine)) {
    const result = await runCrashSoak({
      ...options,
      engine,
      downMs: (options.down ?? 0) * 1000,
      onProgress: (done, kills) => {
        if (done % 100 === 0) progress(`${engine}: ${done} of ${options.updates} updates, ${kills} kills`);
      },
    });
    const chain = result.chain === 0 ? 'whole' : 'BROKEN';
    report(
      `${engine}: ${result.updates} updates, ${result.kills} kills, ${result.requests} requests; ` +
        `${result.notOnce} not exactly once, ${result.withoutRow} without an audit row, ` +
        `${result.auditRows} audit rows, chain ${chain}; ` +
        `${result.mirror.notOnce} not exactly once at the mirror, ${result.mirror.unequal} records unequal there`,
      Object.values(result.mirror).every((count) => count === 0) &&
        result.notOnce === 0 &&
        result.withoutRow === 0 &&
        result.chain === 0,
    );
  }
}

async function mirrorCost(options: { engine: string; rounds: number; seconds: number; rate: number }) {
  for (const engine of enginesOf(options.engine)) {
    const costs = await measureMirror({ ...options, engine, perSecond: options.rate, onProgress: progress });
    for (const { line, right } of compareMirrors(costs)) report(`${engine}, ${line}`, right);
  }
}

async function relocating(options: { rounds: number; updates: number; late: number }) {
  const result = await runMovingSoak({
    ...options,
    lateMs: options.late * 1000,
    onProgress: (round, moving) =>
      progress(`${round} of ${options.rounds} moves, ${moving} times clinic_is_moving`),
  });
  const { updates, moving: refused, crashes: killed, ...wrong } = result;
  report(
    `${options.rounds} moves, ${killed} crashes of the late replica, ${updates} updates, ${refused} times clinic_is_moving; ${JSON.stringify(wrong)}`,
    refused > 0 && Object.values(wrong).every((count) => count === 0),
  );
}

async function outage(options: {
  engine: string;
  updates: number;
  staff: number;
  down: number;
  rate: number;
}) {
  for (const engine of enginesOf(options.engine)) {
    let shown = -1;
    const result = await runOutage({
      engine,
      updates: options.updates,
      staff: options.staff,
      downMs: options.down * 1000,
      perSecond: options.rate,
      onProgress: (delivered) => {
        if (delivered !== shown && delivered % 50 === 0) {
          shown = delivered;
          progress(`${engine}: ${delivered} delivered`);
        }
      },
    });
    report(
      `${engine}: ${result.queued} of ${options.updates} updates queued during ${options.down} s without the vendor; ` +
        `${result.notOnce} not delivered exactly once, ${result.outOfOrder} staff members out of order, ` +
        `at most ${result.fastest} calls in a second (limit ${options.rate})`,
      result.queued === options.updates &&
        result.notOnce === 0 &&
        result.outOfOrder === 0 &&
        result.fastest <= options.rate,
    );
  }
}

async function faults(options: { seconds: number; rate: number; staff: number }) {
  const result = await runFaultSoak({
    seconds: options.seconds,
    perSecond: options.rate,
    staff: options.staff,
    onProgress: (answered, failed) => {
      if (answered % 10 === 0) progress(`${answered} answered, ${failed} of them failures`);
    },
  });
  const growth = `${(result.heapGrowth * 100).toFixed(1)} %`;
  report(
    `${result.answered} answers, ${result.unexplained} unexplained 5xx, ${result.wrong} wrong receipts, ` +
      `heap growth ${growth}\n${JSON.stringify(result.byCode)}`,
    result.unexplained === 0 && result.wrong === 0 && result.heapGrowth < 0.1,
  );
}

async function stops(options: { stops: number; clients: number; drain: number }) {
  const result = await runStopSoak({
    ...options,
    drainMs: options.drain,
    onProgress: (done, answers) => progress(`${done} of ${options.stops} stops, ${answers} answers`),
  });
  report(
    `${options.stops} stops under ${options.clients} clients, ${result.answers} answers; ` +
      `${result.unanswered} written at the vendor without an answer, ${result.lost} lost before a drain was over, ` +
      `${result.late} refused later, ${result.failedExits} failed exits`,
    result.unanswered === 0 && result.lost === 0 && result.failedExits === 0,
  );
}

async function audit({ rows }: { rows: number }) {
  const isWhole = await runAuditSoak(rows, (line) => void process.stdout.write(`${line}\n`));
  if (!isWhole) process.exitCode = 1;
}

async function assets({ requests }: { requests: number }) {
  const { residentMb, taken, grownMb } = await runAssetSoak(requests);
  report(
    `${requests} requests without a key for the largest file, none of which is read: ${taken} taken, ` +
      `the process grew by ${grownMb.toFixed(1)} MB to ${residentMb.toFixed(0)} MB`,
    grownMb <= 20,
  );
}

async function ceilings(options: { requests: number; offered: number; seconds: number }) {
  const { calls, most, answers } = await runCeilingSoak(options);
  report(
    `two replicas, ${options.offered} updates a second for ${options.seconds} s: ${calls} calls at the vendor, ` +
      `at most ${most} in any second of ${options.requests} allowed\n${JSON.stringify(answers)}`,
    // A process that is held up may use a block late.
    most <= options.requests * 1.1,
  );
}

async function fairness(options: { engine: string; queued: number; vendor: number; others: number }) {
  const { queued, others, vendor: vendorMs } = options;
  for (const engine of enginesOf(options.engine)) {
    const { times, delivered } = await runFairness({ engine, queued, vendorMs, others });
    const [middle = 0, slowest = 0] = [times[times.length >> 1], times.at(-1)].map(Number);
    report(
      `${engine}: beside ${queued} queued of clinic A at ${vendorMs} ms each (${delivered} of them delivered by then), ` +
        `${others} updates of clinic B were delivered in ${middle.toFixed(0)} ms, the slowest in ${slowest.toFixed(0)} ms`,
      slowest <= 2_000 && delivered < queued,
    );
    const { look, claim } = await measureClaims(engine, 10_000);
    report(
      `${engine}: with 10,000 queued, looking for what is due takes ${look.toFixed(1)} ms, claiming ${claim.toFixed(1)} ms`,
      look + claim <= 20,
    );
  }
}

async function failover(options: { updates: number }) {
  const { refused, notOnce, withoutRow, chain } = await runFailover(options);
  report(
    `${options.updates} updates, the standby was promoted under them; ${refused} refused in between, ` +
      `${notOnce} not exactly once, ${withoutRow} without an audit row, chain ${chain}`,
    refused > 0 && notOnce === 0 && withoutRow === 0 && chain === 'whole',
  );
}

async function list(options: { staff: number; rounds: number }) {
  const limited = await runLimitedList(options);
  report(
    `within the vendor’s limit of 200 calls a minute: ${limited.listed} of ${options.staff} listed with ${limited.calls} calls ` +
      `in ${limited.seconds.toFixed(0)} s, ${limited.refused} refused, ${limited.most} in the busiest minute; ` +
      `${limited.updates.done} of ${limited.updates.sent} updates done meanwhile`,
    limited.listed === options.staff &&
      limited.refused === 0 &&
      limited.updates.done === limited.updates.sent,
  );
  const result = await runListSoak({ ...options, onProgress: (round) => progress(`round ${round + 1}`) });
  report(
    `${result.listed} of ${options.staff} listed with ${result.calls} calls in ${Math.round(result.readMs)} ms; ` +
      `memory +${result.growthMb.toFixed(1)} MB over ${options.rounds} lists, ` +
      `first page of a kept list in ${result.firstPageMs.toFixed(1)} ms`,
    result.listed === options.staff && result.growthMb <= 60 && result.firstPageMs <= 50,
  );
}

async function rolling(options: { restarts: number; rate: number; drain: number }) {
  const result = await runRolling({
    restarts: options.restarts,
    perSecond: options.rate,
    drainMs: options.drain,
    onProgress: (done, requests) => progress(`${done} of ${options.restarts} restarts, ${requests} requests`),
  });
  const failed = result.failed.length;
  report(
    `${options.restarts} restarts, ${result.requests} requests with ${result.updates} updates; ${failed} failed, ` +
      `${result.unwritten} answered and not written, ${result.doubled} written twice, ${result.stale} stale reads, ` +
      `${result.auditRows} audit rows, ${result.notOneRow} updates without exactly one, ` +
      `chain ${result.chain === 0 ? 'whole' : 'BROKEN'}, ${result.failedExits} failed exits`,
    failed === 0 &&
      result.unwritten === 0 &&
      result.doubled === 0 &&
      result.stale === 0 &&
      result.notOneRow === 0 &&
      result.auditRows === result.updates &&
      result.chain === 0 &&
      result.failedExits === 0,
  );
  if (failed > 0) report([...result.failed, ...result.nginx].join('\n'), false);
}

async function restores(options: { engine: string; cycles: number; clients: number }) {
  const bundle = makeBundle();
  for (const engine of enginesOf(options.engine)) {
    const { updates, crashes, lines, auditRows, ...wrong } = await runRestoreSoak({
      ...options,
      engine,
      program: bundle.program,
      onProgress: (done, sent) =>
        progress(`${engine}: ${done} of ${options.cycles} restores, ${sent} updates`),
    });
    report(
      `${engine}: ${options.cycles} restores, ${crashes} of them after a crash, ${updates} updates, ${lines} lines in ` +
        `the backups, ${auditRows} audit rows at the end; ${JSON.stringify(wrong)}`,
      Object.values(wrong).every((count) => count === 0),
    );
  }
}

/** So much more memory may it take than for ten people. */
const MOST_GROWTH_MB = 100;

async function moving({ staff, kills }: { staff: number; kills: number }) {
  const { commands } = await measureSwitch(staff, progress);
  for (const { name, growthMb, seconds, code } of commands) {
    report(
      `${staff} people: ${name} takes ${seconds.toFixed(1)} s and ${growthMb.toFixed(0)} MB more than for ten people, exit code ${code}`,
      growthMb <= MOST_GROWTH_MB && code === 2,
    );
  }
  const { kills: killed, ...wrong } = await killCopies(kills, (done) =>
    progress(`${done} of ${kills} kills`),
  );
  report(
    `${killed} kills of switch copy; ${JSON.stringify(wrong)}`,
    Object.values(wrong).every((count) => count === 0),
  );
}

const program = new Command('soak');
program
  .command('crashes', { isDefault: true })
  .description('kill the gateway at random moments')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--updates <number>', 'keyed updates', Number, 2000)
  .option('--kills <number>', 'how often the gateway is killed', Number, 50)
  .option('--clients <number>', 'concurrent clients', Number, 40)
  .action(crashes);
program
  .command('mirror')
  .description('kill the gateway at random moments while it writes to a clinic’s mirror too')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--updates <number>', 'keyed updates', Number, 2000)
  .option('--kills <number>', 'how often the gateway is killed', Number, 50)
  .option('--clients <number>', 'concurrent clients', Number, 40)
  .option('--down <seconds>', 'for how long the mirror takes no connections, from the start', Number, 60)
  .action((options) => crashes({ ...options, mirror: true }));
program
  .command('mirror-cost')
  .description('measure what a mirror, healthy or not, costs the callers of its clinic (Linux only)')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--rounds <number>', 'how often, each target in turn', Number, 12)
  .option('--seconds <number>', 'of each target in each round', Number, 4)
  .option('--rate <number>', 'updates a second', Number, 50)
  .action(mirrorCost);
program
  .command('moving')
  .description(
    'move a clinic between two connections under load; the second of two replicas hears of it later',
  )
  .option('--rounds <number>', 'how often', Number, 6)
  .option('--updates <number>', 'updates a round', Number, 200)
  .option('--late <seconds>', 'how much later the second replica hears of it', Number, 5)
  .action(relocating);
program
  .command('outage')
  .description('take the vendor away while updates are queued')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--updates <number>', 'updates', Number, 500)
  .option('--staff <number>', 'staff members', Number, 50)
  .option('--down <seconds>', 'for how long', Number, 60)
  .option('--rate <number>', 'the vendor’s limit in calls a second', Number, 50)
  .action(outage);
program
  .command('faults')
  .description('let the vendor fail at random')
  .option('--seconds <number>', 'for how long', Number, 600)
  .option('--rate <number>', 'updates a second', Number, 200)
  .option('--staff <number>', 'staff members', Number, 400)
  .action(faults);
program
  .command('stops')
  .description('stop the gateway again and again under clients that keep their connections')
  .option('--stops <number>', 'how often', Number, 20)
  .option('--clients <number>', 'concurrent clients', Number, 8)
  .option('--drain <milliseconds>', 'server.drainMs', Number, 1000)
  .action(stops);
program
  .command('audit')
  .description('fill a large audit and measure what reading it takes')
  .option('--rows <number>', 'rows', Number, 300_000)
  .action(audit);
consoleCommands(program);
program
  .command('assets')
  .description('ask for the largest file very often without a key, and measure the memory (Linux only)')
  .option('--requests <number>', 'at the same time', Number, 300)
  .action(assets);
program
  .command('ceilings')
  .description('offer two replicas more than the ceiling on calls to their vendor allows')
  .option('--requests <number>', 'calls that the vendor may get in a second', Number, 20)
  .option('--offered <number>', 'updates a second', Number, 100)
  .option('--seconds <number>', 'for how long', Number, 10)
  .action(ceilings);
program
  .command('fairness')
  .description('queue very much for a slow vendor, and deliver another clinic’s updates beside it')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--queued <number>', 'updates of clinic A', Number, 500)
  .option('--vendor <milliseconds>', 'what each of them takes', Number, 4_000)
  .option('--others <number>', 'updates of clinic B', Number, 20)
  .action(fairness);
program
  .command('failover')
  .description('lose the primary of PostgreSQL under load and promote its standby')
  .option('--updates <number>', 'keyed updates', Number, 1000)
  .action(failover);
program
  .command('list')
  .description(
    'list very many staff: within the vendor’s limit on calls, and in how much memory (Linux only)',
  )
  .option('--staff <number>', 'staff members', Number, 10_000)
  .option('--rounds <number>', 'how often the list is read anew', Number, 8)
  .action(list);
program
  .command('switch')
  .description('move very many people, measure the memory (Linux only), and kill copies at random points')
  .option('--staff <number>', 'people', Number, 10_000)
  .option('--kills <number>', 'how often a copy is killed', Number, 30)
  .action(moving);
program
  .command('rolling')
  .description('restart two replicas behind nginx in turn, under load')
  .option('--restarts <number>', 'how many, of the two together', Number, 20)
  .option('--rate <number>', 'requests a second', Number, 50)
  .option('--drain <milliseconds>', 'server.drainMs', Number, 3000)
  .action(rolling);
program
  .command('restore')
  .description('back up under load, stop or crash, restore and start, again and again')
  .option('--engine <name>', 'sqlite, postgres or both', 'both')
  .option('--cycles <number>', 'how often', Number, 10)
  .option('--clients <number>', 'concurrent clients', Number, 8)
  .action(restores);
// `--faults` and `--outage` may be written like options.
program
  .parseAsync(process.argv.map((word) => (word === '--faults' || word === '--outage' ? word.slice(2) : word)))
  .then(() => process.exit())
  .catch((error: unknown) => {
    process.stderr.write(`\n${error instanceof Error ? error.message : 'failed'}\n`);
    process.exit(1);
  });
