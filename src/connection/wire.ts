/** The sockets of one vendor connection: where a request goes, in which form, and what comes back. */
import { Axios } from 'axios';
import type { Pool } from 'undici';
import type { Adapter, VendorRequest } from '../adapter/contract';
import type { VendorConfig } from '../config/types';
import type { Deadline } from '../lib/deadline';
import { parseAnswer } from './answer';
import { transportFailure, unexpectedResponse, type VendorAnswer } from './failure';
import { bodyText, type Headers } from './headers';
import {
  createPool,
  type GoneSignal,
  MAX_ANSWER_BYTES,
  MAX_LIST_BYTES,
  type RawAnswer,
  RawRequest,
  undiciAdapter,
} from './transport';

/** What goes with one request. */
export interface Sending {
  headers: Headers;
  deadline: Deadline;
  gone: GoneSignal | undefined;
  /** Whether all records may be in one answer. */
  isList: boolean;
  /** Only a login may leave the origin of the base URL. */
  isLogin: boolean;
}

interface Line {
  pool: Pool;
  http: InstanceType<typeof Axios>;
}

export class Wire {
  readonly #base: URL;
  readonly #basePath: string;
  readonly #exactNumbers: boolean;
  readonly #line: Line;
  /** Where the adapter logs in, if that is an address of its own. */
  readonly #login: { url: URL; line: Line } | undefined;

  constructor(
    config: VendorConfig,
    { login, exactNumbers = false }: Pick<Adapter, 'login' | 'exactNumbers'>,
  ) {
    this.#base = new URL(`${config.baseUrl}/`);
    this.#basePath = this.#base.pathname.replace(/\/$/, '');
    this.#exactNumbers = exactNumbers;
    this.#line = lineTo(this.#base, config);
    if (login?.url !== undefined) {
      const url = new URL(login.url);
      this.#login = { url, line: url.origin === this.#base.origin ? this.#line : lineTo(url, config) };
    }
  }

  /** @throws VendorFailure, CallCancelled if there is no whole answer */
  async send(request: VendorRequest, sending: Sending): Promise<VendorAnswer> {
    const { headers, deadline, gone, isList } = sending;
    const { line, path } = this.#placeOf(request, sending);
    const data = new RawRequest({
      method: request.method,
      path,
      headers,
      body: bodyText(request),
      timeoutMs: Math.max(1, Math.ceil(deadline.remaining())),
      maxBytes: isList ? MAX_LIST_BYTES : MAX_ANSWER_BYTES,
      gone,
    });
    try {
      const { status, data: raw } = await line.http.request<RawAnswer>({ data });
      const body = parseAnswer(raw.bytes, raw.headers, this.#exactNumbers);
      return { status, headers: raw.headers, body, isEmpty: raw.bytes.length === 0 };
    } catch (error) {
      throw transportFailure(error);
    }
  }

  /** Waits for calls in flight, then closes the connections. */
  async close(): Promise<void> {
    await Promise.all([this.#line, this.#login?.line].map((line) => line?.pool.close()));
  }

  #placeOf(request: VendorRequest, { isLogin }: Sending): { line: Line; path: string } {
    if (isLogin && this.#login) {
      const { url, line } = this.#login;
      return { line, path: url.pathname + url.search };
    }
    if (!request.isLink) return { line: this.#line, path: this.#basePath + request.path };
    const url = URL.parse(request.path, this.#base.href);
    if (url?.origin !== this.#base.origin) {
      throw unexpectedResponse('The vendor’s answer leads to another origin, where nothing is sent.');
    }
    return { line: this.#line, path: url.pathname + url.search };
  }
}

function lineTo({ origin }: URL, { maxConcurrent, timeoutMs, ca }: VendorConfig): Line {
  const pool = createPool(origin, {
    connections: maxConcurrent,
    // A share of the deadline, so that there is time left to try again: a failure to connect proves that nothing was sent.
    connectTimeoutMs: Math.max(50, Math.min(3000, timeoutMs / 3)),
    ...(ca !== '' && { ca }),
  });
  // The class itself: every default that `axios.create` takes over is merged anew for each request. Status codes and
  // bodies are judged above, so the adapter is the only one that is needed.
  return { pool, http: new Axios({ adapter: undiciAdapter(pool) }) };
}
