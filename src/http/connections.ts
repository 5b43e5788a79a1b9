/**
 * The connections of a listener: on each, requests are carried out and answered one after the other (RFC 9112 section 9.3.2),
 * what is broken never takes the place of an answer that is due, and stopping resets nothing that was sent in time.
 */
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { Server as NetServer, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { breakBody } from './brokenBody';

/** Of all connections, the share that those may have on which nobody has said who is calling. */
const ANONYMOUS_SHARE = 0.75;
/** Requests that may wait on one connection for the one before them. */
const MOST_WAITING = 100;
/** How long a connection that was closed from here goes on reading, so that unread bytes do not become a reset. */
const LINGER_MS = 1_000;

interface Exchange {
  req: IncomingMessage;
  res: ServerResponse;
  /** Whether the client wants to keep the connection. */
  keepAlive: boolean;
}

/** The connections on which a caller was recognised. */
const recognised = new WeakSet<Socket>();

/** Says that a caller was recognised on this connection, so that it is not the first to go when there are too many. */
export function recognise({ socket }: IncomingMessage): void {
  recognised.add(socket);
}

export class Connections {
  readonly #server: HttpServer | HttpsServer;
  readonly #open = new Map<Socket, Connection>();
  /** Of an HTTPS listener: connections that are still being secured, by the address and port at the other end. */
  readonly #insecure = new Map<string, Socket>();
  /** Those on which no caller was recognised when this was last looked at, the oldest first. */
  readonly #anonymous = new Set<Socket>();
  readonly #mostAnonymous: number;
  #draining = false;
  #accepted = 0;

  /**
   * @param handle begins the work on a request; called in the order of each connection, never for two of one at a time
   * @param most connections at the same time
   */
  constructor(server: HttpServer | HttpsServer, handle: RequestListener, most: number) {
    this.#server = server;
    this.#mostAnonymous = Math.max(1, Math.floor(most * ANONYMOUS_SHARE));
    const secure = server instanceof HttpsServer;
    server.on('connection', () => {
      this.#accepted += 1;
    });
    if (secure) server.on('connection', (socket: Socket) => this.#handshake(socket));
    server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#leaveHandshake(socket);
      this.#open.set(socket, new Connection(socket, handle));
      this.#admit(socket);
      socket.once('close', () => this.#open.delete(socket));
    });
    const take = (req: IncomingMessage, res: ServerResponse) =>
      this.#open.get(req.socket)?.take(req, res, this.#draining);
    server.on('request', take);
    // Whoever reads the body says 100 first; what the head alone decides is answered without it.
    server.on('checkContinue', take);
    // Nothing is tunnelled here. Without this Node would cut off answers that are due.
    server.on('connect', (_req: IncomingMessage, socket: Socket) => this.#open.get(socket)?.finish());
  }

  /**
   * Bytes came that are no request.
   * @param answer the whole answer, used if the client waits for no other
   */
  broken(socket: Socket, detail: string, answer: () => string): void {
    const connection = this.#open.get(socket);
    if (connection) connection.broken(detail, answer);
    else socket.destroy();
  }

  /** From now on each answer is the last one of its connection, unless the next request is there already. */
  drain(): void {
    this.#draining = true;
    for (const connection of this.#open.values()) connection.drain();
  }

  /**
   * Accepts no more connections, lets what is on its way on the others arrive for `lingerMs`, answers what was taken on them, and
   * closes them. Resolves when all are closed.
   */
  async close(lingerMs: number): Promise<void> {
    await this.#acceptWhatWaits();
    // Not the listener's own `close`: that resets idle connections on which a request is just arriving.
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(this.#server, () => resolve());
    });
    await sleep(lingerMs);
    for (const socket of this.#insecure.values()) socket.destroy();
    for (const connection of this.#open.values()) connection.finish();
    await closed;
  }

  /** A listener that is closed resets connections that it has not got round to accept. */
  async #acceptWhatWaits(): Promise<void> {
    for (let turn = 0; turn < 100; turn += 1) {
      const accepted = this.#accepted;
      const began = performance.now();
      await setImmediate();
      if (accepted === this.#accepted && performance.now() - began < 0.5) return;
    }
  }

  #handshake(socket: Socket): void {
    const end = otherEnd(socket);
    this.#insecure.set(end, socket);
    this.#admit(socket);
    socket.once('close', () => {
      if (this.#insecure.get(end) === socket) this.#insecure.delete(end);
    });
  }

  /** What was secured is known by its secure socket from here on. */
  #leaveHandshake(secured: Socket): void {
    const end = otherEnd(secured);
    const socket = this.#insecure.get(end);
    this.#insecure.delete(end);
    if (socket) this.#anonymous.delete(socket);
  }

  /** A connection more on which nobody has said who is calling: beyond their share, the one that has done so longest goes. */
  #admit(socket: Socket): void {
    this.#anonymous.add(socket);
    socket.once('close', () => this.#anonymous.delete(socket));
    if (this.#anonymous.size <= this.#mostAnonymous) return;
    for (const one of this.#anonymous) {
      const isBusy = this.#open.get(one)?.busy ?? false;
      if (recognised.has(one)) this.#anonymous.delete(one);
      else if (!isBusy) {
        this.#anonymous.delete(one);
        one.destroy();
      }
      if (this.#anonymous.size <= this.#mostAnonymous) return;
    }
  }
}

function otherEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

class Connection {
  readonly #socket: Socket;
  readonly #handle: RequestListener;
  /** What was taken and is not answered; the first one is being worked on. */
  readonly #exchanges: Exchange[] = [];
  #latest: IncomingMessage | undefined;
  /** Nothing more is taken. */
  #finishing = false;

  constructor(socket: Socket, handle: RequestListener) {
    this.#socket = socket;
    this.#handle = handle;
  }

  /** Whether a request is being worked on. */
  get busy(): boolean {
    return this.#exchanges.length > 0;
  }

  take(req: IncomingMessage, res: ServerResponse, draining: boolean): void {
    this.#latest = req;
    const before = this.#exchanges.at(-1);
    if (before && this.#exchanges.length > MOST_WAITING) {
      this.#socket.pause();
      this.finish();
    }
    // After an answer that says `close` there is no other.
    const isClosed = draining && before?.res.headersSent && !before.res.shouldKeepAlive;
    if (this.#finishing || isClosed) return;
    this.#exchanges.push({ req, res, keepAlive: res.shouldKeepAlive });
    if (draining) this.drain();
    if (before === undefined) this.#begin();
  }

  drain(): void {
    const last = this.#exchanges.at(-1);
    for (const { res, keepAlive } of this.#exchanges.slice(-2)) {
      if (!res.headersSent) res.shouldKeepAlive = keepAlive && res !== last?.res;
    }
  }

  /** Answers what was taken, then closes. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    if (this.#exchanges.length === 0) this.#hangUp();
    else this.drain();
  }

  broken(detail: string, answer: () => string): void {
    const inBody = this.#latest?.complete === false ? this.#latest : undefined;
    if (this.#exchanges.length > 0 || inBody || this.#finishing) {
      if (inBody) breakBody(inBody, detail);
      this.finish();
    } else {
      this.#finishing = true;
      this.#socket.end(answer(), () => this.#socket.destroy());
    }
  }

  #begin(): void {
    const [exchange] = this.#exchanges;
    if (exchange === undefined) return;
    const { req, res } = exchange;
    res.once('close', () => {
      this.#exchanges.shift();
      // A request that nothing can break any more would be kept, with its answer, until the next one.
      if (this.#latest === req && req.complete) this.#latest = undefined;
      if (this.#socket.writable) this.#begin();
      else this.#exchanges.length = 0;
      if (this.#finishing && this.#exchanges.length === 0) this.#hangUp();
    });
    this.#handle(req, res);
  }

  #hangUp(): void {
    if (this.#socket.destroyed) return;
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }
}
