/** `links suggest`: who is the same person at another connection, in a file that a person decides in. */
import { createReadStream, existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { whatIsWrong } from '../../connection/vendorAdvice';
import type { Evidence } from '../../switch/match/evidence';
import { type SuggestedLinks, type Suggestion, suggestLinks } from '../../switch/suggestLinks';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { messageOf } from '../problems';
import { directRemark, type Opened, withOpened } from '../switch/open';
import { createStepProgress } from '../switch/progress';
import { harmless, writeTable } from '../table';
import { count } from './progress';
import { isRejected, openTable, unusable } from './rows';

const COLUMNS = ['clinic', 'staffId', 'vendor', 'vendorRecordId', 'decision', 'confidence', 'reasons'];

/** After the fixed columns, of each the one here and the one there. */
const EVIDENCE = ['name', 'nationalId', 'birthDate', 'email', 'phone', 'specialty'] as const;

export function linksSuggestCommand(links: Command, context: CommandContext): void {
  const command = withJson(links.command('suggest'))
    .description('find out which staff are which records of another connection; links nobody')
    .argument('<clinic>', 'the clinic')
    .argument('<connection>', 'the connection to which it may move')
    .addOption(
      new Option(
        '--out <file>',
        'the CSV file to write; what was rejected in an earlier one stays rejected',
      ).makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      '\nLook at the rows with the decision review, write accept or reject, then run links import.',
    )
    .action(async (clinic: string, connection: string, { out, json }: { out: string; json?: boolean }) => {
      const asked = { clinic, connection, task: 'suggest links', other: true };
      const ended = await withOpened(context, asked, (opened) =>
        suggest(context, opened, out, json === true),
      );
      context.exit(ended);
    });
  exitCodes(command, 'everybody is accepted or linked', 'nothing could be suggested', 'some are left to you');
}

async function suggest(
  context: CommandContext,
  { clinic, connection: there, database }: Opened,
  file: string,
  json: boolean,
): Promise<number> {
  const { out, err } = context;
  const rejected = await rejectedIn(file, clinic.name, there.name);
  const progress = createStepProgress(context);
  const result = await suggestLinks({ clinic, there, database, rejected, onStep: progress.show }).finally(
    progress.end,
  );
  if (result.failure !== undefined) {
    const { connection, failure } = result.failure;
    throw new Error(`the records cannot be read: ${connection.name} ${whatIsWrong(failure)}`);
  }
  const { suggestions, counts, remarks } = result;
  await writeTable(file, columnsOf(), suggestions.map(cellsOf));
  err.write(directRemark(clinic) + remarks.map((remark) => `${remark}\n`).join(''));
  if (json) writeJson(out, { clinic: clinic.name, connection: there.name, complete: true, counts });
  else out.write(inWords(counts, file));
  return counts.review + counts.none > 0 ? 2 : 0;
}

/** The pairs that an earlier file rejects. @throws Error if it is no such file: somebody's decisions would be lost with it */
async function rejectedIn(
  file: string,
  clinic: string,
  connection: string,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rejected = new Map<string, Set<string>>();
  if (!existsSync(file)) return rejected;
  try {
    const table = await openTable(createReadStream(file));
    for await (const row of table.rows) {
      const [ofClinic, staffId = '', vendor, recordId = ''] = row.values;
      if (!isRejected(row) || ofClinic !== clinic || vendor !== connection) continue;
      rejected.set(staffId, (rejected.get(staffId) ?? new Set()).add(recordId));
    }
    await table.close();
    return rejected;
  } catch (error) {
    throw new Error(`${file} is there and cannot be used: ${messageOf(unusable(error))}`);
  }
}

function columnsOf(): string[] {
  const capital = (name: string) => name[0]?.toUpperCase() + name.slice(1);
  return [...COLUMNS, ...EVIDENCE.flatMap((name) => [`here${capital(name)}`, `there${capital(name)}`])];
}

function cellsOf(suggestion: Suggestion): string[] {
  const { clinic, staffId, vendor, vendorRecordId, decision, confidence, reasons, here, there } = suggestion;
  const shown = (evidence: Evidence, name: (typeof EVIDENCE)[number]) => harmless(evidence[name] ?? '');
  return [
    ...[clinic, staffId, vendor, vendorRecordId, decision],
    ...[confidence.toFixed(2), reasons.join('; ')],
    ...EVIDENCE.flatMap((name) => [shown(here, name), shown(there, name)]),
  ];
}

function inWords({ linked, accept, review, none, rejected }: SuggestedLinks['counts'], file: string): string {
  return (
    `Wrote ${count(accept + review + none + rejected, 'row')} to ${file}: ${accept} accept, ${review} review, ${none} none` +
    `${rejected > 0 ? `, ${rejected} rejected before` : ''}. ${count(linked, 'link')} were there already.\n`
  );
}
