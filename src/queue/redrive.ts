/** What an operator decides about updates that nobody could deliver, one by one, each with its row in the audit. */
import { act } from '../store/changes';
import type { OperationStatus, Redriven } from '../store/operation';
import type { Operations } from '../store/operations';
import type { Trail } from '../store/trail';

export type RedriveKind = 'retry' | 'discard';

/** The statuses that an operation may have for it. */
export const REDRIVEN_FROM: Readonly<Record<RedriveKind, readonly OperationStatus[]>> = {
  retry: ['dead'],
  discard: ['dead', 'queued'],
};

export interface RedriveParts {
  operations: Pick<Operations, RedriveKind | 'find'>;
  trail: Pick<Trail, 'add'>;
  /** Who decides, as the audit names it. */
  by: { caller: string; requestId: string };
}

/** @throws StoreUnavailable */
export async function redrive(
  { operations, trail, by }: RedriveParts,
  kind: RedriveKind,
  id: string,
): Promise<Redriven> {
  const result = await (kind === 'retry' ? operations.retry(id) : operations.discard(id));
  if (result !== 'done') return result;
  const { clinic = '', staffId = '' } = (await operations.find(id)) ?? {};
  await trail.add([act({ kind, ...by, clinic, staffId, detail: { operation: id } })]);
  return result;
}
