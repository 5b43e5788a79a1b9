/** Requests that come with an idempotency key: one of them works, the others get its answer. */
import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson } from '../lib/json';
import { Problem, problemBody } from '../problem';
import type { Claimed } from '../store/idempotency';
import type { Journal } from '../store/journal';
import { StoreUnavailable } from '../store/unavailable';
import { type FinalAnswer, gatewayUnavailable } from './execute';

export interface KeyedRequest {
  requestId: string;
  /** What the key is unique for: clinic, caller, method, path and the key itself. */
  scope: readonly string[];
  /** JSON: everything in the request that decides what it does. */
  fingerprint: unknown;
  /** For how long the key is this request's, should the process end. */
  leaseMs: number;
}

/** What `work` hands on to `executeUpdate`, or ends with `Journal.endClaim`. */
export interface HeldKey {
  idempotencyScope: string;
  settleFirst: boolean;
}

export async function once(
  journal: Journal,
  request: KeyedRequest,
  work: (key: HeldKey) => Promise<FinalAnswer>,
): Promise<FinalAnswer> {
  let claimed: Claimed;
  try {
    claimed = await journal.claim({
      scope: digest(request.scope),
      fingerprint: digest(request.fingerprint),
      owner: randomUUID(),
      leaseMs: request.leaseMs,
    });
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // Whether an earlier request with this key has had its effect cannot be looked up.
    return refusal(request, gatewayUnavailable({ settleFirst: true }));
  }
  switch (claimed.kind) {
    case 'mine':
      return work({ idempotencyScope: claimed.handle, settleFirst: claimed.settleFirst });
    case 'replay': {
      const { status, headers, body } = claimed.answer;
      return { status, headers: { ...headers, 'idempotency-replayed': 'true' }, body: { ...body } };
    }
    case 'reused':
      return refusal(
        request,
        new Problem(
          'idempotency_key_reused',
          'This key was sent before with a different request. Nothing was sent.',
        ),
      );
    case 'in_progress':
      return refusal(
        request,
        new Problem('idempotency_in_progress', 'The first request with this key is still under way.', {
          headers: { 'retry-after': '1' },
        }),
      );
  }
}

function refusal({ requestId }: KeyedRequest, problem: Problem): FinalAnswer {
  return {
    status: problem.status,
    headers: { ...problem.extras.headers },
    body: problemBody(problem, requestId),
    problem,
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}
