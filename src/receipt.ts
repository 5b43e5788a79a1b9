/** The receipt: one row for each top-level member of the update, saying what became of it. */

export const OUTCOMES = ['verified', 'accepted', 'unchanged', 'dropped'] as const;

/**
 * `verified`: the vendor's returned or re-read record holds the value. `accepted`: the vendor acknowledged and the
 * value cannot be read back. `unchanged`: it already had the value. `dropped`: unsupported, lenient handling only.
 */
export type Outcome = (typeof OUTCOMES)[number];

export interface ReceiptRow {
  /** Pointer of the top-level member, such as `/name`. */
  pointer: string;
  outcome: Outcome;
  /** Why, if the outcome alone does not say it. Never a value. */
  detail?: string;
}

/** Something the caller should know although the update, or the read, succeeded. Never carries a value. */
export interface Warning {
  pointer?: string;
  code: string;
  detail: string;
}

/** The outcome of one field of a top-level member. */
export interface FieldOutcome {
  field: string;
  outcome: Outcome;
  detail?: string;
}

/** From most to least certain. A member with several fields is as certain as the least certain of those that were sent. */
const CERTAINTY: readonly Outcome[] = ['unchanged', 'verified', 'accepted', 'dropped'];

/** Folds the outcomes of the fields of one top-level member into its row. */
export function receiptRow(member: string, outcomes: readonly FieldOutcome[]): ReceiptRow {
  const [only] = outcomes;
  if (only && outcomes.length === 1) return rowOf(member, only.outcome, only.detail);
  const ranked = [...outcomes].sort((a, b) => CERTAINTY.indexOf(b.outcome) - CERTAINTY.indexOf(a.outcome));
  const details = [...new Set(outcomes.flatMap((row) => (row.detail === undefined ? [] : [row.detail])))];
  const worst = ranked[0];
  if (worst === undefined) throw new RangeError('a receipt row needs at least one outcome');
  // A half that was written is not "dropped": the row then tells the written half, its detail the dropped one.
  const written = ranked.find((row) => row.outcome !== 'dropped');
  return rowOf(member, (written ?? worst).outcome, details.length > 0 ? details.join(' ') : undefined);
}

function rowOf(member: string, outcome: Outcome, detail: string | undefined): ReceiptRow {
  const pointer = `/${member}`;
  return detail === undefined ? { pointer, outcome } : { pointer, outcome, detail };
}
