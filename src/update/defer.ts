/** Updates that are kept for later: asked for so, behind others that are queued, or because the vendor is down. */
import { tableOf } from '../directory/record';
import { Problem } from '../problem';
import { type FindLink, type Location, locate } from '../runtime/locate';
import { scopeOf } from '../store/idempotency';
import type { Journal } from '../store/journal';
import type { NewOperation, Operation } from '../store/operation';
import type { Operations } from '../store/operations';
import { StoreUnavailable } from '../store/unavailable';
import { admit } from './admit';
import type { Ending } from './auditRow';
import { endKey, releaseKey } from './idempotency';
import {
  gatewayUnavailable,
  provablyUnsent,
  refusal,
  type UpdateRequest,
  type UpdateResponse,
} from './request';

interface DeferParts {
  links: FindLink;
  journal: Journal;
  operations: Operations;
}

/**
 * Judged as far as that needs no vendor, so that a mistake is answered at once; then queued.
 * @returns `away` if the clinic is elsewhere; nothing was done then
 */
export async function defer(parts: DeferParts, request: UpdateRequest): Promise<UpdateResponse | 'away'> {
  try {
    const location = await locate(parts.links, request.clinic, request.staffId);
    const { connection } = location;
    admit(request.patch, tableOf(connection.adapter), request.lenient, connection.title);
    const operation = await enqueue(parts, request, location, {
      settle: request.settleFirst ?? false,
      asLeft: request.asLeft,
    });
    if (operation === 'away') return operation;
    const response = acceptedAs(operation, request);
    await endKey(parts.journal, request, response);
    return response;
  } catch (error) {
    const problem = error instanceof StoreUnavailable ? gatewayUnavailable(request) : error;
    if (!(problem instanceof Problem)) throw error;
    // Nothing was sent and nothing was queued, so the key is as if it had never been used.
    await releaseKey(parts.journal, request);
    return refusal(problem, request);
  }
}

/**
 * Queues an update that did not reach the vendor, if the clinic wants that.
 * @returns undefined if the update's own ending is the answer, also because even the queue fails; a problem if the caller may
 *   queue no more
 */
export async function deferUnsent(
  parts: DeferParts,
  request: UpdateRequest,
  ended: Ending,
): Promise<UpdateResponse | Problem | undefined> {
  if (request.queued || request.clinic.whenVendorDown !== 'queue' || !('problem' in ended)) return undefined;
  const { code, extras } = ended.problem;
  const down = code === 'vendor_unavailable' || code === 'vendor_rate_limited';
  // Of an update that was applied in part the rest is delivered, if it is known what that is.
  const isOpen = extras.receipt?.some(({ outcome }) => outcome === 'unknown') ?? false;
  const missing = extras.outcome === 'not_applied' || (extras.outcome === 'partial' && !isOpen);
  if (!down || !missing) return undefined;
  try {
    const settle = (request.settleFirst ?? false) || !provablyUnsent(ended.problem);
    const location = await locate(parts.links, request.clinic, request.staffId);
    const asLeft = ended.asLeft ?? request.asLeft;
    const operation = await enqueue(parts, request, location, { settle, asLeft });
    return operation === 'away' ? undefined : acceptedAs(operation, request);
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    if (error instanceof Problem && error.code === 'rate_limited') return error;
    throw error;
  }
}

/**
 * @param made an attempt that was already made may have reached the vendor, and left the record so
 * @returns `away` if the clinic is elsewhere by now
 * @throws Problem `rate_limited` if the caller has as many queued as it may
 */
async function enqueue(
  { operations }: DeferParts,
  request: UpdateRequest,
  { connection, recordId }: Location,
  made: Pick<NewOperation, 'settle' | 'asLeft'>,
): Promise<Operation | 'away'> {
  const { idempotencyHandle: handle, ifMatch, ifNoneMatch, clinic, patch, staffId } = request;
  const operation = await operations.enqueueWithin(clinic.maxQueuedPerCaller, {
    clinic: clinic.name,
    staffId,
    caller: request.caller,
    requestId: request.requestId,
    patch: JSON.stringify(patch),
    lenient: request.lenient,
    target: { vendor: connection.name, vendorRecordId: recordId },
    ...made,
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(handle !== undefined && { idempotencyScope: scopeOf(handle) }),
  });
  if (operation === 'full') throw tooManyQueued(request);
  return operation;
}

function tooManyQueued({ clinic, settleFirst }: UpdateRequest): Problem {
  return new Problem(
    'rate_limited',
    `This caller has ${clinic.maxQueuedPerCaller} unfinished updates in the queue, which is all it may. Nothing was queued.`,
    { outcome: settleFirst ? 'unknown' : 'not_applied', headers: { 'retry-after': '10' } },
  );
}

function acceptedAs(
  { id, status, createdAt }: Operation,
  { requestId, clinic, staffId, lenient, respondAsync }: UpdateRequest,
): UpdateResponse {
  const applied = [...(respondAsync ? ['respond-async'] : []), ...(lenient ? ['handling=lenient'] : [])];
  return {
    status: 202,
    headers: {
      location: `/operations/${id}`,
      ...(applied.length > 0 && { 'preference-applied': applied.join(', ') }),
    },
    body: { data: { id, staffId, status, createdAt }, meta: { requestId, clinic: clinic.name } },
  };
}
