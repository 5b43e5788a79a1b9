/**
 * A vendor that is a recording: answers the exchanges of one file in their order on a real socket, and remembers everything
 * that was not as recorded: another method, path, header or body, a request too many, an exchange that nobody asked for.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';

export interface RecordedExchange {
  /** True if it comes at any time while the others go on in their order, such as a read beside a write. */
  beside?: boolean;
  request: {
    method: string;
    /** The path as it goes over the wire, still encoded. */
    path: string;
    /** Lower-case names. Those that are named must be equal; the rest is the transport's. */
    headers?: Record<string, string>;
    /** The whole body; absent: none. */
    body?: unknown;
  };
  /** `hang`: the request is read and never answered. A body that is a text is sent as it is. */
  response: { status: number; headers?: Record<string, string>; body?: unknown } | { hang: true };
}

export interface Replay {
  url: string;
  /** What went wrong so far, in words; empty when everything was played as recorded. */
  complaints(): string[];
  /** Methods and paths received. */
  received: string[];
  close(): Promise<void>;
}

/** Any request beyond the recorded ones is answered 599, which no vendor uses. */
export async function openReplay(exchanges: readonly RecordedExchange[]): Promise<Replay> {
  const received: string[] = [];
  const differences: string[] = [];
  const open = [...exchanges];
  const take = (method: string | undefined, url: string | undefined): RecordedExchange | undefined => {
    const isThis = ({ request, beside }: RecordedExchange) =>
      beside === true && request.method === method && request.path === url;
    const index = open.findIndex(isThis);
    return open.splice(index >= 0 ? index : open.findIndex(({ beside }) => !beside), 1)[0];
  };
  const server = createServer((request, response) => {
    const isLeft = open.some((exchange) => !exchange.beside || exchange.request.path === request.url);
    const expected = isLeft ? take(request.method, request.url) : undefined;
    received.push(`${request.method} ${request.url}`);
    void play(request, response, expected, received.length, differences);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    complaints: () => [
      ...differences,
      ...open.map(({ request }) => `never asked for: ${request.method} ${request.path}`),
    ],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function play(
  request: IncomingMessage,
  response: ServerResponse,
  expected: RecordedExchange | undefined,
  number: number,
  differences: string[],
): Promise<void> {
  const text = await textOf(request);
  const name = `request ${number} (${request.method} ${request.url})`;
  if (expected === undefined) {
    differences.push(`${name} is not in the recording`);
    response.writeHead(599).end();
    return;
  }
  const wanted = expected.request;
  compare('method', request.method, wanted.method);
  compare('path', request.url, wanted.path);
  for (const [header, value] of Object.entries(wanted.headers ?? {}))
    compare(header, request.headers[header], value);
  compare('body', text === '' ? undefined : JSON.parse(text), wanted.body);

  const answer = expected.response;
  if ('hang' in answer) return;
  const { body, headers } = answer;
  const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  response
    .writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    .end(sent);

  function compare(what: string, got: unknown, want: unknown): void {
    if (isDeepStrictEqual(got, want)) return;
    differences.push(`${name}: the ${what} is ${JSON.stringify(got)}, recorded is ${JSON.stringify(want)}`);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
