/** What commands about two sides print: rows as they come, in a file or in a document, and what they come to in one screen. */
import type { Writable } from 'node:stream';
import type { Report, Row } from '../../switch/verdict';
import { harmless, openTableFile, type TableFile } from '../table';

export interface ReportChoices {
  /** The CSV file to write. */
  out?: string;
  json?: boolean;
  /** Whether values are shown. */
  values?: boolean;
}

/** A row, and what a command adds to it. */
export type ReportRow = Row<string> & { outcome?: string };

/** Where rows go. Nothing is printed for people before the end. */
export interface ReportOutput {
  row(row: ReportRow): Promise<void>;
  /** @param more members of the document besides its rows */
  end(more: object): Promise<void>;
  discard(): Promise<void>;
}

const COLUMNS = ['staffId', 'field', 'verdict', 'detail'] as const;

/** @param outcomes whether rows have an outcome */
export function openReport(
  out: Writable,
  { out: file, json = false, values = false }: ReportChoices,
  outcomes = false,
): ReportOutput {
  const columns = [...COLUMNS, ...(outcomes ? ['outcome'] : []), ...(values ? ['here', 'there'] : [])];
  const table: TableFile | undefined = file === undefined ? undefined : openTableFile(file, columns);
  let rows = 0;
  return {
    async row(row) {
      const cells = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)]));
      await table?.write(columns.map((name) => cells[name] ?? ''));
      if (!json) return;
      // The rows first: there may be more of them than anybody would keep.
      await written(out, `${rows === 0 ? '{\n  "rows": [' : ','}\n    ${JSON.stringify(row)}`);
      rows += 1;
    },
    async end(more) {
      await table?.end();
      if (!json) return;
      const rest = JSON.stringify(more, null, 2).slice(1);
      out.write(`${rows === 0 ? '{\n  "rows": []' : '\n  ]'},${rest}\n`);
    },
    discard: async () => table?.discard(),
  };
}

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return harmless(typeof value === 'string' ? value : JSON.stringify(value));
}

async function written(out: Writable, text: string): Promise<void> {
  // The callback comes too if whoever reads it has gone, when no `drain` ever does.
  await new Promise<void>((resume) => out.write(text, () => resume()));
}

/** The members of the document that every command about two sides has. */
export function documentOf<Verdict extends string>(report: Report<Verdict>): object {
  const { clinic, here, there, complete, asOf, counts, codes } = report;
  return { clinic, here, there, complete, asOf, counts, codes };
}
