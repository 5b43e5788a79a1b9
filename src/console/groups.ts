/** Rows of a report that are alike. */
import { type Row, UNEXPLAINED } from '../switch/verdict';

/** So much of anything is shown. */
export const FEW = 100;

/** As many as anybody looks at one by one. */
const MOST_NAMED = 20;

/** What is shown first. */
const SPEAKS_AGAINST: readonly string[] = [...UNEXPLAINED, 'blocked', 'no_record'];

interface Group {
  field: string;
  verdict: string;
  detail: string;
  count: number;
  /** The first of them. */
  staff: string[];
}

/** Counts them, with the first of whom they tell. */
export class Groups {
  readonly #counts = new Map<string, Group>();

  add({ staffId, field, verdict, detail = '' }: Row<string>): void {
    if (['same', 'equal'].includes(verdict)) return;
    const key = JSON.stringify([field, verdict, detail]);
    const known = this.#counts.get(key);
    if (known) {
      known.count += 1;
      if (known.staff.length < MOST_NAMED) known.staff.push(staffId);
    } else if (this.#counts.size < FEW) {
      this.#counts.set(key, { field, verdict, detail, count: 1, staff: [staffId] });
    }
  }

  list() {
    const rank = ({ verdict }: Group) => (SPEAKS_AGAINST.includes(verdict) ? 0 : 1);
    return [...this.#counts.values()].sort(
      (one, other) => rank(one) - rank(other) || other.count - one.count,
    );
  }
}
