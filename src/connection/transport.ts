/**
 * axios on undici: axios' public `adapter` option with an undici pool behind it. The pool follows no redirects, reads
 * no proxy from the environment, and never sends anything to another origin than the one it was made for.
 *
 * It dispatches with a handler of its own instead of `pool.request`, because only the handler learns when undici begins to
 * write a request to a socket. That moment is what separates "nothing was sent" from "may have been applied".
 */
import { type AxiosAdapter, type AxiosResponse, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import { type Dispatcher, errors, Pool } from 'undici';
import { TransportError } from './failure';

/** The largest answer that is read, in bytes: a record is some kilobytes. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The same for one that may hold all of a vendor's records: those of ten thousand people are some 5 MB. */
export const MAX_LIST_BYTES = 64 * 1024 * 1024;

/** Aborted when nobody waits for an answer any more. */
export type GoneSignal = AbortSignal;

export interface RequestParts {
  method: Dispatcher.HttpMethod;
  /** With the query, if any. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** For the whole call, the body of the answer included. */
  timeoutMs: number;
  /** Of the answer's body. */
  maxBytes: number;
  gone: GoneSignal | undefined;
}

/**
 * What the adapter is given as `data`: the whole request, which axios hands on untouched. It takes characters that HTTP
 * cannot carry out of headers given to itself, and a credential must go out as it is or not at all.
 */
export class RawRequest {
  readonly parts: RequestParts;

  constructor(parts: RequestParts) {
    this.parts = parts;
  }
}

/** What the adapter's responses carry as `data`: the headers as they came. axios would spell some names anew. */
export interface RawAnswer {
  headers: Readonly<Record<string, string>>;
  bytes: Buffer;
}

export interface PoolOptions {
  /** Connections at the same time; each carries one request at a time. */
  connections: number;
  /** Milliseconds that connecting may take. */
  connectTimeoutMs: number;
  /** PEM certificates of an authority that is trusted instead of the public ones. */
  ca?: string;
}

/** @param origin the one origin that may be called */
export function createPool(origin: string, { connections, connectTimeoutMs, ca }: PoolOptions): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    // Each connection carries one request at a time, and what a vendor speaks over HTTP/2 nobody has tried.
    allowH2: false,
    connect: { timeout: connectTimeoutMs, ...(ca !== undefined && { ca }) },
    // Only the deadline ends a call; a shorter idle time of ours would make an ambiguous failure of a slow answer.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 4000,
    maxResponseSize: MAX_LIST_BYTES,
  });
}

/**
 * Rejects with a `TransportError`.
 * @returns an adapter whose requests are a `RawRequest` in `data`, and whose responses carry a `RawAnswer` there
 */
export function undiciAdapter(pool: Pool): AxiosAdapter {
  return (config) => new Promise((resolve, reject) => new Exchange(config, resolve, reject).start(pool));
}

/** One request and its answer. Settles exactly once; whatever undici reports later is of no interest. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #config: InternalAxiosRequestConfig;
  readonly #request: RequestParts;
  readonly #resolve: (response: AxiosResponse<RawAnswer>) => void;
  readonly #reject: (error: unknown) => void;
  readonly #chunks: Buffer[] = [];
  readonly #cancel = () => {
    this.#fail(new CanceledError());
  };
  #timer: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #headers: Record<string, string> = {};
  #bytes = 0;

  constructor(
    config: InternalAxiosRequestConfig,
    resolve: (response: AxiosResponse<RawAnswer>) => void,
    reject: (error: unknown) => void,
  ) {
    const { data } = config;
    if (!(data instanceof RawRequest)) throw new TypeError('the data of a request is a RawRequest');
    this.#config = config;
    this.#request = data.parts;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(pool: Pool): void {
    const { method, path, headers, body, timeoutMs, gone } = this.#request;
    if (gone?.aborted) {
      this.#fail(new CanceledError());
      return;
    }
    this.#timer = setTimeout(() => this.#fail(new TimedOut()), timeoutMs);
    gone?.addEventListener('abort', this.#cancel);
    try {
      pool.dispatch({ method, path, headers, body }, this);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** undici is about to write the request to a connected socket. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Too late, or undici wants to repeat a request that it has begun to send: neither may reach the socket.
    if (this.#settled || this.#controller) controller.abort(new TimedOut());
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // Informational answers (103, say) come before the one that counts.
    if (status < 200) return;
    this.#status = status;
    this.#headers = flat(headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#request.maxBytes) this.#fail(new errors.ResponseExceededMaxSizeError());
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (!this.#settle()) return;
    this.#resolve({
      data: {
        headers: this.#headers,
        bytes: Buffer.concat(this.#chunks),
      },
      status: this.#status,
      statusText: '',
      headers: {},
      config: this.#config,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error);
  }

  #fail(cause: unknown): void {
    if (!this.#settle()) return;
    const sent = this.#controller !== undefined;
    this.#controller?.abort(new TimedOut());
    this.#reject(new TransportError(cause, { sent, late: cause instanceof TimedOut }));
  }

  /** True for the first caller only. */
  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#request.gone?.removeEventListener('abort', this.#cancel);
    return true;
  }
}

class TimedOut extends Error {
  override readonly name = 'TimedOut';
}

/** Repeated headers joined, as HTTP allows for all that are read here. */
function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  // Without a prototype, so that no name means anything but a header.
  const joined: Record<string, string> = Object.create(null);
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return joined;
}
