/** The audit, over all clinics or of one, and its export. Digests and values of staff records are not shown. */
import { stringify } from 'csv-stringify/sync';
import type { Response } from 'express';
import Joi from 'joi';
import { drained } from '../http/drained';
import { digits } from '../http/query';
import {
  CHANGE_KINDS,
  CHANGE_OUTCOMES,
  type ChangeFilter,
  type ChangeKind,
  type ChangeOutcome,
  type Changes,
  type StoredChange,
} from '../store/changes';
import { type Route, route } from './route';

interface Filters {
  clinic?: string;
  kind?: ChangeKind;
  outcome?: ChangeOutcome;
  staffId?: string;
  caller?: string;
  vendor?: string;
  since?: Date;
  until?: Date;
}

type PageQuery = Filters & { cursor?: number; limit: number };

const FILTERS = {
  clinic: Joi.string().max(64).allow('').description('Only rows of this clinic. Absent: of all.'),
  kind: Joi.string()
    .valid(...CHANGE_KINDS)
    .description('Only rows of this kind.'),
  outcome: Joi.string()
    .valid(...CHANGE_OUTCOMES)
    .description('Only rows with this outcome.'),
  staffId: Joi.string().max(128).description('Only rows of this staff member.'),
  caller: Joi.string().max(200).description('Only rows of this caller or operator.'),
  vendor: Joi.string().max(64).description('Only rows of this connection.'),
  since: Joi.date().iso().description('Only rows of this moment or later.'),
  until: Joi.date().iso().description('Only rows from before this moment.'),
};

const pageQuery = Joi.object<PageQuery>({
  ...FILTERS,
  cursor: Joi.number().integer().min(1).custom(digits).description('`meta.nextCursor` of the page before.'),
  limit: Joi.number().integer().min(1).max(200).custom(digits).default(50).description('How many at most.'),
});

const exportQuery = Joi.object<Filters & { format: 'csv' | 'ndjson' }>({
  ...FILTERS,
  format: Joi.string().valid('csv', 'ndjson').default('csv').description('The form of the export.'),
});

interface Page {
  changes: StoredChange[];
  next?: number;
}

/** With a clinic the indexes lead; without one the newest rows are looked through, a bounded number for each page. */
async function pageOf(changes: Changes, filters: Filters, limit: number, before?: number): Promise<Page> {
  const { clinic, since, until, ...equal } = filters;
  const filter: Omit<ChangeFilter, 'clinic'> = {
    ...equal,
    ...(since !== undefined && { since: since.toISOString() }),
    ...(until !== undefined && { until: until.toISOString() }),
  };
  if (clinic === undefined) return changes.scan(filter, limit, before);
  const found = await changes.list({ ...filter, clinic }, limit + 1, before);
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { changes: shown, ...(last !== undefined && { next: last.clinicSequence }) };
}

const list = route({
  method: 'GET',
  path: '/changes',
  access: 'viewer',
  summary: 'The audit, newest first. A page may hold fewer rows than asked for and still have a next one.',
  query: pageQuery,
  work: async ({ parts: { changes }, query: { cursor, limit, ...filters } }) => {
    const { changes: found, next } = await pageOf(changes, filters, limit, cursor);
    return {
      body: {
        data: found.map(shownChange),
        // What the page offers to choose from.
        meta: {
          kinds: CHANGE_KINDS,
          outcomes: CHANGE_OUTCOMES,
          ...(next !== undefined && { nextCursor: String(next) }),
        },
      },
    };
  },
});

/** More rows are a matter for a backup. */
const MOST_EXPORTED = 100_000;
/** So few that nobody else waits long for their turn. */
const EXPORT_PAGE = 100;

const download = route({
  method: 'GET',
  path: '/changes/export',
  access: 'viewer',
  summary: `The audit as a file, at most ${MOST_EXPORTED} rows.`,
  query: exportQuery,
  work: async ({ res, parts: { changes }, query: { format, ...filters } }) => {
    const write = format === 'csv' ? csvLines : ndjsonLines;
    let text = format === 'csv' ? `${COLUMNS.join(',')}\n` : '';
    let next: number | undefined;
    let count = 0;
    do {
      const page: Page = await pageOf(changes, filters, EXPORT_PAGE, next);
      begin(res, format);
      text += write(page.changes);
      if (!res.write(text)) await drained(res);
      text = '';
      next = page.next;
      count += page.changes.length;
    } while (next !== undefined && count < MOST_EXPORTED && !res.destroyed);
    res.end();
    return undefined;
  },
});

function begin(res: Response, format: 'csv' | 'ndjson'): void {
  if (res.headersSent) return;
  res.statusCode = 200;
  res.setHeader(
    'content-type',
    format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8',
  );
  res.setHeader('content-disposition', `attachment; filename="changes.${format}"`);
  res.setHeader('cache-control', 'no-store');
}

const COLUMNS = [
  'sequence',
  'at',
  'kind',
  'clinic',
  'staffId',
  'caller',
  'vendor',
  'vendorRecordId',
  'outcome',
  'status',
  'code',
  'durationMs',
  'requestId',
  'fields',
  'detail',
] as const;

function ndjsonLines(changes: readonly StoredChange[]): string {
  return changes.map((change) => `${JSON.stringify(shownChange(change))}\n`).join('');
}

/** What a spreadsheet would take for a formula is made text. */
function csvLines(changes: readonly StoredChange[]): string {
  const rows = changes.map((change): readonly unknown[] => {
    const shown: Readonly<Record<string, unknown>> = shownChange(change);
    return COLUMNS.map((column) => shown[column]);
  });
  return stringify(rows, { escape_formulas: true });
}

/** A row without its place in the chain, and without values or their digests. */
export function shownChange({
  values: _,
  previousHash: __,
  hash: ___,
  clinicSequence: ____,
  fields,
  ...rest
}: StoredChange) {
  return { ...rest, fields: Object.entries(fields).map(([pointer, outcome]) => ({ pointer, outcome })) };
}

export const CHANGE_ROUTES: readonly Route[] = [list, download];
