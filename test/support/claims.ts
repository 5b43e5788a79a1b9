/** The queue of updates as a worker without a turn to keep sees it. */
import type { Lease } from '../../src/store/operation';
import type { Operations } from '../../src/store/operations';

/** @param limit of each lane */
export async function claimDue(
  operations: Operations,
  owner: string,
  limit: number,
  leaseSeconds: number,
): Promise<Lease[]> {
  const due = (await operations.lanes()).filter(({ dueMs }) => dueMs <= 0);
  if (due.length === 0) return [];
  return operations.claim(
    owner,
    due.map((lane) => ({ lane, most: limit })),
    leaseSeconds,
  );
}

/** @returns milliseconds until the next operation of all is due; undefined if none waits for the time */
export async function nextDue(operations: Operations): Promise<number | undefined> {
  const [first] = (await operations.lanes()).map(({ dueMs }) => dueMs).sort((a, b) => a - b);
  return first;
}
