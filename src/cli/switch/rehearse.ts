/** `switch rehearse`: what would become of every field of every staff member at another connection. Changes nothing. */
import type { Command } from 'commander';
import { type Rehearsal, rehearse } from '../../switch/rehearse';
import type { RehearsalVerdict } from '../../switch/verdict';
import { type CommandContext, exitCodes, withJson } from '../command';
import { directRemark, type Opened, withOpened } from './open';
import type { ReportChoices } from './report';
import { reported } from './reported';
import { codesText, Summary } from './summary';

export const REHEARSAL_MEANINGS: Readonly<Record<RehearsalVerdict, string>> = {
  fits: 'can be copied',
  same: 'is there already',
  unmapped_code: 'a code has no counterpart in the configuration',
  unsupported: 'there is no place for it there',
  not_expressible: 'there is a place, but not for this value',
  blocked: 'something stored there is in the way',
  no_record: 'nobody is linked there',
  unreadable: 'what is stored has no meaning here',
};

export function switchRehearseCommand(parent: Command, context: CommandContext): void {
  const command = withReport(parent.command('rehearse'))
    .description('what would become of every field of every staff member there; sends nothing but reads')
    .argument('<clinic>', 'the clinic')
    .argument('<connection>', 'the connection to which it may move')
    .action(async (clinic: string, connection: string, choices: ReportChoices) => {
      const asked = { clinic, connection, task: 'rehearse', other: true };
      context.exit(await withOpened(context, asked, (opened) => run(context, opened, choices)));
    });
  exitCodes(command, 'all of it fits', 'not all could be read', 'some of it does not fit');
}

/** The options of commands about two sides. */
export function withReport(command: Command): Command {
  return withJson(command)
    .option('--out <file>', 'write a CSV file with all rows')
    .option('--values', 'show values too, which are personal data');
}

async function run(
  context: CommandContext,
  { clinic, connection: there, database }: Opened,
  choices: ReportChoices,
): Promise<number> {
  const { out, err } = context;
  const summary = new Summary<RehearsalVerdict>(REHEARSAL_MEANINGS, ['fits', 'same']);
  const found = await reported(context, choices, summary, (told) =>
    rehearse({ clinic, there, database, ...told }),
  );
  err.write(directRemark(clinic) + incompleteText(found.incomplete));
  const { codes, proposed, counts, complete } = found;
  if (choices.json) err.write(codesText(there.name, codes, proposed));
  else out.write(summary.text(found) + codesText(there.name, codes, proposed));
  if (!complete) return 1;
  return hasFindings(counts) ? 2 : 0;
}

export function hasFindings(counts: Readonly<Record<RehearsalVerdict, number>>): boolean {
  const { fits, same, ...findings } = counts;
  void fits;
  void same;
  return Object.values(findings).some((count) => count > 0);
}

/** Why not all could be read. */
export function incompleteText(incomplete: Rehearsal['incomplete']): string {
  return incomplete
    .map(({ connection, reason }) => `${connection} could not be read to its end: ${reason}\n`)
    .join('');
}
