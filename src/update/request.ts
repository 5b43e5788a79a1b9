/** One update as data: what is asked for, and what is answered. */
import type { GoneSignal } from '../connection/transport';
import { Problem, type ProblemCode, problemBody } from '../problem';
import type { Clinic } from '../runtime/locate';
import type { CanonicalPatch } from '../staff/patch';
import type { AsLeft } from '../store/asLeft';
import type { Lease, OperationTarget } from '../store/operation';

export interface UpdateRequest {
  requestId: string;
  /** The caller's name, for the audit. */
  caller: string;
  clinic: Clinic;
  staffId: string;
  patch: CanonicalPatch;
  /** Whether the caller may see what is stored; absent: it may. */
  mayRead?: boolean;
  /** `Prefer: handling=lenient`: drop what the vendor cannot hold instead of refusing. */
  lenient: boolean;
  /** `Prefer: return=minimal`: a success is answered without `data`. */
  minimal?: boolean;
  /** `Prefer: respond-async`: queue it, and answer at once. */
  respondAsync?: boolean;
  /** Everything that `Preference-Applied` names of the above. */
  preferences?: string | undefined;
  dryRun: boolean;
  /** What it is in the audit; absent: an update. */
  kind?: 'copy' | 'mirror';
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  /** `Idempotency-Key`. */
  idempotencyKey?: string | undefined;
  /** Of the key once it is this request's own: what `Journal.claim` gave. */
  idempotencyHandle?: string;
  /** Aborted when no caller waits for the answer any more; cancels only what was not yet sent. */
  gone: GoneSignal;
  /** It was queued, and is now the oldest of its staff member. */
  queued?: boolean;
  /**
   * It goes to `clinic.connection` although the clinic may be elsewhere: a mirror, or a connection that is being prepared. Where the
   * clinic is decides about all others.
   */
  beside?: boolean;
  /** The operation whose end is written down with its own, if its mirror has it. */
  delivered?: Lease;
  /** The record that it was meant for when it was queued. */
  target?: OperationTarget | undefined;
  /**
   * An earlier attempt of this same update may have reached the vendor: read first, and count what the record already
   * holds as verified instead of writing it again.
   */
  settleFirst?: boolean;
  /** The record as that attempt has left it: the condition of the request held before, and now this has to. */
  asLeft?: AsLeft | undefined;
}

/** An answer as data, so that it can be kept with a key or an operation. */
export interface UpdateResponse {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
  /** Set if the answer is not a success; `body` is then its document. */
  problem?: Problem;
  /** The record as the update has left it, if it came with a condition and has not ended well. */
  asLeft?: AsLeft;
}

/** The answer that a problem is. */
export function refusal(problem: Problem, { requestId }: Pick<UpdateRequest, 'requestId'>): UpdateResponse {
  return {
    status: problem.status,
    headers: { ...problem.extras.headers },
    body: problemBody(problem, requestId),
    problem,
  };
}

/** Nothing was sent, because the journal could not be written first. What an earlier try has done is then unknown. */
export function gatewayUnavailable({ settleFirst }: Pick<UpdateRequest, 'settleFirst'> = {}): Problem {
  return new Problem('gateway_unavailable', 'The gateway’s own store is not available. Nothing was sent.', {
    outcome: settleFirst ? 'unknown' : 'not_applied',
    headers: { 'retry-after': '5' },
  });
}

/** This process' configuration has the clinic elsewhere than the store. Nothing was sent. */
export function clinicIsMoving({ settleFirst }: Pick<UpdateRequest, 'settleFirst'> = {}): Problem {
  return new Problem(
    'clinic_is_moving',
    'The clinic is moving to another connection, and not all of the gateway knows it yet. Nothing was sent.',
    { outcome: settleFirst ? 'unknown' : 'not_applied', headers: { 'retry-after': '2' } },
  );
}

/** Codes of failures that can happen before anything has reached the vendor. */
const EARLY: readonly ProblemCode[] = [
  'vendor_unavailable',
  'vendor_rate_limited',
  'vendor_credentials_rejected',
  'gateway_unavailable',
  'clinic_is_moving',
];

/**
 * True if no trace of the update can be at the vendor. `not_applied` alone may also be what a read has shown after a
 * failure, and then the write might still arrive late.
 */
export function provablyUnsent({ code, extras }: Problem): boolean {
  const answered = extras.vendor?.status;
  return (
    extras.outcome === 'not_applied' && EARLY.includes(code) && (answered === undefined || answered < 500)
  );
}
