/** The rows that an import refuses, and why, in words. */
import { sql } from 'kysely';
import { member } from '../lib/json';
import { type Connection, OPEN, RECORD_TWICE, STAFF_TWICE, type State } from './linkStage';

/** A row that is not imported, and why. */
export interface RefusedRow {
  line: number;
  reason: string;
  cells?: readonly string[];
}

const PAGE = 1_000;

export async function countRefused(on: Connection): Promise<number> {
  const { rows } = await sql<{ refused: number | string }>`
    select count(*) as refused from staged where state <> ${sql.lit(OPEN)}`.execute(on);
  return Number(rows[0]?.refused ?? 0);
}

interface RefusedColumns {
  line: number | string;
  clinic: string | null;
  staff_id: string | null;
  vendor: string | null;
  vendor_record_id: string | null;
  state: State;
  note: string | null;
  other_line: number | string | null;
  holder_clinic: string | null;
  holder_staff_id: string | null;
  holder_line: number | string | null;
}

/** By line. */
export async function* refusedRows(on: Connection): AsyncGenerator<RefusedRow> {
  for (let last = 0; ; ) {
    const { rows } = await refusedAfter(on, last);
    for (const row of rows) {
      const { reason = reasonOf(row), cells } = noteOf(row.note);
      yield { line: Number(row.line), reason, ...(cells !== undefined && { cells }) };
    }
    const end = rows.length === PAGE ? rows.at(-1) : undefined;
    if (end === undefined) return;
    last = Number(end.line);
  }
}

function refusedAfter(on: Connection, line: number) {
  return sql<RefusedColumns>`
    select mine.line, mine.clinic, mine.staff_id, mine.vendor, mine.vendor_record_id, mine.state, mine.note,
      case mine.state
        when ${sql.lit(STAFF_TWICE)} then (select min(line) from staged as other where other.vendor = mine.vendor
          and other.clinic = mine.clinic and other.staff_id = mine.staff_id and other.line <> mine.line)
        when ${sql.lit(RECORD_TWICE)} then (select min(line) from staged as other where other.vendor = mine.vendor
          and other.vendor_record_id = mine.vendor_record_id and other.line <> mine.line)
      end as other_line,
      links.clinic as holder_clinic, links.staff_id as holder_staff_id,
      (select min(line) from staged as holder where holder.vendor = links.vendor and holder.clinic = links.clinic
        and holder.staff_id = links.staff_id) as holder_line
    from staged as mine left join links on links.vendor = mine.vendor and links.vendor_record_id = mine.vendor_record_id
    where mine.line > ${line} and mine.state <> ${sql.lit(OPEN)} order by mine.line limit ${sql.lit(PAGE)}`.execute(
    on,
  );
}

function reasonOf(row: RefusedColumns): string {
  const record = `the ${row.vendor} record "${row.vendor_record_id}"`;
  if (row.state === STAFF_TWICE)
    return `the staff id "${row.staff_id}" has another row for ${row.vendor}, in line ${row.other_line}`;
  if (row.state === RECORD_TWICE)
    return `line ${row.other_line} links ${record} too, to another staff member or clinic`;
  if (row.holder_clinic === null) return `${record} was linked to another staff member meanwhile`;
  const holder =
    row.holder_clinic === row.clinic
      ? `${record} is linked to another staff member, "${row.holder_staff_id}"`
      : `${record} is linked in another clinic, ${row.holder_clinic}, to the staff id "${row.holder_staff_id}"`;
  return row.holder_line === null ? holder : `${holder}, whose own row in line ${row.holder_line} is refused`;
}

/** What the giver of a row wants back if it is refused. */
export function noteOf(note: string | null): { reason?: string; cells?: string[] } {
  const parsed: unknown = note === null ? undefined : JSON.parse(note);
  const [reason, cells] = [member(parsed, 'reason'), member(parsed, 'cells')];
  return {
    ...(typeof reason === 'string' && { reason }),
    ...(Array.isArray(cells) && { cells: cells.map(String) }),
  };
}
