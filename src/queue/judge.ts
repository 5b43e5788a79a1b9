import type { DeliveriesConfig } from '../config/types';
import type { Ending, Lease, Postponement } from '../store/operation';
import type { UpdateResponse } from '../update/request';
import { provablyUnsent } from '../update/unsent';

/**
 * What an answer means for a queued update: its end, or another attempt. Pure but for the jitter.
 * @param random gives a number from 0 to 1
 */
export function judge(
  { status, headers, body, problem }: UpdateResponse,
  lease: Pick<Lease, 'counted' | 'settle'>,
  settings: DeliveriesConfig,
  random: () => number = Math.random,
): Ending | Postponement {
  const answer = { status, body };
  if (problem === undefined) return { status: 'succeeded', answer };
  const error = { code: problem.code, detail: problem.detail };
  if (status < 500 && status !== 429) return { status: 'failed', answer, error };
  if (lease.counted >= settings.maxAttempts) return { status: 'dead', answer, error };
  const ceiling = Math.min(settings.maxDelayMs, settings.baseDelayMs * 2 ** (lease.counted - 1));
  // Somebody has to give the gateway new credentials; trying sooner could lock the account.
  const delay = problem.code === 'vendor_credentials_rejected' ? settings.maxDelayMs : random() * ceiling;
  const asked = Number(headers['retry-after'] ?? 0) * 1000;
  return {
    delayMs: Math.max(delay, Number.isFinite(asked) ? asked : 0),
    settle: lease.settle || !provablyUnsent(problem),
    error,
  };
}
