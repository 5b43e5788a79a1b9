import { createServer } from 'node:http';
import express, { type Express, type Request, type RequestHandler } from 'express';
import { messagesOf } from '../src/http/messages';
import { readAnswer, tapAnswer } from './answer';
import { faultGate, withoutEffect } from './faultGate';
import { createFaults, type Faults } from './faults';

/** One request as it came in and what was answered. */
interface Exchange {
  number: number;
  method: string;
  path: string;
  query: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  /** The parsed body; undefined if there was none or it could not be parsed. */
  body: unknown;
  /** Undefined while no answer was sent, and forever if the connection was dropped. */
  status: number | undefined;
  answer: unknown;
  /** The connection ended without a whole answer. */
  dropped: boolean;
}

/** A sandbox that listens on a socket. */
export interface Listening {
  url: string;
  /** Ends every socket at once. May be called more than once. */
  close(): Promise<void>;
}

/** A vendor in memory. */
export interface Sandbox<State> {
  app: Express;
  /** What the vendor holds; changing it here is a change from outside, it counts as no write. */
  state: State;
  /** The requests received, oldest first; only the newest `logLimit` are kept. */
  log: Exchange[];
  /** Writes that were really stored since the start or the last reset. */
  readonly writes: number;
  faults: Faults;
  /** Seeds, settings, log, writes and faults as at the start. */
  reset(): void;
  listen(port?: number, host?: string): Promise<Listening>;
}

/** Options that every sandbox has. */
export interface CommonOptions {
  /** Milliseconds since 1970; the clock of stamps, token lives and rate windows. */
  now?: () => number;
  /** How many exchanges the log keeps; 1000 if absent. */
  logLimit?: number;
}

/** What a vendor's routes get from the kit. */
export interface Tools {
  /** Notes the parsed body and runs the faults: comes right after the body parser. */
  gate: RequestHandler[];
  /** Stores a write unless a fault says "without effect", counts it, and gives the record to answer with. */
  commit<Row>(request: Request, stored: Row, next: Row, store: (row: Row) => void): Row;
}

/**
 * Reads the body first, so that the log and the faults see it, but keeps what is wrong with it until the vendor looks:
 * mount `read` in front and `raise` where the vendor would notice.
 */
export function deferBodyErrors(parser: RequestHandler): { read: RequestHandler; raise: RequestHandler } {
  const errors = new WeakMap<Request, unknown>();
  return {
    read(request, response, next) {
      parser(request, response, (error?: unknown) => {
        if (error) errors.set(request, error);
        next();
      });
    },
    raise: (request, _response, next) => next(errors.get(request)),
  };
}

/** Puts one vendor together: the log around everything, then what `build` mounts. */
export function createSandbox<State extends { reset(): void }>(
  state: State,
  options: CommonOptions,
  build: (app: Express, tools: Tools) => void,
): Sandbox<State> {
  const app = express();
  // Express prints every handled error to stderr except in this environment; its answers are the same.
  app.set('env', 'test');
  const faults = createFaults();
  const log: Exchange[] = [];
  const exchanges = new WeakMap<Request, Exchange>();
  let writes = 0;

  app.use(recorder(log, exchanges, options.logLimit ?? 1000));
  build(app, {
    gate: [noteBody(exchanges), faultGate(faults)],
    commit(request, stored, next, store) {
      const echo = withoutEffect(request);
      if (echo) return echo === 'old' ? stored : next;
      store(next);
      writes += 1;
      return next;
    },
  });

  return {
    app,
    state,
    log,
    get writes() {
      return writes;
    },
    faults,
    reset() {
      state.reset();
      faults.clear();
      log.length = 0;
      writes = 0;
    },
    listen: (port = 0, host = '127.0.0.1') => listen(app, port, host),
  };
}

function recorder(log: Exchange[], exchanges: WeakMap<Request, Exchange>, limit: number): RequestHandler {
  let received = 0;
  return (request, response, next) => {
    received += 1;
    const exchange: Exchange = {
      number: received,
      method: request.method,
      path: request.path,
      query: { ...request.query },
      headers: { ...request.headers },
      body: undefined,
      status: undefined,
      answer: undefined,
      dropped: false,
    };
    exchanges.set(request, exchange);
    log.push(exchange);
    if (log.length > limit) log.shift();
    tapAnswer(response, (body, finish) => {
      exchange.status = response.statusCode;
      exchange.answer = readAnswer(body);
      finish(body);
    });
    response.on('close', () => {
      exchange.dropped = !response.writableFinished;
    });
    next();
  };
}

function noteBody(exchanges: WeakMap<Request, Exchange>): RequestHandler {
  return (request, _response, next) => {
    const exchange = exchanges.get(request);
    if (exchange) exchange.body = request.body;
    next();
  };
}

async function listen(app: Express, port: number, host: string): Promise<Listening> {
  const server = createServer(messagesOf(app), app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`,
    close() {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}
