/**
 * What becomes of an update that has arrived: it is run at once, or it is queued and delivered later. Nothing overtakes:
 * while a staff member has queued updates, a later one goes behind them or is refused.
 */

import { tableOf } from '../directory/record';
import { Problem, problemBody } from '../problem';
import { type FindLink, locate } from '../runtime/locate';
import { scopeOf } from '../store/idempotency';
import type { Journal } from '../store/journal';
import type { Operation } from '../store/operation';
import type { Operations } from '../store/operations';
import { StoreUnavailable } from '../store/unavailable';
import { admit } from '../update/admit';
import { type FinalAnswer, gatewayUnavailable, type Queue, type UpdateIntake } from '../update/execute';
import { Overtaking } from '../update/update';
import { provablyUnsent } from './deliver';

export interface AcceptParts {
  links: FindLink;
  operations: Operations;
  journal: Journal;
  /** Runs one update and gives its answer. */
  execute: (intake: UpdateIntake, queue?: Queue) => Promise<FinalAnswer>;
  /** Called when something was queued. */
  wake: () => void;
}

/**
 * Never throws a Problem: it is turned into an answer. Durable when it resolves.
 * @param respondAsync `Prefer: respond-async`
 */
export async function acceptUpdate(
  parts: AcceptParts,
  intake: UpdateIntake,
  respondAsync: boolean,
): Promise<FinalAnswer> {
  if (intake.dryRun) return parts.execute(intake);
  if (respondAsync) return queueNow(parts, intake, ['respond-async']);
  const { name, whenVendorDown } = intake.clinic;
  const queues = whenVendorDown === 'queue';
  try {
    return await parts.execute(intake, {
      isBehind: () => parts.operations.isBehind(name, intake.staffId),
      instead: queues ? (answer) => queueWhenUnsent(parts, intake, answer) : undefined,
    });
  } catch (error) {
    if (!(error instanceof Overtaking)) throw error;
    return queues ? queueNow(parts, intake) : refused(parts, intake, notYet(intake));
  }
}

/** What an earlier request with the same key may have done, nobody has looked at. */
function notYet({ settleFirst }: UpdateIntake): Problem {
  return new Problem(
    'conflict',
    'Queued updates of this staff member are not delivered yet. Send this one with Prefer: respond-async, or wait.',
    { outcome: settleFirst ? 'unknown' : 'not_applied', headers: { 'retry-after': '5' } },
  );
}

/** Judged as far as that needs no vendor, so that a mistake is answered at once; then queued. */
async function queueNow(
  parts: AcceptParts,
  intake: UpdateIntake,
  honoured: readonly string[] = [],
): Promise<FinalAnswer> {
  try {
    const { connection } = await locate(parts.links, intake.clinic, intake.staffId);
    admit(intake.patch, tableOf(connection.adapter), intake.lenient, connection.title);
    const queued = accepted(await enqueue(parts, intake, intake.settleFirst ?? false), intake, honoured);
    await endKey(parts, intake, queued);
    return queued;
  } catch (error) {
    return refused(parts, intake, error);
  }
}

/** Keeps an update that did not reach the vendor. Where even the queue fails, the vendor's failure is the answer. */
async function queueWhenUnsent(
  parts: AcceptParts,
  intake: UpdateIntake,
  { problem }: FinalAnswer,
): Promise<FinalAnswer | undefined> {
  const down = problem?.code === 'vendor_unavailable' || problem?.code === 'vendor_rate_limited';
  if (!down || problem.extras.outcome !== 'not_applied') return undefined;
  try {
    const settle = (intake.settleFirst ?? false) || !provablyUnsent(problem);
    return accepted(await enqueue(parts, intake, settle), intake, []);
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}

async function enqueue(
  { operations, wake }: AcceptParts,
  intake: UpdateIntake,
  settle: boolean,
): Promise<Operation> {
  const { idempotencyScope: handle, ifMatch } = intake;
  const operation = await operations.enqueue({
    clinic: intake.clinic.name,
    staffId: intake.staffId,
    caller: intake.caller,
    requestId: intake.requestId,
    patch: JSON.stringify(intake.patch),
    lenient: intake.lenient,
    settle,
    ...(ifMatch !== undefined && { ifMatch }),
    ...(handle !== undefined && { idempotencyScope: scopeOf(handle) }),
  });
  wake();
  return operation;
}

function accepted(
  { id, status, createdAt }: Operation,
  { requestId, clinic, staffId, lenient }: UpdateIntake,
  honoured: readonly string[],
): FinalAnswer {
  const applied = [...honoured, ...(lenient ? ['handling=lenient'] : [])].join(', ');
  return {
    status: 202,
    headers: { location: `/operations/${id}`, ...(applied !== '' && { 'preference-applied': applied }) },
    body: { data: { id, staffId, status, createdAt }, meta: { requestId, clinic: clinic.name } },
  };
}

/** Nothing was sent and nothing was queued, so the key is as if it had never been used. */
async function refused(parts: AcceptParts, intake: UpdateIntake, error: unknown): Promise<FinalAnswer> {
  const problem = error instanceof StoreUnavailable ? gatewayUnavailable(intake) : error;
  if (!(problem instanceof Problem)) throw error;
  await endKey(parts, intake, undefined);
  return {
    status: problem.status,
    headers: { ...problem.extras.headers },
    body: problemBody(problem, intake.requestId),
    problem,
  };
}

/** A key whose end cannot be written stays taken for a while; the queue knows the request by its key all the same. */
async function endKey(
  { journal }: AcceptParts,
  { idempotencyScope: handle, settleFirst }: UpdateIntake,
  answer: FinalAnswer | undefined,
): Promise<void> {
  if (handle === undefined) return;
  try {
    if (answer) await journal.endClaim({ handle, state: 'done', answer });
    else await journal.endClaim({ handle, state: settleFirst ? 'unsettled' : 'free' });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}
