/** `links check`: are a clinic's links at a connection complete, and do their records exist? Changes nothing. */
import type { Command } from 'commander';
import { whatIsWrong } from '../../connection/vendorAdvice';
import { checkLinks, type LinkCheck, type LinkCheckResult } from '../../switch/checkLinks';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { printable } from '../printable';
import { directRemark, type Opened, withOpened } from '../switch/open';
import { createStepProgress } from '../switch/progress';
import { count } from './progress';

export function linksCheckCommand(links: Command, context: CommandContext): void {
  const command = withJson(links.command('check'))
    .description('check that a clinic’s links at a connection are complete and lead to records that exist')
    .argument('<clinic>', 'the clinic')
    .argument('[connection]', 'the vendor connection; default: the one that the clinic uses')
    .addHelpText('after', '\nReads the records at the vendor. Changes nothing anywhere.')
    .action(async (clinic: string, connection: string | undefined, { json }: { json?: boolean }) => {
      const asked = { clinic, connection, task: 'check the links' };
      const ended = await withOpened(context, asked, (opened) => check(context, opened, json === true));
      context.exit(ended);
    });
  exitCodes(command, 'all is well', 'it could not be checked', 'links are missing or lead to no record');
}

async function check(
  context: CommandContext,
  { clinic, connection, database }: Opened,
  json: boolean,
): Promise<number> {
  const { out, err } = context;
  const progress = createStepProgress(context);
  const onStep = progress.show;
  const result = await checkLinks({ clinic, connection, database, onStep }).finally(progress.end);
  const { check: found, failure, lists } = result;
  if (failure !== undefined && result.pages === 0) {
    throw new Error(`the records cannot be read: ${connection.name} ${whatIsWrong(failure)}`);
  }
  err.write(remarks(result) + directRemark(clinic));
  if (json) writeJson(out, found);
  else out.write(inWords(found, lists));
  if (failure !== undefined) return 1;
  return found.missing.length + found.notFound.length > 0 ? 2 : 0;
}

function remarks({ check, lists, failure }: LinkCheckResult): string {
  const { connection } = check;
  if (failure !== undefined)
    return `The list of ${connection} could not be read to its end: it ${whatIsWrong(failure)}. What is said below is not all.\n`;
  if (lists && check.complete) return '';
  if (lists)
    return `The list of ${connection} is too long to be read, so records without a link are not looked for.\n`;
  return `Records at ${connection} that no link leads to are not looked for: its adapter lists none.\n`;
}

/** So many records without a link are named; there may be thousands. */
const NAMED = 20;

function inWords(found: LinkCheck, lists: boolean): string {
  const { clinic, connection, missing, notFound, unlinked, counts } = found;
  const more = unlinked.length - NAMED;
  const lines = [
    ...missing.map((staffId) => `missing: ${staffId} has links elsewhere, but none at ${connection}`),
    ...notFound.map(({ staffId, vendorRecordId }) => `not found: ${staffId} → ${vendorRecordId}`),
    ...unlinked.slice(0, NAMED).map((id) => `unlinked: ${id}`),
    ...(more > 0 ? [`unlinked: and ${more} more`] : []),
    `${clinic} at ${connection}: ${count(counts.linked, 'link')}, ${counts.missing} missing, ${counts.notFound} to records that are not there.`,
    ...(lists ? [`${count(counts.unlinked, 'record')} without a link.`] : []),
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
