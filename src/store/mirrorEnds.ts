/** Updates that a mirror has: their end in the queue, of any number in three statements, as a part of the journal's transaction. */
import type { Transaction } from 'kysely';
import type { Engine } from './engine';
import { overRows } from './given';
import { NOW } from './mirrorQueue';
import type { Lease } from './operation';
import type { Schema } from './schema';
import { holdsBackText } from './staffQueue';

const LEASE = { operation: 'text', owner: 'text', attempt: 'bigint' } as const;
const PERSON = { of_clinic: 'text', of_staff: 'text' } as const;

/** With another owner or number it is somebody else's now, and stays as it is. */
const finishRows = overRows<keyof typeof LEASE, { id: string }>(
  LEASE,
  (rows, engine) => `with given (${Object.keys(LEASE)}) as (${rows})
    update operations set status = 'succeeded', finished_at = ${NOW[engine]}, available_at = null, lease_owner = null,
      last_code = null, last_detail = null, answer = null, patch = null, if_match = null, if_none_match = null
    from given where id = operation and status = 'running' and lease_owner = owner and attempts = attempt
    returning id`,
);

const endAttempts = overRows(
  LEASE,
  (rows, engine) => `with given (${Object.keys(LEASE)}) as (${rows})
    update operation_attempts set finished_at = ${NOW[engine]}, outcome = 'succeeded', code = null, detail = null
    from given where operation_id = operation and number = attempt`,
);

const promoteRows = overRows(
  PERSON,
  (rows, engine) => `with given (${Object.keys(PERSON)}) as (${rows})
    update operations set available_at = ${NOW[engine]}, scheduled_at = ${NOW[engine]}
    from given where clinic = of_clinic and staff_id = of_staff and finished_at is null and status = 'queued'
      and available_at is null
      and not exists (select 1 from operations as earlier where ${holdsBackText('earlier', 'operations')})`,
);

/** After `lockQueues`. */
export async function finishMirrored(
  transaction: Transaction<Schema>,
  engine: Engine,
  leases: readonly Lease[],
): Promise<void> {
  if (leases.length === 0) return;
  const rowOf = ({ id, owner, number }: Lease) => ({ operation: id, owner, attempt: number });
  const { rows } = await finishRows(transaction, engine, leases.map(rowOf));
  const ids = new Set(rows.map(({ id }) => id));
  const ended = leases.filter(({ id }) => ids.has(id));
  if (ended.length === 0) return;
  await endAttempts(transaction, engine, ended.map(rowOf));
  await promoteRows(
    transaction,
    engine,
    ended.map(({ clinic, staffId }) => ({ of_clinic: clinic, of_staff: staffId })),
  );
}
