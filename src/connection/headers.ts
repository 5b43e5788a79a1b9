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

interface Usual {
  readonly session: string | undefined;
  readonly withBody: Headers;
  readonly withoutBody: Headers;
}

/** The headers of a connection's requests. Most of them are alike as long as their session lasts, and are made once for it. */
export class RequestHeaders {
  readonly #adapter: Pick<Adapter, 'authorize'>;
  #usual: Usual;

  constructor(adapter: Pick<Adapter, 'authorize'>) {
    this.#adapter = adapter;
    this.#usual = this.#usualOf(undefined);
  }

  /** @param extra headers besides those of the request; credentials win over both */
  of(request: VendorRequest, session: string | undefined, extra: Headers | undefined): Headers {
    if (this.#usual.session !== session) this.#usual = this.#usualOf(session);
    const usual = request.body ? this.#usual.withBody : this.#usual.withoutBody;
    if (!request.headers && !extra) return usual;
    return { ...usual, ...request.headers, ...extra, ...this.#adapter.authorize(session) };
  }

  #usualOf(session: string | undefined): Usual {
    const secret = this.#adapter.authorize(session);
    return {
      session,
      withBody: { ...plainHeaders({ body: {} }), ...secret },
      withoutBody: { ...plainHeaders({}), ...secret },
    };
  }
}
