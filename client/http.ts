/** How the client talks HTTP: `fetch`, JSON, and an error for every answer that is not a success. */

/** What a call may bring along besides its own arguments. */
export interface RequestParams {
  headers?: Readonly<Record<string, string>>;
  /** Ends the call; `AbortSignal.timeout(5000)` gives it five seconds. */
  signal?: AbortSignal;
}

/** A success, with its body read. What is not JSON, such as the stream of changes, is left for the caller to read. */
export interface HttpResponse<Data> extends Response {
  data: Data;
}

/** An answer that is not a success. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly response: Response;
  /** The body: a problem document, if the gateway itself has answered. */
  readonly error: unknown;

  constructor(response: Response, error: unknown) {
    super(`the gateway answered ${response.status}`);
    this.response = response;
    this.error = error;
  }
}

/** Where the gateway is, and who calls. */
export interface Connection {
  baseUrl: string;
  /** An API key or an access token. */
  key: string;
}

interface GatewayRequest extends RequestParams {
  method: string;
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  body?: unknown;
  /** What the body is. */
  type?: string;
  /** Whether the gateway asks who is calling. */
  secure?: boolean;
  format?: 'json';
}

export class HttpClient {
  readonly #baseUrl: string;
  readonly #key: string;

  constructor({ baseUrl, key }: Connection) {
    this.#baseUrl = baseUrl.replace(/\/$/, '');
    this.#key = key;
  }

  /** @throws GatewayError for an answer that is not a success, and what `fetch` throws if there is none */
  protected async request<Data, _Problem>(request: GatewayRequest): Promise<HttpResponse<Data>> {
    const { method, path, query, body, type, secure, headers, signal } = request;
    const response = await fetch(this.#baseUrl + path + queryText(query), {
      method,
      // A key must not follow a redirect, and the gateway never sends one.
      redirect: 'error',
      headers: {
        ...(secure && { authorization: `Bearer ${this.#key}` }),
        ...(body !== undefined && { 'content-type': type ?? 'application/json' }),
        ...headers,
      },
      ...(signal && { signal }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new GatewayError(response, await bodyOf(response).catch(() => undefined));
    return Object.assign(response, { data: await bodyOf<Data>(response) });
  }
}

function queryText(query: GatewayRequest['query'] = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) given.append(name, String(value));
  }
  return given.size === 0 ? '' : `?${given}`;
}

/** JSON of any kind, of which the OpenAPI document says what it is; null for another type. */
async function bodyOf<Data>(response: Response): Promise<Data> {
  const isJson = /^application\/(\S+\+)?json\b/.test(response.headers.get('content-type') ?? '');
  return JSON.parse(isJson ? await response.text() : 'null');
}
