/** What the HTTP server takes: how many connections, how slowly and how large on the wire. */
import { randomUUID } from 'node:crypto';
import type { Server as HttpServer, RequestListener, ServerOptions } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/types';
import { Problem, problemBody } from '../problem';
import { Connections } from './connections';

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
 * Has the requests of a listener carried out, bounds its connections, and answers what never becomes a request (broken, too
 * large, too slow) with a problem document.
 */
export function serveRequests(
  server: HttpServer | HttpsServer,
  { maxConnections, stallMs }: Pick<ServerConfig, 'maxConnections' | 'stallMs'>,
  handle: RequestListener,
): Connections {
  server.maxConnections = maxConnections;
  const connections = new Connections(server, handle, maxConnections);
  // Node notices progress within a large piece too. Who waits for an answer that is not there yet has nothing to take.
  server.setTimeout(stallMs, (socket: Socket) => {
    if (socket.writableLength > 0) socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else {
      const detail = detailOf(error.code);
      connections.broken(socket, detail, () => rawProblem(detail));
    }
  });
  return connections;
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
