/** `switch copy`: what fits goes to the other connection, by the same path as any update. A dry run without `--apply`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CopyReport, copy } from '../../switch/copy';
import { openUndoLog } from '../../switch/undoFile';
import type { WriteParts } from '../../switch/writing';
import { type CommandContext, exitCodes } from '../command';
import { count, number } from '../links/progress';
import { directRemark, type Opened, withOpened } from './open';
import { createStepProgress } from './progress';
import { hasFindings, incompleteText, REHEARSAL_MEANINGS, withReport } from './rehearse';
import { documentOf, openReport, type ReportChoices } from './report';
import { codesText, Summary } from './summary';
import { configuredClinic, stoppable, withWriting } from './writing';

interface Choices extends ReportChoices {
  apply?: boolean;
  overwrite?: boolean;
  undo?: string;
}

export function switchCopyCommand(parent: Command, context: CommandContext): void {
  const command = withReport(parent.command('copy'))
    .description('copy what fits; each write has its receipt and its row in the audit')
    .argument('<clinic>', 'the clinic')
    .argument('<connection>', 'the connection to which it may move')
    .option('--apply', 'write; without it, only say what would be written')
    .option('--overwrite', 'also over other values that are there')
    .option('--undo <file>', 'write there what is replaced, for switch undo')
    .addHelpText('after', '\nCan be stopped and begun again at any time: what is there already is not sent.')
    .action(async (clinic: string, connection: string, choices: Choices) => {
      const { out, undo } = choices;
      // The table would take the place of what undo needs.
      if (out !== undefined && undo !== undefined && resolve(out) === resolve(undo)) {
        context.err.write('--out and --undo name the same file.\n');
        return context.exit(1);
      }
      const asked = { clinic, connection, task: 'copy', other: true };
      const run = (opened: Opened) =>
        withWriting(opened, (writing) => runCopy(context, opened, writing, choices));
      context.exit(await withOpened(context, asked, run));
    });
  exitCodes(
    command,
    'all that has a value here is there, or fits',
    'not all could be read or written',
    'some of it is not there: it does not fit, was refused, or another value is kept',
  );
}

async function runCopy(
  context: CommandContext,
  opened: Opened,
  writing: WriteParts,
  choices: Choices,
): Promise<number> {
  const { out, err } = context;
  const { clinic, connection: there, database } = opened;
  const { apply = false, overwrite = false, values = false } = choices;
  const head = { clinic: clinic.name, connection: there.name };
  const undo = apply && choices.undo !== undefined ? await openUndoLog(choices.undo, head) : undefined;
  const progress = createStepProgress(context);
  const summary = new Summary(REHEARSAL_MEANINGS, ['fits', 'same']);
  const report = openReport(out, choices, true);
  let found: CopyReport;
  try {
    found = await stoppable((signal) =>
      copy({
        ...{ clinic, there, database, configured: configuredClinic(opened), writing },
        ...{ apply, overwrite, undo, values, signal, onStep: progress.show },
        onRow: async (row) => {
          summary.add(row);
          await report.row(row);
        },
      }),
    );
  } catch (error) {
    await report.discard();
    throw error;
  } finally {
    progress.end();
    await undo?.close();
  }
  await report.end({ ...documentOf(found), applied: apply });
  const { codes, proposed, incomplete, complete, counts, outcomes, kept } = found;
  err.write(directRemark(clinic) + incompleteText(incomplete));
  if (!choices.json) out.write(summary.text(found) + codesText(there.name, codes, proposed) + inWords(found));
  if (!complete) return 1;
  const open = (outcomes.not_applied ?? 0) + (outcomes.unknown ?? 0);
  return hasFindings(counts) || kept > 0 || open > 0 ? 2 : 0;
}

function inWords({ applied, outcomes, kept, counts }: CopyReport): string {
  const left = kept > 0 ? ` ${count(kept, 'field')} with another value there left alone (--overwrite).` : '';
  if (!applied) {
    return `\nNothing was written. With --apply ${count(counts.fits - kept, 'field')} would be.${left}\n`;
  }
  const parts = Object.entries(outcomes).map(([outcome, fields]) => `${number(fields)} ${outcome}`);
  const nothing = counts.same > 0 ? 'nothing, what fits is there already' : 'nothing';
  return `\nWritten: ${parts.length === 0 ? nothing : parts.join(', ')}.${left}\n`;
}
