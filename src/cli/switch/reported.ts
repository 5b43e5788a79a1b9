/** A command about two sides while it works: progress, rows into the report and its summary, and no half a file if it fails. */
import type { Report, Row } from '../../switch/verdict';
import type { Step } from '../../switch/watch';
import type { CommandContext } from '../command';
import { createStepProgress } from './progress';
import { documentOf, openReport, type ReportChoices } from './report';
import type { Summary } from './summary';

/** What the work tells, and to whom. */
export interface Told<Verdict extends string> {
  values: boolean;
  onStep: (step: Step) => void;
  onRow: (row: Row<Verdict>) => Promise<void>;
}

/** @returns what the work has found; its document is printed then, if that was asked for */
export async function reported<Verdict extends string, Found extends Report<Verdict>>(
  context: CommandContext,
  choices: ReportChoices,
  summary: Summary<Verdict>,
  work: (told: Told<Verdict>) => Promise<Found>,
): Promise<Found> {
  const progress = createStepProgress(context);
  const report = openReport(context.out, choices);
  let found: Found;
  try {
    found = await work({
      values: choices.values === true,
      onStep: progress.show,
      onRow: async (row) => {
        summary.add(row);
        await report.row(row);
      },
    });
  } catch (error) {
    await report.discard();
    throw error;
  } finally {
    progress.end();
  }
  await report.end(documentOf(found));
  return found;
}
