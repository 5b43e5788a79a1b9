import type { Request } from 'express';
import type { ClinikapiState } from './store';

const DEFAULT_COUNT = 20;
const MAXIMUM_COUNT = 100;

/** A row that is no record and has no id (clinikapi.md section 3). */
const PHANTOM = {
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'warning', code: 'informational', diagnostics: 'The search was incomplete' }],
};

/**
 * One page of rows in the vendor's inner envelope. `count` is clamped, never refused; a `cursor` that is no positive
 * number starts from the beginning (clinikapi.md section 3).
 */
export function page<Row>(
  rows: readonly Row[],
  request: Request,
  { settings }: ClinikapiState,
  render: (row: Row) => object,
): object {
  const count = Math.min(positiveNumber(request.query.count) ?? DEFAULT_COUNT, MAXIMUM_COUNT);
  const start = positiveNumber(request.query.cursor) ?? 0;
  const end = start + count;
  const hasMore = end < rows.length;
  const shown = rows.slice(start, end).map(render);
  return {
    data: settings.phantomRows ? [...shown, PHANTOM] : shown,
    total: rows.length,
    cursor: hasMore ? String(end) : null,
    hasMore,
  };
}

function positiveNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : 0;
  return number > 0 ? number : undefined;
}

/** Whether `text` holds what the query asks for, in either case; true if it asks for nothing. */
export function contains(text: string | undefined, wanted: unknown): boolean {
  if (typeof wanted !== 'string' || wanted === '') return true;
  return (text ?? '').toLowerCase().includes(wanted.toLowerCase());
}

/** Whether `text` is what the query asks for; true if it asks for nothing. */
export function equals(text: unknown, wanted: unknown): boolean {
  return typeof wanted !== 'string' || wanted === '' || String(text) === wanted;
}
