/** Requests that come with an idempotency key: one of them works, the others get its answer. */
import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson } from '../lib/json';
import { Problem } from '../problem';
import type { KeyEnd } from '../store/idempotency';
import type { Journal } from '../store/journal';
import { StoreUnavailable } from '../store/unavailable';
import { type Ending, leaseMs } from './auditRow';
import { gatewayUnavailable, refusal, type UpdateRequest, type UpdateResponse } from './request';

/** Go on with the request, which now holds its key if it has one; or the answer that there is already. */
type Claim = { request: UpdateRequest } | { response: UpdateResponse };

/** A dry run takes no key: nothing happens that could happen twice. */
export function claimKey(journal: Journal, request: UpdateRequest): Claim | Promise<Claim> {
  const { idempotencyKey: key, dryRun } = request;
  return key === undefined || dryRun ? { request } : claim(journal, request, key);
}

async function claim(journal: Journal, request: UpdateRequest, key: string): Promise<Claim> {
  const { clinic, caller, staffId, patch, preferences, ifMatch, ifNoneMatch } = request;
  const refused = (problem: Problem) => ({ response: refusal(problem, request) });
  try {
    const claimed = await journal.claim({
      // What the key is unique for, and everything in the request that decides what it does.
      scope: digest([clinic.name, caller, 'PATCH', `/staff/${staffId}`, key]),
      fingerprint: digest([
        patch.changes,
        preferences ?? null,
        ifMatch ?? null,
        // Without it as it was before there was one: keys outlive an upgrade.
        ...(ifNoneMatch === undefined ? [] : [ifNoneMatch]),
      ]),
      owner: randomUUID(),
      leaseMs: leaseMs(clinic),
    });
    switch (claimed.kind) {
      case 'mine':
        return {
          request: {
            ...request,
            idempotencyHandle: claimed.handle,
            settleFirst: claimed.settleFirst,
            asLeft: claimed.asLeft,
          },
        };
      case 'replay': {
        const { status, headers, body } = claimed.answer;
        return {
          response: { status, headers: { ...headers, 'idempotency-replayed': 'true' }, body: { ...body } },
        };
      }
      case 'reused':
        return refused(
          new Problem(
            'idempotency_key_reused',
            'This key was sent before with a different request. Nothing was sent.',
          ),
        );
      case 'in_progress':
        return refused(
          new Problem('idempotency_in_progress', 'The first request with this key is still under way.', {
            headers: { 'retry-after': '1' },
          }),
        );
    }
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    // Whether an earlier request with this key has had its effect cannot be looked up.
    return refused(gatewayUnavailable({ settleFirst: true }));
  }
}

/**
 * What becomes of the key. It is kept with the answer once the update has had its effect, was judged by the vendor, or is
 * queued. If nothing was sent it is set free: the same request is then judged anew. If nobody knows, the next request with it
 * has to find out.
 * @param response absent for a defect
 */
export function keyVerdict(
  { idempotencyHandle: handle, settleFirst }: UpdateRequest,
  ended: Ending,
  response: UpdateResponse | undefined,
  deferred: boolean,
): KeyEnd | undefined {
  if (handle === undefined) return undefined;
  const done = response && ({ handle, state: 'done', answer: storedAnswer(response) } as const);
  if (done && (deferred || 'result' in ended)) return done;
  const unsettled = { handle, state: 'unsettled', asLeft: ended.asLeft } as const;
  // What is missing is sent by the next request with it.
  if ('problem' in ended && ended.problem.extras.outcome === 'partial') return unsettled;
  if (ended.attempt === undefined || ('problem' in ended && didNothing(ended.problem))) {
    return { handle, state: settleFirst ? 'unsettled' : 'free' };
  }
  return done && done.answer.status < 500 ? done : unsettled;
}

/** The client left before anything was sent, or the vendor could not be reached, and the queue was full too. */
function didNothing({ code, status, extras }: Problem): boolean {
  if (code === 'malformed_request' || code === 'rate_limited') return true;
  return status === 503 && extras.outcome === 'not_applied';
}

/** Ends the key of a request that is answered without an update of its own. */
export async function endKey(
  journal: Journal,
  { idempotencyHandle: handle }: UpdateRequest,
  response: UpdateResponse,
): Promise<void> {
  if (handle !== undefined) await end(journal, { handle, state: 'done', answer: storedAnswer(response) });
}

/** Nothing was sent and nothing was queued. */
export async function releaseKey(
  journal: Journal,
  { idempotencyHandle: handle, settleFirst }: UpdateRequest,
): Promise<void> {
  if (handle !== undefined) await end(journal, { handle, state: settleFirst ? 'unsettled' : 'free' });
}

/** A key whose end cannot be written stays taken for a while; the queue still knows the request by its key. */
async function end(journal: Journal, key: KeyEnd): Promise<void> {
  try {
    await journal.endClaim(key);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
  }
}

function storedAnswer({ status, headers, body }: UpdateResponse) {
  return { status, headers, body };
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}
