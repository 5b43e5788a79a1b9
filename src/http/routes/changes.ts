import type { Request, Response } from 'express';
import Joi from 'joi';
import type { CallerLimits } from '../../callers/limits';
import type { AuditConfig } from '../../config/types';
import type { ProblemCode } from '../../problem';
import { isRealDate } from '../../staff/calendar';
import { isStaffId } from '../../staff/id';
import {
  CHANGE_KINDS,
  CHANGE_OUTCOMES,
  type ChangeFilter,
  type ChangeKind,
  type Changes,
  type StoredChange,
} from '../../store/changes';
import { contextOf, sendJson } from '../answer';
import { authorized } from '../authentication';
import { drained } from '../drained';
import { digits, validQuery } from '../query';

const NDJSON = 'application/x-ndjson';
const DEFAULT_LIMIT = 50;
const LARGEST_LIMIT = 500;

interface Filters {
  kind?: ChangeKind | 'all';
  staffId?: string;
  caller?: string;
  vendor?: string;
  outcome?: (typeof CHANGE_OUTCOMES)[number];
  since?: Date;
  until?: Date;
  cursor?: number;
  limit?: number;
}

/** The calendar is asked as well: the library takes 30 February for 2 March. */
const moment = Joi.date()
  .iso()
  .custom((value: Date, helpers) => {
    const day = /^(?:[+-]\d{2})?(\d{4}-\d{2}-\d{2})/.exec(String(helpers.original))?.[1];
    return day === undefined || isRealDate(day) ? value : helpers.error('any.invalid');
  });

/** The query of `GET /changes`. */
export const changesQuerySchema = Joi.object<Filters>({
  // Updates alone unless more is asked for: whoever counted what `GET /changes` shows before there were other kinds, still does.
  kind: Joi.string()
    .valid('all', ...CHANGE_KINDS)
    .description('Only rows of this kind; `all`: of every kind. `update` if absent.'),
  staffId: Joi.string().custom(staffId).description('Only changes of this staff member.'),
  caller: Joi.string().max(200).description('Only changes by this caller, by its name in the configuration.'),
  vendor: Joi.string()
    .max(64)
    .description('Only changes at this vendor connection, by its name in the configuration.'),
  outcome: Joi.string()
    .valid(...CHANGE_OUTCOMES)
    .description('Only changes with this outcome.'),
  since: moment.description('Only changes that ended at this moment or later: ISO 8601.'),
  until: moment.description('Only changes that ended before this moment: ISO 8601.'),
  cursor: Joi.string().custom(cursorValue).description('`meta.nextCursor` of the page before.'),
  limit: Joi.number()
    .integer()
    .min(1)
    .max(LARGEST_LIMIT)
    .custom(digits)
    .description(
      `Changes per page, 1 to ${LARGEST_LIMIT}; ${DEFAULT_LIMIT} if absent. Of a stream: changes in all; no limit if absent.`,
    ),
});

/** `GET /changes`: the clinic's audit, newest first, as pages or, for `Accept: application/x-ndjson`, as a stream. */
export async function getChanges(
  { changes, values, limits }: { changes: Changes; values: AuditConfig['values']; limits: CallerLimits },
  req: Request,
  res: Response,
): Promise<void> {
  const { clinic, caller, requestId } = authorized(res, 'changes:read');
  const { limit, cursor, ...rest } = validQuery(req, changesQuerySchema);
  const filter = filterOf(clinic.name, rest);
  const shown = shownWith(values);
  if (wantsStream(req)) {
    const leave = limits.enterStream(caller);
    try {
      return await stream({ changes, filter, shown }, limit ?? Number.POSITIVE_INFINITY, cursor, res);
    } finally {
      leave();
    }
  }
  const size = limit ?? DEFAULT_LIMIT;
  // One more than asked for tells whether there is a next page.
  const found = await changes.list(filter, size + 1, cursor);
  const data = found.slice(0, size);
  const last = data.at(-1);
  sendJson(res, 200, {
    data: data.map(shown),
    meta: {
      requestId,
      clinic: clinic.name,
      ...(found.length > size && last && { nextCursor: cursorOf(last.clinicSequence) }),
    },
  });
}

function filterOf(
  clinic: string,
  { since, until, kind = 'update', ...rest }: Omit<Filters, 'cursor' | 'limit'>,
): ChangeFilter {
  return {
    ...rest,
    clinic,
    ...(kind !== 'all' && { kind }),
    ...(since && { since: since.toISOString() }),
    ...(until && { until: until.toISOString() }),
  };
}

function wantsStream(req: Request): boolean {
  return req.accepts(['application/json', NDJSON]) === NDJSON;
}

const PAGE = 200;

interface Listed {
  changes: Changes;
  filter: ChangeFilter;
  shown: Shown;
}

/** Row by row from short pages, as fast as the client takes them. */
async function stream(
  { changes, filter, shown }: Listed,
  limit: number,
  from: number | undefined,
  res: Response,
): Promise<void> {
  let before = from;
  let left = limit;
  const { stillAllowed } = authorized(res);
  while (left > 0 && !res.destroyed) {
    // Not with the first page: the caller has only just been let in.
    if (res.headersSent && !(await stillAllowed('changes:read'))) return breakOff(res, 'unauthenticated');
    const size = Math.min(PAGE, left);
    const page = await readPage(changes, filter, size, before, res);
    if (page === undefined) return;
    begin(res);
    if (res.req.method === 'HEAD') break;
    const lines = page.map((change) => `${JSON.stringify(shown(change))}\n`).join('');
    if (lines !== '' && !res.write(lines)) await drained(res);
    before = page.at(-1)?.clinicSequence;
    left -= page.length;
    if (page.length < size) break;
  }
  res.end();
}

function begin(res: Response): void {
  if (res.headersSent) return;
  res.statusCode = 200;
  res.setHeader('content-type', `${NDJSON}; charset=utf-8`);
  res.setHeader('cache-control', 'no-store');
}

/** Undefined after an answer that has begun had to be broken off: a stream that just ended would look complete. */
async function readPage(
  changes: Changes,
  filter: ChangeFilter,
  size: number,
  before: number | undefined,
  res: Response,
): Promise<StoredChange[] | undefined> {
  try {
    return await changes.list(filter, size, before);
  } catch (error) {
    if (!res.headersSent) throw error;
    breakOff(res, 'gateway_unavailable');
    return undefined;
  }
}

/** An answer that has begun cannot become a problem, and one that just ended would look complete. */
function breakOff(res: Response, code: ProblemCode): void {
  contextOf(res).code = code;
  res.destroy();
}

type Shown = (change: StoredChange) => Record<string, unknown>;

/**
 * Nothing of the audit as a whole: where a row stands in it and what it is chained to would tell of other clinics' rows. Digests
 * are for comparing within the store, and are not shown.
 */
function shownWith(kept: AuditConfig['values']): Shown {
  return ({ clinicSequence, sequence, previousHash, hash, fields, values, ...rest }) => ({
    sequence: clinicSequence,
    ...rest,
    fields: Object.entries(fields).map(([pointer, outcome]) => ({ pointer, outcome })),
    ...(kept === 'full' && { values }),
  });
}

function cursorOf(sequence: number): string {
  return Buffer.from(`below:${sequence}`).toString('base64url');
}

function cursorValue(text: string, helpers: Joi.CustomHelpers): number | Joi.ErrorReport {
  const sequence = /^below:(\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString())?.[1];
  return sequence === undefined ? helpers.error('any.invalid') : Number(sequence);
}

function staffId(text: string, helpers: Joi.CustomHelpers): string | Joi.ErrorReport {
  return isStaffId(text) ? text : helpers.error('any.invalid');
}
