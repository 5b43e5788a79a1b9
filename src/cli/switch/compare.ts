/** `switch compare`: how every field of every staff member stands on both sides. The result is kept for the guard. */
import type { Command } from 'commander';
import { compare } from '../../switch/compare';
import type { ComparisonVerdict } from '../../switch/verdict';
import { type CommandContext, exitCodes } from '../command';
import { count } from '../links/progress';
import { directRemark, type Opened, withOpened } from './open';
import { incompleteText, withReport } from './rehearse';
import type { ReportChoices } from './report';
import { reported } from './reported';
import { codesText, Summary } from './summary';

const MEANINGS: Readonly<Record<ComparisonVerdict, string>> = {
  equal: 'is the same on both sides',
  differs: 'has another value there',
  only_here: 'is empty there',
  only_there: 'is empty here',
  known_difference: 'cannot be held there',
  missing_there: 'of people who have no record there',
  unreadable: 'what is stored has no meaning here',
};

export function switchCompareCommand(parent: Command, context: CommandContext): void {
  const command = withReport(parent.command('compare'))
    .description('compare every field on both sides, and keep the result for the guard; changes no record')
    .argument('<clinic>', 'the clinic')
    .argument('<connection>', 'the connection that its own is compared with')
    .action(async (clinic: string, connection: string, choices: ReportChoices) => {
      const asked = { clinic, connection, task: 'compare', other: true };
      context.exit(await withOpened(context, asked, (opened) => run(context, opened, choices)));
    });
  exitCodes(command, 'nothing unexplained differs', 'not all could be read', 'there are differences');
}

async function run(
  context: CommandContext,
  { clinic, connection: there, database }: Opened,
  choices: ReportChoices,
): Promise<number> {
  const { out, err } = context;
  const summary = new Summary<ComparisonVerdict>(MEANINGS, ['equal']);
  const found = await reported(context, choices, summary, (told) =>
    compare({ clinic, there, database, ...told }),
  );
  const { incomplete, complete, differences, noise, codes } = found;
  err.write(directRemark(clinic) + incompleteText(incomplete) + noiseText(noise));
  if (!choices.json) {
    out.write(summary.text(found) + codesText(there.name, codes, []));
    out.write(`\n${complete ? inWords(differences) : 'Not all could be compared, so nothing is said.'}\n`);
  }
  if (!complete) return 1;
  return differences > 0 ? 2 : 0;
}

function noiseText(noise: number): string {
  return noise > 0 ? `${count(noise, 'field')} changed here while all was read.\n` : '';
}

function inWords(differences: number): string {
  return differences === 0
    ? 'Nothing differs that is not explained.'
    : `${count(differences, 'difference')} that nothing explains. The guard counts them.`;
}
