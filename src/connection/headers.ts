import type { Adapter, VendorRequest } from '../adapter/contract';

export type Headers = Readonly<Record<string, string>>;

/** The headers of a request without credentials. */
export function plainHeaders({
  headers,
  body,
  form,
}: Pick<VendorRequest, 'headers' | 'body' | 'form'>): Headers {
  return {
    accept: 'application/json',
    ...(body && { 'content-type': 'application/json' }),
    ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    ...headers,
  };
}

/** What is sent below the headers; null for nothing. */
export function bodyText({ body, form }: Pick<VendorRequest, 'body' | 'form'>): string | null {
  if (form) return new URLSearchParams(form).toString();
  return body ? JSON.stringify(body) : null;
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
