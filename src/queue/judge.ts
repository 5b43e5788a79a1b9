import type { DeliveriesConfig } from '../config/types';
import type { Problem } from '../problem';
import type { Ending, Lease, Postponement } from '../store/operation';
import { provablyUnsent, type UpdateResponse } from '../update/request';

/**
 * What an answer means for a queued update: its end, or another attempt. Pure but for the jitter.
 * @param random gives a number from 0 to 1
 */
export function judge(
  { status, headers, body, problem, asLeft }: UpdateResponse,
  lease: Pick<Lease, 'counted' | 'settle' | 'mirror'>,
  settings: DeliveriesConfig,
  random: () => number = Math.random,
): Ending | Postponement {
  // Nobody asks for the answer of a mirror, which holds what is stored of a person.
  const answer = lease.mirror === undefined ? { status, body } : undefined;
  if (problem === undefined || (lease.mirror !== undefined && holdsNothing(problem)))
    return { status: 'succeeded', ...(answer && { answer }) };
  const error = { code: problem.code, detail: problem.detail };
  const left = { settle: lease.settle || !provablyUnsent(problem), ...(asLeft && { asLeft }) };
  if (status < 500 && status !== 429) {
    // No caller hears that the mirror has refused, so an operator decides; later updates of the person wait for that.
    const isLost = lease.mirror !== undefined && problem.code !== 'forbidden';
    if (isLost) return { status: 'dead', error, ...left };
    return { status: 'failed', ...(answer && { answer }), error };
  }
  if (lease.counted >= settings.maxAttempts)
    return { status: 'dead', ...(answer && { answer }), error, ...left };
  const ceiling = Math.min(settings.maxDelayMs, settings.baseDelayMs * 2 ** (lease.counted - 1));
  // Somebody has to give the gateway new credentials; trying sooner could lock the account.
  const delay = problem.code === 'vendor_credentials_rejected' ? settings.maxDelayMs : random() * ceiling;
  const asked = Number(headers['retry-after'] ?? 0) * 1000;
  return {
    delayMs: Math.max(delay, Number.isFinite(asked) ? asked : 0),
    ...left,
    error,
  };
}

/** The vendor can hold none of what was sent: there is nothing to write. */
function holdsNothing({ code, extras: { errors = [] } }: Problem): boolean {
  const isDropped = (error: string) => error === 'unsupported_field' || error === 'not_expressible';
  return code === 'unsupported_field' && errors.every((error) => isDropped(error.code));
}
