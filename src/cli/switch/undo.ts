/** `switch undo`: puts back what copying has replaced, but for what was changed since. */
import type { Command } from 'commander';
import { type UndoReport, type UndoRow, undo } from '../../switch/undo';
import { readUndoHead, type UndoHead } from '../../switch/undoFile';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { count, number } from '../links/progress';
import { printable } from '../printable';
import { messageOf } from '../problems';
import { withOpened } from './open';
import { createStepProgress } from './progress';
import { configuredClinic, stoppable, withWriting } from './writing';

export function switchUndoCommand(parent: Command, context: CommandContext): void {
  const command = withJson(parent.command('undo'))
    .description(
      'put back what switch copy has replaced, but for fields that were changed since; lists those',
    )
    .argument('<file>', 'what switch copy has written with --undo')
    .addHelpText('after', '\nCan be stopped and begun again at any time.')
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      context.exit(await run(context, file, json));
    });
  exitCodes(command, 'all is as it was', 'not all of it could be done', 'some fields are left as they are');
}

async function run(context: CommandContext, file: string, json: boolean): Promise<number> {
  const { out, err } = context;
  let head: UndoHead;
  try {
    head = await readUndoHead(file);
  } catch (error) {
    err.write(`Cannot undo: ${messageOf(error)}\n`);
    return 1;
  }
  return withOpened(context, { ...head, task: 'undo' }, (opened) =>
    withWriting(opened, async (writing) => {
      const { connection, database } = opened;
      const progress = createStepProgress(context);
      const rows: UndoRow[] = [];
      const report = await stoppable((signal) =>
        undo({
          ...{ configured: configuredClinic(opened), connection, database, file, writing, signal },
          onStep: progress.show,
          onRow: (row) => {
            if (json || isLeft(row)) rows.push(row);
          },
        }),
      ).finally(progress.end);
      if (json) writeJson(out, { ...report, rows });
      else out.write(inWords(report, rows));
      if (!report.complete) err.write(`Not all could be put back: ${report.reason}\n`);
      const { changed_since, not_restored, otherwise } = report.counts;
      if (!report.complete) return 1;
      return changed_since + not_restored + otherwise > 0 ? 2 : 0;
    }),
  );
}

function isLeft({ outcome }: UndoRow): boolean {
  return outcome !== 'restored' && outcome !== 'already';
}

function inWords({ clinic, connection, counts }: UndoReport, rows: readonly UndoRow[]): string {
  const { restored, already, otherwise, changed_since, not_restored } = counts;
  const lines = [
    ...rows.map(({ staffId, field, outcome, detail = '' }) => `${outcome}: ${staffId} ${field}  ${detail}`),
    `${clinic} at ${connection}: ${count(restored, 'field')} put back, ${number(already)} ${already === 1 ? 'was' : 'were'} so already, ` +
      `${number(changed_since)} changed since, ${number(not_restored)} not put back, ${number(otherwise)} in another form.`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
