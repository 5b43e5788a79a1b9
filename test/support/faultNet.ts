/**
 * A bad network in front of a sandbox, on real sockets: TCP or TLS, with a hand-written HTTP/1.1 so that it can break every
 * rule of it. A fault is a function that gets one request and does with the socket what it likes.
 */
import { request as httpRequest, type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { generate } from 'selfsigned';

/** A whole answer of the sandbox. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One request that has arrived whole, and what can be done about it. */
export interface Arrival {
  method: string;
  path: string;
  socket: Socket;
  /** How many requests came on this connection before. */
  before: number;
  /** Hands the request to the sandbox, which then does what it asks for. */
  forward(): Promise<Answer>;
}

export type NetFault = (arrival: Arrival) => void | Promise<void>;

interface Rule {
  fault: NetFault;
  method: string | undefined;
  path: RegExp | undefined;
  /** Matching requests to let pass, then to spoil. */
  after: number;
  times: number;
}

export interface FaultNet {
  url: string;
  port: number;
  /** `GET /path` of everything that arrived. */
  readonly arrivals: string[];
  /** Open connections. */
  readonly sockets: number;
  add(fault: NetFault, target?: { method?: string; path?: RegExp; after?: number; times?: number }): void;
  clear(): void;
  /** Stops listening and ends all connections; `open` listens on the same port again. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

export interface NetOptions {
  /** Where good requests go. */
  upstream: string;
  tls?: { key: string; cert: string };
}

export async function openFaultNet({ upstream, tls }: NetOptions): Promise<FaultNet> {
  const rules = new Set<Rule>();
  const arrivals: string[] = [];
  const sockets = new Set<Socket>();
  const serveSocket = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    readRequests(socket, upstream, (arrival) => {
      arrivals.push(`${arrival.method} ${arrival.path}`);
      const rule = [...rules].find((candidate) => takes(candidate, arrival));
      return (rule?.fault ?? pass)(arrival);
    });
  };
  const create = () => {
    const server = tls ? createTlsServer(tls, serveSocket) : createServer(serveSocket);
    server.on('tlsClientError', () => undefined);
    return server;
  };
  let server: Server | undefined = create();
  const port = await listen(server, 0);
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    arrivals,
    get sockets() {
      return sockets.size;
    },
    add: (fault, { method, path, after = 0, times = Number.POSITIVE_INFINITY } = {}) =>
      void rules.add({ fault, method, path, after, times }),
    clear: () => rules.clear(),
    async shut() {
      const closing = server;
      server = undefined;
      for (const socket of sockets) socket.destroy();
      if (closing) await new Promise<void>((resolve) => closing.close(() => resolve()));
    },
    async open() {
      if (server) return;
      server = create();
      await listen(server, port);
    },
  };
}

function takes(rule: Rule, { method, path }: Arrival): boolean {
  if (rule.method !== undefined && rule.method !== method) return false;
  if (rule.path !== undefined && !rule.path.test(path)) return false;
  if (rule.after > 0) {
    rule.after -= 1;
    return false;
  }
  rule.times -= 1;
  return rule.times >= 0;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Just enough HTTP: heads that end, bodies with a length. */
function readRequests(
  socket: Socket,
  upstream: string,
  handle: (arrival: Arrival) => void | Promise<void>,
): void {
  let buffered = Buffer.alloc(0);
  let before = 0;
  socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    const end = buffered.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [first = '', ...lines] = buffered.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const length = Number(headers['content-length'] ?? 0);
    if (buffered.length < end + 4 + length) return;
    const body = buffered.subarray(end + 4, end + 4 + length);
    buffered = buffered.subarray(end + 4 + length);
    const [method = '', path = ''] = first.split(' ');
    const forward = () => forwardTo(upstream, method, path, headers, body);
    void handle({ method, path, socket, before, forward });
    before += 1;
  });
}

function forwardTo(
  upstream: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(upstream + path, { method, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        }),
      );
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The head of an answer with a length of its own choice, or chunked. */
function headOf(answer: Answer, length: number | 'chunked'): string {
  const kept = Object.entries(answer.headers).filter(
    ([name]) => !['content-length', 'transfer-encoding', 'connection', 'keep-alive'].includes(name),
  );
  const framing = length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`;
  const lines = kept.map(([name, value]) => `${name}: ${String(value)}`);
  const reason = STATUS_CODES[answer.status] ?? 'Unknown';
  return [`HTTP/1.1 ${answer.status} ${reason}`, ...lines, framing, '', ''].join('\r\n');
}

/** No fault at all. */
const pass: NetFault = async ({ socket, forward }) => {
  const answer = await forward().catch(() => undefined);
  if (answer === undefined) socket.destroy();
  else write(socket, headOf(answer, answer.body.length), answer.body);
};

function write(socket: Socket, ...parts: readonly (string | Buffer)[]): void {
  if (!socket.destroyed) {
    socket.write(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))));
  }
}

/** Sends in pieces of `size` bytes, one each `everyMs`, for as long as the other side listens. */
async function drip(socket: Socket, bytes: Buffer, size: number, everyMs: number): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await sleep(everyMs, undefined, { ref: false });
  }
}

/** `committed` faults let the sandbox do its work first; the others keep the request from it. */
export const NET = {
  resetBefore: ({ socket }) => void socket.resetAndDestroy(),
  closeBefore: ({ socket }) => void socket.destroy(),
  blackHole: () => undefined,
  garbage: ({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n'),
  committedReset: async ({ socket, forward }) => {
    await forward();
    socket.resetAndDestroy();
  },
  committedClose: async ({ socket, forward }) => {
    await forward();
    socket.end();
  },
  committedBlackHole: async ({ forward }) => void (await forward()),
  committedGarbage: async ({ socket, forward }) => {
    await forward();
    socket.end('* OK IMAP4rev1 ready\r\n\r\n');
  },
  resetMidHeaders: async ({ socket, forward }) => {
    const answer = await forward();
    socket.write(headOf(answer, answer.body.length).slice(0, 30), () => socket.resetAndDestroy());
  },
  closeMidBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, answer.body.length), answer.body.subarray(0, answer.body.length >> 1));
    socket.end();
  },
  resetMidBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, answer.body.length), answer.body.subarray(0, answer.body.length >> 1));
    await sleep(20);
    socket.resetAndDestroy();
  },
  dripHeaders: async ({ socket, forward }) => {
    const answer = await forward();
    await drip(socket, Buffer.from(headOf(answer, answer.body.length)), 1, 100);
  },
  dripBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, answer.body.length));
    await drip(socket, answer.body, 1, 100);
  },
  bandwidth: async ({ socket, forward }) => {
    const answer = await forward();
    const whole = Buffer.concat([Buffer.from(headOf(answer, answer.body.length)), answer.body]);
    await drip(socket, whole, Math.ceil(whole.length / 10), 10);
  },
  endlessBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, 'chunked'));
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, ' '), Buffer.from('\r\n')]);
    while (!socket.destroyed) {
      if (!socket.write(chunk)) {
        await new Promise<void>((resolve) => {
          socket.once('drain', resolve);
          socket.once('close', () => resolve());
        });
      }
    }
  },
  endlessHeaders: async ({ socket, forward }) => {
    await forward();
    write(socket, 'HTTP/1.1 200 OK\r\n', `x-filler: ${'y'.repeat(1000)}\r\n`.repeat(200));
  },
  shortBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, answer.body.length + 100), answer.body);
    socket.end();
  },
  excessBody: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, answer.body.length - 5), answer.body);
  },
  badChunking: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, 'chunked'), 'zz\r\n', answer.body, '\r\n0\r\n\r\n');
  },
  truncatedChunking: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, headOf(answer, 'chunked'), `${answer.body.length.toString(16)}\r\n`, answer.body, '\r\n');
    socket.end();
  },
  twoLengths: async ({ socket, forward }) => {
    const answer = await forward();
    const head = headOf(answer, answer.body.length).replace(/\r\n\r\n$/, '\r\ncontent-length: 3\r\n\r\n');
    write(socket, head, answer.body);
  },
  twoAnswers: async ({ socket, forward }) => {
    const answer = await forward();
    const head = headOf(answer, answer.body.length);
    write(socket, head, answer.body, head, answer.body);
  },
  hintsFirst: async ({ socket, forward }) => {
    const answer = await forward();
    write(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n', headOf(answer, answer.body.length));
    write(socket, answer.body);
  },
  chunked: async ({ socket, forward }) => {
    const answer = await forward();
    write(
      socket,
      headOf(answer, 'chunked'),
      `${answer.body.length.toString(16)}\r\n`,
      answer.body,
      '\r\n0\r\n\r\n',
    );
  },
  switching: ({ socket }) =>
    write(socket, 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  /** The server has dropped an idle connection, and the client finds out by using it. */
  staleConnection: (arrival) => (arrival.before > 0 ? void arrival.socket.resetAndDestroy() : pass(arrival)),
} as const satisfies Record<string, NetFault>;

/** The right answer, its first byte late. */
export function late(milliseconds: number): NetFault {
  return async ({ socket, forward }) => {
    const answer = await forward();
    await sleep(milliseconds, undefined, { ref: false });
    write(socket, headOf(answer, answer.body.length), answer.body);
  };
}

/** Another answer instead of the right one, or, changed, in place of it. */
export function instead(
  change: Partial<Answer> | ((answer: Answer) => Partial<Answer>),
  { commit }: { commit: boolean },
): NetFault {
  return async ({ socket, forward }) => {
    const blank: Answer = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.alloc(0),
    };
    const right = commit || typeof change === 'function' ? await forward() : blank;
    const answer = { ...right, ...(typeof change === 'function' ? change(right) : change) };
    write(socket, headOf(answer, answer.body.length), answer.body);
  };
}

export interface Certificates {
  /** The authority that signed all but `selfSigned`. */
  ca: string;
  good: { key: string; cert: string };
  expired: { key: string; cert: string };
  otherHost: { key: string; cert: string };
  selfSigned: { key: string; cert: string };
}

const DAY = 24 * 3600 * 1000;

/** Certificates for 127.0.0.1, made for this run. */
export async function makeCertificates(): Promise<Certificates> {
  const options = { keyType: 'ec' as const, algorithm: 'sha256' };
  const authority = await generate([{ name: 'commonName', value: 'Test Authority' }], {
    ...options,
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
  });
  const issue = async (host: string, fromDays: number, toDays: number, signed: boolean) => {
    const names = /^[\d.]+$/.test(host)
      ? [{ type: 7 as const, ip: host }]
      : [{ type: 2 as const, value: host }];
    const pair = await generate([{ name: 'commonName', value: host }], {
      ...options,
      notBeforeDate: new Date(Date.now() + fromDays * DAY),
      notAfterDate: new Date(Date.now() + toDays * DAY),
      extensions: [{ name: 'subjectAltName', altNames: names }],
      ...(signed && { ca: { key: authority.private, cert: authority.cert } }),
    });
    return { key: pair.private, cert: pair.cert };
  };
  return {
    ca: authority.cert,
    good: await issue('127.0.0.1', -1, 30, true),
    expired: await issue('127.0.0.1', -30, -1, true),
    otherHost: await issue('other.example.test', -1, 30, true),
    selfSigned: await issue('127.0.0.1', -1, 30, false),
  };
}

/**
 * A port that takes no connection and refuses none: the process that listens never accepts, and its queue is full. What
 * is sent to it is lost, as behind a firewall that drops.
 */
export async function openUnresponsivePort(): Promise<{ port: number; close(): Promise<void> }> {
  const worker = new Worker(
    `const { createServer } = require('node:net');
     const { parentPort } = require('node:worker_threads');
     const server = createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       // From here on this thread's event loop stands still, so nothing is ever accepted.
       setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
     });`,
    { eval: true },
  );
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', (value: unknown) => resolve(Number(value)));
    worker.once('error', reject);
  });
  await sleep(100);
  const { connect } = await import('node:net');
  const fillers = Array.from({ length: 8 }, () =>
    connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
  );
  await sleep(50);
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}
