/**
 * One update, from top to bottom: key → locate → admit → turn → read → plan → journal begins → write → confirm → receipt →
 * journal ends → answer. Requests and the delivery of queued updates both come through here.
 */
import { Problem } from '../problem';
import type { Runtime } from '../runtime/runtime';
import { StoreUnavailable } from '../store/unavailable';
import { auditRow, type Ending } from './auditRow';
import { type CarryParts, carryOut } from './carryOut';
import { defer, deferUnsent } from './defer';
import { claimKey, keyVerdict, releaseKey } from './idempotency';
import { isMirrored, isPatient, mirroredPart } from './mirror';
import {
  clinicIsMoving,
  gatewayUnavailable,
  refusal,
  type UpdateRequest,
  type UpdateResponse,
} from './request';
import { visibleTo } from './visible';

export interface UpdateParts extends CarryParts {
  /** The configuration in use. */
  runtime: Pick<Runtime, 'acquire'>;
}

const FOR_LATER = { ended: 'behind', release: () => {} } as const;

/**
 * Never throws a Problem: it is turned into an answer. Durable when it resolves: what was sent, or that nothing was.
 * @throws only what is a defect, after it was written down
 */
export async function update(parts: UpdateParts, request: UpdateRequest): Promise<UpdateResponse> {
  const claim = await claimKey(parts.journal, request);
  const response =
    'response' in claim ? claim.response : await conduct(parts, claim.request, performance.now());
  return visibleTo(request, response);
}

async function conduct(parts: UpdateParts, request: UpdateRequest, started: number): Promise<UpdateResponse> {
  const isForLater = request.respondAsync && !request.dryRun;
  const { ended, release } = isForLater ? FOR_LATER : await carryOut(parts, request);
  if (ended === 'away') return anew(parts, request, started);
  if (ended !== 'behind') {
    try {
      return await conclude(parts, request, ended, started);
    } finally {
      release();
    }
  }
  if (isForLater || request.clinic.whenVendorDown === 'queue') {
    const accepted = await defer(parts, request);
    return accepted === 'away' ? anew(parts, request, started) : accepted;
  }
  await releaseKey(parts.journal, request);
  return refusal(stillQueued(request), request);
}

/** The configuration may have changed on the way: the update begins anew by the new one. If it has not, others have moved on. */
async function anew(parts: UpdateParts, request: UpdateRequest, started: number): Promise<UpdateResponse> {
  await parts.presence.settled();
  const { generation, release } = parts.runtime.acquire();
  try {
    const clinic = generation.clinics.get(request.clinic.name);
    const isMoved = clinic !== undefined && clinic.connection.name !== request.clinic.connection.name;
    return isMoved
      ? await conduct(parts, { ...request, clinic }, started)
      : await conclude(parts, request, { problem: clinicIsMoving(request) }, started);
  } finally {
    release();
  }
}

async function conclude(
  parts: UpdateParts,
  request: UpdateRequest,
  carried: Ending,
  started: number,
): Promise<UpdateResponse> {
  const later = request.dryRun ? undefined : await deferUnsent(parts, request, carried);
  const ended: Ending = later instanceof Problem ? { ...carried, problem: later } : carried;
  const deferred = later instanceof Problem ? undefined : later;
  const response = deferred ?? ('defect' in ended ? undefined : responseTo(request, ended));
  try {
    const change = auditRow(request, ended, performance.now() - started);
    // Nobody is woken to deliver it: it goes with others at the next look, which costs the callers' requests less.
    const mirrored = isMirrored(request) ? mirroredPart(request.clinic, request, change.fields) : undefined;
    // The journal ends: the audit row, the key's answer, the end of the attempt and what the mirror is to get, in one transaction.
    await parts.journal.end({
      change,
      mirrored,
      delivered: 'result' in ended ? request.delivered : undefined,
      patient: isPatient(request),
      attempt: ended.attempt?.id,
      key: keyVerdict(request, ended, response, deferred !== undefined),
    });
  } catch (error) {
    // Only if nothing was sent: an update that leaves no trace is not answered as if it had been heard.
    if (!(error instanceof StoreUnavailable)) throw error;
    return deferred ?? refusal(gatewayUnavailable(request), request);
  }
  return response ?? responseTo(request, ended);
}

function responseTo(request: UpdateRequest, ended: Ending): UpdateResponse {
  if ('defect' in ended) throw ended.defect;
  if ('problem' in ended) {
    const { problem, asLeft } = ended;
    return { ...refusal(problem, request), ...(asLeft && { asLeft }) };
  }
  const { data, meta, etag } = ended.result;
  return {
    status: 200,
    headers: etag === undefined ? {} : { etag },
    body: request.minimal ? { meta } : { data, meta },
  };
}

/** It was not checked what an earlier request with the same key has done. */
function stillQueued({ settleFirst }: UpdateRequest): Problem {
  return new Problem(
    'conflict',
    'Queued updates of this staff member are not delivered yet. Send this one with Prefer: respond-async, or wait.',
    { outcome: settleFirst ? 'unknown' : 'not_applied', headers: { 'retry-after': '5' } },
  );
}
