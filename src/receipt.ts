/** The receipt: one row for each top-level member of the update, saying what became of it. */

export const OUTCOMES = ['verified', 'accepted', 'unchanged', 'dropped'] as const;

/**
 * `verified`: the vendor's returned or re-read record holds the value. `accepted`: the vendor acknowledged and the
 * value cannot be read back. `unchanged`: it already had the value. `dropped`: unsupported, lenient handling only.
 */
export type Outcome = (typeof OUTCOMES)[number];

/**
 * What became of a member besides, if only a part of the update was applied. `not_applied`: it was not. `unknown`: nobody can
 * tell, or a part of it was.
 */
export const OPEN_OUTCOMES = ['not_applied', 'unknown'] as const;

export type OpenOutcome = (typeof OPEN_OUTCOMES)[number];

export interface ReceiptRow {
  /** Pointer of the top-level member, such as `/name`. */
  pointer: string;
  outcome: Outcome | OpenOutcome;
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
  outcome: Outcome | OpenOutcome;
  detail?: string;
}

/** From most to least certain. A member with several fields is as certain as the least certain of those that were sent. */
const CERTAINTY: readonly FieldOutcome['outcome'][] = [
  ...(['unchanged', 'verified', 'accepted'] as const),
  ...(['not_applied', 'unknown', 'dropped'] as const),
];

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

function rowOf(member: string, outcome: FieldOutcome['outcome'], detail: string | undefined): ReceiptRow {
  const pointer = `/${member}`;
  return detail === undefined ? { pointer, outcome } : { pointer, outcome, detail };
}
