import type { Adapter, VendorRequest } from '../adapter/contract';

export type Headers = Readonly<Record<string, string>>;

/** The headers of a request without credentials. */
export function plainHeaders({ headers, body }: Pick<VendorRequest, 'headers' | 'body'>): Headers {
  return {
    accept: 'application/json',
    ...(body && { 'content-type': 'application/json' }),
    ...headers,
  };
}

/**
 * The headers of a request.
 * @param extra headers besides those of the request; credentials win over both
 */
export function requestHeaders(
  adapter: Pick<Adapter, 'authorize'>,
  request: VendorRequest,
  session: string | undefined,
  extra?: Headers,
): Headers {
  return { ...plainHeaders(request), ...extra, ...adapter.authorize(session) };
}
