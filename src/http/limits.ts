/** What comes in has bounds: how many requests at once, how fast per caller, how slowly and how large on the wire. */

import { randomUUID } from 'node:crypto';
import type { Server as HttpServer, ServerOptions, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../../config/types';
import { Problem, problemBody } from '../problem';
import { type RateLimit, SlidingLimit } from '../vendor/limits';

/** The requests that are being worked on, and the order to stop. */
export class InFlight {
  readonly #most: number;
  #count = 0;
  #stopping = false;
  #whenIdle: () => void = () => undefined;

  /** @param most more at the same time are refused, before memory grows with them */
  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /**
   * Counts one request in.
   * @returns counts it out again; to be called when the work has ended, which may be after the client has gone
   * @throws Problem `gateway_unavailable`
   */
  enter(): () => void {
    if (this.#stopping)
      throw busy('The gateway is being stopped. Nothing was sent.', { connection: 'close' });
    if (this.#count >= this.#most) throw busy('Too many requests are under way. Nothing was sent.');
    this.#count += 1;
    return () => {
      this.#count -= 1;
      if (this.#count === 0) this.#whenIdle();
    };
  }

  /** Lets nothing more in. @returns resolves when the last request has ended */
  stop(): Promise<void> {
    this.#stopping = true;
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#count === 0) resolve();
    });
  }
}

function busy(detail: string, headers: Readonly<Record<string, string>> = {}): Problem {
  return new Problem('gateway_unavailable', detail, { headers: { 'retry-after': '1', ...headers } });
}

/** What the limiter knows of a caller. */
interface Limited {
  readonly name: string;
  readonly rateLimit?: RateLimit;
}

/** The callers' own limits. They outlive a change of the configuration: a new setup is no new allowance. */
export class CallerLimits {
  readonly #limits = new Map<string, { policy: RateLimit; limit: SlidingLimit }>();

  /**
   * Counts one request of a caller, and says so in the headers of draft-ietf-httpapi-ratelimit-headers.
   * @throws Problem `rate_limited`
   */
  admit({ name, rateLimit }: Limited, res: Pick<ServerResponse, 'setHeader'>): void {
    if (rateLimit === undefined) return;
    const limit = this.#limitOf(name, rateLimit);
    const wait = limit.take(0);
    const { remaining, moreInMs } = limit.state();
    res.setHeader(
      'ratelimit-policy',
      `"caller";q=${rateLimit.requests};w=${Math.ceil(rateLimit.perSeconds)}`,
    );
    res.setHeader('ratelimit', `"caller";r=${remaining};t=${Math.ceil(moreInMs / 1000)}`);
    if (wait > 0) {
      throw new Problem('rate_limited', 'This caller sends more requests than it may.', {
        headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) },
      });
    }
  }

  #limitOf(name: string, policy: RateLimit): SlidingLimit {
    const known = this.#limits.get(name);
    const same = known?.policy.requests === policy.requests && known.policy.perSeconds === policy.perSeconds;
    if (known && same) return known.limit;
    const limit = new SlidingLimit(policy);
    this.#limits.set(name, { policy, limit });
    return limit;
  }
}

/** The largest head of a request, in bytes: request line and all headers. */
const MAX_HEADER_BYTES = 16 * 1024;

/** For `createServer`, of either protocol. */
export function serverOptions(config: ServerConfig): ServerOptions {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: config.headersTimeoutMs,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: 65_000,
    // How often late requests are looked for. Node's own half minute would let slow ones gather.
    connectionsCheckingInterval: Math.min(1000, config.headersTimeoutMs),
  };
}

/**
 * Bounds the connections, and answers what never becomes a request (broken, too large, too slow) with a problem document.
 * @returns stops listening; resolves when all answers that were begun are out and every connection is closed
 */
export function protectServer(
  server: HttpServer | HttpsServer,
  config: Pick<ServerConfig, 'maxConnections'>,
): () => Promise<void> {
  server.maxConnections = config.maxConnections;
  const answers = new WeakMap<object, ServerResponse>();
  let unsent = 0;
  server.on('request', (req, res) => {
    answers.set(req.socket, res);
    unsent += 1;
    res.on('close', () => {
      unsent -= 1;
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const answer = answers.get(socket);
    const midAnswer = answer?.headersSent && !answer.writableFinished;
    if (error.code === 'ECONNRESET' || !socket.writable || midAnswer) socket.destroy();
    else socket.end(rawProblem(detailOf(error.code)), () => socket.destroy());
  });
  return () =>
    new Promise((resolve) => {
      const sweep = setInterval(() => {
        // Node does not count a connection as idle on which no request has come yet.
        if (unsent === 0) server.closeAllConnections();
        else server.closeIdleConnections();
      }, 20);
      server.close(() => {
        clearInterval(sweep);
        resolve();
      });
    });
}

function detailOf(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The request did not arrive in time.';
  if (code === 'HPE_HEADER_OVERFLOW') return `The head of a request has at most ${MAX_HEADER_BYTES} bytes.`;
  return 'This is not a valid HTTP/1.1 request.';
}

function rawProblem(detail: string): string {
  const requestId = randomUUID();
  const problem = new Problem('malformed_request', detail);
  const body = JSON.stringify(problemBody(problem, requestId));
  return [
    `HTTP/1.1 ${problem.status} Bad Request`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
