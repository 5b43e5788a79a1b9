import type { VendorFailure } from './failure';

/** What each kind of failure of a plain read says about a connection, and what to do. */
const ADVICE: Readonly<Partial<Record<VendorFailure['kind'], string>>> = {
  unavailable: 'cannot be reached, or fails: check baseUrl, the network and the certificate',
  timeout: 'does not answer in time: check baseUrl and the network, or raise timeoutMs',
  record_not_found: 'answers that there is no such page: check the path in baseUrl, and the options',
  unexpected_response: 'does not answer as its contract says: check baseUrl and the options',
  rate_limited: 'asks for a pause: try again later',
  quota_exhausted: 'says that the quota is used up: see your plan at the vendor',
};

/** Undefined for a kind that says nothing about the connection as such. */
export function adviceOn({ kind }: VendorFailure): string | undefined {
  return ADVICE[kind];
}

/** What a connection does that lets nothing be read: `refuses the credentials (status 401)`. */
export function whatIsWrong(failure: VendorFailure): string {
  const status = failure.status === undefined ? '' : ` (status ${failure.status})`;
  if (failure.kind === 'credentials_rejected' || failure.kind === 'session_expired')
    return `refuses the credentials${status}`;
  return `${adviceOn(failure) ?? 'refuses a read'}${status}`;
}
