/** Rows that tell of one field of one staff member. Never a value, unless values were asked for. */
/**
 * What would become of a field. `fits`: it can be copied. `same`: it is there already. `unmapped_code`, `unsupported`,
 * `not_expressible`: it cannot be held there. `blocked`: something stored there is in the way of any update. `no_record`: nobody is
 * linked there, or to a record that does not exist. `unreadable`: what is stored, here or there, has no canonical meaning.
 */
export const REHEARSAL_VERDICTS = [
  'fits',
  'same',
  'unmapped_code',
  'unsupported',
  'not_expressible',
  'blocked',
  'no_record',
  'unreadable',
] as const;
export type RehearsalVerdict = (typeof REHEARSAL_VERDICTS)[number];

/**
 * How a field stands on both sides. `known_difference`: by the tables it cannot be held there. `missing_there`: the staff member has
 * no record there.
 */
export const COMPARISON_VERDICTS = [
  'equal',
  'differs',
  'only_here',
  'only_there',
  'known_difference',
  'missing_there',
  'unreadable',
] as const;
export type ComparisonVerdict = (typeof COMPARISON_VERDICTS)[number];

/** Those that speak against moving: nothing explains them. */
export const UNEXPLAINED: readonly ComparisonVerdict[] = [
  'differs',
  'only_here',
  'missing_there',
  'unreadable',
];

export interface Row<Verdict extends string> {
  staffId: string;
  /** A pointer; empty for the record as a whole. */
  field: string;
  verdict: Verdict;
  detail?: string;
  /** Only if values were asked for. */
  here?: unknown;
  there?: unknown;
}

/** A code without its counterpart in the configuration, and how many fields need it. */
export interface CodeCount {
  /** The list in the configuration: `vendors.<there>.codes.<list>`. */
  list: string;
  code: string;
  count: number;
}

/** Everything that commands about two sides have to say. */
export interface Report<Verdict extends string> {
  clinic: string;
  here: string;
  there: string;
  /** Whether both sides were read to their end. */
  complete: boolean;
  /** When reading began. ISO 8601, UTC. */
  asOf: string;
  counts: Record<Verdict, number>;
  codes: CodeCount[];
  /** Staff members that were looked at. */
  people: number;
  /** Why it is not complete: of which connection, and what is wrong with it. */
  incomplete: { connection: string; reason: string }[];
}

export function noCounts<Verdict extends string>(verdicts: readonly Verdict[]): Record<Verdict, number> {
  return Object.fromEntries(verdicts.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
}
