/** A store as it is after some years: rows of the audit, and updates that wait. */
import { auditKeys } from '../src/store/auditKeys';
import { act } from '../src/store/changes';
import { openDatabase } from '../src/store/database';
import { createJournal } from '../src/store/journal';
import { createOperations } from '../src/store/operations';
import { AUDIT_KEY, CLINICS } from './gateway';

const BATCH = 2000;

/**
 * As many rows of the audit, and a hundredth as many queued updates.
 * @returns the id of one of these
 */
export async function fillStore(storeUrl: string, size: number): Promise<string> {
  const database = await openDatabase(storeUrl);
  const keys = auditKeys([AUDIT_KEY]);
  const journal = createJournal(database, {
    values: { kind: 'hashed', salt: 'bench' },
    keys,
    keyTtlMs: 1000,
  });
  const { clinic, vendor } = CLINICS.clinikapi;
  try {
    for (let from = 0; from < size; from += BATCH) {
      const indexes = Array.from({ length: Math.min(BATCH, size - from) }, (_, index) => from + index);
      await Promise.all(indexes.map((index) => journal.end({ change: rowAt(index) })));
    }
    const operations = createOperations(database);
    let last = '';
    for (let index = 0; index < size / 100; index += 1) {
      const queued = await operations.enqueue({
        ...{ clinic, staffId: `queued-${index}`, caller: 'night-import', requestId: `r-${index}` },
        patch: JSON.stringify({ changes: [{ field: 'status', value: 'active' }], members: ['status'] }),
        ...{ lenient: false, settle: false, target: { vendor, vendorRecordId: `pr_${index}` } },
      });
      last = queued.id;
    }
    // They stay where they are for as long as this takes.
    const later = new Date(Date.now() + 86_400_000).toISOString();
    await database.db.updateTable('operations').set({ available_at: later }).execute();
    return last;
  } finally {
    await journal.close();
    await database.close();
  }
}

function rowAt(index: number) {
  const { clinic, vendor } = CLINICS.clinikapi;
  return act({
    kind: 'update',
    at: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
    requestId: `r-${index}`,
    clinic,
    // What is rare is among the oldest, far from where a search begins.
    caller: index < 50 ? 'retired-app' : 'bench-north',
    staffId: `st-${index % 5000}`,
    vendor,
    vendorRecordId: `pr_${index % 5000}`,
    outcome: index % 1000 === 3 ? 'failed' : 'success',
    status: 200,
    durationMs: 3,
    fields: { '/status': 'verified' },
    values: { '/status': 'active' },
  });
}
