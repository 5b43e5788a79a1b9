/** `switch status`: where a clinic is, and what the guard would say to moving it. Reads the store and nothing else. */
import type { Command } from 'commander';
import { loadLinkPlaces } from '../../config/load';
import type { ClinicConfig } from '../../config/types';
import { type Database, openDatabase } from '../../store/database';
import { type SwitchStatus, switchStatus } from '../../switch/status';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { count } from '../links/progress';
import { printable } from '../printable';
import { messageOf } from '../problems';
import { missingFile, noDatabase } from '../storeFile';

export function switchStatusCommand(parent: Command, context: CommandContext): void {
  const command = withJson(parent.command('status'))
    .description('show where a clinic is, what is on its way, and what the guard would say to moving it')
    .argument('<clinic>', 'the clinic')
    .argument(
      '[connection]',
      'the connection that it may move to (default: its mirror, else the one that was compared last)',
    )
    .action(async (clinic: string, connection: string | undefined, { json }: { json?: boolean }) => {
      context.exit(await run(context, clinic, connection, json === true));
    });
  exitCodes(command, 'the guard is open', 'it cannot be told', 'the guard is closed');
}

async function run(
  context: CommandContext,
  name: string,
  connection: string | undefined,
  json: boolean,
): Promise<number> {
  const { out } = context;
  const couldNot = (reason: string) => {
    context.err.write(`${reason}\n`);
    return 1;
  };
  const { clinics, vendors, store } = await loadLinkPlaces(context.configPath(), context);
  const clinic = clinics[name];
  if (clinic === undefined) return couldNot(`The clinic "${printable(name)}" is not configured.`);
  if (connection !== undefined && !Object.hasOwn(vendors, connection))
    return couldNot(`The connection "${printable(connection)}" is not configured.`);
  const absent = missingFile(store.url);
  if (absent !== undefined) return couldNot(`Cannot tell the status: ${noDatabase(absent)}`);
  let database: Database | undefined;
  try {
    database = await openDatabase(store.url);
    const status = await switchStatus({ database, name, clinic, connection });
    if (status.connection === status.vendor)
      return couldNot(`${name} is at ${status.vendor} already: name the connection that it may move to.`);
    if (json) writeJson(out, status);
    else out.write(inWords(status, clinic));
    return status.guard.open ? 0 : 2;
  } catch (error) {
    return couldNot(`Cannot tell the status: ${messageOf(error)}`);
  } finally {
    await database?.close();
  }
}

function inWords(status: SwitchStatus, { switchGuard, identity, vendor }: ClinicConfig): string {
  const { guard } = status;
  const lines = [
    ['clinic', `${status.clinic}, at ${status.vendor}${wish(status, vendor)}`],
    ['last move', lastMove(status)],
    ['there', status.connection ?? 'not known: name a connection'],
    ['mirror', mirror(status)],
    ['links', links(status)],
    ['comparison', comparison(status)],
    ['queue', queue(status)],
    ['guard', `${guard.open ? 'open' : 'closed'} (switchGuard: ${switchGuard})${direct(identity)}`],
    ...guard.reasons.map(({ code, detail }) => ['', `${code}: ${detail}`]),
  ];
  return lines.map(([head = '', text = '']) => `${head.padEnd(12)}${text}\n`).join('');
}

function wish({ vendor }: SwitchStatus, configured: string): string {
  return configured === vendor ? '' : `; the configuration file says ${configured}`;
}

function lastMove({ lastMove: move }: SwitchStatus): string {
  if (move === null) return 'never';
  const despite = move.despite.length === 0 ? '' : `, despite ${move.despite.join(', ')}`;
  return `${move.from} → ${move.to} at ${move.at}${despite}`;
}

function mirror({ mirror: connection, mirrorQueue: { queued, dead, lagSeconds } }: SwitchStatus): string {
  const told = `${queued} on their way, ${dead} dead, the oldest is ${lagSeconds} s old`;
  if (connection === null) return queued + dead > 0 ? `none any more; ${told}` : 'none';
  return `${connection}; ${told}`;
}

function links({ links: found }: SwitchStatus): string {
  if (found === null) return 'not known';
  const { linked, missing } = found;
  return `${linked} of ${linked + missing} linked staff have a link there`;
}

function comparison({ comparison: last }: SwitchStatus): string {
  if (last === null) return 'none';
  const whole = last.complete ? '' : 'not complete, ';
  return `${last.finishedAt}: ${whole}${count(last.differences, 'unexplained difference')}`;
}

function queue({ queue: { queued, running, dead } }: SwitchStatus): string {
  return `${queued} queued, ${running} being delivered, ${dead} dead`;
}

function direct(identity: ClinicConfig['identity']): string {
  return identity === 'direct' ? '; identity: direct, so there is nothing to link or compare' : '';
}
