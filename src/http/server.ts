/** What the HTTP server takes: how many connections, how slowly and how large on the wire. */
import { randomUUID } from 'node:crypto';
import type { Server as HttpServer, ServerOptions, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/types';
import { Problem, problemBody } from '../problem';

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
