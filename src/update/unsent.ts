import type { Problem, ProblemCode } from '../problem';

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
