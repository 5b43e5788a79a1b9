/** From a list that could not be read to its end to the problem that the caller sees. A part is never shown as the whole. */
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { Problem, type ProblemCode } from '../problem';
import { problemFrom } from './failures';
import { Incomplete } from './snapshot';

/** Of these the caller learns as of any other read. */
const AS_THEY_ARE: readonly ProblemCode[] = [
  'vendor_credentials_rejected',
  'vendor_rate_limited',
  'vendor_unavailable',
];

/** @returns a problem for a failure of the vendor, anything else as it is */
export function listProblem(error: unknown, connection: VendorConnection): unknown {
  if (!(error instanceof Incomplete)) return error;
  const { cause: failure, pages } = error;
  if (!(failure instanceof VendorFailure)) return failure;
  const usual = problemFrom(failure, connection);
  const { vendor, headers = { 'retry-after': '5' } } = usual.extras;
  const detail =
    pages === 0
      ? `${connection.title}: the list cannot be read. ${failure.reason}`
      : `${connection.title}: the list could be read up to page ${pages} only, so none of it is shown. ${failure.reason}`;
  // What went well until half way may go well next time; an answer that makes no sense from the start will not.
  const isPassing = failure.kind === 'timeout' || pages > 0;
  const code = AS_THEY_ARE.includes(usual.code)
    ? usual.code
    : isPassing
      ? 'vendor_unavailable'
      : 'vendor_unexpected_response';
  const problem = new Problem(code, detail, {
    ...(vendor && { vendor }),
    ...(code !== 'vendor_credentials_rejected' && code !== 'vendor_unexpected_response' && { headers }),
  });
  problem.cause = failure;
  return problem;
}
