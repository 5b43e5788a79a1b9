/** What a store holds when an operator is called: very many dead deliveries, many that went well, and the links of two clinics. */
import type { Database } from '../../src/store/database';

const BATCH = 500;
/** For each dead one so many that went well. */
const WENT_WELL = 5;
/** Every so many of the second clinic's is for its mirror. */
const MIRRORED = 20;

/** Staff of clinic `south` every fifth, else of `north`. */
export async function fillQueue({ db }: Database, dead: number): Promise<void> {
  const total = dead * (1 + WENT_WELL);
  for (let from = 0; from < total; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, total - from) }, (_, index) =>
      from + index < dead ? deadRow(from + index) : doneRow(from + index),
    );
    await db.insertInto('operations').values(rows).execute();
  }
}

function deadRow(number: number) {
  const isMirrored = number % MIRRORED === 0;
  return {
    ...common(number),
    patch: JSON.stringify({ changes: [{ field: 'status', value: 'active' }] }),
    status: 'dead' as const,
    settle: number % 10 === 0 ? 1 : 0,
    last_code: 'vendor_unavailable',
    last_detail: 'The vendor cannot be reached.',
    vendor: isMirrored ? 'copy' : null,
    vendor_record_id: isMirrored ? `pr_${number}` : null,
    mirrored: isMirrored ? 1 : 0,
    finished_at: null,
  };
}

function doneRow(number: number) {
  return {
    ...common(number),
    patch: null,
    status: number % 50 === 0 ? ('failed' as const) : ('succeeded' as const),
    settle: 0,
    last_code: number % 50 === 0 ? 'vendor_rejected' : null,
    last_detail: null,
    vendor: null,
    vendor_record_id: null,
    mirrored: 0,
    finished_at: new Date().toISOString(),
  };
}

function common(number: number) {
  return {
    id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    clinic: number % 5 === 0 ? 'south' : 'north',
    staff_id: `st-${number}`,
    caller: 'app-1',
    request_id: `r-${number}`,
    lenient: 0,
    attempts: 3,
    attempts_before: 0,
    created_at: new Date().toISOString(),
  };
}

/** So many in each clinic, of which the mirror has nearly all. */
export async function fillLinks({ db }: Database, staff: number): Promise<void> {
  const now = new Date().toISOString();
  for (const clinic of ['north', 'south']) {
    for (const vendor of ['main', 'copy']) {
      for (let from = 0; from < staff; from += BATCH) {
        const rows = Array.from({ length: Math.min(BATCH, staff - from) }, (_, index) => ({
          clinic,
          staff_id: `st-${from + index}`,
          vendor,
          vendor_record_id: `pr_${clinic}_${from + index}`,
          revision: 1,
          created_at: now,
          updated_at: now,
          checked_at: now,
        }));
        const kept = vendor === 'main' ? rows : rows.filter(({ staff_id }) => !staff_id.endsWith('99'));
        await db.insertInto('links').values(kept).execute();
      }
    }
  }
}
